"""Read the regions of a DICOM RT Structure Set as masks on the series it was drawn on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.dicom.contour import fill_even_odd
from RadFusionLib.dicom.header import read_header, said, understood
from RadFusionLib.dicom.series import find_series
from RadFusionLib.errors import InputError

if TYPE_CHECKING:
    from pydicom import Dataset

__all__ = ["StructureSet"]

CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
OFF_SLICE = 0.25
"""How far a contour may lie from the nearest slice, as a share of the distance between slices."""
WHAT = "an RT structure set"


class StructureSet:
    """A DICOM RTSTRUCT object: closed planar contours, voxels by the even-odd rule on the referenced series' grid.

    Parameters
    ----------
    path : str or Path
        The file.
    folders : sequence of Path
        Where the series is looked for, before the file's own folder and the folders beside and around it.

    Raises
    ------
    InputError
        When the file is damaged or no structure set, or the series that it was drawn on is not found.
    """

    def __init__(self, path: str | Path, folders: Sequence[str | Path] = ()) -> None:
        self._path = Path(path)
        self._folders = folders
        self._data = read_header(self._path)
        with understood(self._path, WHAT):
            if said(self._data, "Modality") != "RTSTRUCT":
                raise InputError(f"{self._path} is not an RT structure set; name another file.")
            self.segments = [
                (int(item.ROINumber), said(item, "ROIName") or f"ROI {int(item.ROINumber)}")
                for item in self._data.StructureSetROISequence
            ]

    @property
    def series(self) -> str:
        """UID of the series it was drawn on, or nothing where it does not say."""
        with understood(self._path, WHAT):
            return next(iter(_series(self._data)), "")

    @cached_property
    def geometry(self) -> Geometry:
        """The grid of the series that it was drawn on."""
        parent = self._path.absolute().parent
        around = (folder for place in (parent, parent.parent) for folder in sorted(place.iterdir()) if folder.is_dir())
        found = find_series(self.series, [*self._folders, parent, *around]) if self.series else None
        if found is None:
            raise InputError(
                f"{self._path} was drawn on a series that is not found; put that DICOM series in a folder beside it."
            )
        return found.geometry

    def mask(self, number: int) -> Volume:
        """The mask of a region.

        Returns
        -------
        Volume
            ``bool`` on the grid of the series it was drawn on, shape (K, J, I).

        Raises
        ------
        InputError
            When there is no such region, it has no closed planar contour, or a contour lies on no slice.
        """
        if number not in [known for known, _ in self.segments]:
            raise InputError(f"{self._path} has no region {number}; name one that it has.")
        geometry = self.geometry
        slices: dict[int, list[np.ndarray]] = {}
        with understood(self._path, WHAT):
            for points in self._contours(number):
                slices.setdefault(*self._on_slice(points, geometry)).append(points[:, :2])
        if not slices:
            raise InputError(f"{self._path} has no closed planar contour in its region {number}; draw it first.")
        array = np.zeros(geometry.shape, dtype=bool)
        for place, contours in slices.items():
            array[place] = fill_even_odd(contours, geometry.shape[1:])
        return Volume(array, geometry)

    def _contours(self, number: int) -> Iterator[np.ndarray]:
        """Each closed contour of a region as continuous indices (I, J, K), shape (n, 3)."""
        for item in self._data.get("ROIContourSequence") or []:
            if int(item.ReferencedROINumber) != number:
                continue
            for contour in item.get("ContourSequence") or []:
                if said(contour, "ContourGeometricType").upper() not in CLOSED:
                    continue
                points = np.asarray([float(v) for v in contour.ContourData]).reshape(-1, 3)
                if len(points) < 3 or not np.isfinite(points).all():
                    raise ValueError("a contour that is no polygon")
                yield self.geometry.physical_to_index(points)

    def _on_slice(self, points: np.ndarray, geometry: Geometry) -> tuple[int, list[np.ndarray]]:
        """The slice that a contour lies on, and an empty list to begin it with."""
        along = points[:, 2]
        if float(np.ptp(along)) > OFF_SLICE:
            raise InputError(f"{self._path} has contours across the slices of its series; draw them on its slices.")
        place = int(np.rint(along.mean()))
        if abs(float(along.mean()) - place) > OFF_SLICE:
            raise InputError(f"{self._path} has contours between the slices of its series; draw them on its slices.")
        if not 0 <= place < geometry.size[2]:
            raise InputError(f"{self._path} has contours outside its series; give the whole series.")
        return place, []


def _series(data: Dataset) -> Iterator[str]:
    for frame in data.get("ReferencedFrameOfReferenceSequence") or []:
        for study in frame.get("RTReferencedStudySequence") or []:
            for series in study.get("RTReferencedSeriesSequence") or []:
                if said(series, "SeriesInstanceUID"):
                    yield said(series, "SeriesInstanceUID")
