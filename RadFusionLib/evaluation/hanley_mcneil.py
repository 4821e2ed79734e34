"""Standard error of an AUC as SPSS gives it (Hanley and McNeil, Radiology 1982;143:29-36)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from RadFusionLib.evaluation.checks import check_outcome, check_scores
from RadFusionLib.evaluation.discrimination import auc

__all__ = ["hanley_mcneil_standard_error"]


def hanley_mcneil_standard_error(outcome: ArrayLike, score: ArrayLike) -> float:
    """Standard error from the empirical Q1 and Q2, the non-parametric form of SPSS.

    ``Q1`` is the probability that two positives, drawn with replacement, both score above one negative; ``Q2``
    that one positive scores above two negatives. A tie of one pair counts 1/2, of both pairs 1/3.

    Parameters
    ----------
    outcome : array-like, shape (n,)
        0 or 1.
    score : array-like, shape (n,)
        Higher means more likely positive.

    Notes
    -----
    ``SE^2 = (A (1 - A) + (P - 1) (Q1 - A^2) + (N - 1) (Q2 - A^2)) / (P N)`` for an area ``A``, ``P`` positives and
    ``N`` negatives. With few cases it is a little larger than DeLong's.
    """
    positive = check_outcome(outcome)
    values = check_scores(positive, score)
    _, level = np.unique(values, return_inverse=True)
    count = level.max() + 1
    positives = np.bincount(level[positive], minlength=count).astype(float)
    negatives = np.bincount(level[~positive], minlength=count).astype(float)
    above = positives.sum() - np.cumsum(positives)
    below = np.cumsum(negatives) - negatives
    p, n = positives.sum(), negatives.sum()
    q1 = (negatives * (above**2 + above * positives + positives**2 / 3)).sum() / (n * p**2)
    q2 = (positives * (below**2 + below * negatives + negatives**2 / 3)).sum() / (p * n**2)
    area = auc(positive, values)
    variance = (area * (1 - area) + (p - 1) * (q1 - area**2) + (n - 1) * (q2 - area**2)) / (p * n)
    return float(np.sqrt(max(variance, 0.0)))
