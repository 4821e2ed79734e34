"""Variance, interval and comparison of AUCs (DeLong, DeLong and Clarke-Pearson, Biometrics 1988;44:837-845)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm, rankdata, t

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.checks import check_level, check_outcome, check_scores
from RadFusionLib.evaluation.estimate import Estimate
from RadFusionLib.evaluation.hanley_mcneil import hanley_mcneil_standard_error

__all__ = ["AUCComparison", "auc_interval", "compare_aucs", "compare_aucs_unpaired", "delong_covariance"]

Alternative = Literal["two-sided", "greater", "less"]


@dataclass(frozen=True)
class AUCComparison:
    """Two AUCs and whether they differ.

    Attributes
    ----------
    first, second : float
        The two areas.
    difference : Estimate
        ``first - second`` with its interval.
    statistic : float
        z when paired, t when unpaired; 0 for identical curves.
    degrees_of_freedom : float
        Of t, after Welch and Satterthwaite; infinite when paired.
    p : float
        The p-value of ``alternative``.
    alternative : str
        ``two-sided``, or whether the first was expected to be ``greater`` or ``less``.
    paired : bool
        Whether both scores are of the same cases.
    """

    first: float
    second: float
    difference: Estimate
    statistic: float
    degrees_of_freedom: float
    p: float
    alternative: str
    paired: bool


def delong_covariance(outcome: ArrayLike, scores: Sequence[ArrayLike]) -> tuple[np.ndarray, np.ndarray]:
    """Areas of several scores of the same cases, and their covariance.

    By mid-ranks, in O(n log n) (Sun and Xu, IEEE Signal Processing Letters 2014;21:1389-1393).

    Parameters
    ----------
    outcome : array-like, shape (n,)
        0 or 1, with at least two cases of each class.
    scores : sequence of array-like, each of shape (n,)
        Higher means more likely positive.

    Returns
    -------
    areas : numpy.ndarray, shape (k,)
    covariance : numpy.ndarray, shape (k, k)

    Raises
    ------
    InputError
        For an input that cannot be used, or fewer than two cases of a class.
    """
    positive = check_outcome(outcome)
    values = np.stack([check_scores(positive, score) for score in scores])
    p, n = int(positive.sum()), int((~positive).sum())
    if min(p, n) < 2:
        raise InputError(f"DeLong's variance needs two cases of each class; there are {p} positive and {n} negative.")
    of_positives, of_negatives, of_all = (
        rankdata(part, axis=1) for part in (values[:, positive], values[:, ~positive], values)
    )
    # The placement of each case: the share of the other class that it is ordered rightly against.
    placed_positives = (of_all[:, positive] - of_positives) / n
    placed_negatives = 1 - (of_all[:, ~positive] - of_negatives) / p
    covariance = np.atleast_2d(np.cov(placed_positives)) / p + np.atleast_2d(np.cov(placed_negatives)) / n
    return placed_positives.mean(axis=1), covariance


def auc_interval(
    outcome: ArrayLike,
    score: ArrayLike,
    level: float = 0.95,
    method: Literal["delong", "hanley-mcneil"] = "delong",
) -> Estimate:
    """AUC with a Wald interval, cut at 0 and 1.

    Parameters
    ----------
    outcome, score : array-like, shape (n,)
        Independent cases not used in fitting; for cross-validated or patch scores use
        :func:`~RadFusionLib.evaluation.bootstrap.patient_bootstrap`.
    level : float
        Confidence level.
    method : str
        Whose standard error: ``delong``, or ``hanley-mcneil`` in the form SPSS gives.
    """
    check_level(level)
    if method not in ("delong", "hanley-mcneil"):
        raise InputError(f"There is no AUC interval called {method!r}; choose 'delong' or 'hanley-mcneil'.")
    areas, covariance = delong_covariance(outcome, [score])
    area = float(areas[0])
    delong = method == "delong"
    error = float(np.sqrt(covariance[0, 0])) if delong else hanley_mcneil_standard_error(outcome, score)
    half = float(norm.isf((1 - level) / 2)) * error
    words = f"Wald, {'DeLong' if delong else 'Hanley-McNeil'} standard error"
    if error == 0:
        # Classes that do not overlap leave no variance to estimate; the area is not known that well.
        words += ", which is zero here: the classes do not overlap and the interval says nothing"
    return Estimate(area, max(area - half, 0.0), min(area + half, 1.0), level, words)


def compare_aucs(
    outcome: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    level: float = 0.95,
    alternative: Alternative = "two-sided",
) -> AUCComparison:
    """DeLong's test between two scores of the same cases.

    Parameters
    ----------
    outcome, first, second : array-like, shape (n,)
        Cases that neither score was fitted on.
    level : float
        Confidence level of the difference's interval.
    alternative : str
        ``two-sided``, ``greater`` or ``less`` (of the first against the second).
    """
    check_level(level)
    areas, covariance = delong_covariance(outcome, [first, second])
    difference = float(areas[0] - areas[1])
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    error = float(np.sqrt(max(variance, 0.0)))
    statistic = _ratio(difference, error)
    half = float(norm.isf((1 - level) / 2)) * error
    estimate = Estimate(difference, difference - half, difference + half, level, "Wald, DeLong standard error, paired")
    p = _tail(norm.sf(statistic), norm.cdf(statistic), alternative)
    return AUCComparison(float(areas[0]), float(areas[1]), estimate, statistic, float("inf"), p, alternative, True)


def compare_aucs_unpaired(
    first_outcome: ArrayLike,
    first: ArrayLike,
    second_outcome: ArrayLike,
    second: ArrayLike,
    level: float = 0.95,
    alternative: Alternative = "two-sided",
) -> AUCComparison:
    """DeLong's test between scores of two separate groups of cases, with Welch's t as pROC has it.

    Parameters
    ----------
    first_outcome, first : array-like, shape (n,)
        One group.
    second_outcome, second : array-like, shape (m,)
        The other; no case may be in both.
    level, alternative
        As for :func:`compare_aucs`.

    Notes
    -----
    Degrees of freedom ``(v1 + v2)^2 / (v1^2 / (n - 1) + v2^2 / (m - 1))`` (Robin et al., BMC
    Bioinformatics 2011;12:77).
    """
    check_level(level)
    groups = ((first_outcome, first), (second_outcome, second))
    (area_1, variance_1), (area_2, variance_2) = (
        (float(areas[0]), float(covariance[0, 0]))
        for areas, covariance in (delong_covariance(outcome, [score]) for outcome, score in groups)
    )
    difference, error = area_1 - area_2, float(np.sqrt(variance_1 + variance_2))
    statistic = _ratio(difference, error)
    weights = variance_1**2 / (np.size(first) - 1) + variance_2**2 / (np.size(second) - 1)
    freedom = error**4 / weights if weights > 0 else float("inf")
    half = float(t.isf((1 - level) / 2, freedom)) * error
    estimate = Estimate(difference, difference - half, difference + half, level, "Welch, DeLong variances, unpaired")
    p = _tail(t.sf(statistic, freedom), t.cdf(statistic, freedom), alternative)
    return AUCComparison(area_1, area_2, estimate, statistic, float(freedom), p, alternative, False)


def _ratio(difference: float, error: float) -> float:
    # Rounding leaves a difference of identical curves a few ulps from zero.
    if abs(difference) < 1e-12:
        return 0.0
    return difference / error if error > 0 else float(np.copysign(np.inf, difference))


def _tail(upper: float, lower: float, alternative: str) -> float:
    tails = {"two-sided": 2 * min(upper, lower), "greater": upper, "less": lower}
    if alternative not in tails:
        raise InputError(f"There is no alternative called {alternative!r}; choose one of {', '.join(tails)}.")
    return float(min(tails[alternative], 1.0))
