"""Write a case's results as DICOM objects: regions, heatmap and report."""

from __future__ import annotations

from pathlib import Path

from RadFusionLib.dicom.header import said, understood
from RadFusionLib.dicom.parametric_map import make_parametric_map
from RadFusionLib.dicom.report import make_report
from RadFusionLib.dicom.result import Result
from RadFusionLib.dicom.segmentation_object import make_segmentation
from RadFusionLib.dicom.series import SourceSeries
from RadFusionLib.errors import InputError

__all__ = ["FILES", "write_results"]

FILES = ("regions.dcm", "heatmap.dcm", "report.dcm")


def write_results(result: Result, source: SourceSeries, folder: Path) -> list[Path]:
    """Write the segmentation, the parametric map (where there is a heatmap) and the structured report.

    Parameters
    ----------
    result : Result
        On the grid of ``source``.
    source : SourceSeries
        The series whose instances they refer to, and whose patient and study they belong to.
    folder : Path
        Made when absent.

    Raises
    ------
    InputError
        When the series lacks what its results must repeat, or the result does not lie on its grid.
    """
    if not said(source.headers[0], "FrameOfReferenceUID"):
        raise InputError(f"{source.folder} names no frame of reference, which results must share; export it again.")
    folder.mkdir(parents=True, exist_ok=True)
    with understood(source.folder, "the source of DICOM results"):
        segmentation = make_segmentation(result, source)
        heatmap = None if result.heatmap is None else make_parametric_map(result, result.heatmap, source)
        maps = () if heatmap is None else (heatmap,)
        report = make_report(result, source, segmentation, maps)
        written = []
        for name, data in zip(FILES, (segmentation, heatmap, report), strict=True):
            if data is not None:
                data.save_as(folder / name, enforce_file_format=True)
                written.append(folder / name)
    return written
