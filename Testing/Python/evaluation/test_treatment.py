"""Treatment benefit on simulated cohorts, where the truth is known: there in the high-risk group, or nowhere."""

from __future__ import annotations

import numpy as np
import pytest

from RadFusionLib.evaluation.follow_up import FollowUp
from RadFusionLib.evaluation.treatment import NOT_RANDOMISED, as_treated, treatment_benefit
from RadFusionLib.simulation import Latents, draw_latents, draw_outcomes, draw_survival

CASES, SEED = 1200, 77


@pytest.fixture(scope="module")
def patients() -> tuple[list[Latents], np.ndarray, np.ndarray]:
    latents = [draw_latents(SEED, index) for index in range(CASES)]
    outcome, _ = draw_outcomes(latents, 1.0, SEED)
    return latents, outcome, np.array([latent.treatment for latent in latents], dtype=bool)


def test_an_effect_in_the_high_risk_group_is_found(patients: tuple[list[Latents], np.ndarray, np.ndarray]) -> None:
    latents, outcome, treated = patients
    drawn = draw_survival(latents, outcome, SEED, treatment_hazard_ratio=0.5)
    for endpoint in ("DFS", "OS"):
        found = treatment_benefit(
            FollowUp(drawn[f"time:{endpoint}"], drawn[f"event:{endpoint}"]), treated, outcome == 1
        )
        low, high = found.groups
        assert low.hazard_ratio is not None
        assert high.hazard_ratio is not None
        assert low.hazard_ratio.low < 1 < low.hazard_ratio.high
        assert high.hazard_ratio.high < 1
        assert high.log_rank is not None
        assert high.log_rank.p < 1e-3
        assert found.interaction is not None
        assert found.interaction.p < 0.01
        assert found.interaction.ratio.ratio == pytest.approx(
            high.hazard_ratio.ratio / low.hazard_ratio.ratio, rel=0.15
        )
        assert found.warning == NOT_RANDOMISED
        if endpoint == "DFS":
            assert high.hazard_ratio.low < 0.5 < high.hazard_ratio.high


def test_no_effect_is_not_found(patients: tuple[list[Latents], np.ndarray, np.ndarray]) -> None:
    latents, outcome, treated = patients
    drawn = draw_survival(latents, outcome, SEED, treatment_hazard_ratio=1.0)
    found = treatment_benefit(FollowUp(drawn["time:DFS"], drawn["event:DFS"]), treated, outcome == 1)
    for group in found.groups:
        assert group.hazard_ratio is not None
        assert group.hazard_ratio.low < 1 < group.hazard_ratio.high
    assert found.interaction is not None
    assert found.interaction.p > 0.05


def test_the_interaction_test_keeps_its_level(patients: tuple[list[Latents], np.ndarray, np.ndarray]) -> None:
    latents, outcome, treated = patients
    part = slice(0, 160)
    few, high = latents[part], outcome[part] == 1
    found = []
    for draw in range(40):
        drawn = draw_survival(few, outcome[part], 1000 + draw, treatment_hazard_ratio=1.0)
        benefit = treatment_benefit(FollowUp(drawn["time:DFS"], drawn["event:DFS"]), treated[part], high)
        assert benefit.interaction is not None
        found.append(benefit.interaction.p)
    # 40 draws at a level of 5 %: more than 6 rejections come in fewer than one run of a hundred.
    assert sum(p < 0.05 for p in found) <= 6
    assert 0.35 < np.mean(found) < 0.65


def test_the_manifests_words_for_treatment() -> None:
    treated, known = as_treated(["1", "0", "", "none", "capecitabine", "No"])
    assert treated.tolist() == [True, False, False, False, True, False]
    assert known.tolist() == [True, True, False, True, True, True]


def test_what_cannot_be_compared_is_said() -> None:
    rng = np.random.default_rng(2)
    data = FollowUp(rng.exponential(10, 40) + 0.1, np.ones(40))
    high = np.arange(40) < 20
    found = treatment_benefit(data, high, high)
    assert [group.note for group in found.groups] == [
        "No treated case in the low-risk group.", "No untreated case in the high-risk group.",
    ]  # fmt: skip
    assert found.interaction is None
    assert "no event among the" in found.note
