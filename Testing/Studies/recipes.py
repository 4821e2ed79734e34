"""All recipes where nothing can be predicted, and the selecting ones where a leak must show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cohorts
import numpy as np
from joblib import Parallel, delayed
from permutations import summary

from RadFusionLib.evaluation import within_fold_auc
from RadFusionLib.fusion import FeatureTable, fit_member
from RadFusionLib.fusion.folds import assign_folds
from RadFusionLib.fusion.member import Published
from RadFusionLib.fusion.pipeline import prepare_features
from RadFusionLib.fusion.training import fold_members, out_of_fold_scores
from RadFusionLib.progress import ProgressCallback, Stage
from RadFusionLib.recipe import Recipe

CASES, SEED = 60, 107
FROZEN, TRAINED = 100, 10
"""Permutations where features are frozen, and where networks are trained."""

NOISE = {"cases": 60, "features": 10_000, "tables": 30, "read again": 30}
SELECTING = {"icc-pni": "radiomics", "icca-diagnosis": "DLRS-CT", "icc-early-recurrence": "signature"}
"""The model of each recipe that selects among many features; hcc-mvi has a study of its own (``leak``)."""


def run(folder: Path, jobs: int, progress: ProgressCallback) -> dict[str, Any]:
    """Out-of-fold AUC of the final model under permuted outcomes, 60 simulated cases a recipe."""
    names = ("icc-pni", "icca-diagnosis", "icc-early-recurrence", "icca-recurrence-patch")
    found = {}
    for number, name in enumerate(names):
        stage = Stage(progress, number / len(names), (number + 1) / len(names))
        recipe = cohorts.study_recipe(name)
        cohort = cohorts.load_recipe_cohort(folder, recipe, SEED, CASES, jobs, stage.part(0.0, 0.4))
        outcome, _ = cohort.outcomes(1.0, SEED)
        count = TRAINED if recipe.networks else FROZEN
        work = (delayed(_permuted)(cohort.table, outcome, recipe, n) for n in range(count))
        values = []
        for value in Parallel(n_jobs=jobs, return_as="generator")(work):
            values.append(value)
            stage(0.4 + 0.6 * len(values) / count, f"{name}: permutation {len(values)} of {count}")
        found[name] = {"cases": CASES, **summary(values)}
    return found


def run_leak(folder: Path, jobs: int, progress: ProgressCallback) -> dict[str, Any]:
    """The strict way and the steps fitted on the whole cohort, on tables of independent noise."""
    found = {}
    stage = Stage(progress)
    for number, (name, model) in enumerate(SELECTING.items()):
        recipe = cohorts.study_recipe(name)
        document = {**recipe.document, "final": {"candidates": [model]}}
        work = (delayed(_noise)(Recipe(document, recipe.profile), model, n) for n in range(NOISE["tables"]))
        pairs = list(Parallel(n_jobs=jobs)(work))
        strict, leaky = (np.array(side) for side in zip(*pairs, strict=True))
        error = float(np.std(leaky - strict, ddof=1) / np.sqrt(len(strict)))
        found[name] = {
            **NOISE,
            "model": model,
            "strict": summary(list(strict)),
            "leaky": summary(list(leaky)),
            "excess": float((leaky - strict).mean()),
            "excess_in_standard_errors": float((leaky - strict).mean() / error),
        }
        stage((number + 1) / len(SELECTING), f"{name}: noise tables")
    return found


def _permuted(table: FeatureTable, outcome: np.ndarray, recipe: Recipe, number: int) -> float:
    permuted = np.random.default_rng(number).permutation(outcome)
    fold, members = fold_members(table, permuted, recipe, recipe.final_candidates, seed=1)
    return within_fold_auc(permuted, out_of_fold_scores(table, members, fold), fold)


def _noise(recipe: Recipe, model: str, number: int) -> tuple[float, float]:
    generator = np.random.default_rng([11, number])
    spec = recipe.model(model)
    phases = spec.phases or recipe.phases
    each = NOISE["features"] // len(phases)
    kind = "dlr" if "dlr" in spec.families else "original_noise"
    names = tuple(f"{phase}_tumor_{kind}_{i}" for phase in phases for i in range(each))
    values = generator.normal(size=(NOISE["cases"], len(names)))
    cases = tuple(f"noise-{i}" for i in range(NOISE["cases"]))
    again = NOISE["read again"]
    reading = FeatureTable(cases[:again], names, values[:again] + 0.1 * generator.normal(size=(again, len(names))))
    scanners = tuple(generator.permutation(["one", "other"] * (NOISE["cases"] // 2)))
    table = FeatureTable(cases, names, values, scanners, {"2": reading})
    outcome = generator.permutation(np.arange(NOISE["cases"]) % 2)
    steps = recipe.steps if spec.steps is None else spec.steps
    prepared = {model: prepare_features(table, outcome, table.of_model(spec, recipe), steps, 1)}
    return tuple(_held_out(table, outcome, recipe, model, p) for p in (Published(), Published(prepared)))  # type: ignore[return-value]


def _held_out(table: FeatureTable, outcome: np.ndarray, recipe: Recipe, model: str, published: Published) -> float:
    fold = assign_folds(table.cases, recipe.outer_folds, 1)
    score = np.empty(len(outcome))
    for number in range(recipe.outer_folds):
        outside = fold == number
        member = fit_member(table.rows(~outside), outcome[~outside], recipe, [model], 1, published)
        score[outside] = member.score(table.rows(outside))
    return within_fold_auc(outcome, score, fold)
