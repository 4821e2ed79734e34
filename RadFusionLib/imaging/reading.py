"""Read NRRD, NIfTI and DICOM into volumes, and refuse what cannot be used."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from RadFusionLib.case import Volume
from RadFusionLib.dicom import check_files, check_slice, check_slices, is_dicom, is_drawn, open_drawn
from RadFusionLib.errors import InputError
from RadFusionLib.imaging.checks import check_geometry, check_image
from RadFusionLib.imaging.lesions import is_lesion_name
from RadFusionLib.imaging.stored_image import image_reader

__all__ = ["read_image", "read_mask", "read_tumor"]

SPELLINGS = {"tumor": ("tumor", "tumour", "lesion"), "liver": ("liver",), "shell": ("shell",)}
"""Segment names that stand for a region when no segment is named."""

Segment = tuple[str, int, int]
"""Name, layer and label of a segment."""


def read_image(path: str | Path, *, canonical: bool = True) -> Volume:
    """Read a scalar image from a NRRD or NIfTI file or a folder with one DICOM series.

    Parameters
    ----------
    path : str or Path
        The file, or the folder of a DICOM series.
    canonical : bool
        Whether the axes are flipped and permuted to lie nearest to L, P, S; else as they are stored.

    Returns
    -------
    Volume
        ``float32`` voxels, shape (K, J, I).

    Raises
    ------
    InputError
        When the file is missing, unreadable, not three-dimensional, not scalar, has NaN voxels or a
        non-orthogonal direction.
    """
    path = Path(path)
    image = _read(path)
    if image.GetNumberOfComponentsPerPixel() != 1:
        raise InputError(f"{path} has {image.GetNumberOfComponentsPerPixel()} values a voxel; give a grey-scale image.")
    volume = Volume.from_sitk(image)
    volume = volume.with_array(np.asarray(volume.array, dtype=np.float32))
    check_image(volume, str(path))
    return volume.canonical() if canonical else volume


def read_mask(
    path: str | Path, region: str = "tumor", *, canonical: bool = True, series: Iterable[str | Path] = ()
) -> Volume:
    """Read one segment of a segmentation as a mask.

    Parameters
    ----------
    path : str or Path
        A NIfTI or NRRD label image, a Slicer ``.seg.nrrd``, or a DICOM SEG or RTSTRUCT file. ``file#name`` takes
        the segment of that name (upper or lower case), ``file#3`` the label, or the DICOM segment, 3.
    region : str
        Without ``#``, the region whose usual segment name is looked for where segments have names; a label image
        without ``#`` counts every voxel that is not 0.
    canonical : bool
        Whether the axes are flipped and permuted to lie nearest to L, P, S; else as they are stored.
    series : iterable of str or Path
        Folders of DICOM series, among which that of an RTSTRUCT is looked for before the folders around it.

    Returns
    -------
    Volume
        ``bool`` voxels, shape (K, J, I). It may be empty: who uses it decides.

    Raises
    ------
    InputError
        When the file cannot be used or has no such segment.
    """
    segmentation = _open(path, series)
    return segmentation.volume(segmentation.choose(region), canonical)


def read_tumor(path: str | Path, *, series: Iterable[str | Path] = ()) -> tuple[Volume, dict[str, Volume]]:
    """Read the tumour and, where segments have names, its other segments too.

    Without ``#`` in a file where none, or several, have a usual name of a tumour, the tumour is all segments
    whose name says lesion; which of them is meant is for the recipe to say.

    Returns
    -------
    tuple of (Volume, dict of str to Volume)
        The tumour's mask, and every segment by name but liver and shell, each cut to its own extent.

    Raises
    ------
    InputError
        As :func:`read_mask`.
    """
    segmentation = _open(path, series)
    names = segmentation.names
    usual = [name for name in names if name.lower() in SPELLINGS["tumor"]]
    lesions = [name for name in names if is_lesion_name(name)]
    if not segmentation.wanted and len(usual) != 1 and len(lesions) > 1:
        chosen = [segment for segment in segmentation.segments if segment[0] in lesions]
    else:
        chosen = segmentation.choose("tumor")
    others = (s for s in segmentation.segments if s[0].lower() not in (*SPELLINGS["liver"], *SPELLINGS["shell"]))
    named = {segment[0]: _cut(segmentation.volume([segment])) for segment in others}
    return segmentation.volume(chosen), named


class _Segmentation(ABC):
    """An opened segmentation: the segments it names, and which of them was asked for."""

    numbered = False
    """Whether a named segment may be asked for by its number too."""

    def __init__(self, file: Path, wanted: str, segments: Sequence[Segment]) -> None:
        self.file, self.wanted, self.segments = file, wanted, list(segments)

    @abstractmethod
    def volume(self, segments: Sequence[Segment], canonical: bool = True) -> Volume:
        """The union of some segments."""

    @property
    def names(self) -> list[str]:
        return [name for name, _, _ in self.segments]

    def choose(self, region: str) -> list[Segment]:
        """The segment that was asked for, or that stands for ``region``; a label image has one without a name."""
        if not self.segments:
            if self.wanted and not (self.wanted.isdigit() and int(self.wanted)):
                raise InputError(
                    f"{self.file} is a label image without names; ask for a label by number, as {self.file.name}#1."
                )
            return [("", 0, int(self.wanted or 0))]
        names = [self.wanted.lower()] if self.wanted else list(SPELLINGS.get(region, (region,)))
        found = [segment for segment in self.segments if segment[0].lower() in names]
        if not found and self.numbered and self.wanted.isdigit():
            found = [segment for segment in self.segments if segment[2] == int(self.wanted)]
        if not found and not self.wanted and region == "tumor" and len(self.segments) == 1:
            return self.segments
        if len(found) != 1:
            raise InputError(
                f"{self.file} has {len(found) or 'no'} segment{'s' if len(found) > 1 else ''} named "
                f"{' or '.join(names)} (it has {', '.join(self._listed())}); name one as {self.file.name}#"
                f"{'NUMBER' if self.numbered else 'NAME'}."
            )
        return found

    def _listed(self) -> list[str]:
        return self.names


class _LabelImage(_Segmentation):
    """A label image, or a Slicer ``.seg.nrrd``: its voxels and the segments its header names."""

    def __init__(self, file: Path, wanted: str) -> None:
        image = _read(file)
        super().__init__(file, wanted, _segments(image, file))
        self.array = sitk.GetArrayFromImage(image)
        if self.array.ndim != 3 and not self.segments:
            raise InputError(f"{self.file} has several values a voxel and no segment names; save it as a label image.")
        if not np.isfinite(self.array).all():
            raise InputError(f"{self.file} has voxels that are NaN; a mask holds whole labels.")
        self._template = Volume.from_sitk(_first(image))
        check_geometry(self._template, str(self.file))

    def volume(self, segments: Sequence[Segment], canonical: bool = True) -> Volume:
        voxels = np.zeros(self._template.array.shape, dtype=bool)
        for _, layer, label in segments:
            array = self.array[..., layer] if self.array.ndim == 4 else self.array
            voxels |= array == label if label else array != 0
        volume = self._template.with_array(voxels)
        return volume.canonical() if canonical else volume


class _DicomSegments(_Segmentation):
    """A DICOM SEG or RTSTRUCT; a segment is decoded when it is wanted."""

    numbered = True

    def __init__(self, file: Path, wanted: str, series: Iterable[str | Path]) -> None:
        self._drawn = open_drawn(file, [folder for folder in series if Path(folder).is_dir()])
        super().__init__(file, wanted, [(name, 0, number) for number, name in self._drawn.segments])

    def volume(self, segments: Sequence[Segment], canonical: bool = True) -> Volume:
        voxels = np.zeros(self._drawn.geometry.shape, dtype=bool)
        for _, _, number in segments:
            voxels |= self._drawn.mask(number).array
        volume = Volume(voxels, self._drawn.geometry)
        check_geometry(volume, str(self.file))
        return volume.canonical() if canonical else volume

    def _listed(self) -> list[str]:
        # What a hospital calls a segment may name a patient; its number does not.
        return [str(number) for _, _, number in self.segments]


def _open(path: str | Path, series: Iterable[str | Path]) -> _Segmentation:
    file, wanted = _split(path)
    return _DicomSegments(file, wanted, series) if is_drawn(file) else _LabelImage(file, wanted)


def _split(path: str | Path) -> tuple[Path, str]:
    """File and segment of ``file#segment``; a ``#`` in the file's own name is left to it."""
    if Path(path).exists():
        return Path(path), ""
    name, _, segment = str(path).rpartition("#")
    return (Path(name), segment.strip()) if name else (Path(path), "")


