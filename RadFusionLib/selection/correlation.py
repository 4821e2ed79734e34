"""Of features that say the same, keep the one that follows the outcome best."""

from __future__ import annotations

import numpy as np
from sklearn.utils.validation import validate_data

from RadFusionLib.selection.selector import OutcomeSelector

__all__ = ["CorrelationFilter", "relevance"]

BLOCK = 256


class CorrelationFilter(OutcomeSelector):
    """Drop each feature whose Pearson correlation with a more relevant, kept one exceeds a threshold.

    Features are taken by falling absolute correlation with the outcome (ties in their given order), so that
    of a correlated group the most relevant stays.

    Parameters
    ----------
    threshold : float
        Largest absolute correlation allowed between kept features.

    Attributes
    ----------
    support_ : numpy.ndarray of bool, shape (n_features,)
        Which features are kept.
    relevance_ : numpy.ndarray, shape (n_features,)
        Absolute correlation with the outcome, in [0, 1].
    """

    def __init__(self, threshold: float = 0.90) -> None:
        self.threshold = threshold

    def fit(self, X: np.ndarray, y: np.ndarray) -> CorrelationFilter:
        """Learn which features to keep from ``X``, shape (n_patients, n_features), and ``y``, shape (n_patients,)."""
        X, y = validate_data(self, X, y, dtype=np.float64, ensure_min_samples=2)
        self.relevance_ = relevance(X, y)
        order = np.argsort(-self.relevance_, kind="stable")
        self.support_ = np.zeros(X.shape[1], dtype=bool)
        self.support_[_greedy(_unit(X)[:, order], self.threshold, order)] = True
        return self


def relevance(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Absolute Pearson correlation of each column of ``X`` with ``y``; 0 for constant columns."""
    target = np.asarray(y, dtype=np.float64)
    return np.abs(_unit(target[:, None])[:, 0] @ _unit(X))


def _unit(X: np.ndarray) -> np.ndarray:
    centred = X - X.mean(axis=0)
    length = np.sqrt((centred**2).sum(axis=0))
    return centred / np.where(length > 0, length, 1.0)


def _greedy(unit: np.ndarray, threshold: float, order: np.ndarray) -> np.ndarray:
    """Walk the columns of ``unit`` in their order; return the members of ``order`` that are kept."""
    kept: list[int] = []
    kept_columns = np.empty((unit.shape[0], 0))
    for start in range(0, unit.shape[1], BLOCK):
        block = unit[:, start : start + BLOCK]
        free = np.ones(block.shape[1], dtype=bool)
        if kept:
            free = np.abs(kept_columns.T @ block).max(axis=0) <= threshold
        among = np.abs(block.T @ block) > threshold
        chosen = []
        for column in np.flatnonzero(free):
            if free[column]:
                chosen.append(int(column))
                free &= ~among[column]
        kept += [start + c for c in chosen]
        kept_columns = np.concatenate([kept_columns, block[:, chosen]], axis=1)
    return order[kept]
