"""The files of one case's prediction: all of them, or none."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from RadFusionLib.bundle import Bundle
from RadFusionLib.case import Case
from RadFusionLib.cohort import CaseRow
from RadFusionLib.computing import StoreError, file_digest
from RadFusionLib.explain import Heatmap
from RadFusionLib.imaging import write_volume
from RadFusionLib.whole_file import whole_folder
from RadFusionLib.workflow.dicom_results import write_dicom
from RadFusionLib.workflow.prediction import Prediction

__all__ = ["SceneWriter", "draw_prediction", "files_of", "write_case"]

SceneWriter = Callable[[Case, Any, Path], Path]
"""Writes ``scene.mrb``: the scene layer's, handed down since this layer knows no MRML."""


def write_case(
    bundle: Bundle,
    row: CaseRow,
    case: Case,
    found: Prediction,
    folder: Path,
    wanted: Collection[str],
    scene_writer: SceneWriter | None,
    deidentified: bytes | None = None,
) -> str:
    """Write what is wanted of a case into a folder that takes its name only when it is complete.

    Parameters
    ----------
    deidentified : bytes, optional
        As :func:`~RadFusionLib.workflow.dicom_results.write_dicom` takes it.

    Returns
    -------
    str
        What could not be written and why, or nothing.

    Raises
    ------
    StoreError
        When the disk is full or may not be written to.
    """
    if not wanted:
        return ""
    try:
        with whole_folder(folder) as partial:
            return _write(bundle, row, case, found, partial, wanted, scene_writer, deidentified)
    except OSError as error:
        raise StoreError(str(folder.parent), error.strerror or str(error)) from error


def files_of(folder: Path) -> Mapping[str, str]:
    """SHA-256 of each file of a case, by its path within the folder."""
    places = sorted(place for place in folder.rglob("*") if place.is_file())
    return {place.relative_to(folder).as_posix(): file_digest(place) for place in places}


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


def _write(
    bundle: Bundle,
    row: CaseRow,
    case: Case,
    found: Prediction,
    folder: Path,
    wanted: Collection[str],
    scene_writer: SceneWriter | None,
    deidentified: bytes | None,
) -> str:
    if "explanation" in wanted:
        text = json.dumps(found.explanation, indent=1, sort_keys=True)
        (folder / "explanation.json").write_text(text, encoding="utf-8")
    if found.heatmap is not None and "heatmap" in wanted:
        write_volume(found.heatmap, folder / "heatmap.nrrd")
    overlay = None
    if found.heatmap is not None and {"overlay", "report"} & set(wanted):
        overlay = draw_prediction(bundle, found, folder)
    if "report" in wanted:
        from RadFusionLib.explain.report import write_report

        write_report(found.explanation, bundle.card, overlay, folder / "report.html")
    if overlay is not None and "overlay" not in wanted:
        overlay.unlink()
    if "scene" in wanted and scene_writer is not None:
        scene_writer(case, found, folder / "scene.mrb")
    if "dicom" in wanted:
        return write_dicom(bundle, row, found, folder / "dicom", deidentified)
    return ""
