"""A prediction as DICOM objects, where its reference phase came from DICOM."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from RadFusionLib import __version__
from RadFusionLib.bundle import Bundle
from RadFusionLib.case import Volume
from RadFusionLib.cohort import CaseRow
from RadFusionLib.dicom import deidentify, is_drawn, read_source
from RadFusionLib.dicom.result import Algorithm, MapResult, RegionResult, Result, RiskResult
from RadFusionLib.dicom.results import write_results
from RadFusionLib.errors import InputError
from RadFusionLib.explain import Heatmap
from RadFusionLib.explain.heatmap import SENTINEL
from RadFusionLib.radiomics.diameters import mesh_diameters
from RadFusionLib.workflow.prediction import Prediction

__all__ = ["write_dicom"]


def write_dicom(
    bundle: Bundle, row: CaseRow, found: Prediction, folder: Path, deidentified: bytes | None = None
) -> str:
    """Write regions, heatmap and report of a case into ``folder``, referring to the reference phase's slices.

    Parameters
    ----------
    deidentified : bytes, optional
        The key of :func:`~RadFusionLib.dicom.deidentify`. When given, the case's scans and drawings are copied into
        ``folder/source`` without the patient's identity, and the results belong to those copies.

    Returns
    -------
    str
        Why there are none, or nothing.
    """
    phase = found.prepared.reference
    source = row.images[phase]
    if not source.is_dir():
        return f"no DICOM results, since its {phase} phase is not a DICOM series; give the series' folder as its image."
    if not bundle.sha256:
        return "no DICOM results, since the bundle was never in a file; save it and load it again."
    try:
        if deidentified is not None:
            source = _copied(row, bundle.recipe.phases, phase, folder / "source", deidentified)
        write_results(_result(bundle, found), read_source(source), folder)
    except InputError as error:
        shutil.rmtree(folder, ignore_errors=True)
        return f"no DICOM results: {error}"
    return ""


def _copied(row: CaseRow, phases: Sequence[str], reference: str, out: Path, key: bytes) -> Path:
    """Copy a case's DICOM inputs without the patient's identity; return the reference phase's folder of slices."""
    inputs = {phase: row.images[phase] for phase in phases if row.images[phase].is_dir()}
    for number, mask in enumerate(row.masks.values(), start=1):
        path = next((place for place in (Path(mask), Path(mask.rpartition("#")[0])) if is_drawn(place)), None)
        if path is not None and path not in inputs.values():
            inputs[f"mask-{number}"] = path
    copies = {name: deidentify(path, out / name, key=key, case=row.id) for name, path in inputs.items()}
    slices = {copy.parent for copy in copies[reference].files.values()}
    if len(slices) != 1:
        raise InputError(f"{row.images[reference]} holds several DICOM series; give each a folder of its own.")
    return slices.pop()


def _result(bundle: Bundle, found: Prediction) -> Result:
    return Result(
        case=found.case,
        risk=RiskResult(
            outcome=bundle.recipe.outcome["name"],
            risk=found.risk,
            low=found.risk_low,
            high=found.risk_high,
            level=bundle.ensemble.interval.level,
            threshold=found.threshold,
            group=found.group,
            warnings=found.warnings,
        ),
        regions={name: _region(mask) for name, mask in found.prepared.reference_phase.regions.items()},
        heatmap=_heatmap(found),
        algorithm=Algorithm(__version__, bundle.name, bundle.sha256),
        notice=bundle.notice,
        demonstration=bundle.record.demonstration,
    )


def _region(mask: Volume) -> RegionResult:
    spacing = np.asarray(mask.geometry.spacing[::-1], dtype=float)
    volume = float(mask.array.sum()) * mask.geometry.voxel_volume
    return RegionResult(mask, volume, mesh_diameters(np.asarray(mask.array, dtype=bool), spacing)[3])


def _heatmap(found: Prediction) -> MapResult | None:
    if found.heatmap is None:
        return None
    painted = Heatmap.of_facts(found.heatmap, found.explanation["heatmap"])
    return MapResult(found.heatmap, painted.kind, SENTINEL, painted.extent)
