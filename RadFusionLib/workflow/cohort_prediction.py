"""Predict several cases and write what was asked for, each file whole or not at all."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from RadFusionLib.bundle import Bundle
from RadFusionLib.case import Case
from RadFusionLib.cohort import CaseRow, load_case
from RadFusionLib.errors import RadFusionError
from RadFusionLib.explain import Heatmap
from RadFusionLib.imaging import write_volume
from RadFusionLib.progress import ProgressCallback, Stage
from RadFusionLib.workflow.dicom_results import write_dicom
from RadFusionLib.workflow.prediction import Prediction, predict

__all__ = ["COLUMNS", "Delivered", "draw_prediction", "predict_cohort"]

COLUMNS = ("case", "risk", "risk_low", "risk_high", "model_spread", "group", "threshold", "warnings")
SceneWriter = Callable[[Case, Any, Path], Path]


@dataclass(frozen=True)
class Delivered:
    """Risk by case, and the reason by case that failed."""

    risks: dict[str, float]
    failures: dict[str, str]


def predict_cohort(
    bundle: Bundle,
    rows: Sequence[CaseRow],
    out: Path,
    wanted: Collection[str],
    *,
    scene_writer: SceneWriter | None = None,
    heatmap: str = "",
    threads: int = 1,
    device: str = "cpu",
    allow_demonstration: bool = False,
    progress: ProgressCallback | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Delivered:
    """Predict ``rows`` one after another into ``out``; a case that fails is listed and the rest delivered.

    Parameters
    ----------
    wanted : collection of str
        Of ``heatmap``, ``explanation``, ``report``, ``scene``, ``overlay``, ``dicom``.
    scene_writer : callable, optional
        Writes ``scene.mrb``; the scene layer's, handed down since this layer knows no MRML.
    heatmap : str
        Another kind of heatmap than the recipe's, as ``gradcam`` or ``feature:NAME``.
    say : callable
        Takes a line a case.
    """
    stage = Stage(progress)
    table: list[dict[str, Any]] = []
    failures: dict[str, str] = {}
    for number, row in enumerate(rows):
        part = stage.part(number / len(rows), (number + 1) / len(rows))
        try:
            case = load_case(row, bundle.recipe.phases)
            found = predict(
                bundle,
                case,
                progress=part.part(0.0, 0.9),
                heatmap=bool({"heatmap", "overlay", "scene", "report", "dicom"} & set(wanted)) and (heatmap or True),
                allow_demonstration=allow_demonstration,
                threads=threads,
                device=device,
            )
        except RadFusionError as error:
            if type(error).__name__ == "Cancelled":
                raise
            failures[row.id] = str(error)
            continue
        part(0.9, f"Writing {row.id}")
        remark = _write_case(bundle, row, case, found, out, wanted, scene_writer)
        table.append(_row(found))
        say(
            f"{row.id}: risk {100 * found.risk:.1f} % ({100 * found.risk_low:.1f} to {100 * found.risk_high:.1f} %), "
            f"{found.group} risk (threshold {100 * found.threshold:.1f} %)"
        )
        if remark:
            say(f"{row.id}: {remark}")
    if table:
        _write_risks(table, out)
    return Delivered({row["case"]: row["risk"] for row in table}, failures)


def _write_case(
    bundle: Bundle,
    row: CaseRow,
    case: Case,
    found: Prediction,
    out: Path,
    wanted: Collection[str],
    scene_writer: SceneWriter | None,
) -> str:
    """Write a case's files into a folder that takes its name only when it is complete; say what could not be."""
    remark = ""
    if not wanted:
        return remark
    folder = out / case.id
    partial = out / f".{case.id}.{os.getpid()}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        if "explanation" in wanted:
            text = json.dumps(found.explanation, indent=1, sort_keys=True)
            (partial / "explanation.json").write_text(text, encoding="utf-8")
        if found.heatmap is not None and "heatmap" in wanted:
            write_volume(found.heatmap, partial / "heatmap.nrrd")
        overlay = None
        if found.heatmap is not None and {"overlay", "report"} & set(wanted):
            overlay = draw_prediction(bundle, found, partial)
        if "report" in wanted:
            from RadFusionLib.explain.report import write_report

            write_report(found.explanation, bundle.card, overlay, partial / "report.html")
        if overlay is not None and "overlay" not in wanted:
            overlay.unlink()
        if "scene" in wanted and scene_writer is not None:
            scene_writer(case, found, partial / "scene.mrb")
        if "dicom" in wanted:
            remark = write_dicom(bundle, row, found, partial / "dicom")
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return remark


def draw_prediction(bundle: Bundle, found: Prediction, folder: Path) -> Path:
    """Draw a prediction's heatmap over its reference phase into a folder, as ``overlay.png``."""
    from RadFusionLib.explain.overlay import draw_overlay

    reference = found.prepared.reference_phase
    assert found.heatmap is not None
    painted = Heatmap.of_facts(found.heatmap, found.explanation["heatmap"])
    title = (
        f"{found.case}: {bundle.recipe.outcome['name']}, risk {100 * found.risk:.0f} % ({100 * found.risk_low:.0f} to "
        f"{100 * found.risk_high:.0f} %), {painted.title} over {found.prepared.reference}"
    )
    return draw_overlay(
        reference.image,
        painted,
        dict(reference.regions),
        title,
        bundle.notice,
        folder / "overlay.png",
    )


def _row(found: Prediction) -> dict[str, Any]:
    row: dict[str, Any] = {column: getattr(found, column) for column in COLUMNS if column != "warnings"}
    return {**row, "warnings": " ".join(found.warnings)}


def _write_risks(table: Sequence[dict[str, Any]], out: Path) -> None:
    partial = out / f".risk.csv.{os.getpid()}.partial"
    out.mkdir(parents=True, exist_ok=True)
    try:
        with partial.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, COLUMNS)
            writer.writeheader()
            writer.writerows(table)
        os.replace(partial, out / "risk.csv")
    finally:
        partial.unlink(missing_ok=True)
