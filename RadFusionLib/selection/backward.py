"""Drop variables of a logistic regression one by one while Akaike's criterion falls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from RadFusionLib.selection.logistic import fit_logistic

__all__ = ["BackwardPath", "backward_by_aic", "independent_columns"]


@dataclass(frozen=True, eq=False)
class BackwardPath:
    """What a backward selection did.

    Parameters
    ----------
    kept : numpy.ndarray of int
        Columns of the final model, in their given order.
    dropped : tuple of int
        Columns in the order in which they left.
    aic : tuple of float
        Of the first model and of each after a drop, length ``len(dropped) + 1``.
    """

    kept: np.ndarray
    dropped: tuple[int, ...]
    aic: tuple[float, ...]


def backward_by_aic(X: np.ndarray, y: np.ndarray, *, firth: bool = False) -> BackwardPath:
    """Start with all columns of ``X`` and drop the one whose loss lowers the AIC most, as R's ``step`` does.

    It stops when no drop lowers the AIC; of equal drops the first column leaves. Columns that follow linearly
    from earlier ones never enter, as aliased terms do not in R.

    Parameters
    ----------
    X : numpy.ndarray, shape (n, n_variables)
        Variables without missing values.
    y : numpy.ndarray, shape (n,)
        0 or 1.
    firth : bool
        Use the penalised likelihood.
    """
    kept = list(independent_columns(X))
    dropped: list[int] = []
    path = [fit_logistic(X[:, kept], y, firth=firth).aic]
    while kept:
        without = [[c for c in kept if c != column] for column in kept]
        criteria = [fit_logistic(X[:, columns], y, firth=firth).aic for columns in without]
        best = int(np.argmin(criteria))
        if criteria[best] >= path[-1]:
            break
        dropped.append(kept[best])
        path.append(criteria[best])
        kept = without[best]
    return BackwardPath(np.asarray(kept, dtype=int), tuple(dropped), tuple(path))


def independent_columns(X: np.ndarray) -> np.ndarray:
    """Columns that are neither constant nor a linear function of those before them (beside an intercept)."""
    basis = np.full((len(X), 1), len(X) ** -0.5)
    found = []
    for column in range(X.shape[1]):
        values = X[:, column] - X[:, column].mean()
        length = np.linalg.norm(values)
        if length <= 1e-10 * np.abs(X[:, column]).max(initial=0.0):
            continue
        rest = values / length
        # Twice, since one pass of projection leaves rounding of the size that is being judged.
        for _ in range(2):
            rest = rest - basis @ (basis.T @ rest)
        left = np.linalg.norm(rest)
        if left > 1e-7:
            basis = np.column_stack([basis, rest / left])
            found.append(column)
    return np.asarray(found, dtype=int)
