"""A simulated cohort on disk: images, masks, truth, manifest."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from RadFusionLib.case import MaskKey, Volume
from RadFusionLib.errors import InputError, ManifestError
from RadFusionLib.evaluation import auc
from RadFusionLib.progress import ProgressCallback, Stage
from RadFusionLib.simulation import outcome as model
from RadFusionLib.simulation.clinical import CLINICAL_UNITS, FINDINGS
from RadFusionLib.simulation.profiles import named_profile
from RadFusionLib.simulation.simulated_case import SimulatedCase, check_phases, simulate_case
from RadFusionLib.simulation.survival import TREATMENT_HAZARD_RATIO, draw_survival

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NOTICE", "redraw", "simulate"]

NOTICE = (
    "Simulated cases with a known truth, made by RadFusion for testing and trying the software only. "
    "No patient stands behind them, and nothing learnt from them holds for patients."
)
"""Stands wherever a simulated cohort appears."""


def simulate(
    phases: Sequence[str],
    cases: int,
    seed: int,
    strength: float,
    out: str | Path,
    *,
    profile: str = "small",
    first: int = 0,
    jobs: int = 1,
    regions: Sequence[str] = ("tumor", "shell"),
    treatment_hazard_ratio: float = TREATMENT_HAZARD_RATIO,
    progress: ProgressCallback | None = None,
) -> Path:
    """Write a simulated cohort with known truth: for testing and trying the software only.

    The same arguments give the same bytes, whatever the number of jobs. ``strength`` changes outcomes and times
    only, never an image or a clinical value.

    Parameters
    ----------
    phases : sequence of str
        Roles of the images.
    cases : int
        How many, at least 1.
    seed : int
        Of the cohort.
    strength : float
        Of the effect: 0, the outcome is a coin; 1, the model as stated.
    out : path
        A folder that does not exist yet or is empty.
    profile : str
        ``small`` or ``paper``.
    first : int
        Index of the first case, so that a cohort can be continued in another folder.
    jobs : int
        Processes.
    regions : sequence of str
        Where the two patches may lie.
    treatment_hazard_ratio : float
        Of treated against untreated patients with outcome 1.
    progress : callable, optional
        ``progress(fraction, message)``; returning False cancels and leaves nothing behind.

    Returns
    -------
    pathlib.Path
        ``out/manifest.csv``.
    """
    check_phases(phases)
    named_profile(profile)
    model.check_strength(strength)
    if cases < 1 or seed < 0 or first < 0 or jobs < 1:
        raise InputError("A cohort needs at least one case and one job, and a seed and a first index from 0 up.")
    out = Path(out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out} is there already and not an empty folder; name another for the simulated cohort.")
    stage = Stage(progress)
    out.parent.mkdir(parents=True, exist_ok=True)
    partial_folder = out.parent / f".{out.name}.partial"
    if partial_folder.exists():
        shutil.rmtree(partial_folder)
    partial_folder.mkdir()
    try:
        work = partial(_write_case, seed, tuple(phases), profile, tuple(regions), partial_folder)
        rows: dict[int, dict[str, Any]] = {}
        for done, (index, row) in enumerate(_run(work, range(first, first + cases), jobs), start=1):
            rows[index] = row
            stage(done / (cases + 1), f"simulated case {done} of {cases}")
        ordered = [rows[i] for i in range(first, first + cases)]
        _write_tables(ordered, seed, strength, treatment_hazard_ratio, profile, regions, partial_folder)
        if out.exists():
            out.rmdir()
        partial_folder.rename(out)
    except BaseException:
        shutil.rmtree(partial_folder, ignore_errors=True)
        raise
    stage(1.0, f"simulated {cases} cases")
    return out / "manifest.csv"


def redraw(
    manifest: str | Path,
    strength: float,
    draw_seed: int,
    treatment_hazard_ratio: float = TREATMENT_HAZARD_RATIO,
) -> pd.DataFrame:
    """Draw other outcomes for a simulated cohort; its images and clinical values stay as they are.

    Parameters
    ----------
    manifest : path
        A simulated cohort's ``manifest.csv``, its ``truth.json`` beside it.
    strength : float
        Of the effect.
    draw_seed : int
        Of the draw. The cohort's seed and strength give the manifest's own outcomes.
    treatment_hazard_ratio : float
        Of treated against untreated patients with outcome 1.

    Returns
    -------
    pandas.DataFrame
        One row a case in the manifest's order: ``case``, ``outcome``, ``time:DFS``, ``event:DFS``, ``time:OS``,
        ``event:OS``, ``probability``.
    """
    import pandas as pd

    truth = Path(manifest).parent / "truth.json"
    if not truth.is_file():
        raise ManifestError(f"{manifest} has no truth.json beside it, so it is not a simulated cohort to redraw.")
    known = {record["case"]: record for record in json.loads(truth.read_text(encoding="utf-8"))["cases"]}
    names = pd.read_csv(manifest, dtype={"case": str})["case"].tolist()
    missing = [name for name in names if name not in known]
    if missing:
        raise ManifestError(f"{truth} says nothing about case {missing[0]}; use the truth.json of this manifest.")
    latents = [known[name]["latents"] for name in names]
    outcomes, probability = model.draw_outcomes(latents, strength, draw_seed)
    survival = draw_survival(latents, outcomes, draw_seed, treatment_hazard_ratio)
    return pd.DataFrame({"case": names, "outcome": outcomes, **survival, "probability": probability})


def _run(work: Any, indices: Sequence[int], jobs: int) -> Iterator[tuple[int, dict[str, Any]]]:
    if jobs == 1:
        for index in indices:
            yield index, work(index)
        return
    # Spawned, not forked: a fork of a process with threads (BLAS, ITK) can hang.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        futures = {pool.submit(work, index): index for index in indices}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _write_case(
    seed: int, phases: tuple[str, ...], profile: str, regions: tuple[str, ...], folder: Path, index: int
) -> dict[str, Any]:
    """Write one case's images; return its row of the manifest and, under ``_``, its truth."""
    case = simulate_case(seed, index, phases, profile, regions)
    (folder / case.id).mkdir()
    row: dict[str, Any] = {"case": case.id, "simulated": 1}
    for role, volume in case.phases.items():
        row[f"image:{role}"] = _write(volume, folder, case.id, role)
    written: dict[tuple[str, str, str], str] = {}
    for key, volume in case.masks.items():
        # The CT phases share a grid: one file serves them all.
        known = (key.region, key.reader, key.reading) if key.phase else ("", "", "")
        if not key.phase or known not in written:
            name = key.region + ("-CT" if key.phase else "") + _reader_suffix(key).replace("@", "-reader")
            written[known] = _write(volume, folder, case.id, name)
            row[_mask_column(key)] = written[known]
        else:
            row[_mask_column(key)] = written[known]
    row["truth:risk"] = _write(case.risk, folder, case.id, "truth-risk")
    row["truth:decoy"] = _write(case.decoy, folder, case.id, "truth-decoy")
    row |= {f"clinical:{name}": value for name, value in case.clinical.items()}
    row |= {"treatment": case.treatment, "center": case.center, "scanner": case.scanner}
    row["_"] = _truth_record(case)
    return row


