"""DFS, OS and treatment in and out of the risk groups, on simulated patients whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from RadFusionLib.evaluation.follow_up import FollowUp
from RadFusionLib.evaluation.risk_groups import group_survival
from RadFusionLib.evaluation.treatment import TreatmentBenefit, treatment_benefit
from RadFusionLib.simulation import Latents, draw_latents, draw_outcomes, draw_survival

CASES, SEED = 1500, 91


@pytest.fixture(scope="module")
def latents() -> list[Latents]:
    return [draw_latents(SEED, index) for index in range(CASES)]


def drawn(
    latents: list[Latents], strength: float, endpoint: str, ratio: float
) -> tuple[FollowUp, np.ndarray, np.ndarray]:
    """Follow-up, the true probability of the outcome as the risk, and who is in its upper third."""
    outcome, risk = draw_outcomes(latents, strength, SEED)
    times = draw_survival(latents, outcome, SEED, treatment_hazard_ratio=ratio)
    # Without any strength all risks are equal; then the groups are those that would have been.
    _, order = draw_outcomes(latents, 1.0, SEED)
    high = order >= np.quantile(order, 2 / 3)
    return FollowUp(times[f"time:{endpoint}"], times[f"event:{endpoint}"]), risk if strength else order, high


@pytest.mark.parametrize("endpoint", ["DFS", "OS"])
def test_groups_part_where_the_risk_is_true_and_not_where_it_is_empty(latents: list[Latents], endpoint: str) -> None:
    found = group_survival(endpoint, *drawn(latents, 1.0, endpoint, 1.0))
    assert found.log_rank is not None
    assert found.log_rank.p < 1e-6
    assert found.cox is not None
    # With the outcome the hazard is 3.2 times as high; the groups, which are not the outcome, show part of it.
    assert 1.3 < found.cox.terms[0].ratio < 3.2
    assert found.harrell.low > 0.55
    empty = group_survival(endpoint, *drawn(latents, 0.0, endpoint, 1.0))
    assert empty.log_rank is not None
    assert empty.log_rank.p > 0.01
    assert empty.cox is not None
    assert empty.cox.terms[0].low < 1 < empty.cox.terms[0].high
    assert empty.harrell.low < 0.5 < empty.harrell.high


def benefit(latents: list[Latents], endpoint: str, ratio: float) -> TreatmentBenefit:
    follow_up, _, high = drawn(latents, 1.0, endpoint, ratio)
    return treatment_benefit(follow_up, np.array([one.treatment for one in latents], dtype=bool), high)


@pytest.mark.parametrize("endpoint", ["DFS", "OS"])
def test_a_benefit_is_found_in_the_group_that_has_it(latents: list[Latents], endpoint: str) -> None:
    found = benefit(latents, endpoint, 0.35)
    low, high = found.groups
    assert low.hazard_ratio is not None
    assert high.hazard_ratio is not None
    # Few of the low-risk group have the outcome and gain; most of the high-risk group do.
    assert 0.35 < high.hazard_ratio.ratio < low.hazard_ratio.ratio
    assert high.hazard_ratio.high < 0.85
    assert high.log_rank is not None
    assert high.log_rank.p < 1e-4
    assert found.interaction is not None
    assert found.interaction.p < 0.02


@pytest.mark.parametrize("endpoint", ["DFS", "OS"])
def test_no_benefit_is_found_where_there_is_none(latents: list[Latents], endpoint: str) -> None:
    found = benefit(latents, endpoint, 1.0)
    for group in found.groups:
        assert group.hazard_ratio is not None
        assert group.hazard_ratio.low < 1 < group.hazard_ratio.high
        assert group.log_rank is not None
        assert group.log_rank.p > 0.01
    assert found.interaction is not None
    assert found.interaction.p > 0.05
