"""The models that a bundle keeps beside and inside its final one: their scores counted by hand, and which are kept."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from RadFusionLib.fusion.feature_score import FeatureScore
from RadFusionLib.fusion.member import Member
from RadFusionLib.fusion.model_signatures import model_signatures
from RadFusionLib.fusion.scores import LinearScore
from RadFusionLib.fusion.stacked_score import StackedScore
from RadFusionLib.fusion.table import FeatureTable
from RadFusionLib.fusion.training import fit_ensemble
from RadFusionLib.recipe import load_recipe
from RadFusionLib.workflow.inner_models import final_name, model_facts

sys.path.insert(0, str(Path(__file__).parent))
from cohorts import informative_table, small_recipe

NAMES = ("AP_tumor_original_test_A", "CT-AP_tumor_original_test_B", "clinical_age")


@pytest.fixture(scope="module")
def table() -> FeatureTable:
    return FeatureTable(tuple(f"p{i}" for i in range(40)), NAMES, np.random.default_rng(6).normal(size=(40, 3)))


def logistic(*weight: float) -> LinearScore:
    return LinearScore(np.array(weight), 0.1, "logistic")


def single(feature: str, weight: float) -> FeatureScore:
    return FeatureScore((feature,), (), logistic(weight))


def stack(signatures: dict, clinical: tuple[str, ...] = ()) -> StackedScore:
    width = len(signatures) + len(clinical)
    return StackedScore(signatures, clinical, logistic(*[1.0] * width))


def member(weight: float) -> Member:
    """A fusion of A, and of a fusion of A and B; the age beside it."""
    a, b = single(NAMES[0], weight), single(NAMES[1], -weight)
    scores = {"fused": stack({"AB": stack({"A": a, "B": b}), "A": a}), "clinic": single(NAMES[2], weight)}
    return Member(scores, "fused", {})


def probability(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def test_models_inside_and_beside_are_the_mean_of_the_members(table):
    found = model_signatures([member(0.5), member(1.5)], table)
    assert set(found) == {"A", "B", "AB", "clinic"}
    for name, column, sign in (("A", 0, 1), ("B", 1, -1), ("clinic", 2, 1)):
        x = table.values[:, column]
        wanted = (probability(0.1 + sign * 0.5 * x) + probability(0.1 + sign * 1.5 * x)) / 2
        np.testing.assert_allclose(found[name], wanted)


def test_only_what_every_member_has_is_compared(table):
    fewer = Member({"fused": stack({"B": single(NAMES[1], 1)})}, "fused", {})
    assert list(model_signatures([member(1.0), fewer], table)) == ["B"]
    alone = Member({"alone": single(NAMES[0], 1.0)}, "alone", {})
    assert model_signatures([alone], table) == {}


def test_finals_of_which_members_chose_different_ones_are_compared_too(table):
    scores = {"one": single(NAMES[0], 1.0), "other": single(NAMES[1], 1.0)}
    members = [Member(scores, "one", {}), Member(scores, "other", {})]
    assert set(model_signatures(members, table)) == {"one", "other"}
    assert set(model_signatures([members[0], members[0]], table)) == {"other"}
    assert final_name(["one", "other", "one"]) == "one / other"


def test_an_unknown_value_gives_no_score_and_an_unknown_column_no_model(table):
    values = table.values.copy()
    values[3, 2] = np.nan
    found = model_signatures([member(1.0)], FeatureTable(table.cases, NAMES, values))
    assert np.flatnonzero(np.isnan(found["clinic"])).tolist() == [3]
    assert np.isfinite(found["AB"]).all()
    without = FeatureTable(table.cases, NAMES[:2], values[:, :2])
    assert "clinic" not in model_signatures([member(1.0)], without)


def test_training_keeps_the_models_that_no_final_one_holds():
    table, outcome, _ = informative_table(60, seed=3)
    ensemble = fit_ensemble(table, outcome, small_recipe()).ensemble
    for one in ensemble.members:
        assert list(one.scores) == ["CR", "DLR", "CR-DLR", "clinical", "Clin-R"]
    assert set(ensemble.features) < set(ensemble.compared_features)
    assert all(len(fitted.scores) == 1 for pair in ensemble.interval.pairs for fitted in pair)


def test_the_diagnosis_compares_ct_with_mri_and_the_models_of_each():
    facts = model_facts(load_recipe("icca-diagnosis"), ["fused"])
    assert {name: fact.modality for name, fact in facts.items()} == {
        "DLRS-CT": "CT", "DLRS-MRI": "MRI", "R-CT": "CT", "R-MRI": "MRI", "DLRR-CT": "CT", "DLRR-MRI": "MRI",
        "fused": "CT and MRI",
    }  # fmt: skip
    assert facts["DLRR-CT"].parts == ("DLRS-CT", "R-CT")
    assert facts["DLRS-CT"].kind != facts["R-CT"].kind == facts["R-MRI"].kind
    assert model_facts(load_recipe("icc-pni"), ["fusion"])["clinical"].modality == ""
