"""Whether treatment does more for one risk group than for the other: for cohorts, never for one patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.cox import HazardRatio, fit_cox
from RadFusionLib.evaluation.follow_up import FollowUp
from RadFusionLib.evaluation.survival import KaplanMeier, LogRank, kaplan_meier, log_rank

__all__ = ["NOT_RANDOMISED", "GroupBenefit", "Interaction", "TreatmentBenefit", "as_treated", "treatment_benefit"]

NOT_RANDOMISED = (
    "Treatment was not given at random: who was treated differed from who was not, so a difference may come from "
    "that. These figures are for the cohort; they say nothing about one patient and must not guide treatment."
)
UNTREATED = ("0", "no", "none", "untreated", "false", "surgery", "surgery only")
TREATED, HIGH, BOTH = "treated", "high", "treated in the high-risk group"


@dataclass(frozen=True)
class GroupBenefit:
    """Treated against untreated within one risk group.

    Parameters
    ----------
    group : str
        ``low`` or ``high``.
    treated, untreated : KaplanMeier or None
        None where there is no such case.
    log_rank : LogRank or None
        None when one of the two is empty.
    hazard_ratio : HazardRatio or None
        Of treated against untreated; below 1 means fewer events with treatment.
    note : str
        Why something is missing.
    """

    group: str
    treated: KaplanMeier | None
    untreated: KaplanMeier | None
    log_rank: LogRank | None
    hazard_ratio: HazardRatio | None
    note: str


@dataclass(frozen=True)
class Interaction:
    """Whether the hazard ratio of treatment differs between the groups.

    Parameters
    ----------
    ratio : HazardRatio
        Hazard ratio of treatment in the high-risk group over that in the low-risk group, with Wald's test.
    likelihood_ratio, p : float
        Likelihood-ratio test with one degree of freedom, of the model with the product against that without.
    """

    ratio: HazardRatio
    likelihood_ratio: float
    p: float


@dataclass(frozen=True)
class TreatmentBenefit:
    """Treatment within both risk groups, and the interaction.

    A benefit that is significant in one group and not in the other is no evidence of a difference between the
    groups; only the interaction is.
    """

    groups: tuple[GroupBenefit, ...]
    interaction: Interaction | None
    cases: int
    note: str
    warning: str = NOT_RANDOMISED


def as_treated(cells: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Read the manifest's column ``treatment``.

    Parameters
    ----------
    cells : sequence of str
        ``0``, ``no``, ``none``, ``untreated``, ``surgery`` or ``surgery only`` for a case that was not treated;
        anything else names its treatment; empty when unknown.

    Returns
    -------
    treated, known : numpy.ndarray of bool, shape (n,)
        Treated or not, and which cells are filled.
    """
    words = [cell.strip().lower() for cell in cells]
    known = np.array([bool(word) for word in words], dtype=bool)
    return np.array([bool(word) and word not in UNTREATED for word in words], dtype=bool), known


def treatment_benefit(follow_up: FollowUp, treated: np.ndarray, high: np.ndarray) -> TreatmentBenefit:
    """Compare treated with untreated cases within each risk group, and test the interaction.

    Parameters
    ----------
    follow_up : FollowUp
        Times and events.
    treated : numpy.ndarray of bool, shape (n,)
        Who was treated.
    high : numpy.ndarray of bool, shape (n,)
        Who is in the high-risk group.
    """
    treated, high = np.asarray(treated, dtype=bool), np.asarray(high, dtype=bool)
    groups = tuple(
        _group(name, follow_up.of(inside), treated[inside]) for name, inside in (("low", ~high), (HIGH, high))
    )
    interaction, note = None, ""
    try:
        interaction = _interaction(follow_up, treated, high)
    except InputError as error:
        note = f"No interaction test: {error}"
    return TreatmentBenefit(groups, interaction, len(follow_up), note)


def _group(name: str, follow_up: FollowUp, treated: np.ndarray) -> GroupBenefit:
    curves = [kaplan_meier(follow_up.of(part)) if part.any() else None for part in (treated, ~treated)]
    if curves[0] is None or curves[1] is None:
        missing = "treated" if curves[0] is None else "untreated"
        return GroupBenefit(name, curves[0], curves[1], None, None, f"No {missing} case in the {name}-risk group.")
    try:
        ratio, note = fit_cox(follow_up, {TREATED: treated}).terms[0], ""
    except InputError as error:
        ratio, note = None, str(error)
    return GroupBenefit(name, curves[0], curves[1], log_rank(follow_up, treated), ratio, note)


def _interaction(follow_up: FollowUp, treated: np.ndarray, high: np.ndarray) -> Interaction:
    for label, chosen in (
        ("treated, high-risk", treated & high), ("untreated, high-risk", ~treated & high),
        ("treated, low-risk", treated & ~high), ("untreated, low-risk", ~treated & ~high),
    ):  # fmt: skip
        if not follow_up.events[chosen].any():
            raise InputError(f"no event among the {label} cases.")
    without = fit_cox(follow_up, {TREATED: treated, HIGH: high})
    both = fit_cox(follow_up, {TREATED: treated, HIGH: high, BOTH: treated & high})
    ratio = 2 * (both.log_likelihood - without.log_likelihood)
    return Interaction(both.term(BOTH), float(ratio), float(chi2.sf(ratio, 1)))
