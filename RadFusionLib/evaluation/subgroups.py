"""How well a risk does among parts of a cohort: by centre, scanner, sex, age, size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2

from RadFusionLib.evaluation.delong import auc_interval, delong_covariance
from RadFusionLib.evaluation.estimate import Estimate, exact_proportion

__all__ = ["Grouping", "Subgroup", "SubgroupTable", "above_median", "auc_estimate", "subgroup_table"]

LEVEL = 0.95
FEWEST = 2
"""Cases of each class that an AUC with an interval needs."""


@dataclass(frozen=True)
class Grouping:
    """A variable that parts the cohort.

    Parameters
    ----------
    variable : str
        Such as ``center``.
    labels : tuple of str, length n
        A level a case; empty when unknown.
    """

    variable: str
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Subgroup:
    """One level of a grouping.

    Parameters
    ----------
    variable, level : str
        Which part.
    cases, positive : int
        Cases, and those with the outcome.
    auc : Estimate or None
        None when the part has too few of a class.
    variance : float
        DeLong's, of the AUC; NaN without one.
    sensitivity, specificity : Estimate
        At the threshold.
    mean_risk : float
        Mean predicted risk, to be set against ``observed``.
    observed : Estimate
        Share with the outcome.
    note : str
        Why there is no AUC.
    """

    variable: str
    level: str
    cases: int
    positive: int
    auc: Estimate | None
    variance: float
    sensitivity: Estimate
    specificity: Estimate
    mean_risk: float
    observed: Estimate
    note: str


@dataclass(frozen=True)
class SubgroupTable:
    """All levels of a variable, and whether their AUCs differ.

    Parameters
    ----------
    variable : str
        Which.
    groups : tuple of Subgroup
        Levels in order.
    unknown : int
        Cases whose level is not known.
    heterogeneity, p : float
        Cochran's Q of the AUCs and its p; NaN with fewer than two of them. Few cases rarely give a small p, so a
        large one does not show that the levels are alike.
    """

    variable: str
    groups: tuple[Subgroup, ...]
    unknown: int
    heterogeneity: float
    p: float


def above_median(variable: str, values: np.ndarray, unit: str = "") -> Grouping:
    """Part a cohort at the median of a measured variable.

    Parameters
    ----------
    variable : str
        Its name.
    values : numpy.ndarray of float, shape (n,)
        NaN when unknown.
    unit : str
        For the labels.
    """
    values = np.asarray(values, dtype=float)
    known = np.isfinite(values)
    if not known.any():
        return Grouping(variable, ("",) * values.size)
    median = float(np.median(values[known]))
    tail = f"{median:.4g} {unit}".strip()
    names = np.where(values > median, f"above {tail}", f"up to {tail}")
    return Grouping(variable, tuple(str(n) if k else "" for n, k in zip(names, known, strict=True)))


def auc_estimate(outcome: np.ndarray, risk: np.ndarray) -> Estimate:
    """AUC with DeLong's interval; without one where its variance is 0, as when all pairs are ordered alike."""
    if np.ptp(risk) == 0:
        return Estimate(0.5, float("nan"), float("nan"), LEVEL, "no interval: the same risk for all cases")
    found = auc_interval(outcome, risk, LEVEL)
    if found.low < found.high:
        return found
    return Estimate(found.value, float("nan"), float("nan"), LEVEL, "no interval: all pairs are ordered alike")


def subgroup_table(
    outcome: np.ndarray, risk: np.ndarray, threshold: float, groupings: Sequence[Grouping]
) -> tuple[SubgroupTable, ...]:
    """Measure the risk in every level of every grouping.

    Parameters
    ----------
    outcome, risk : numpy.ndarray, shape (n,)
        0 or 1, and in [0, 1].
    threshold : float
        At or above it a case is in the high-risk group.
    groupings : sequence of Grouping
        A grouping without any known level is left out.
    """
    outcome, risk = np.asarray(outcome).astype(bool), np.asarray(risk, dtype=float)
    tables = []
    for grouping in groupings:
        labels = np.array(grouping.labels)
        levels = _ordered({str(label) for label in grouping.labels if label})
        if not levels:
            continue
        groups = tuple(
            _subgroup(grouping.variable, level, outcome[labels == level], risk[labels == level], threshold)
            for level in levels
        )
        tables.append(SubgroupTable(grouping.variable, groups, int((labels == "").sum()), *_heterogeneity(groups)))
    return tuple(tables)


def _subgroup(variable: str, level: str, outcome: np.ndarray, risk: np.ndarray, threshold: float) -> Subgroup:
    positive, high = int(outcome.sum()), risk >= threshold
    negative = outcome.size - positive
    auc, variance, note = None, float("nan"), ""
    if not positive or not negative:
        note = f"only cases {'with' if positive else 'without'} the outcome, so no AUC"
    elif min(positive, negative) < FEWEST:
        note = f"only one case {'with' if positive < FEWEST else 'without'} the outcome, so no AUC"
    else:
        auc = auc_estimate(outcome, risk)
        variance = float(delong_covariance(outcome, [risk])[1][0, 0]) if np.ptp(risk) else 0.0
    return Subgroup(
        variable=variable,
        level=level,
        cases=outcome.size,
        positive=positive,
        auc=auc,
        variance=variance,
        sensitivity=exact_proportion(int((high & outcome).sum()), positive),
        specificity=exact_proportion(int((~high & ~outcome).sum()), negative),
        mean_risk=float(risk.mean()),
        observed=exact_proportion(positive, outcome.size),
        note=note,
    )


def _heterogeneity(groups: Sequence[Subgroup]) -> tuple[float, float]:
    known = [(g.auc.value, g.variance) for g in groups if g.auc is not None and g.variance > 0]
    if len(known) < 2:
        return float("nan"), float("nan")
    area, variance = np.array(known).T
    weight = 1 / variance
    statistic = float((weight * (area - np.average(area, weights=weight)) ** 2).sum())
    return statistic, float(chi2.sf(statistic, len(known) - 1))


def _ordered(levels: set[str]) -> list[str]:
    # "up to" comes before "above".
    return sorted(levels, key=lambda level: (level.startswith("above"), level))
