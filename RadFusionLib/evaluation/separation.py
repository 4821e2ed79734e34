"""Whether a logistic regression has finite estimates (Albert and Anderson, Biometrika 1984;71:1-10)."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog

__all__ = ["separating_direction"]

SMALL = 1e-7


def separating_direction(matrix: np.ndarray, positive: np.ndarray) -> np.ndarray | None:
    """Coefficients along which the likelihood rises without end, or None.

    A combination of the columns that is nowhere on the wrong side, and somewhere on the right side, of the outcome;
    found by linear programming (Konis, Oxford thesis 2007, as in R's ``detectseparation``).

    Parameters
    ----------
    matrix : numpy.ndarray, shape (n, p)
        The regression's columns with the intercept, of similar scales and full rank.
    positive : numpy.ndarray of bool, shape (n,)
        The outcome.

    Returns
    -------
    numpy.ndarray of shape (p,), or None
        Within [-1, 1]; zero for coefficients that stay finite.
    """
    signed = np.where(positive[:, None], matrix, -matrix)
    found = linprog(-signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(len(signed)), bounds=(-1, 1), method="highs")
    if not found.success or -found.fun < SMALL:
        return None
    direction = np.asarray(found.x)
    return np.where(np.abs(direction) < SMALL, 0.0, direction)
