"""Models beside each other against pROC's published tests, R's Holm, and counting by hand."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from RadFusionLib.evaluation.model_comparison import ModelFacts, compare_models

MARKERS = ("wfns", "ndka", "s100b")


@pytest.fixture(scope="module")
def haemorrhage(reference_data):
    folder = reference_data / "stats" / "delong"
    frame = pd.read_csv(folder / "aSAH.csv")
    scores = {name: frame[name].to_numpy(float) for name in MARKERS}
    outcome = (frame["outcome"] == "Poor").to_numpy().astype(int)
    return outcome, scores, json.loads((folder / "expected.json").read_text())


def test_areas_and_tests_are_procs(haemorrhage):
    outcome, scores, expected = haemorrhage
    found = compare_models(outcome, scores, untouched=True)
    assert [m.name for m in found.models] == list(MARKERS)
    by_name = {m.name: m for m in found.models}
    assert by_name["ndka"].auc.low == pytest.approx(expected["ci95_delong"]["ndka"][0], abs=1e-12)
    assert by_name["ndka"].auc.high == pytest.approx(expected["ci95_delong"]["ndka"][1], abs=1e-12)
    assert len(found.tests) == 3
    tests = {frozenset((t.first, t.second)): t for t in found.tests}
    for pair, values in expected["roc_test_delong_paired"].items():
        test = tests[frozenset(pair.split(" vs "))]
        sign = 1 if pair.startswith(test.first) else -1
        assert sign * test.comparison.statistic == pytest.approx(values["Z"], rel=1e-9)
        assert test.comparison.p == pytest.approx(values["p"], rel=1e-9)
    # p.adjust(p, "holm") by hand: the smallest p times 3, the next times 2, the largest as it is.
    p = {pair: values["p"] for pair, values in expected["roc_test_delong_paired"].items()}
    wanted = {
        "wfns vs ndka": 3 * p["wfns vs ndka"],
        "wfns vs s100b": 2 * p["wfns vs s100b"],
        "ndka vs s100b": p["ndka vs s100b"],
    }
    for pair, value in wanted.items():
        assert tests[frozenset(pair.split(" vs "))].adjusted == pytest.approx(value, rel=1e-9)


def test_the_area_under_each_drawn_curve_is_its_area():
    rng = np.random.default_rng(2)
    outcome = rng.integers(0, 2, 50)
    scores = {name: rng.normal(size=50) + shift * outcome for name, shift in (("a", 0.2), ("b", 1.5))}
    found = compare_models(outcome, scores, untouched=True)
    for model in found.models:
        assert np.trapezoid(model.roc[1], model.roc[0]) == pytest.approx(roc_auc_score(outcome, scores[model.name]))


def test_cases_of_the_training_are_never_tested():
    rng = np.random.default_rng(3)
    outcome = np.repeat([0, 1], 20)
    scores = {"a": rng.normal(size=40), "b": rng.normal(size=40) + outcome}
    found = compare_models(outcome, scores, untouched=False)
    assert found.tests == ()
    assert "had a part in fitting" in found.notes[0]
    assert len(found.models) == 2


def test_a_model_that_found_nothing_has_half_the_area_and_no_test():
    rng = np.random.default_rng(4)
    outcome = np.repeat([0, 1], 20)
    scores = {"nothing": np.full(40, 0.3), "a": rng.normal(size=40) + outcome, "b": rng.normal(size=40)}
    found = compare_models(outcome, scores, untouched=True)
    assert found.models[0].auc.value == 0.5
    assert np.isnan(found.models[0].auc.low)
    assert [(t.first, t.second) for t in found.tests] == [("a", "b")]
    assert found.notes == ("Not tested, since every case has the same score: nothing.",)


def test_what_differs_between_two_models_is_said():
    rng = np.random.default_rng(5)
    outcome = np.repeat([0, 1], 20)
    facts = {
        "ct": ModelFacts((), "CT"),
        "ct, fused": ModelFacts(("ct",), "CT"),
        "mri": ModelFacts((), "MRI"),
        "all": ModelFacts(("ct", "ct, fused", "mri"), "CT and MRI"),
        "other ct": ModelFacts((), "CT"),
        "clinical": ModelFacts(),
        "mri, clinical": ModelFacts((), "MRI", "clinical"),
    }
    found = compare_models(outcome, {name: rng.normal(size=40) for name in facts}, facts, untouched=True)
    relation = {(t.first, t.second): t.relation for t in found.tests}
    assert relation["ct", "ct, fused"] == relation["mri", "all"] == "part and fusion"
    assert relation["ct", "mri"] == "CT against MRI"
    assert relation["ct", "other ct"] == "within CT"
    assert relation["ct", "clinical"] == ""
    # Two modalities are compared by models of one kind.
    assert relation["ct", "mri, clinical"] == ""
