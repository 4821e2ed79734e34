"""A small bundle that holds a model of every kind, made from numbers alone."""

from __future__ import annotations

import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

from RadFusionLib.bundle import Bundle, TrainingRecord, write_card
from RadFusionLib.doubt import TrainingDomain
from RadFusionLib.fusion import FeatureTable
from RadFusionLib.fusion.training import fit_ensemble

sys.path.insert(0, str(Path(__file__).parents[1] / "fusion"))
from cohorts import informative_table, small_recipe

CASES = 60
REDUCED = [{"zscore": {}}, {"pca": {"components": 3}}]


def _of_images(name: str, classifier: dict[str, Any], steps: list[Any] = REDUCED) -> dict[str, Any]:
    return {"name": name, "families": ["cr"], "steps": steps, "classifier": classifier}


MODELS = [
    {"name": "CR", "families": ["cr"], "regions": ["tumor", "shell"]},
    {"name": "clinical", "families": ["clinical"]},
    {"name": "Clin-R", "aggregate": ["CR", "clinical"]},
    _of_images("combat", {"logistic": {"C": 1.0}}, [{"combat": {}}, *REDUCED]),
    _of_images("machine", {"svm": {"kernel": "rbf"}}),
    _of_images("bayes", {"naive_bayes": {}}),
    _of_images("neighbours", {"nearest_neighbours": {}}),
    _of_images("trees", {"random_forest": {"n_estimators": 6}}),
    _of_images("perceptron", {"multilayer_perceptron": {"hidden_layer_sizes": [3]}}),
    {
        "name": "findings",
        "families": ["clinical"],
        "steps": [{"clinical_selection": {"univariate": 0.5, "multivariable": 0.5}}],
        "classifier": {"firth": {}},
    },
    {"name": "stack", "stack": ["trees", "machine"], "clinical": "findings", "classifier": {"firth": {}}},
]


def bundle_of_every_kind() -> Bundle:
    """Made-up features of sixty cases, a model of every kind, the stack of three of them its final one."""
    recipe = small_recipe(
        models=MODELS,
        final={"candidates": ["stack"], "chosen": "inner-folds"},
        interval={"level": 0.9, "refits": 4},
        folds={"outer": 2, "inner": 2},
    )
    table, outcome, _ = informative_table(CASES, seed=3)
    table = replace(table, scanners=tuple("AB"[number % 2] for number in range(CASES)))
    with warnings.catch_warnings():
        # Few trees leave some cases without a tree that did not see them.
        warnings.simplefilter("ignore")
        trained = fit_ensemble(table, outcome, recipe, seed=1)
    used = sorted({*trained.ensemble.features, *trained.ensemble.interval_features})
    record = TrainingRecord(
        seed=1,
        cases=CASES,
        events=int(outcome.sum()),
        folds={f"print-{i}": int(fold) for i, fold in enumerate(trained.folds)},
        out_of_fold_auc=trained.auc,
        demonstration=True,
        network=None,
        versions={"RadFusion": "0"},
    )
    domain = TrainingDomain.of(table, used, table.scanners)
    return Bundle(recipe, trained.ensemble, None, domain, record, write_card(recipe, record, None, trained.ensemble))


def asked() -> FeatureTable:
    """Three cases that no training saw."""
    table, _, _ = informative_table(3, seed=9, first=1000)
    return replace(table, scanners=("A", "B", "A"))
