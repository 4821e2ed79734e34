"""How much of what can be known does the recipe find: 120 training and 60 test cases, four strengths, five draws."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cohorts
import numpy as np
from joblib import Parallel, delayed

from RadFusionLib.deep import random_weights
from RadFusionLib.evaluation import auc
from RadFusionLib.fusion.training import fold_members
from RadFusionLib.progress import ProgressCallback, Stage
from RadFusionLib.recipe import Recipe

STRENGTHS = (0.25, 0.5, 0.75, 1.0)
DRAWS = 5


def run(folder: Path, jobs: int, progress: ProgressCallback) -> dict[str, Any]:
    """Test AUC of the recipe, of the oracle and of size alone, by strength; means over the draws."""
    training, test = _cohorts(folder, jobs, Stage(progress, 0.0, 0.4))
    recipe = cohorts.study_recipe()
    tasks = [(strength, draw) for strength in STRENGTHS for draw in range(DRAWS)]
    stage = Stage(progress, 0.4, 1.0)
    results = []
    work = (delayed(_one)(training, test, recipe, recipe.final_candidates, *task) for task in tasks)
    for row in Parallel(n_jobs=jobs, return_as="generator")(work):
        results.append(row)
        stage(len(results) / len(tasks), f"Discrimination: {len(results)} of {len(tasks)} trainings")
    table = {}
    for strength in STRENGTHS:
        rows = [r for r in results if r["strength"] == strength]
        mean = {key: float(np.mean([r[key] for r in rows])) for key in ("recipe", "oracle", "size")}
        mean["share_of_oracle_excess"] = (mean["recipe"] - 0.5) / (mean["oracle"] - 0.5)
        mean["recipe_sd_over_draws"] = float(np.std([r["recipe"] for r in rows], ddof=1))
        table[str(strength)] = mean
    return {"training": 120, "test": 60, "draws": DRAWS, "by_strength": table}


def run_backbone(folder: Path, jobs: int, progress: ProgressCallback) -> dict[str, Any]:
    """Test AUC of the deep features alone, of the compact network as trained and with random weights."""
    recipe = cohorts.study_recipe()
    results: dict[str, list[float]] = {}
    networks = {"trained": None, **{f"random (seed {s})": random_weights("compact", s) for s in range(3)}}
    for number, (name, weights) in enumerate(networks.items()):
        stage = Stage(progress, number / len(networks), (number + 1) / len(networks))
        pair = [
            cohorts.load_cohort(
                folder,
                seed,
                cases,
                weights=weights,
                families=("dlr",),
                jobs=jobs,
                progress=stage,
            )
            for seed, cases in ((cohorts.TRAINING, 120), (cohorts.TEST, 60))
        ]
        work = (delayed(_one)(*pair, recipe, ("DLR-bi",), 1.0, draw) for draw in range(DRAWS))
        results[name] = [row["recipe"] for row in Parallel(n_jobs=jobs)(work)]
    random = np.concatenate([v for k, v in results.items() if k != "trained"])
    return {
        "by_network": {k: {"mean": float(np.mean(v)), "draws": v} for k, v in results.items()},
        "trained_mean": float(np.mean(results["trained"])),
        "random_mean": float(random.mean()),
    }


def _cohorts(folder: Path, jobs: int, stage: Stage) -> tuple[cohorts.Cohort, cohorts.Cohort]:
    training = cohorts.load_cohort(folder, cohorts.TRAINING, 120, jobs=jobs, progress=stage.part(0.0, 0.66))
    return training, cohorts.load_cohort(folder, cohorts.TEST, 60, jobs=jobs, progress=stage.part(0.66, 1.0))


def _one(
    training: cohorts.Cohort, test: cohorts.Cohort, recipe: Recipe, models: tuple[str, ...], strength: float, draw: int
) -> dict[str, float]:
    outcome, _ = training.outcomes(strength, 1000 + draw)
    truth, probability = test.outcomes(strength, 2000 + draw)
    if set(models) != set(recipe.final_candidates):
        recipe = Recipe.from_document({**recipe.document, "final": {"candidates": list(models)}})
    _, members = fold_members(training.table, outcome, recipe, models, seed=draw)
    score = np.mean([member.score(test.table) for member in members], axis=0)
    # Size enters with the sign that the training cases give it.
    sign = np.sign(auc(outcome, training.diameters) - 0.5) or 1.0
    return {
        "strength": strength,
        "recipe": auc(truth, score),
        "oracle": auc(truth, probability),
        "size": auc(truth, sign * test.diameters),
    }
