"""Train the bundle that ``make demo`` uses, from nothing but this repository."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cohorts

from RadFusionLib.cli.demo import BUNDLE
from RadFusionLib.deep import resolve_weights
from RadFusionLib.progress import ProgressCallback, Stage
from RadFusionLib.resources import resource
from RadFusionLib.workflow import train


def run(folder: Path, jobs: int, progress: ProgressCallback) -> dict[str, Any]:
    """Train on 120 simulated cases and put the bundle into Resources/Bundles."""
    families = ("cr", "dlr", "appearance")
    stage = Stage(progress, 0.0, 0.5)
    cohort = cohorts.load_cohort(folder, cohorts.TRAINING, 120, families=families, jobs=jobs, progress=stage)
    recipe = cohorts.study_recipe()
    weights = resolve_weights(recipe.dlr["network"], recipe.dlr["weights"])
    bundle = train(
        recipe,
        cohort.manifest,
        features=cohort.features,
        weights=weights,
        jobs=jobs,
        progress=Stage(progress, 0.5, 1.0),
    )
    path = bundle.save(resource("Bundles", BUNDLE))
    return {"bundle": path.name, "megabytes": path.stat().st_size / 1e6, "auc": dict(bundle.record.out_of_fold_auc)}
