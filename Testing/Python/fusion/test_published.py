"""What a paper's own protocol would have reported of ranked models: on noise it must seem to find something."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from RadFusionLib.fusion.published import published_result
from RadFusionLib.recipe import load_recipe

sys.path.insert(0, str(Path(__file__).parent))
from cohorts import noise_table, small_recipe

OUTCOME = np.random.default_rng(7).permutation(np.arange(48) % 2)


@pytest.fixture(scope="module")
def noise():
    return noise_table(48, 1000, seed=7)


def found(noise, candidates: list[str], **published: str):
    recipe = small_recipe(final={"candidates": candidates, "chosen": "inner-folds"}, published=published)
    return published_result(noise, OUTCOME, recipe, seed=1)


def test_features_ranked_on_the_whole_cohort_seem_to_predict_noise(noise):
    strict, leaky = found(noise, ["CR"]), found(noise, ["CR"], selection="cohort")
    assert strict.deviations == {}
    assert leaky.deviations == {"selection": "cohort"}
    assert strict.held_out_auc < 0.75
    assert leaky.held_out_auc > 0.85
    assert leaky.held_out_auc - strict.held_out_auc > 0.2


def test_a_model_that_is_chosen_by_held_out_cases_is_the_best_on_them(noise):
    candidates = ["CR", "CR-DLR", "Clin-R"]
    chosen = found(noise, candidates, final="held-out")
    assert chosen.deviations == {"final": "held-out"}
    each = [found(noise, [name]).held_out_auc for name in candidates]
    assert chosen.held_out_auc == pytest.approx(max(each))


def test_every_paper_has_its_own_protocol():
    own = {name: dict(load_recipe(name).published) for name in ("hcc-mvi", "icc-pni", "icca-recurrence-patch")}
    assert own["hcc-mvi"]["final"] == "held-out"
    assert own["icc-pni"]["signatures"] == "in-sample"
    assert own["icca-recurrence-patch"]["split"] == "patch"
