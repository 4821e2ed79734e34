"""The cut between low and high risk, frozen on training data."""

from __future__ import annotations

import numpy as np

__all__ = ["youden_threshold"]


def youden_threshold(outcome: np.ndarray, probability: np.ndarray) -> float:
    """The probability at which sensitivity + specificity is largest; at or above it a case is high risk.

    Midway between the two neighbouring observed probabilities, the lowest of equal cuts.

    Parameters
    ----------
    outcome, probability : numpy.ndarray, shape (n,)
        Out-of-fold, from the training cases.
    """
    outcome = np.asarray(outcome).astype(bool)
    probability = np.asarray(probability, dtype=float)
    levels = np.unique(probability)
    if levels.size == 1:
        return float(levels[0])
    cuts = (levels[1:] + levels[:-1]) / 2
    youden = [
        (probability[outcome] >= cut).mean() + (probability[~outcome] < cut).mean() if outcome.any() else 0.0
        for cut in cuts
    ]
    return float(cuts[int(np.argmax(youden))])
