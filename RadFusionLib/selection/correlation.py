"""Of features that say the same, keep the one that follows the outcome best."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from RadFusionLib.errors import InputError
from RadFusionLib.selection.selector import OutcomeSelector

__all__ = ["CorrelationFilter", "relevance", "unit_columns", "univariate_auc"]

BLOCK = 256


class CorrelationFilter(OutcomeSelector):
    """Drop each feature whose Pearson correlation with a better, kept one exceeds a threshold.

    Features are taken from the best to the worst (ties in their given order), so that of a correlated group
    the best stays.

    Parameters
    ----------
    threshold : float
        Largest absolute correlation allowed between kept features.
    keep : {"relevance", "auc"}
        What makes a feature better: its absolute correlation with the outcome, or how well it tells the
        outcomes apart alone (AUC, in whichever direction).

    Attributes
    ----------
    support_ : numpy.ndarray of bool, shape (n_features,)
        Which features are kept.
    relevance_ : numpy.ndarray, shape (n_features,)
        What the features were ordered by: in [0, 1], or in [0.5, 1] for ``keep="auc"``.
    """

    def __init__(self, threshold: float = 0.90, keep: str = "relevance") -> None:
        self.threshold = threshold
        self.keep = keep

    def fit(self, X: np.ndarray, y: np.ndarray) -> CorrelationFilter:
        """Learn which features to keep from ``X``, shape (n_patients, n_features), and ``y``, shape (n_patients,)."""
        if self.keep not in _ORDERS:
            raise InputError(f"keep is {self.keep!r}; of correlated features keep by 'relevance' or by 'auc'.")
        X, target = self._checked(X, y)
        self.relevance_ = _ORDERS[self.keep](X, target)
        order = np.argsort(-self.relevance_, kind="stable")
        self.support_ = np.zeros(X.shape[1], dtype=bool)
        self.support_[_greedy(unit_columns(X)[:, order], self.threshold, order)] = True
        return self


def relevance(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Absolute Pearson correlation of each column of ``X`` with ``y``; 0 for constant columns."""
    target = np.asarray(y, dtype=np.float64)
    return np.abs(unit_columns(target[:, None])[:, 0] @ unit_columns(X))


def univariate_auc(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """AUC of each column of ``X`` for a 0/1 outcome ``y``, turned so that it is at least 0.5; ties count half."""
    positive = np.asarray(y) == 1
    count, rest = int(positive.sum()), int((~positive).sum())
    area = (rankdata(X, axis=0)[positive].sum(axis=0) - count * (count + 1) / 2) / (count * rest)
    return np.maximum(area, 1 - area)


_ORDERS = {"relevance": relevance, "auc": univariate_auc}


def unit_columns(X: np.ndarray) -> np.ndarray:
    """Columns of mean 0 and length 1, whose products are correlations; constant ones become 0."""
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
