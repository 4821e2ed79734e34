"""Does the interval of 120 training cases cover the risk of the recipe trained on 1,200?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cohorts
import numpy as np

from RadFusionLib.fusion import FeatureTable
from RadFusionLib.fusion.training import fit_ensemble
from RadFusionLib.progress import ProgressCallback, Stage
from RadFusionLib.recipe import Recipe

SMALL, LARGE, FRESH = 120, 1200, 300


def run(folder: Path, jobs: int, progress: ProgressCallback, trainings: int = 1) -> dict[str, Any]:
    """Share of fresh cases whose interval covers the risk of the large training, and that of the members' range."""
    large = cohorts.load_cohort(folder, cohorts.LARGE, LARGE, jobs=jobs, progress=Stage(progress, 0.0, 0.4))
    fresh = cohorts.load_cohort(folder, cohorts.FRESH, FRESH, jobs=jobs, progress=Stage(progress, 0.4, 0.5))
    small = cohorts.load_cohort(
        folder, cohorts.TRAINING, trainings * SMALL, jobs=jobs, progress=Stage(progress, 0.5, 0.6)
    )
    recipe = cohorts.study_recipe()
    target = _risks(
        large.table, large.outcomes(1.0, 1000)[0], _few_refits(recipe), fresh.table, jobs, Stage(progress, 0.6, 0.8)
    )["risk"]
    rows = []
    outcome = small.outcomes(1.0, 1000)[0]
    for number in range(trainings):
        part = np.arange(number * SMALL, (number + 1) * SMALL)
        stage = Stage(progress, 0.8 + 0.2 * number / trainings, 0.8 + 0.2 * (number + 1) / trainings)
        found = _risks(small.table.rows(part), outcome[part], recipe, fresh.table, jobs, stage)
        rows.append(
            {
                "interval": float(((found["low"] <= target) & (target <= found["high"])).mean()),
                "members_range": float(((found["least"] <= target) & (target <= found["most"])).mean()),
                "width": float((found["high"] - found["low"]).mean()),
                "root_mean_square_difference": float(np.sqrt(np.mean((found["risk"] - target) ** 2))),
            }
        )
    mean = {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}
    return {"training": SMALL, "large_training": LARGE, "fresh": FRESH, "trainings": rows, "mean": mean}


def _few_refits(recipe: Recipe) -> Recipe:
    document = {**recipe.document, "interval": {**recipe.document["interval"], "refits": 2}}
    return Recipe.from_document(document)


def _risks(
    table: FeatureTable, outcome: np.ndarray, recipe: Recipe, fresh: FeatureTable, jobs: int, stage: Stage
) -> dict[str, np.ndarray]:
    ensemble = fit_ensemble(table, outcome, recipe, seed=1, jobs=jobs, progress=stage).ensemble
    risks = ensemble.predict(fresh)
    return {
        "risk": np.array([r.risk for r in risks]),
        "low": np.array([r.low for r in risks]),
        "high": np.array([r.high for r in risks]),
        "least": np.array([min(r.members) for r in risks]),
        "most": np.array([max(r.members) for r in risks]),
    }
