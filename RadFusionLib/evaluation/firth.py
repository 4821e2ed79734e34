"""Logistic regression that stays finite under separation.

Firth, Biometrika 1993;80:27-38; Heinze and Schemper, Statistics in Medicine 2002;21:2409-2419.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, log_expit

from RadFusionLib.errors import InputError

__all__ = ["FirthFit", "fit_firth"]

STEPS = 500
LARGEST_STEP = 2.0
CLOSE = 1e-10


@dataclass(frozen=True)
class FirthFit:
    """Maximum of the likelihood penalised by Jeffreys' prior.

    Attributes
    ----------
    coefficients : numpy.ndarray, shape (p,)
    covariance : numpy.ndarray, shape (p, p)
        Inverse of the information at the estimates.
    log_likelihood : float
        Penalised: plus half the log-determinant of the information.
    """

    coefficients: np.ndarray
    covariance: np.ndarray
    log_likelihood: float


def fit_firth(matrix: np.ndarray, positive: np.ndarray, fixed: dict[int, float] | None = None) -> FirthFit:
    """Fit by Newton's method on the modified score.

    Parameters
    ----------
    matrix : numpy.ndarray, shape (n, p)
        Columns with the intercept, of similar scales and full rank.
    positive : numpy.ndarray of bool, shape (n,)
        The outcome.
    fixed : dict of int to float, optional
        Coefficients held at a value; the penalty is that of the whole matrix all the same.

    Raises
    ------
    InputError
        When the maximum is not reached.
    """
    held = fixed or {}
    free = np.array([column for column in range(matrix.shape[1]) if column not in held], dtype=int)
    beta = np.zeros(matrix.shape[1])
    for column, value in held.items():
        beta[column] = value
    likelihood, information = _penalised(matrix, positive, beta)
    for _ in range(STEPS):
        p = expit(matrix @ beta)
        weight = p * (1 - p)
        leverage = weight * np.einsum("ij,ji->i", matrix, np.linalg.solve(information, matrix.T))
        score = matrix.T @ (positive - p + leverage * (0.5 - p))
        step = np.zeros_like(beta)
        if free.size:
            step[free] = np.linalg.solve(information[np.ix_(free, free)], score[free])
        largest = np.abs(step).max()
        if largest < CLOSE:
            return FirthFit(beta, np.linalg.inv(information), likelihood)
        step *= min(1.0, LARGEST_STEP / largest)
        for _ in range(30):
            tried, its_information = _penalised(matrix, positive, beta + step)
            if tried >= likelihood - 1e-12:
                break
            step /= 2
        beta, likelihood, information = beta + step, tried, its_information
    raise InputError("Firth's logistic regression did not converge; use fewer variables.")


def _penalised(matrix: np.ndarray, positive: np.ndarray, beta: np.ndarray) -> tuple[float, np.ndarray]:
    odds = matrix @ beta
    p = expit(odds)
    information = (matrix * (p * (1 - p))[:, None]).T @ matrix
    sign, determinant = np.linalg.slogdet(information)
    if sign <= 0:
        return -np.inf, information
    return float(log_expit(np.where(positive, odds, -odds)).sum() + determinant / 2), information
