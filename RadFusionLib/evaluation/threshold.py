"""The cut between low and high risk."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["youden_threshold"]


def youden_threshold(outcome: ArrayLike, probability: ArrayLike) -> float:
    """The probability at which sensitivity + specificity is largest; at or above it a case is high risk.

    Midway between the two neighbouring observed probabilities, the lowest of equal cuts. With one class only every
    cut is as good, and the lowest is returned.

    Parameters
    ----------
    outcome, probability : array-like, shape (n,)
        Out-of-fold, from the training cases.
    """
    positive = np.asarray(outcome).astype(bool)
    levels, level = np.unique(np.asarray(probability, dtype=float), return_inverse=True)
    if levels.size == 1:
        return float(levels[0])
    below_positive = np.cumsum(np.bincount(level[positive], minlength=levels.size))[:-1]
    below_negative = np.cumsum(np.bincount(level[~positive], minlength=levels.size))[:-1]
    # In whole numbers, so that equal cuts are equal: both shares times positives times negatives.
    gain = below_negative * int(positive.sum()) - below_positive * int((~positive).sum())
    best = int(np.argmax(gain))
    return float((levels[best] + levels[best + 1]) / 2)
