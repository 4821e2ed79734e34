"""Read NRRD, NIfTI and DICOM series into volumes, and refuse what cannot be used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk

from RadFusionLib.case import Volume
from RadFusionLib.errors import InputError
from RadFusionLib.imaging.checks import check_geometry, check_image

__all__ = ["read_image", "read_mask"]

SPELLINGS = {"tumor": ("tumor", "tumour", "lesion"), "liver": ("liver",), "shell": ("shell",)}
"""Segment names that stand for a region when no segment is named."""


def read_image(path: str | Path) -> Volume:
    """Read a scalar image from a NRRD or NIfTI file or a folder with one DICOM series.

    Returns
    -------
    Volume
        ``float32`` voxels, shape (K, J, I), axes nearest to L, P, S.

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
    return volume.canonical()


def read_mask(path: str | Path, region: str = "tumor") -> Volume:
    """Read one segment of a segmentation as a mask.

    Parameters
    ----------
    path : str or Path
        A NIfTI or NRRD label image, or a Slicer ``.seg.nrrd``. ``file#name`` takes the segment of that name,
        ``file#3`` the label 3.
    region : str
        Without ``#``, the region whose usual segment name is looked for in a ``.seg.nrrd``; a label image
        without ``#`` counts every voxel that is not 0.

    Returns
    -------
    Volume
        ``bool`` voxels, shape (K, J, I), axes nearest to L, P, S. It may be empty: who uses it decides.

    Raises
    ------
    InputError
        When the file cannot be used or has no such segment.
    """
    name, _, segment = str(path).partition("#")
    file = Path(name)
    image = _read(file)
    segments = _segments(image)
    array = sitk.GetArrayFromImage(image)
    if segments:
        layer, label = _choose_segment(segments, segment, region, file)
        if array.ndim == 4:
            array = array[..., layer]
        voxels = array == label
    else:
        if array.ndim != 3:
            raise InputError(f"{file} has several values a voxel and no segment names; save it as a label image.")
        voxels = _label_voxels(array, segment, file)
    geometry = Volume.from_sitk(image).geometry
    volume = Volume(voxels, geometry)
    check_geometry(volume, str(file))
    return volume.canonical()


def _read(path: Path) -> sitk.Image:
    if not path.exists():
        raise InputError(f"{path} does not exist; correct the path.")
    try:
        image = _read_series(path) if path.is_dir() else sitk.ReadImage(str(path))
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
    reader = sitk.ImageSeriesReader()
    series = reader.GetGDCMSeriesIDs(str(folder))
    if not series:
        raise InputError(f"{folder} holds no DICOM series; name a folder with the slices of one series.")
    if len(series) > 1:
        raise InputError(f"{folder} holds {len(series)} DICOM series; give each series a folder of its own.")
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder), series[0]))
    return reader.Execute()


def _segments(image: sitk.Image) -> list[tuple[str, int, int]]:
    """Names, layers and labels of the segments that Slicer wrote into a ``.seg.nrrd`` header."""
    segments = []
    keys = set(image.GetMetaDataKeys())
    number = 0
    while f"Segment{number}_ID" in keys:
        name = image.GetMetaData(f"Segment{number}_Name")
        layer = int(image.GetMetaData(f"Segment{number}_Layer")) if f"Segment{number}_Layer" in keys else 0
        label = int(image.GetMetaData(f"Segment{number}_LabelValue")) if f"Segment{number}_LabelValue" in keys else 1
        segments.append((name, layer, label))
        number += 1
    return segments


def _choose_segment(segments: list[tuple[str, int, int]], wanted: str, region: str, path: Path) -> tuple[int, int]:
    names = [wanted.lower()] if wanted else list(SPELLINGS.get(region, (region,)))
    found = [(layer, label) for name, layer, label in segments if name.lower() in names]
    if not found and not wanted and len(segments) == 1:
        return segments[0][1:]
    if len(found) != 1:
        have = ", ".join(name for name, _, _ in segments)
        raise InputError(
            f"{path} has {len(found) or 'no'} segment{'s' if len(found) > 1 else ''} named "
            f"{' or '.join(names)} (it has {have}); name one as {path.name}#NAME."
        )
    return found[0]


def _label_voxels(array: np.ndarray, wanted: str, path: Path) -> np.ndarray:
    if not np.isfinite(array).all():
        raise InputError(f"{path} has voxels that are NaN; a mask holds whole labels.")
    if not wanted:
        return array != 0
    if not wanted.isdigit():
        raise InputError(f"{path} is a label image without names; ask for a label by number, as {path.name}#1.")
    return array == int(wanted)
