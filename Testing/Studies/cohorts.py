"""Simulated cohorts for the studies: made and extracted once, kept in a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from RadFusionLib.cohort import FeatureFile, Manifest, read_features, read_manifest, write_features
from RadFusionLib.deep import Weights, resolve_weights
from RadFusionLib.fusion import FeatureTable
from RadFusionLib.progress import ProgressCallback, Stage
from RadFusionLib.recipe import Recipe, load_recipe
from RadFusionLib.simulation import redraw, simulate
from RadFusionLib.workflow import extract_cohort
from RadFusionLib.workflow.training import training_table

__all__ = ["Cohort", "load_cohort", "load_recipe_cohort", "study_recipe"]

TRAINING, TEST, LARGE, FRESH = 101, 102, 103, 104
"""Seeds of the cohorts; the compact network was pre-trained on a cohort of another seed."""


@dataclass(frozen=True)
class Cohort:
    """A simulated cohort with its features: one extraction serves every strength, draw and permutation."""

    manifest: Manifest
    features: FeatureFile
    table: FeatureTable

    def outcomes(self, strength: float, draw: int) -> tuple[np.ndarray, np.ndarray]:
        """Outcomes of a draw and their true probabilities, each of shape (n,)."""
        drawn = redraw(self.manifest.path, strength, draw)
        return drawn["outcome"].to_numpy(int), drawn["probability"].to_numpy(float)

    @property
    def diameters(self) -> np.ndarray:
        """Tumour diameters as read, mm, shape (n,)."""
        return self.table.columns(["clinical_diameter"])[:, 0]


def study_recipe(name: str = "hcc-mvi") -> Recipe:
    """A recipe in its small profile."""
    return load_recipe(name, "small")


def load_recipe_cohort(folder: Path, recipe: Recipe, seed: int, cases: int, jobs: int, progress: Stage) -> Cohort:
    """Simulate and extract a cohort of any recipe, or take it from ``folder`` when it is there."""
    weights = resolve_weights(recipe.dlr["network"], recipe.dlr["weights"]) if recipe.dlr else None
    place = folder / f"{recipe.name}-{seed}-{cases}"
    if not (place / "manifest.csv").is_file():
        simulate(recipe.phases, cases, seed, 1.0, place, jobs=jobs, progress=progress.part(0.0, 0.3))
    manifest = read_manifest(place / "manifest.csv")
    file = place / "features.parquet"
    if not file.is_file():
        found = extract_cohort(recipe, manifest, weights, jobs=jobs, progress=progress.part(0.3, 1.0))
        if found.failures:
            raise RuntimeError(f"{len(found.failures)} simulated cases failed: {found.failures}")
        write_features(found.features, file)
    features = read_features(file)
    return Cohort(manifest, features, training_table(recipe, manifest, features, weights)[0])


def load_cohort(
    folder: Path,
    seed: int,
    cases: int,
    *,
    weights: Weights | None = None,
    families: tuple[str, ...] = ("cr", "dlr"),
    jobs: int = 1,
    progress: ProgressCallback | None = None,
) -> Cohort:
    """Simulate and extract a cohort, or take it from ``folder`` when it is there."""
    recipe = study_recipe()
    weights = weights or resolve_weights(recipe.dlr["network"], recipe.dlr["weights"])
    stage = Stage(progress)
    place = folder / f"cohort-{seed}-{cases}"
    if not (place / "manifest.csv").is_file():
        simulate(recipe.phases, cases, seed, 1.0, place, jobs=jobs, progress=stage.part(0.0, 0.4))
    manifest = read_manifest(place / "manifest.csv")
    stages = {"cr": stage.part(0.4, 0.9), "dlr": stage.part(0.9, 0.95), "appearance": stage.part(0.95, 1.0)}
    parts = [_extracted(place, family, recipe, manifest, weights, jobs, stages[family]) for family in families]
    features = _joined(parts)
    table, _ = training_table(recipe, manifest, features, weights if "dlr" in families else None)
    return Cohort(manifest, features, table)


def _extracted(
    place: Path, family: str, recipe: Recipe, manifest: Manifest, weights: Weights, jobs: int, stage: Stage
) -> FeatureFile:
    """One family's features; the deep ones are kept by the network they came from."""
    used = weights if family == "dlr" else None
    file = place / f"{family}-{weights.sha256[:12]}.parquet" if used else place / f"{family}.parquet"
    if not file.is_file():
        found = extract_cohort(recipe, manifest, used, families=(family,), jobs=jobs, progress=stage)
        if found.failures:
            raise RuntimeError(f"{len(found.failures)} simulated cases failed: {found.failures}")
        write_features(found.features, file)
    return read_features(file)


def _joined(parts: list[FeatureFile]) -> FeatureFile:
    first = parts[0]
    names = tuple(name for part in parts for name in part.table.names)
    values = np.concatenate([part.table.values for part in parts], axis=1)
    record = {**first.record, "network": next((p.record["network"] for p in parts if p.record["network"]), None)}
    return FeatureFile(FeatureTable(first.table.cases, names, values), first.fingerprints, record)