def _mask_column(key: MaskKey) -> str:
    return f"mask:{key.region}" + (f":{key.phase}" if key.phase else "") + _reader_suffix(key)


def _reader_suffix(key: MaskKey) -> str:
    return (f"@{key.reader}" if key.reader else "") + (f".{key.reading}" if key.reading else "")


def _write(volume: Volume, folder: Path, case: str, name: str) -> str:
    import SimpleITK as sitk

    path = Path(case) / f"{name}.nrrd"
    sitk.WriteImage(volume.to_sitk(), str(folder / path), useCompression=True)
    return path.as_posix()


def _truth_record(case: SimulatedCase) -> dict[str, Any]:
    return {"case": case.id, "latents": case.latents.record(), "patches": case.patches}


def _write_tables(
    rows: list[dict[str, Any]],
    seed: int,
    strength: float,
    treatment_hazard_ratio: float,
    profile: str,
    regions: Sequence[str],
    folder: Path,
) -> None:
    import pandas as pd

    records = [row.pop("_") for row in rows]
    latents = [record["latents"] for record in records]
    outcomes, probability = model.draw_outcomes(latents, strength, seed)
    survival = draw_survival(latents, outcomes, seed, treatment_hazard_ratio)
    table = pd.DataFrame(rows)
    table["outcome"] = outcomes
    for name, values in survival.items():
        table[name] = values
    table.to_csv(folder / "manifest.csv", index=False, lineterminator="\n")
    for record, outcome, p in zip(records, outcomes, probability, strict=True):
        record |= {"outcome": int(outcome), "probability": float(p)}
    observed = auc(outcomes, probability)
    truth = {
        "notice": NOTICE,
        "simulated": True,
        "model": {
            "formula": "logit P(outcome = 1) = strength * sum(coefficient * latent) + intercept; margin is centred",
            "coefficients": dict(model.COEFFICIENTS),
            "margin_center": model.MARGIN_PREVALENCE,
            "strength": strength,
            "intercept": model.intercept(strength),
            "prevalence": model.PREVALENCE,
            "treatment_hazard_ratio": treatment_hazard_ratio,
        },
        "seed": seed,
        "profile": profile,
        "patch_regions": list(regions),
        "oracle_auc": None if np.isnan(observed) else observed,
        "oracle_auc_expected": model.oracle_auc(strength),
        "cases": records,
    }
    text = json.dumps(truth, indent=1, ensure_ascii=True)
    (folder / "truth.json").write_text(text + "\n", encoding="utf-8", newline="\n")
    (folder / "README.txt").write_text(_readme(strength), encoding="utf-8", newline="\n")


def _readme(strength: float) -> str:
    units = "\n".join(f"  {name}: {unit}" for name, unit in CLINICAL_UNITS.items())
    return f"""SIMULATED CASES

{NOTICE}

manifest.csv  one row a case; the column "simulated" is 1 everywhere
truth.json    the model, the strength ({strength:g}), each case's hidden state and true probability, the oracle's AUC
<case>/       images in NRRD; truth-risk.nrrd is the patch that drives the outcome, truth-decoy.nrrd one that only
              looks as if it did

Clinical variables and units:
{units}
  {", ".join(FINDINGS)}: 0 absent, 1 present
  @2 is a second reader's reading
"""
