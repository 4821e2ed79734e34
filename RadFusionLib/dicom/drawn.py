"""What a reader drew, kept in DICOM: a segmentation or an RT structure set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.dicom.header import is_dicom, read_header, said, understood
from RadFusionLib.dicom.segmentation import DicomSegmentation
from RadFusionLib.dicom.structure_set import StructureSet

__all__ = ["Drawn", "is_drawn", "open_drawn"]


class Drawn(Protocol):
    """Numbered and named segments on one grid."""

    segments: list[tuple[int, str]]

    @property
    def series(self) -> str:
        """UID of the series it was drawn on, or nothing where it does not say."""

    @property
    def geometry(self) -> Geometry:
        """The grid of every mask."""

    def mask(self, number: int) -> Volume:
        """The mask of a segment, ``bool``, shape (K, J, I)."""


def is_drawn(path: str | Path) -> bool:
    """Whether a file is a DICOM segmentation or structure set."""
    return is_dicom(path) and _modality(path) in ("SEG", "RTSTRUCT")


def open_drawn(path: str | Path, folders: Sequence[str | Path] = ()) -> Drawn:
    """Open a DICOM segmentation or structure set.

    Parameters
    ----------
    path : str or Path
        The file.
    folders : sequence of str or Path
        Where a structure set's series is looked for first.

    Raises
    ------
    InputError
        When it is neither, or damaged.
    """
    return StructureSet(path, folders) if _modality(path) == "RTSTRUCT" else DicomSegmentation(path)


def _modality(path: str | Path) -> str:
    header = read_header(path, ["Modality"])
    with understood(path):
        return said(header, "Modality")
