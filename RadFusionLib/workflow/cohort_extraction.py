"""The features of a cohort, several cases at once."""

from __future__ import annotations

import platform
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import Any

import numpy as np

from RadFusionLib.cohort import CaseRow, FeatureFile, Manifest, fingerprint, load_case
from RadFusionLib.deep import Weights
from RadFusionLib.errors import InputError, RadFusionError
from RadFusionLib.fusion.table import FeatureTable
from RadFusionLib.progress import Stage
from RadFusionLib.recipe import Recipe
from RadFusionLib.workflow.extraction import CaseFeatures, extract_case
from RadFusionLib.workflow.preprocess import prepare_case, prepare_images

__all__ = ["CohortFeatures", "extract_cohort", "versions"]

PACKAGES = ("numpy", "scipy", "SimpleITK", "PyWavelets", "numba", "scikit-learn", "torch", "monai")


@dataclass(frozen=True)
class CohortFeatures:
    """The features of the cases that could be extracted, and why the others could not."""

    features: FeatureFile
    failures: Mapping[str, str]
    notices: Mapping[str, tuple[str, ...]]


def extract_cohort(
    recipe: Recipe,
    manifest: Manifest,
    weights: Weights | None,
    *,
    families: Collection[str] | None = None,
    engine: str = "fast",
    jobs: int = 1,
    device: str = "cpu",
    progress: Stage | None = None,
) -> CohortFeatures:
    """Extract a cohort; a case that fails is listed and the rest delivered.

    The table keeps the manifest's order and does not depend on ``jobs``: each case is worked on by one thread.

    Raises
    ------
    InputError
        When no case could be extracted.
    """
    progress = progress or Stage()
    families = recipe.image_families if families is None else families
    progress(0.0, f"Extracting {len(manifest)} cases")
    rows: dict[str, Mapping[str, float]] = {}
    images: dict[str, Mapping[str, np.ndarray]] = {}
    repeated: dict[str, dict[str, Mapping[str, float]]] = {}
    prints, reasons, failures, notices = {}, {}, {}, {}
    tasks = [(row, recipe, weights, tuple(families), engine, device) for row in manifest]
    for number, done in enumerate(_run(tasks, jobs), start=1):
        if isinstance(done.features, str):
            failures[done.case] = done.features
        else:
            rows[done.case] = done.features.values
            images[done.case] = done.features.images
            for reading, values in done.readings.items():
                repeated.setdefault(reading, {})[done.case] = values
            prints[done.case] = done.fingerprint
            notices[done.case] = done.notices
            if done.features.reasons:
                reasons[done.case] = dict(done.features.reasons)
        failed = f", {len(failures)} failed" if failures else ""
        progress(number / len(tasks), f"Extracting: {number} of {len(tasks)} cases{failed}")
    if not rows:
        case, reason = next(iter(failures.items()))
        raise InputError(f"None of the {len(failures)} cases could be extracted; the first, {case}: {reason}")
    record = {
        **recipe.extraction,
        "recipe_version": recipe.version,
        "engine": engine,
        "families": sorted(families),
        "network": None if weights is None else {"sha256": weights.sha256, "source": weights.source},
        "versions": versions(),
    }
    table = replace(
        FeatureTable.from_rows(rows),
        readings={reading: FeatureTable.from_rows(part) for reading, part in sorted(repeated.items())},
        images={name: tuple(images[case][name] for case in rows) for name in recipe.networks},
    )
    return CohortFeatures(FeatureFile(table, tuple(prints[c] for c in table.cases), record, reasons), failures, notices)


def versions() -> dict[str, str]:
    """Versions of Python and the packages that numbers depend on."""
    from RadFusionLib import __version__

    return {"RadFusion": __version__, "Python": platform.python_version(), **{p: version(p) for p in PACKAGES}}


@dataclass(frozen=True)
class _Done:
    case: str
    features: CaseFeatures | str
    fingerprint: str = ""
    notices: tuple[str, ...] = ()
    readings: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


def _run(tasks: list[tuple[Any, ...]], jobs: int) -> Any:
    if jobs == 1:
        return (_extract(*task) for task in tasks)
    from joblib import Parallel, delayed

    return Parallel(n_jobs=jobs, return_as="generator")(delayed(_extract)(*task) for task in tasks)


def _extract(
    row: CaseRow, recipe: Recipe, weights: Weights | None, families: tuple[str, ...], engine: str, device: str
) -> _Done:
    try:
        case = load_case(row, recipe.phases)
        images = prepare_images(case, recipe)
        prepared = prepare_case(case, recipe, images)
        found = extract_case(prepared, recipe, weights, families=families, engine=engine, device=device)
        readings = {}
        for reading in row.readings if recipe.needs_readings else ():
            again = prepare_case(load_case(row, recipe.phases, reading), recipe, images)
            drawn = extract_case(again, recipe, weights, families=families, trained=False, engine=engine, device=device)
            readings[reading] = drawn.values
    except RadFusionError as error:
        return _Done(row.id, str(error))
    except Exception as error:
        # One case must not take the others with it; the type alone, since a message may quote the image's header.
        return _Done(row.id, f"Case {row.id} failed for a reason of ours ({type(error).__name__}); please report it.")
    return _Done(row.id, found, fingerprint(case), prepared.notices, readings)
