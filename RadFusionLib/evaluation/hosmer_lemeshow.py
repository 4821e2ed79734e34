"""The Hosmer-Lemeshow test of calibration, with its grouping rule named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import chi2

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.checks import check_outcome, check_risk

__all__ = ["GROUPING_RULES", "HosmerLemeshow", "hosmer_lemeshow"]

Grouping = Literal["quantile", "rank"]

GROUPING_RULES = {
    "quantile": "cut at the type-7 quantiles of the risk, intervals open below and closed above (R, cut2 and quantile)",
    "rank": "equal counts of cases sorted by risk, equal risks split in the order given (Stata, xtile of ranks)",
}
"""How each rule forms its groups, in words for a report."""


@dataclass(frozen=True)
class HosmerLemeshow:
    """The test and the table behind it.

    Attributes
    ----------
    statistic, p : float
        Chi-square and its upper tail; a small p speaks against calibration.
    degrees_of_freedom : int
        Groups less two where the risks were fitted on these cases, groups where they were not.
    cases, observed : tuple of int
        Cases and outcomes of each group, by rising risk.
    expected : tuple of float
        Sum of the risks of each group.
    grouping : str
        The rule, in words.
    """

    statistic: float
    p: float
    degrees_of_freedom: int
    cases: tuple[int, ...]
    observed: tuple[int, ...]
    expected: tuple[float, ...]
    grouping: str


def hosmer_lemeshow(
    outcome: ArrayLike, risk: ArrayLike, groups: int = 10, grouping: Grouping = "quantile", *, apparent: bool = False
) -> HosmerLemeshow:
    """Compare observed and expected outcomes in groups of risk (Hosmer and Lemeshow, 1980).

    The result depends on how ties are grouped, so the rule is part of it.

    Parameters
    ----------
    outcome : array-like, shape (n,)
        0 or 1.
    risk : array-like, shape (n,)
        In [0, 1].
    groups : int
        How many are asked for, at least 3; ties may leave fewer, which the degrees of freedom follow.
    grouping : str
        A name in :data:`GROUPING_RULES`.
    apparent : bool
        Whether the risks were fitted on these cases.

    Raises
    ------
    InputError
        For an input that cannot be used, or when fewer than three groups can be formed.
    """
    positive = check_outcome(outcome)
    risks = check_risk(positive, risk)
    if grouping not in GROUPING_RULES:
        raise InputError(f"There is no grouping called {grouping!r}; choose one of {', '.join(GROUPING_RULES)}.")
    if not 3 <= groups <= risks.size:
        raise InputError(f"{groups} groups of {risks.size} cases are not possible; ask for 3 to {risks.size}.")
    group = {"quantile": _by_quantile, "rank": _by_rank}[grouping](risks, groups)
    group = np.unique(group, return_inverse=True)[1]
    cases = np.bincount(group)
    if cases.size < 3:
        raise InputError(f"The risks take so few values that only {cases.size} groups can be formed; three are needed.")
    observed = np.bincount(group, weights=positive)
    expected = np.bincount(group, weights=risks)
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = (observed - expected) ** 2 / (expected * (1 - expected / cases))
    # A group of risks that are all 0 or all 1 adds nothing when it is right, and everything when it is wrong.
    statistic = float(np.where((observed == expected), 0.0, parts).sum())
    freedom = cases.size - 2 if apparent else cases.size
    return HosmerLemeshow(
        statistic,
        float(chi2.sf(statistic, freedom)),
        int(freedom),
        tuple(map(int, cases)),
        tuple(map(int, observed)),
        tuple(map(float, expected)),
        GROUPING_RULES[grouping],
    )


def _by_quantile(risks: np.ndarray, groups: int) -> np.ndarray:
    edges = np.unique(np.quantile(risks, np.linspace(0, 1, groups + 1)[1:-1]))
    return np.searchsorted(edges, risks, side="left")


def _by_rank(risks: np.ndarray, groups: int) -> np.ndarray:
    group = np.empty(risks.size, dtype=int)
    for number, members in enumerate(np.array_split(np.argsort(risks, kind="stable"), groups)):
        group[members] = number
    return group
