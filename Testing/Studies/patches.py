"""Patches or patients dealt to folds where outcomes are drawn by lot: 41 patients, 200 patches each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from RadFusionLib.deep import PatchNetworkClassifier, TrainingSettings
from RadFusionLib.deep.patch_protocols import ProtocolResult, compare_protocols, textured_patients
from RadFusionLib.progress import ProgressCallback, Stage

PATIENTS, ROWS, COLUMNS, FOLDS = 41, 10, 20, 5
DRAWS = 4
TRAINING = TrainingSettings(optimiser="adam", learning_rate=0.00025, epochs=4, batch=128)
"""Paper 004's, but for the epochs."""


def run(folder: Path, jobs: int, progress: ProgressCallback) -> dict[str, Any]:
    """Out-of-fold AUC of the compact network under both protocols, over draws of the outcome."""
    work = (delayed(_drawn)(number) for number in range(DRAWS))
    stage, found = Stage(progress), []
    stage(0.0, f"Draws of the outcome: 0 of {DRAWS}")
    for result in Parallel(n_jobs=min(jobs, DRAWS), return_as="generator")(work):
        found.append(result)
        stage(len(found) / DRAWS, f"Draws of the outcome: {len(found)} of {DRAWS}")
    return {
        "patients": PATIENTS,
        "patches_each": ROWS * COLUMNS,
        "draws": DRAWS,
        "published": _summary([result["published"] for result in found]),
        "strict": _summary([result["strict"] for result in found]),
    }


def _drawn(number: int) -> dict[str, ProtocolResult]:
    patches = textured_patients(PATIENTS, ROWS, COLUMNS, seed=500)
    # 20 with and 21 without recurrence, as in the paper.
    outcome = np.random.default_rng((501, number)).permutation(np.arange(PATIENTS) % 2)
    compared = compare_protocols(patches, outcome, _classifier, folds=FOLDS, seed=number)
    return {str(protocol): result for protocol, result in compared.items()}


def _classifier() -> PatchNetworkClassifier:
    return PatchNetworkClassifier("compact_2d", training=TRAINING, resize=64, settle=True)


def _summary(results: list[ProtocolResult]) -> dict[str, Any]:
    patch = [result.mean_patch_auc for result in results]
    patient = [result.patient_auc for result in results]
    return {
        name: {
            "mean": float(np.mean(values)),
            "standard_error": float(np.std(values, ddof=1) / np.sqrt(len(values))),
            "by_draw": values,
        }
        for name, values in (("patch_auc", patch), ("patient_auc", patient))
    }
