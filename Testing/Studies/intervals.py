"""Does the interval of 80 training cases cover the risk of the recipe trained on 800?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cohorts
import numpy as np

from RadFusionLib.fusion import FeatureTable
from RadFusionLib.fusion.training import fit_ensemble
from RadFusionLib.progress import ProgressCallback, Stage
from RadFusionLib.recipe import Recipe

SMALL, LARGE, FRESH = 80, 800, 300
DRAWS = (3000, 4000)
"""Of the outcomes; the interval's form was chosen on draws 1000 and 2000."""


def run(folder: Path, jobs: int, progress: ProgressCallback) -> dict[str, Any]:
    """Share of fresh cases whose interval covers the risk of the large training, and that of the members' range."""
    large = cohorts.load_cohort(folder, cohorts.LARGE, LARGE, jobs=jobs, progress=Stage(progress, 0.0, 0.4))
    fresh = cohorts.load_cohort(folder, cohorts.FRESH, FRESH, jobs=jobs, progress=Stage(progress, 0.4, 0.5))
    stage = Stage(progress, 0.5, 0.6)
    # The 180 cases of the other studies give two trainings; none of them is in the large or the fresh cohort.
    pair = [cohorts.load_cohort(folder, cohorts.TRAINING, 120, jobs=jobs, progress=stage)]
    pair.append(cohorts.load_cohort(folder, cohorts.TEST, 60, jobs=jobs, progress=stage))
    pool = FeatureTable(
        tuple(c for part in pair for c in part.table.cases),
        pair[0].table.names,
        np.concatenate([part.table.values for part in pair]),
    )
    trainings = len(pool.cases) // SMALL
    recipe = cohorts.study_recipe()
    rows = []
    for count, draw in enumerate(DRAWS):
        outcome = np.concatenate([part.outcomes(1.0, draw)[0] for part in pair])
        start = 0.6 + 0.4 * count / len(DRAWS)
        part_of = Stage(progress, start, start + 0.4 / len(DRAWS))
        target = _risks(
            large.table, large.outcomes(1.0, draw)[0], _few_refits(recipe), fresh.table, jobs, part_of.part(0.0, 0.5)
        )["risk"]
        for number in range(trainings):
            part = np.arange(number * SMALL, (number + 1) * SMALL)
            stage = part_of.part(0.5 + 0.5 * number / trainings, 0.5 + 0.5 * (number + 1) / trainings)
            found = _risks(pool.rows(part), outcome[part], recipe, fresh.table, jobs, stage)
            rows.append(
                {
                    "draw": draw,
                    "interval": float(((found["low"] <= target) & (target <= found["high"])).mean()),
                    "members_range": float(((found["least"] <= target) & (target <= found["most"])).mean()),
                    "width": float((found["high"] - found["low"]).mean()),
                    "root_mean_square_difference": float(np.sqrt(np.mean((found["risk"] - target) ** 2))),
                }
            )
    mean = {key: float(np.mean([row[key] for row in rows])) for key in rows[0] if key != "draw"}
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
