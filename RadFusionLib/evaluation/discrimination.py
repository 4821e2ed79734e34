"""The area under the receiver operating characteristic curve."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

__all__ = ["auc", "within_fold_auc"]


def auc(outcome: np.ndarray, score: np.ndarray) -> float:
    """Probability that a random positive scores above a random negative, ties counted half.

    Parameters
    ----------
    outcome : numpy.ndarray, shape (n,)
        0 or 1.
    score : numpy.ndarray, shape (n,)
        Higher means more likely positive.

    Returns
    -------
    float
        In [0, 1]; NaN when one class is absent.
    """
    outcome = np.asarray(outcome).astype(bool)
    positives = int(outcome.sum())
    negatives = outcome.size - positives
    if positives == 0 or negatives == 0:
        return float("nan")
    ranks = rankdata(np.asarray(score, dtype=float))
    return float((ranks[outcome].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def within_fold_auc(outcome: np.ndarray, score: np.ndarray, fold: np.ndarray) -> float:
    """Out-of-fold AUC that compares only pairs of patients scored by the same member.

    Pooling the scores of several members biases the AUC below 0.5 when nothing can be predicted, since a
    fold with many positives leaves few to its member's training. Within a fold no such tie exists.

    Parameters
    ----------
    outcome, score : numpy.ndarray, shape (n,)
        As for :func:`auc`.
    fold : numpy.ndarray of int, shape (n,)
        The fold in which each patient was scored.
    """
    outcome = np.asarray(outcome).astype(bool)
    total, pairs = 0.0, 0
    for number in np.unique(fold):
        inside = np.asarray(fold) == number
        count = int(outcome[inside].sum()) * int((~outcome[inside]).sum())
        if count:
            total += count * auc(outcome[inside], np.asarray(score)[inside])
            pairs += count
    return total / pairs if pairs else float("nan")
