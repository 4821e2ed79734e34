"""How often the domain report flags a case, by what was done to it; and what the contour spread covers and costs.

A compact recipe (CR of the original image, on 2 mm voxels) keeps thousands of predictions affordable on one core: the
checks of images and contours are the same for every recipe, and those of features see fewer features.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import cohorts
import numpy as np
from scipy.stats import binomtest
from spoiled_cases import BUILT_FOR, NEVER_USED

from RadFusionLib.bundle import Bundle
from RadFusionLib.case import Case, MaskKey
from RadFusionLib.cli.demo import BUNDLE
from RadFusionLib.cohort import CaseRow, Manifest, load_case, read_features, read_manifest, write_features
from RadFusionLib.errors import RadFusionError
from RadFusionLib.fusion.table import CLINICAL
from RadFusionLib.imaging import read_image, read_mask
from RadFusionLib.progress import ProgressCallback, Stage
from RadFusionLib.recipe import Recipe
from RadFusionLib.resources import resource
from RadFusionLib.simulation import simulate
from RadFusionLib.workflow import extract_cohort, predict, train

__all__ = ["compact_recipe", "exact_interval", "run"]

FRESH, CASES = 106, 200
"""Seed and number of the cases that are measured; the checks were built on cases of the seeds 101 to 104."""
DRAWN, AGAIN, OTHER = "as drawn", "drawn again by the same reader", "drawn by a second reader"
PATIENTS = Path("../shared/data/sts/images")
TIMED = 5


def run(folder: Path, jobs: int, progress: ProgressCallback) -> dict[str, Any]:
    """Rates with exact 95 % intervals, by condition."""
    stage = Stage(progress)
    bundle = _bundle(folder, jobs, stage.part(0.0, 0.15))
    place = folder / f"cohort-{FRESH}-{CASES}"
    if not (place / "manifest.csv").is_file():
        simulate(bundle.recipe.phases, CASES, FRESH, 1.0, place, jobs=jobs, progress=stage.part(0.15, 0.25))
    manifest = read_manifest(place / "manifest.csv")
    found = _measured(bundle, manifest, folder / "doubt-cases.json", stage.part(0.25, 0.9))
    figures: dict[str, Any] = {
        "training": bundle.record.cases,
        "expected": bundle.domain.threshold.expected,
        "threshold": bundle.domain.threshold.threshold,
        "conditions": {
            name: _rates([case[name] for case in found]) for name in (DRAWN, AGAIN, OTHER, *BUILT_FOR, *NEVER_USED)
        },
        "contours": _coverage(found),
    }
    figures["contours"]["cost"] = _cost(manifest, stage.part(0.9, 0.95))
    if PATIENTS.is_dir():
        figures["sarcoma patients"] = _rates(list(_patients(bundle, stage.part(0.95, 1.0))))
    return figures


def compact_recipe() -> Recipe:
    """``hcc-mvi`` in its small profile with the original image alone, no network and few refits."""
    recipe = cohorts.study_recipe()
    document = {
        **recipe.document,
        "cr": {**recipe.cr, "image_types": ["original"]},
        "models": [
            {"name": "CR", "families": ["cr"], "regions": ["tumor", "shell"]},
            {"name": "clinical", "families": ["clinical"]},
            {"name": "Clin-R", "aggregate": ["CR", "clinical"]},
        ],
        "final": {"candidates": ["CR", "Clin-R"], "chosen": "inner-folds"},
        "interval": {"level": 0.9, "refits": 2},
    }
    return replace(Recipe.from_document(document), profile=recipe.profile)


def exact_interval(count: int, of: int) -> tuple[float, float]:
    """Clopper and Pearson's 95 % interval of a proportion."""
    found = binomtest(count, of).proportion_ci(0.95, method="exact")
    return float(found.low), float(found.high)


def _bundle(folder: Path, jobs: int, progress: Stage) -> Bundle:
    path = folder / "doubt.radfusion"
    if path.is_file():
        return Bundle.load(path)
    recipe = compact_recipe()
    place = folder / f"cohort-{cohorts.TRAINING}-120"
    if not (place / "manifest.csv").is_file():
        simulate(recipe.phases, 120, cohorts.TRAINING, 1.0, place, jobs=jobs, progress=progress.part(0.0, 0.3))
    manifest = read_manifest(place / "manifest.csv")
    file = place / "doubt.parquet"
    if not file.is_file():
        found = extract_cohort(recipe, manifest, None, jobs=jobs, progress=progress.part(0.3, 0.7))
        if found.failures:
            raise RuntimeError(f"{len(found.failures)} simulated cases failed: {found.failures}")
        write_features(found.features, file)
    bundle = train(recipe, manifest, features=read_features(file), jobs=jobs, progress=progress.part(0.7, 1.0))
    bundle.save(path)
    return Bundle.load(path)


