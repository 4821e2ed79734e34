"""Predict several cases and write what was asked for, each file whole or not at all."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from RadFusionLib.bundle import Bundle
from RadFusionLib.cohort import CaseRow, Manifest, changed_cases
from RadFusionLib.computing import Entry, Store, Workers, digest_of, engine_digest, here
from RadFusionLib.computing.engine import PREDICTION
from RadFusionLib.dicom.deidentification import hashed_uid
from RadFusionLib.progress import ProgressCallback, Stage
from RadFusionLib.whole_file import whole_file
from RadFusionLib.workflow.case_content import KeptCase
from RadFusionLib.workflow.case_files import SceneWriter, files_of, write_case
from RadFusionLib.workflow.cohort_work import Attempt, attempt, check_engine, each_case
from RadFusionLib.workflow.prediction import Prediction, predict

__all__ = ["COLUMNS", "Delivered", "predict_cohort"]

COLUMNS = ("case", "risk", "risk_low", "risk_high", "model_spread", "group", "threshold", "warnings")
PAINTED = {"heatmap", "overlay", "scene", "report", "dicom"}
"""What needs the heatmap."""
KIND = "prediction"


@dataclass(frozen=True)
class Delivered:
    """Risk by case, the reason by case that failed, and how many cases had been finished before."""

    risks: dict[str, float]
    failures: dict[str, str]
    resumed: int = 0


@dataclass(frozen=True)
class _Plan:
    """What is done with every case."""

    bundle: Bundle
    out: Path
    wanted: tuple[str, ...]
    scene_writer: SceneWriter | None
    heatmap: str
    contours: bool
    threads: int
    device: str
    allow_demonstration: bool
    store: Store | None
    resume: bool
    sources: str
    deidentified: bytes | None = None
    stages: Mapping[str, Stage] = field(default_factory=dict)


@dataclass(frozen=True)
class _Written:
    """A case whose files are written: its row of the table, what could not be, and whether it was there before."""

    row: Mapping[str, Any]
    remark: str
    before: bool = False


def predict_cohort(
    bundle: Bundle,
    rows: Sequence[CaseRow],
    out: Path,
    wanted: Collection[str],
    *,
    scene_writer: SceneWriter | None = None,
    heatmap: str = "",
    contours: bool = True,
    threads: int = 1,
    device: str = "cpu",
    allow_demonstration: bool = False,
    workers: Workers = here,
    store: Store | None = None,
    resume: bool = False,
    manifest: Path | None = None,
    deidentified: bytes | None = None,
    progress: ProgressCallback | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Delivered:
    """Predict ``rows`` into ``out``; a case that fails is listed and the rest delivered.

    Parameters
    ----------
    wanted : collection of str
        Of ``heatmap``, ``explanation``, ``report``, ``scene``, ``overlay``, ``dicom``.
    scene_writer : callable, optional
        Writes ``scene.mrb``.
    heatmap : str
        Another kind of heatmap than the recipe's, as ``gradcam`` or ``feature:NAME``.
    contours : bool
        Whether to compute the spread of each risk over plausible contours.
    threads : int
        Threads that work on one case.
    workers : Workers
        Who works on the cases.
    store : Store, optional
        Where it is kept which cases are finished.
    resume : bool
        Whether to leave cases alone that are finished and whose files are as they were written.
    manifest : path, optional
        Where the rows came from; a case whose row there is no longer the same at the end is listed as failed.
    deidentified : bytes, optional
        The key by which DICOM inputs are copied, and DICOM results written, without the patients' identity.
    say : callable
        Takes a line a case.

    Raises
    ------
    StoreError
        When the disk is full or may not be written to.
    """
    out = out.absolute()
    plan = _Plan(
        bundle, out, tuple(sorted(wanted)), scene_writer, heatmap, contours, threads, device, allow_demonstration,
        store if bundle.sha256 else None, resume, engine_digest(PREDICTION), deidentified,
        _stages(rows, Stage(progress)) if workers is here else {},
    )  # fmt: skip
    found: dict[str, _Written] = {}
    failures: dict[str, str] = {}
    for row, result in each_case(rows, _work, plan, workers, Stage(progress), "Predicting"):
        if result.found is None:
            failures[row.id] = result.reason
            continue
        found[row.id] = result.found
        if not result.found.before:
            say(_line(result.found.row))
        if result.found.remark:
            say(f"{row.id}: {result.found.remark}")
    for case, reason in (changed_cases(Manifest(manifest, tuple(rows))) if manifest else {}).items():
        failures[case] = reason
        if found.pop(case, None):
            shutil.rmtree(out / case, ignore_errors=True)
    order = [row.id for row in rows]
    table = [found[case].row for case in order if case in found]
    if table:
        _write_risks(table, out)
    return Delivered(
        {row["case"]: row["risk"] for row in table},
        {case: failures[case] for case in order if case in failures},
        sum(one.before for one in found.values()),
    )


def _stages(rows: Sequence[CaseRow], whole: Stage) -> dict[str, Stage]:
    """Where a case is worked on in this process, it can say how far it is itself."""
    return {row.id: whole.part(number / len(rows), (number + 1) / len(rows)) for number, row in enumerate(rows)}


def _work(plan: _Plan, row: CaseRow) -> Attempt[_Written]:
    """What a worker does with a case."""
    check_engine(plan.sources, engine_digest(PREDICTION))
    return attempt(row, lambda: _written(plan, row))


def _written(plan: _Plan, row: CaseRow) -> _Written:
    store, folder = plan.store, plan.out / row.id
    key = ""
    kept = None
    if store is not None:
        kept = KeptCase(row, plan.bundle.recipe.phases, "", store, plan.resume)
        key = _key(plan, kept)
        done = store.get(KIND, key) if plan.resume else None
        if done is not None and (not plan.wanted or files_of(folder) == done.note["files"]):
            return _Written(done.note["row"], done.note["remark"], before=True)
    part = plan.stages.get(row.id, Stage())
    case = kept.case if kept else KeptCase(row, plan.bundle.recipe.phases).case
    found = predict(
        plan.bundle,
        case,
        progress=part.part(0.0, 0.9),
        heatmap=bool(PAINTED & set(plan.wanted)) and (plan.heatmap or True),
        contours=plan.contours,
        allow_demonstration=plan.allow_demonstration,
        threads=plan.threads,
        device=plan.device,
    )
    part(0.9, f"Writing {row.id}")
    remark = write_case(plan.bundle, row, case, found, folder, plan.wanted, plan.scene_writer, plan.deidentified)
    table_row = _row(found)
    if store is not None:
        files = files_of(folder) if plan.wanted else {}
        store.put(KIND, key, Entry({"row": table_row, "remark": remark, "files": dict(files)}))
    return _Written(table_row, remark)


def _key(plan: _Plan, kept: KeptCase) -> str:
    row = kept.row
    values = [row.id, dict(row.clinical), row.scanner, row.center, row.simulated]
    asked = [plan.wanted, plan.heatmap, plan.contours, plan.threads, plan.device, plan.allow_demonstration]
    # DICOM results name the slices they were made from, and the same voxels may lie in others.
    origin = kept.state if "dicom" in plan.wanted else None
    # The key stays with its owner: only what it gives is kept.
    stripped = None if plan.deidentified is None else hashed_uid("1.2.3", plan.deidentified)
    return digest_of(kept.content.digest, values, plan.bundle.sha256, asked, origin, plan.sources, stripped)


def _line(row: Mapping[str, Any]) -> str:
    return (
        f"{row['case']}: risk {100 * row['risk']:.1f} % ({100 * row['risk_low']:.1f} to "
        f"{100 * row['risk_high']:.1f} %), {row['group']} risk (threshold {100 * row['threshold']:.1f} %)"
    )


def _row(found: Prediction) -> dict[str, Any]:
    row: dict[str, Any] = {column: getattr(found, column) for column in COLUMNS if column != "warnings"}
    return {**row, "warnings": " ".join(found.warnings)}


def _write_risks(table: Sequence[Mapping[str, Any]], out: Path) -> None:
    with whole_file(out / "risk.csv") as partial, partial.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        writer.writerows(table)
