"""When nothing can be predicted, nothing may seem to be: permuted outcomes, and a leaky control that must seem to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cohorts
import numpy as np
from joblib import Parallel, delayed

from RadFusionLib.evaluation import within_fold_auc
from RadFusionLib.fusion import FeatureTable, fit_member
from RadFusionLib.fusion.training import fold_members, out_of_fold_scores
from RadFusionLib.progress import ProgressCallback, Stage
from RadFusionLib.recipe import Recipe

PERMUTATIONS = 100
NOISE = {"cases": 60, "features": 10_000, "tables": 10}


def run(folder: Path, jobs: int, progress: ProgressCallback) -> dict[str, Any]:
    """Out-of-fold AUC of the recipe on frozen features of 120 cases under permuted outcomes."""
    training = cohorts.load_cohort(folder, cohorts.TRAINING, 120, jobs=jobs, progress=Stage(progress, 0.0, 0.2))
    recipe = cohorts.study_recipe()
    outcome, _ = training.outcomes(1.0, 1000)
    work = (delayed(_permuted)(training.table, outcome, recipe, number) for number in range(PERMUTATIONS))
    stage, found = Stage(progress, 0.2, 1.0), []
    for value in Parallel(n_jobs=jobs, return_as="generator")(work):
        found.append(value)
        stage(len(found) / PERMUTATIONS, f"Permutations: {len(found)} of {PERMUTATIONS}")
    return summary(found)


def run_leak(folder: Path, jobs: int, progress: ProgressCallback) -> dict[str, Any]:
    """The strict way and selection before the folds, on tables of independent noise."""
    recipe = Recipe.from_document(
        {**cohorts.study_recipe().document, "final": {"candidates": ["CR-bi"]}}, profile="paper"
    )
    work = (delayed(_noise)(recipe, number) for number in range(NOISE["tables"]))
    stage, found = Stage(progress), []
    for pair in Parallel(n_jobs=jobs, return_as="generator")(work):
        found.append(pair)
        stage(len(found) / NOISE["tables"], f"Noise tables: {len(found)} of {NOISE['tables']}")
    strict, leaky = (np.array(side) for side in zip(*found, strict=True))
    error = float(np.std(leaky - strict, ddof=1) / np.sqrt(len(strict)))
    return {
        **NOISE,
        "strict": summary(list(strict)),
        "leaky": summary(list(leaky)),
        "excess": float((leaky - strict).mean()),
        "excess_in_standard_errors": float((leaky - strict).mean() / error),
    }


def _permuted(table: FeatureTable, outcome: np.ndarray, recipe: Recipe, number: int) -> float:
    permuted = np.random.default_rng(number).permutation(outcome)
    fold, members = fold_members(table, permuted, recipe, recipe.final_candidates, seed=1)
    return within_fold_auc(permuted, out_of_fold_scores(table, members, fold), fold)


def _noise(recipe: Recipe, number: int) -> tuple[float, float]:
    generator = np.random.default_rng([9, number])
    half = NOISE["features"] // 2
    names = [f"HBP_{region}_original_noise_F{i}" for region in ("tumor", "shell") for i in range(half)]
    values = generator.normal(size=(NOISE["cases"], len(names)))
    table = FeatureTable(tuple(f"noise-{i}" for i in range(NOISE["cases"])), tuple(names), values)
    outcome = generator.permutation(np.arange(NOISE["cases"]) % 2)
    chosen = fit_member(table, outcome, recipe, ["CR-bi"], seed=1).scores["CR-bi"].features
    few = FeatureTable(table.cases, chosen, table.columns(chosen))
    result = []
    for candidate in (table, few):
        fold, members = fold_members(candidate, outcome, recipe, ["CR-bi"], seed=1)
        result.append(within_fold_auc(outcome, out_of_fold_scores(candidate, members, fold), fold))
    return result[0], result[1]


def summary(values: list[float]) -> dict[str, float]:
    error = float(np.std(values, ddof=1) / np.sqrt(len(values)))
    mean = float(np.mean(values))
    return {
        "count": len(values),
        "mean": mean,
        "standard_error": error,
        "standard_errors_from_half": (mean - 0.5) / error,
    }
