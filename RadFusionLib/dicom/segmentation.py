"""Read the segments of a DICOM Segmentation as masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.dicom.grid import Uneven, grid_of_planes
from RadFusionLib.dicom.header import numbers, read_header, said, understood
from RadFusionLib.errors import InputError

if TYPE_CHECKING:
    from pydicom import Dataset

__all__ = ["FRACTION", "DicomSegmentation"]

FRACTION = 0.5
"""From which share on a voxel of a fractional segment counts as inside."""

KINDS = ("BINARY", "FRACTIONAL", "LABELMAP")
WHAT = "a DICOM segmentation"


@dataclass(frozen=True)
class _Frame:
    """Where a frame lies and which segment it shows (0: several, told apart by their voxels' values)."""

    position: tuple[float, ...]
    orientation: tuple[float, ...]
    segment: int


class DicomSegmentation:
    """A DICOM SEG object: binary, fractional or a label map; segments may overlap and empty frames be left out.

    Parameters
    ----------
    path : str or Path
        The file.
    fraction : float
        In (0, 1]: from which share on a voxel of a fractional segment is inside.

    Raises
    ------
    InputError
        When the file is damaged, no segmentation, or its frames make no grid.
    """

    def __init__(self, path: str | Path, fraction: float = FRACTION) -> None:
        self._path = Path(path)
        self._fraction = fraction
        self._data = read_header(self._path, voxels=True)
        with understood(self._path, WHAT):
            if said(self._data, "Modality") != "SEG":
                raise InputError(f"{self._path} is not a DICOM segmentation; name another file.")
            self._kind = said(self._data, "SegmentationType").upper()
            if self._kind not in KINDS:
                raise InputError(
                    f"{self._path} is of an unknown segmentation type; it must be one of {', '.join(KINDS)}."
                )
            self.segments = [
                (int(item.SegmentNumber), said(item, "SegmentLabel") or f"Segment {int(item.SegmentNumber)}")
                for item in self._data.SegmentSequence
                # A label map lists its background as segment 0.
                if int(item.SegmentNumber) > 0
            ]
            self._frames = _frames(self._data)
            self.geometry, self._places = self._grid()
            self._check_size()

    @property
    def series(self) -> str:
        """UID of the series it was drawn on, or nothing where it does not say."""
        with understood(self._path, WHAT):
            found = self._data.get("ReferencedSeriesSequence") or []
            return said(found[0], "SeriesInstanceUID") if len(found) else ""

    def mask(self, number: int) -> Volume:
        """The mask of a segment.

        Returns
        -------
        Volume
            ``bool`` on the segmentation's own grid, shape (K, J, I).

        Raises
        ------
        InputError
            When there is no such segment or its frames cannot be decoded.
        """
        if number not in [known for known, _ in self.segments]:
            raise InputError(f"{self._path} has no segment {number}; name one that it has.")
        array = np.zeros(self.geometry.shape, dtype=bool)
        with understood(self._path, WHAT):
            for index, frame in enumerate(self._frames):
                if frame.segment in (number, 0):
                    array[self._places[index]] |= self._decode(index, number)
        return Volume(array, self.geometry)

    def _decode(self, index: int, number: int) -> np.ndarray:
        """Where frame ``index`` shows segment ``number``, ``bool``, shape (J, I)."""
        from pydicom.pixels import pixel_array

        rows, columns = int(self._data.Rows), int(self._data.Columns)
        if int(self._data.BitsAllocated) == 1:
            # Frames of a bit a voxel follow each other without padding, so one may begin within a byte.
            start = index * rows * columns
            stop = start + rows * columns
            packed = np.frombuffer(
                self._data.PixelData, dtype=np.uint8, count=-(-stop // 8) - start // 8, offset=start // 8
            )
            bits = np.unpackbits(packed, bitorder="little")[start % 8 :][: rows * columns]
            return np.asarray(bits.reshape(rows, columns) == 1)
        stored = np.asarray(pixel_array(self._data, index=index, raw=True))
        if stored.shape != (rows, columns):
            raise ValueError("a frame of another size")
        if self._kind == "FRACTIONAL":
            return np.asarray(stored >= self._fraction * int(self._data.MaximumFractionalValue))
        return np.asarray(stored == (number if self._kind == "LABELMAP" else 1))

    def _check_size(self) -> None:
        """Refuse voxels that end too early; what is packed is measured when it is unpacked."""
        syntax = self._data.file_meta.TransferSyntaxUID
        bits = len(self._frames) * int(self._data.Rows) * int(self._data.Columns) * int(self._data.BitsAllocated)
        if not syntax.is_compressed and 8 * len(self._data.PixelData) < bits:
            raise InputError(f"{self._path} ends before its voxels do; export it again.")

    def _grid(self) -> tuple[Geometry, np.ndarray]:
        orientation = self._frames[0].orientation
        if any(np.abs(np.subtract(frame.orientation, orientation)).max() > 1e-3 for frame in self._frames):
            raise InputError(f"{self._path} has frames of several orientations; export it on one stack.")
        measures = _measures(self._data)
        try:
            return grid_of_planes(
                [frame.position for frame in self._frames],
                orientation,
                numbers(measures, "PixelSpacing", 2) or (0.0, 0.0),
                (int(self._data.Columns), int(self._data.Rows)),
                [*numbers(measures, "SpacingBetweenSlices", 1), *numbers(measures, "SliceThickness", 1)],
                gaps=True,
            )
        except Uneven as reason:
            raise InputError(f"{self._path} has {reason}; export the segmentation again.") from None


def _groups(data: Dataset) -> list[list[Dataset]]:
    """For each frame, where its attributes are looked for: its own groups, then those that all share."""
    shared = data.get("SharedFunctionalGroupsSequence") or []
    return [[item, *shared] for item in data.PerFrameFunctionalGroupsSequence]


def _macro(groups: Sequence[Dataset], keyword: str) -> Dataset | None:
    for group in groups:
        if group.get(keyword):
            return group[keyword].value[0]  # type: ignore[no-any-return]
    return None


def _measures(data: Dataset) -> Dataset:
    found = _macro(_groups(data)[0], "PixelMeasuresSequence")
    if found is None:
        raise ValueError("no voxel size")
    return found


def _frames(data: Dataset) -> list[_Frame]:
    frames = []
    labels = said(data, "SegmentationType").upper() == "LABELMAP"
    for groups in _groups(data):
        plane, turn = _macro(groups, "PlanePositionSequence"), _macro(groups, "PlaneOrientationSequence")
        shown = None if labels else _macro(groups, "SegmentIdentificationSequence")
        position = () if plane is None else numbers(plane, "ImagePositionPatient", 3)
        orientation = () if turn is None else numbers(turn, "ImageOrientationPatient", 6)
        if not position or not orientation or (shown is None and not labels):
            raise ValueError("a frame without a place or segment")
        frames.append(_Frame(position, orientation, 0 if shown is None else int(shown.ReferencedSegmentNumber)))
    if len(frames) != int(data.NumberOfFrames) or not frames:
        raise ValueError("frames without groups")
    return frames
