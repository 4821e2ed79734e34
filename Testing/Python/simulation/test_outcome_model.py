"""The stated model: prevalence, oracle, strength, survival and what must not matter. No image is made here."""

from __future__ import annotations

import numpy as np
import pytest

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation import auc
from RadFusionLib.simulation import Latents, draw_latents, draw_outcomes, draw_survival, oracle_auc
from RadFusionLib.simulation.outcome import PREVALENCE


@pytest.fixture(scope="module")
def people() -> list[Latents]:
    return [draw_latents(3, index) for index in range(4000)]


@pytest.mark.parametrize("strength", [0.0, 0.25, 0.5, 0.75, 1.0])
def test_prevalence_and_oracle_are_as_stated(people: list[Latents], strength: float) -> None:
    outcomes, probabilities = draw_outcomes(people, strength, 1)
    assert outcomes.mean() == pytest.approx(PREVALENCE, abs=4 * np.sqrt(0.24 / len(people)))
    assert probabilities.mean() == pytest.approx(PREVALENCE, abs=0.02)
    if strength:
        assert auc(outcomes, probabilities) == pytest.approx(oracle_auc(strength), abs=0.03)


def test_oracle_rises_with_strength() -> None:
    values = [oracle_auc(q) for q in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert values[0] == 0.5
    assert np.all(np.diff(values) > 0.03)
    assert 0.85 <= values[-1] <= 0.90


def test_strength_zero_is_a_coin(people: list[Latents]) -> None:
    outcomes, probabilities = draw_outcomes(people, 0.0, 2)
    np.testing.assert_allclose(probabilities, PREVALENCE)
    for name in ("burden", "decoy_burden", "afp", "alb", "ca199", "diameter", "center"):
        assert auc(outcomes, np.array([getattr(p, name) for p in people])) == pytest.approx(0.5, abs=0.04), name


def test_size_decoy_center_and_treatment_do_not_matter(people: list[Latents]) -> None:
    outcomes, _ = draw_outcomes(people, 1.0, 2)
    for name in ("decoy_burden", "diameter", "center", "treatment"):
        assert auc(outcomes, np.array([getattr(p, name) for p in people], float)) == pytest.approx(0.5, abs=0.04), name
    assert auc(outcomes, np.array([p.burden for p in people])) > 0.8
    assert auc(outcomes, np.array([p.afp for p in people])) > 0.52


def test_a_draw_depends_on_the_case_and_the_seed_only(people: list[Latents]) -> None:
    whole, _ = draw_outcomes(people[:50], 1.0, 9)
    part, _ = draw_outcomes([p.record() for p in people[20:30]], 1.0, 9)
    np.testing.assert_array_equal(whole[20:30], part)
    other, _ = draw_outcomes(people[:50], 1.0, 10)
    assert np.any(whole != other)


@pytest.mark.parametrize("strength", [-0.1, 1.5])
def test_unusable_strength_is_refused(people: list[Latents], strength: float) -> None:
    with pytest.raises(InputError, match="strength"):
        draw_outcomes(people[:2], strength, 0)


def test_survival_follows_outcome_and_treatment(people: list[Latents]) -> None:
    outcomes, _ = draw_outcomes(people, 1.0, 1)
    table = draw_survival(people, outcomes, 1)
    treated = np.array([p.treatment for p in people]) == 1
    high = outcomes == 1

    def rate(name: str, who: np.ndarray) -> float:
        return float(table[f"event:{name}"][who].sum() / table[f"time:{name}"][who].sum())

    for name in ("DFS", "OS"):
        assert np.all(table[f"time:{name}"] > 0)
        assert 0.2 < table[f"event:{name}"].mean() < 0.95
        assert rate(name, high) > 1.5 * rate(name, ~high)
    assert np.all(table["time:DFS"] <= table["time:OS"])
    assert rate("DFS", high & treated) < 0.75 * rate("DFS", high & ~treated)
    assert rate("DFS", ~high & treated) == pytest.approx(rate("DFS", ~high & ~treated), rel=0.15)
    without = draw_survival(people, outcomes, 1, treatment_hazard_ratio=1.0)
    benefit = without["time:DFS"][high & treated].mean() / without["time:DFS"][high & ~treated].mean()
    assert benefit == pytest.approx(1.0, abs=0.12)
