"""Survival of the low- and the high-risk group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.concordance import harrell_c, uno_c
from RadFusionLib.evaluation.cox import CoxModel, CoxTable, cox_table, fit_cox
from RadFusionLib.evaluation.estimate import Estimate
from RadFusionLib.evaluation.follow_up import FollowUp
from RadFusionLib.evaluation.sample_size import SampleSize, largest_survival_cox_snell, survival_development
from RadFusionLib.evaluation.survival import KaplanMeier, LogRank, kaplan_meier, log_rank, median_follow_up

__all__ = ["HIGH_RISK", "GroupSurvival", "group_survival"]

HIGH_RISK = "high risk group"
"""The name of the group in a Cox table."""
MODEST = 0.15
"""Share of the largest R squared to be expected where nothing is known (Riley 2020, BMJ 368:m441)."""
LATEST = 36.0
"""Months at which the overall risk should be known, where the follow-up is as long."""


@dataclass(frozen=True)
class GroupSurvival:
    """One endpoint by risk group.

    Parameters
    ----------
    endpoint : str
        Such as ``DFS``.
    cases, events : int
        Followed, and with the event.
    median_follow_up : float
        Months, reverse Kaplan-Meier.
    low, high : KaplanMeier or None
        None where a group is empty.
    log_rank : LogRank or None
        None when a group is empty.
    cox : CoxModel or None
        Of the high-risk group against the low; None when it cannot be fitted.
    table : CoxTable or None
        The group and the other variables, univariate and multivariable.
    harrell, uno : Estimate
        Of the risk itself, not of the groups.
    variables : int
        That the Cox table takes up.
    wanted : SampleSize or None
        Cases that a Cox model of that many variables would need; None where nothing can be reckoned.
    notes : tuple of str
        Why something is missing.
    """

    endpoint: str
    cases: int
    events: int
    median_follow_up: float
    low: KaplanMeier | None
    high: KaplanMeier | None
    log_rank: LogRank | None
    cox: CoxModel | None
    table: CoxTable | None
    harrell: Estimate
    uno: Estimate
    variables: int
    wanted: SampleSize | None
    notes: tuple[str, ...]

    @property
    def events_a_variable(self) -> float:
        """Events for each variable of the Cox table."""
        return self.events / self.variables


def group_survival(
    endpoint: str,
    follow_up: FollowUp,
    risk: np.ndarray,
    high: np.ndarray,
    others: Mapping[str, np.ndarray] | None = None,
) -> GroupSurvival:
    """Describe an endpoint by risk group.

    Parameters
    ----------
    endpoint : str
        Its name.
    follow_up : FollowUp
        At least one case.
    risk : numpy.ndarray, shape (n,)
        In [0, 1].
    high : numpy.ndarray of bool, shape (n,)
        Who is in the high-risk group.
    others : mapping of str to numpy.ndarray, optional
        Variables for the Cox table beside the group. A case that lacks one (NaN) is left out of the table.
    """
    high = np.asarray(high, dtype=bool)
    notes: list[str] = []
    curves = {name: kaplan_meier(follow_up.of(part)) if part.any() else None for name, part in _parts(high)}
    test = cox = None
    if None in curves.values():
        empty = next(name for name, curve in curves.items() if curve is None)
        notes.append(f"No case in the {empty}-risk group, so the groups cannot be compared.")
    else:
        test = log_rank(follow_up, high)
        try:
            cox = fit_cox(follow_up, {HIGH_RISK: high})
        except InputError as error:
            notes.append(str(error))
    return GroupSurvival(
        endpoint=endpoint,
        cases=len(follow_up),
        events=follow_up.count,
        median_follow_up=median_follow_up(follow_up),
        low=curves["low"],
        high=curves["high"],
        log_rank=test,
        cox=cox,
        table=_table(follow_up, high, others or {}, notes),
        harrell=harrell_c(follow_up, risk),
        uno=uno_c(follow_up, risk),
        variables=1 + len(others or {}),
        wanted=_wanted(follow_up, 1 + len(others or {})),
        notes=tuple(notes),
    )


def _parts(high: np.ndarray) -> tuple[tuple[str, np.ndarray], ...]:
    return ("low", ~high), ("high", high)


def _wanted(follow_up: FollowUp, variables: int) -> SampleSize | None:
    """Riley's criteria at this cohort's rate, for a model that explains a modest share of what can be explained."""
    mean = float(follow_up.times.mean())
    rate = follow_up.count / float(follow_up.times.sum())
    expected = MODEST * largest_survival_cox_snell(rate, mean)
    try:
        return survival_development(variables, rate, mean, expected, min(LATEST, float(follow_up.times.max())))
    except ValueError:
        return None


def _table(
    follow_up: FollowUp, high: np.ndarray, others: Mapping[str, np.ndarray], notes: list[str]
) -> CoxTable | None:
    if not others or not follow_up.count:
        return None
    whole = np.all([np.isfinite(values) for values in others.values()], axis=0)
    if not whole.any():
        notes.append("No case has all clinical values, so there is no Cox table.")
        return None
    if not whole.all():
        notes.append(f"The Cox table leaves out {int((~whole).sum())} cases that lack a clinical value.")
    columns = {HIGH_RISK: high.astype(float), **others}
    return cox_table(follow_up.of(whole), {name: values[whole] for name, values in columns.items()})
