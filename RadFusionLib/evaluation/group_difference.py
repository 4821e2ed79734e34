"""Whether a measurement differs between groups, with the test that fits its distribution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from RadFusionLib.errors import InputError

__all__ = ["GroupDifference", "group_difference", "is_normal", "t_test_from_summary"]

Choice = Literal["by-distribution", "student", "welch", "mann-whitney"]
Convention = Literal["r", "spss"]

SHAPIRO_MOST = 5000
"""Cases beyond which Shapiro and Wilk's p is not accurate."""
EXACT_BELOW = 50
"""Cases a group below which R's Wilcoxon test is exact."""


@dataclass(frozen=True)
class GroupDifference:
    """A test of a measurement between groups.

    Attributes
    ----------
    name : str
        Which test, in words.
    statistic, p : float
        Its statistic and two-sided p.
    normal : bool
        Whether every group looks normal (Shapiro-Wilk p of at least 0.05), by which a report gives mean and SD.
    """

    name: str
    statistic: float
    p: float
    normal: bool


def is_normal(values: np.ndarray) -> bool:
    """Whether Shapiro and Wilk's test does not reject normality at 0.05; False below three cases or without spread."""
    if values.size < 3 or np.ptp(values) == 0:
        return False
    if values.size > SHAPIRO_MOST:
        return bool(abs(stats.skew(values)) < 1)
    return bool(stats.shapiro(values).pvalue >= 0.05)


def group_difference(
    groups: Sequence[ArrayLike], test: Choice = "by-distribution", convention: Convention = "r"
) -> GroupDifference:
    """Compare a measurement between two groups or more.

    Parameters
    ----------
    groups : sequence of array-like
        Values of each group, none missing, two at least.
    test : str
        ``student`` (pooled variance; analysis of variance for more than two groups), ``welch``, ``mann-whitney``
        (Kruskal-Wallis), or ``by-distribution``: Student's where every group looks normal, else Mann-Whitney.
    convention : str
        Mann-Whitney's p: ``r`` is exact below fifty cases a group without ties, else normal with continuity
        correction; ``spss`` is normal without correction.

    Raises
    ------
    InputError
        When there are fewer than two groups, a group has fewer than two values, or a value is missing.
    """
    values = [np.asarray(group, dtype=float) for group in groups]
    if len(values) < 2 or min(map(len, values)) < 2:
        raise InputError("A comparison needs two groups of two values at least.")
    if not all(np.isfinite(group).all() for group in values):
        raise InputError("A value is missing or infinite; leave these cases out before groups are compared.")
    if test not in ("by-distribution", "student", "welch", "mann-whitney"):
        raise InputError(f"There is no test called {test!r}; choose 'student', 'welch' or 'mann-whitney'.")
    if convention not in ("r", "spss"):
        raise InputError(f"There is no convention called {convention!r}; choose 'r' or 'spss'.")
    normal = all(is_normal(group) for group in values)
    if np.ptp(np.concatenate(values)) == 0:
        return GroupDifference("none: all values are equal", float("nan"), 1.0, normal)
    if test == "by-distribution":
        test = "student" if normal else "mann-whitney"
    several = len(values) > 2
    if test == "student":
        found = stats.f_oneway(*values) if several else stats.ttest_ind(*values)
        name = "analysis of variance" if several else "Student's t, pooled variance"
    elif test == "welch":
        found = stats.f_oneway(*values, equal_var=False) if several else stats.ttest_ind(*values, equal_var=False)
        name = "Welch's analysis of variance" if several else "Welch's t"
    elif several:
        found, name = stats.kruskal(*values), "Kruskal-Wallis"
    else:
        pooled = np.concatenate(values)
        exact = convention == "r" and max(map(len, values)) < EXACT_BELOW and np.unique(pooled).size == pooled.size
        method = "exact" if exact else "asymptotic"
        found = stats.mannwhitneyu(*values, method=method, use_continuity=convention == "r")
        name = f"Mann-Whitney, {'exact' if exact else 'normal approximation'}"
    return GroupDifference(name, float(found.statistic), float(found.pvalue), normal)


def t_test_from_summary(
    means: tuple[float, float], deviations: tuple[float, float], cases: tuple[int, int], welch: bool = False
) -> GroupDifference:
    """The t-test that a printed table of means and standard deviations implies.

    Parameters
    ----------
    means, deviations : tuple of float
        Of the two groups; standard deviations with n - 1.
    cases : tuple of int
        Of the two groups, two at least.
    welch : bool
        Whether variances are kept apart.
    """
    if min(cases) < 2 or min(deviations) < 0 or max(deviations) == 0:
        raise InputError("A t-test needs two groups of two cases at least, and a standard deviation above zero.")
    found = stats.ttest_ind_from_stats(
        means[0], deviations[0], cases[0], means[1], deviations[1], cases[1], equal_var=not welch
    )
    name = "Welch's t" if welch else "Student's t, pooled variance"
    return GroupDifference(name, float(found.statistic), float(found.pvalue), True)