def _measured(bundle: Bundle, manifest: Manifest, kept: Path, progress: Stage) -> list[dict[str, Any]]:
    """What the report says of each case in each condition; cases that were measured before are taken from ``kept``."""
    content = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
    known = content["cases"] if content.get("bundle") == bundle.sha256 else {}
    for number, row in enumerate(manifest):
        if row.id not in known:
            known[row.id] = _conditions(bundle, row, number)
            kept.write_text(json.dumps({"bundle": bundle.sha256, "cases": known}), encoding="utf-8")
        progress((number + 1) / len(manifest), f"Measuring: {number + 1} of {len(manifest)} cases")
    return [known[row.id] for row in manifest]


def _conditions(bundle: Bundle, row: CaseRow, number: int) -> dict[str, Any]:
    case = load_case(row, bundle.recipe.phases)
    found = {DRAWN: _told(bundle, case, contours=True)}
    for name, reading in ((AGAIN, "1.2"), (OTHER, "2")):
        found[name] = _told(bundle, load_case(row, bundle.recipe.phases, reading))
    for order, (name, spoil) in enumerate({**BUILT_FOR, **NEVER_USED}.items()):
        found[name] = _told(bundle, spoil(case, np.random.default_rng([FRESH, number, order])))
    return found


def _told(bundle: Bundle, case: Case, *, contours: bool = False) -> dict[str, Any]:
    try:
        made = predict(bundle, case, heatmap=False, contours=contours, allow_demonstration=True)
    except RadFusionError as error:
        return {"refused": str(error)}
    doubt = made.explanation["doubt"]
    told = {"risk": made.risk, "flags": sorted({flag["kind"] for flag in doubt["domain"]["flags"]})}
    return told | ({"contours": [doubt["contours"]["least"], doubt["contours"]["most"]]} if contours else {})


def _rates(told: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Flagged or refused, of all; and which kinds of flag, as a share of the cases that got a risk."""
    refused = sum("refused" in one for one in told)
    flagged = sum(bool(one.get("flags")) for one in told)
    low, high = exact_interval(flagged + refused, len(told))
    kinds = Counter(kind for one in told for kind in one.get("flags", ()))
    return {
        "cases": len(told),
        "flagged": flagged,
        "refused": refused,
        "rate": (flagged + refused) / len(told),
        "interval": [low, high],
        "kinds": dict(kinds.most_common()),
    }


def _coverage(found: list[dict[str, Any]]) -> dict[str, Any]:
    """How often the risk from another reading lies within the range over the plausible contours."""
    drawn = [case[DRAWN] for case in found]
    result: dict[str, Any] = {"mean width": float(np.mean([d["contours"][1] - d["contours"][0] for d in drawn]))}
    for name in (AGAIN, OTHER):
        inside = sum(
            d["contours"][0] <= case[name]["risk"] <= d["contours"][1] for d, case in zip(drawn, found, strict=True)
        )
        result[name] = {"covered": inside, "cases": len(found), "interval": exact_interval(inside, len(found))}
    return result


def _cost(manifest: Manifest, progress: Stage) -> dict[str, float]:
    """CPU seconds of the demonstration bundle with nothing, with the contours alone and with the heatmap alone."""
    bundle = Bundle.load(resource("Bundles", BUNDLE))
    ways = {"neither": (False, False), "contours": (False, True), "heatmap": (True, False)}
    spent: dict[str, list[float]] = {way: [] for way in ways}
    rows = manifest.rows[: TIMED + 1]
    for number, row in enumerate(rows):
        progress(number / len(rows), "Timing")
        case = load_case(row, bundle.recipe.phases)
        for way, (heatmap, contours) in ways.items():
            start = time.process_time()
            predict(bundle, case, heatmap=heatmap, contours=contours)
            spent[way].append(time.process_time() - start)
    # The first case pays for compilation.
    mean = {way: float(np.mean(times[1:])) for way, times in spent.items()}
    return {**mean, "ratio": (mean["contours"] - mean["neither"]) / mean["heatmap"]}


def _patients(bundle: Bundle, progress: Stage) -> Iterable[dict[str, Any]]:
    """Every patient with soft-tissue sarcoma: MR (or PET, where there is none) shown as every phase of the liver."""
    folders = sorted(PATIENTS.glob("STS_*"))
    clinical = {
        name.removeprefix(CLINICAL): levels[4]
        for name, levels in bundle.domain.quantiles.items()
        if name.startswith(CLINICAL)
    }
    for number, folder in enumerate(folders):
        progress(number / len(folders), f"Patient {number + 1} of {len(folders)}")
        modality = next(m for m in ("MR_T1", "PET") if (folder / f"{m}_image.nii.gz").is_file())
        image = read_image(folder / f"{modality}_image.nii.gz")
        tumor = read_mask(folder / f"{modality}_mask.nii.gz", "tumor")
        phases = dict.fromkeys(bundle.recipe.phases, image)
        yield _told(bundle, Case(folder.name, phases, {MaskKey("tumor"): tumor}, clinical))
