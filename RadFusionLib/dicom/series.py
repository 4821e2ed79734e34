"""A DICOM series as slices of one stack: which files, in which order, on which grid, and why not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from RadFusionLib.case import Geometry
from RadFusionLib.dicom.grid import TILTED, UNEVEN, Uneven, grid_of_planes
from RadFusionLib.dicom.header import bytes_of_voxels, is_dicom, numbers, read_header, said, understood
from RadFusionLib.errors import InputError

if TYPE_CHECKING:
    from pydicom import Dataset

__all__ = ["SourceSeries", "check_files", "check_slice", "check_slices", "find_series", "read_source"]

GEOMETRY = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "Rows", "Columns")
TIMES = (
    ("EchoTime", "several echoes"),
    ("DiffusionBValue", "several b-values"),
    ("TriggerTime", "a gated acquisition, several times of the heartbeat or breath"),
    ("NominalPercentageOfCardiacPhase", "a gated acquisition, several times of the heartbeat or breath"),
    ("TemporalPositionIdentifier", "several times of one acquisition"),
    ("AcquisitionTime", "several times of one acquisition"),
)
"""What tells slices at one place apart, in this order, and the word for it."""

WANTED = (
    *GEOMETRY,
    *(keyword for keyword, _ in TIMES),
    "SOPInstanceUID",
    "SeriesInstanceUID",
    "ImageType",
    "NumberOfFrames",
    "Modality",
    "BitsAllocated",
    "SamplesPerPixel",
    "SOPClassUID",
)
ENHANCED = tuple(f"1.2.840.10008.5.1.4.1.1.{number}" for number in ("2.1", "2.2", "4.1", "4.3", "4.4", "128.1", "130"))
"""Enhanced and legacy converted CT, MR and PET: made for many frames, so that one frame has no place of its own."""

SUFFIXES = (".dcm", ".ima", ".dicom")
UIDS = ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")
MAY_BE_EMPTY = (
    "AccessionNumber",
    "PatientBirthDate",
    "PatientID",
    "PatientName",
    "PatientSex",
    "PositionReferenceIndicator",
    "ReferringPhysicianName",
    "StudyDate",
    "StudyID",
    "StudyTime",
)
"""Of patient, study and frame: what every object has, perhaps empty (type 2)."""

OUTSIDE = ("SEG", "RTSTRUCT", "RTDOSE", "RTPLAN", "SR", "PR", "KO", "REG", "DOC")
"""Modalities that are no scans."""

MOST_PIXELS = 1 << 26
"""Of a packed slice, whose file does not tell how large it is."""

MENDS = {
    UNEVEN: "complete the series, for one may be missing",
    TILTED: "resample it first (a tilted gantry)",
}


@dataclass(frozen=True)
class SourceSeries:
    """The slices of a series in the order of their grid's K axis.

    Parameters
    ----------
    headers : tuple of Dataset
        Everything but the voxels; texts in UTF-8, and what a study must say, if only that it is unknown.
    geometry : Geometry
        The grid, K along the slices' normal.
    folder : Path
        Where they lie.
    """

    headers: tuple[Dataset, ...]
    geometry: Geometry
    folder: Path

    @property
    def uid(self) -> str:
        """Series Instance UID."""
        return said(self.headers[0], "SeriesInstanceUID")


def check_files(folder: Path) -> dict[str, Dataset]:
    """Check each DICOM scan of a folder by itself, before any reader sets memory aside for what it claims.

    Returns
    -------
    dict of str to Dataset
        Header by the file's name.

    Raises
    ------
    InputError
        As :func:`check_slice`.
    """
    return {path.name: check_slice(path) for path in _scans(folder)}


def check_slices(files: Sequence[str | Path], headers: Mapping[str, Dataset], folder: Path) -> None:
    """Refuse files that do not make one even stack of slices.

    Parameters
    ----------
    files : sequence of str or Path
        What a reader takes for one series.
    headers : mapping of str to Dataset
        What :func:`check_files` found in the folder. A file that the reader does not take is refused too, since a
        damaged slice would be left out without a word.

    Raises
    ------
    InputError
        When a slice lacks its position, or the slices are gated, repeated, uneven, tilted or turned against each
        other.
    """
    names = [Path(file).name for file in files]
    for name in headers:
        if name not in names:
            raise InputError(f"{folder / name} is damaged or incomplete as a slice; copy the series again.")
    if len(names) > 1:
        _stack([headers[name] for name in names], [folder / name for name in names], folder)


def read_source(folder: str | Path) -> SourceSeries:
    """Read the headers of the one series in a folder, whole, in the order of its grid.

    Raises
    ------
    InputError
        As :func:`check_slices`, and when the folder holds no series or its files have no UIDs to refer to.
    """
    folder = Path(folder)
    files = list(_scans(folder))
    if not files:
        raise InputError(f"{folder} holds no DICOM series; name a folder with the slices of one series.")
    return _source(files, folder)


def find_series(uid: str, folders: Iterable[str | Path]) -> SourceSeries | None:
    """The series of a UID, from the first of ``folders`` that has slices of it."""
    for folder in dict.fromkeys(map(Path, folders)):
        files = [path for path in _files(folder) if _belongs(path, uid)]
        if files:
            return _source(files, folder)
    return None


def _files(folder: Path) -> Iterator[Path]:
    """The DICOM files of a folder, those among them that are DICOM by name only."""
    if folder.is_dir():
        yield from (p for p in sorted(folder.iterdir()) if p.suffix.lower() in SUFFIXES or is_dicom(p))


def _scans(folder: Path) -> list[Path]:
    return [path for path in _files(folder) if said(read_header(path, ["Modality"]), "Modality") not in OUTSIDE]


def _belongs(path: Path, uid: str) -> bool:
    try:
        header = read_header(path, ["SeriesInstanceUID", "Modality"])
    except InputError:
        return False
    with understood(path):
        return said(header, "SeriesInstanceUID") == uid and said(header, "Modality") not in OUTSIDE


def _source(files: Sequence[Path], folder: Path) -> SourceSeries:
    for file in files:
        check_slice(file)
    headers = [read_header(file) for file in files]
    with understood(folder, "a DICOM series"):
        named = [{keyword: said(header, keyword) for keyword in UIDS} for header in headers]
        if not all(all(uids.values()) for uids in named) or len({u["SOPInstanceUID"] for u in named}) < len(headers):
            raise InputError(f"{folder} has slices without UIDs of their own to refer to; export the series again.")
        if len({(u["SeriesInstanceUID"], u["StudyInstanceUID"]) for u in named}) > 1:
            raise InputError(f"{folder} holds several DICOM series; give each a folder of its own.")
        geometry, index = _stack(headers, files, folder)
        return SourceSeries(tuple(_completed(headers[int(number)]) for number in np.argsort(index)), geometry, folder)


def _completed(header: Dataset) -> Dataset:
    """A header with its texts in UTF-8 and the elements that may be empty but not absent."""
    from pydicom.datadict import dictionary_VR
    from pydicom.dataelem import empty_value_for_VR

    if not said(header, "SpecificCharacterSet"):
        # Empty as good as absent, which not every program knows.
        header.SpecificCharacterSet = "ISO_IR 6"
    header.decode()
    header.SpecificCharacterSet = "ISO_IR 192"
    for keyword in MAY_BE_EMPTY:
        if keyword not in header:
            setattr(header, keyword, empty_value_for_VR(dictionary_VR(keyword)))
    return header


def check_slice(file: Path) -> Dataset:
    """A slice's header, after the checks that need no other slice.

    Raises
    ------
    InputError
        When the file is damaged, multi-frame or a mosaic.
    """
    header = read_header(file, WANTED)
    with understood(file):
        if int(header.get("NumberOfFrames") or 1) > 1 or said(header, "SOPClassUID") in ENHANCED:
            raise InputError(f"{file} is a multi-frame DICOM image; export it as single-frame slices.")
        if "MOSAIC" in [str(word).upper() for word in header.get("ImageType") or []]:
            raise InputError(f"{file} is a mosaic (a whole volume in one DICOM image); export it as single slices.")
        _check_size(header, file)
        return header


def _check_size(header: Dataset, file: Path) -> None:
    """Refuse a slice that claims more voxels than its file can hold, before anything is set aside for them."""
    pixels = int(header.get("Rows") or 0) * int(header.get("Columns") or 0)
    size = pixels * int(header.get("SamplesPerPixel") or 1) * int(header.get("BitsAllocated") or 16) // 8
    packed = header.file_meta.TransferSyntaxUID.is_compressed
    if not pixels or bytes_of_voxels(file) <= (0 if packed else size) or pixels > MOST_PIXELS:
        raise InputError(f"{file} is damaged or incomplete as a slice; copy the series again.")


def _stack(headers: Sequence[Dataset], files: Sequence[Path], folder: Path) -> tuple[Geometry, np.ndarray]:
    places, turned, spacings, sizes = [], [], [], []
    for header, file in zip(headers, files, strict=True):
        with understood(file):
            place, turn = numbers(header, "ImagePositionPatient", 3), numbers(header, "ImageOrientationPatient", 6)
            # Absent for a slice that a converter wrote; a reader then takes 1 mm.
            spacing = numbers(header, "PixelSpacing", 2) or (1.0, 1.0)
            size = (int(header.get("Columns") or 0), int(header.get("Rows") or 0))
        if not place or not turn:
            raise InputError(f"{folder} has slices without a position ({file.name}); export the series again.")
        places.append(place)
        turned.append(turn)
        spacings.append(spacing)
        sizes.append(size)
    if np.abs(np.asarray(turned) - turned[0]).max() > 1e-3:
        raise InputError(f"{folder} has slices of several orientations; keep those of one stack.")
    if np.abs(np.asarray(spacings) - spacings[0]).max() > 1e-3 * max(spacings[0]) or len(set(sizes)) > 1:
        raise InputError(f"{folder} has slices of several sizes; keep those of one stack.")
    _check_repeats(headers, np.asarray(places), np.asarray(turned[0]), folder)
    thickness = numbers(headers[0], "SpacingBetweenSlices", 1) or numbers(headers[0], "SliceThickness", 1) or (1.0,)
    try:
        return grid_of_planes(places, turned[0], spacings[0], sizes[0], [abs(thickness[0]) or 1.0])
    except Uneven as reason:
        raise InputError(f"{folder} has {reason}; {MENDS.get(str(reason), 'export the series again')}.") from None


def _check_repeats(headers: Sequence[Dataset], places: np.ndarray, turned: np.ndarray, folder: Path) -> None:
    """Refuse several slices at one place, with the word for what they differ in."""
    along = np.sort(places @ np.cross(turned[:3], turned[3:]))
    steps = np.diff(along)
    if not len(steps) or steps.min() > 0.1 * steps.max():
        return
    for keyword, word in TIMES:
        with understood(folder, "a DICOM series"):
            values = {said(header, keyword) for header in headers}
        if 1 < len(values) < len(headers):
            raise InputError(f"{folder} has {word}: several slices at one place; give each a folder of its own.")
    raise InputError(f"{folder} has several slices at one place; give each phase a folder of its own.")
