"""Shapley values of whole ensembles, one of each of the five recipes, against the definition and the risk itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from RadFusionLib.explain.background import made_up_cases
from RadFusionLib.explain.ensemble_shapley import ensemble_shapley
from RadFusionLib.explain.model_parts import model_parts
from RadFusionLib.fusion import FeatureTable
from RadFusionLib.fusion.calibration import PlattCalibration
from RadFusionLib.fusion.ensemble import Ensemble
from RadFusionLib.fusion.interval import HalfSampleInterval
from RadFusionLib.fusion.network_score import NetworkScore
from RadFusionLib.fusion.table import CLINICAL
from RadFusionLib.fusion.training import fold_members
from RadFusionLib.recipe import Recipe, load_recipe

FIVE = ("hcc-mvi", "icc-early-recurrence", "icc-pni", "icca-diagnosis", "icca-recurrence-patch")
LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)
CASES = 40
NOTHING = -1.0
"""Pixels of a picture that stands for the training cases' mean."""


def small(name: str) -> Recipe:
    recipe = load_recipe(name, "small")
    networks = {
        key: {**network, "training": {**network["training"], "epochs": 1}} for key, network in recipe.networks.items()
    }
    folds = {"outer": 2, "inner": 2}
    return Recipe({**recipe.document, "networks": networks, "folds": folds}, recipe.profile)


def cohort(recipe: Recipe) -> tuple[FeatureTable, np.ndarray]:
    """Few features, all of which follow the outcome, so that no model is empty and each coalition can be tried."""
    generator = np.random.default_rng(3)
    names = []
    for phase in recipe.phases:
        count = 3 - len(recipe.image_families) if len(recipe.phases) > 1 else 5
        names += [f"{phase}_tumor_original_firstorder_F{i}" for i in range(count) if "cr" in recipe.image_families]
        names += [f"{phase}_tumor_dlr_{i}" for i in range(count) if "dlr" in recipe.image_families]
    images = tuple(names)
    names += [CLINICAL + variable.name for variable in recipe.clinical[:3]]
    y = generator.permutation(np.arange(CASES) % 2)
    values = generator.normal(size=(CASES, len(names))) + 0.7 * y[:, None]
    cases = tuple(f"case-{i}" for i in range(CASES))
    again = values[:, : len(images)] + 0.1 * generator.normal(size=(CASES, len(images)))
    pictures = {}
    for key, network in recipe.networks.items():
        size, many = network["input"]["size"], 1 if network["input"]["kind"] == "slice" else 3
        pictures[key] = tuple(generator.random((many, size, size), dtype=np.float32) for _ in cases)
    scanners = tuple(("one", "other")[i % 2] for i in range(CASES))
    readings = {"2": FeatureTable(cases, images, again)}
    return FeatureTable(cases, tuple(names), values, scanners, readings, pictures), y


def trained(name: str) -> tuple[Ensemble, FeatureTable]:
    recipe = small(name)
    table, y = cohort(recipe)
    _, members = fold_members(table, y, recipe, list(recipe.final_candidates), seed=1)
    calibration = PlattCalibration(1.3, -0.2)
    return Ensemble(tuple(members), calibration, HalfSampleInterval((), calibration, np.zeros((2, 2))), 0.5), table


def background_of(ensemble: Ensemble, table: FeatureTable, count: int) -> FeatureTable:
    quantiles = {name: np.quantile(table.columns([name])[:, 0], LEVELS) for name in ensemble.features}
    return made_up_cases(ensemble.features, LEVELS, quantiles, count)


def hybrid(rows: np.ndarray, names: tuple[str, ...], case: FeatureTable, background: FeatureTable) -> FeatureTable:
    """Cases of which each input comes from the case (0) or from a background row (1 and more)."""
    sources = np.vstack([case.columns(background.names), background.values])
    values = np.empty((len(rows), len(background.names)))
    for column, feature in enumerate(background.names):
        group = feature.split("_dlr_")[0] + "_dlr"
        player = names.index(feature if feature in names else group) if {feature, group} & set(names) else None
        values[:, column] = case.columns([feature])[0, 0] if player is None else sources[rows[:, player], column]
    images = {}
    for network, (own,) in case.images.items():
        blank = np.full_like(own, NOTHING)
        images[network] = tuple(blank if row[names.index(network)] else own for row in rows)
    return FeatureTable(tuple(map(str, range(len(rows)))), background.names, values, ("",) * len(rows), images=images)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", FIVE)
def test_each_recipes_ensemble_equals_the_definition_and_adds_up_to_its_risk(name, by_definition, monkeypatch):
    ensemble, table = trained(name)
    background = background_of(ensemble, table, 4)
    # Harmonising by scanner is looked at apart: one table has one scanner a case.
    one = replace(table.rows([2]), scanners=("",), readings={})
    measured, said = NetworkScore.score, {}

    def score(self: NetworkScore, rows: FeatureTable) -> np.ndarray:
        if id(self) not in said:
            said[id(self)] = measured(self, one)[0]
        nothing = np.array([image[0, 0, 0] == NOTHING for image in rows.images[self.network]])
        return np.where(nothing, self.mean, said[id(self)])

    monkeypatch.setattr(NetworkScore, "score", score)
    found = ensemble_shapley(ensemble, one, background)
    assert found.exact
    assert 1 <= len(found.names) <= 12
    assert found.base + found.values.sum(axis=1) == pytest.approx(ensemble.logit(one), abs=1e-6)
    function = lambda rows: ensemble.logit(hybrid(rows.astype(int), found.names, one, background))  # noqa: E731
    p = len(found.names)
    expected = by_definition(function, np.zeros((1, p)), np.repeat(np.arange(1.0, 5.0)[:, None], p, axis=1))
    assert np.abs(expected).max() > 0.01
    assert found.values == pytest.approx(expected, abs=1e-9)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_harmonised_features_add_up_scanner_by_scanner():
    ensemble, table = trained("icc-early-recurrence")
    found = ensemble_shapley(ensemble, table, background_of(ensemble, table, 16))
    assert found.residual < 1e-9
    plain = ensemble_shapley(ensemble, replace(table, scanners=("",) * CASES), background_of(ensemble, table, 16))
    assert np.abs(found.values - plain.values).max() > 1e-3


def test_what_cannot_be_told_apart_is_one_input():
    class Strange:
        features, images, holds_cases = ("a",), (), False

        def score(self, table: FeatureTable) -> np.ndarray:
            return 3 * table.columns(["a"])[:, 0]

    model = model_parts(Strange(), "model of its own")  # type: ignore[arg-type]
    assert [one.name for one in model.inputs] == ["model of its own"]
    table = FeatureTable(("x",), ("a",), np.array([[2.0]]))
    assert model.inputs[0].values(table).tolist() == [6.0]


def test_made_up_cases_are_spread_as_the_quantiles_say_and_repeat():
    levels, quantiles = (0.0, 0.5, 1.0), {"a": (0.0, 1.0, 5.0), "b": (2.0, 2.0, 2.0)}
    first = made_up_cases(("a", "b"), levels, quantiles, 1000)
    assert np.quantile(first.values[:, 0], levels) == pytest.approx(quantiles["a"], abs=0.01)
    assert (first.values[:, 1] == 2).all()
    assert (made_up_cases(("a", "b"), levels, quantiles, 1000).values == first.values).all()
    many = made_up_cases(("a", "c"), levels, {**quantiles, "c": (0.0, 1.0, 2.0)}, 1000)
    assert abs(np.corrcoef(many.values.T)[0, 1]) < 0.1