def _first(image: sitk.Image) -> sitk.Image:
    return image if image.GetNumberOfComponentsPerPixel() == 1 else sitk.VectorIndexSelectionCast(image, 0)


def _cut(mask: Volume) -> Volume:
    """The part of the grid that a mask fills; its geometry says where it lies."""
    filled = np.nonzero(mask.array)
    if not len(filled[0]):
        return Volume(mask.array[:1, :1, :1], replace(mask.geometry, size=(1, 1, 1)))
    low, high = [int(f.min()) for f in filled], [int(f.max()) + 1 for f in filled]
    array = mask.array[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    origin = mask.geometry.index_to_physical(np.array([low[::-1]], dtype=float))[0]
    size = (high[2] - low[2], high[1] - low[1], high[0] - low[0])
    return Volume(
        array.copy(), replace(mask.geometry, size=size, origin=(float(origin[0]), float(origin[1]), float(origin[2])))
    )


def _read(path: Path) -> sitk.Image:
    if not path.exists():
        raise InputError(f"{path} does not exist; correct the path.")
    reader = "" if path.is_dir() else image_reader(path)
    if is_drawn(path):
        raise InputError(f"{path} is a DICOM segmentation, not an image; name it as a mask.")
    if is_dicom(path):
        check_slice(path)
    try:
        image = sitk.ReadImage(str(path), imageIO=reader) if reader else _read_series(path)
    except RuntimeError as error:
        reason = " (its axes are not at right angles)" if "orthonormal" in str(error) else ""
        raise InputError(f"{path} cannot be read as an image{reason}; check the file.") from error
    if image.GetDimension() == 4 and image.GetSize()[3] == 1:
        image = image[..., 0]
    if image.GetDimension() != 3:
        raise InputError(
            f"{path} has {image.GetDimension()} dimensions; give one three-dimensional image a phase "
            "(split a time series first)."
        )
    return image


def _read_series(folder: Path) -> sitk.Image:
    headers = check_files(folder)
    reader = sitk.ImageSeriesReader()
    series = reader.GetGDCMSeriesIDs(str(folder))
    if not series:
        raise InputError(f"{folder} holds no DICOM series; name a folder with the slices of one series.")
    if len(series) > 1:
        raise InputError(f"{folder} holds {len(series)} DICOM series; give each series a folder of its own.")
    files = reader.GetGDCMSeriesFileNames(str(folder), series[0])
    check_slices(files, headers, folder)
    reader.SetFileNames(files)
    return reader.Execute()


def _segments(image: sitk.Image, path: Path) -> list[Segment]:
    """Names, layers and labels of the segments that Slicer wrote into a ``.seg.nrrd`` header."""
    segments = []
    keys = set(image.GetMetaDataKeys())
    layers = image.GetNumberOfComponentsPerPixel()
    number = 0
    while f"Segment{number}_ID" in keys:
        name, layer, label = (
            image.GetMetaData(key).strip() if (key := f"Segment{number}_{field}") in keys else default
            for field, default in (("Name", f"Segment{number}"), ("Layer", "0"), ("LabelValue", "1"))
        )
        if not (layer.isdigit() and label.isdigit() and int(layer) < layers and int(label) > 0):
            raise InputError(f"{path} has a segment {name} without a layer and label; save it again in Slicer.")
        segments.append((name, int(layer), int(label)))
        number += 1
    return segments
