"""Does the calibration of few cases come nearer the truth than the likeliest one?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cohorts
import numpy as np
from sklearn.linear_model import LogisticRegression

from RadFusionLib.errors import InputError
from RadFusionLib.fusion import PlattCalibration
from RadFusionLib.fusion.training import fit_ensemble
from RadFusionLib.progress import ProgressCallback, Stage
from RadFusionLib.recipe import Recipe

CASES, FRESH, TRAININGS = 40, 300, 12
STRENGTHS = (1.0, 0.4, 0.0)
FOLDS = {"outer": 2, "inner": 2}


def run(folder: Path, jobs: int, progress: ProgressCallback) -> dict[str, Any]:
    """Mean squared distance of fresh cases' risks from their true probability, by strength of the signal."""
    large = cohorts.load_cohort(folder, cohorts.LARGE, 800, jobs=jobs, progress=Stage(progress, 0.0, 0.3))
    fresh = cohorts.load_cohort(folder, cohorts.FRESH, FRESH, jobs=jobs, progress=Stage(progress, 0.3, 0.4))
    document = {**cohorts.study_recipe().document, "folds": FOLDS, "interval": {"level": 0.9, "refits": 2}}
    recipe = Recipe(document, "small")
    stage, found = Stage(progress, 0.4, 1.0), {}
    for row, strength in enumerate(STRENGTHS):
        rows = []
        for number in range(TRAININGS):
            draw = 5000 + number
            chosen = np.random.default_rng([number, int(10 * strength)]).choice(800, CASES, replace=False)
            outcome, truth = large.outcomes(strength, draw)[0][chosen], fresh.outcomes(strength, draw)[1]
            try:
                trained = fit_ensemble(large.table.rows(chosen), outcome, recipe, jobs=jobs)
            except InputError:
                continue  # A fold of so few cases may lack a class.
            score = trained.ensemble.score(fresh.table)
            likeliest = _likeliest(trained.held_out, outcome)
            rows.append(
                [
                    np.mean((trained.ensemble.calibration.probability(score) - truth) ** 2),
                    np.mean((likeliest.probability(score) - truth) ** 2),
                    likeliest.slope == 0.0,
                ]
            )
            stage((row + (number + 1) / TRAININGS) / len(STRENGTHS), f"Strength {strength:g}: training {number + 1}")
        mean = np.mean(np.array(rows, dtype=float), axis=0)
        found[f"{strength:g}"] = {
            "trainings": len(rows),
            "posterior": float(mean[0]),
            "likeliest": float(mean[1]),
            "likeliest_gives_all_one_risk": float(mean[2]),
        }
    return {"cases": CASES, "fresh": FRESH, **FOLDS, "strengths": found}


def _likeliest(score: np.ndarray, outcome: np.ndarray) -> PlattCalibration:
    """Platt's own: maximum likelihood on his smoothed targets, the slope not negative."""
    positives, negatives = outcome.sum(), (1 - outcome).sum()
    target = np.where(outcome > 0, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    width = float(np.std(score)) or 1.0
    X, y = np.tile(score / width, 2)[:, None], np.repeat([1, 0], len(score))
    fitted = LogisticRegression(C=np.inf).fit(X, y, sample_weight=np.concatenate([target, 1 - target]))
    if fitted.coef_[0, 0] <= 0:
        return PlattCalibration(0.0, float(np.log(target.mean() / (1 - target.mean()))))
    return PlattCalibration(float(fitted.coef_[0, 0]) / width, float(fitted.intercept_[0]))
