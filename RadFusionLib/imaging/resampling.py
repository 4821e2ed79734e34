"""Bring images and masks to another grid, in physical space."""

from __future__ import annotations

import math

import numpy as np
import SimpleITK as sitk

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.errors import InputError

__all__ = ["INTERPOLATORS", "mask_on_grid", "resample", "resample_to_spacing"]

INTERPOLATORS = {
    "nearest": sitk.sitkNearestNeighbor,
    "linear": sitk.sitkLinear,
    "bspline": sitk.sitkBSpline,
    "gaussian": sitk.sitkGaussian,
    "lanczos": sitk.sitkLanczosWindowedSinc,
}
"""SimpleITK interpolator by the name a recipe uses."""


def resample(volume: Volume, geometry: Geometry, interpolator: str = "linear", outside: float | None = None) -> Volume:
    """Resample an image to ``geometry``.

    Parameters
    ----------
    volume : Volume
        The image.
    geometry : Geometry
        The grid to sample on.
    interpolator : str
        A key of :data:`INTERPOLATORS`.
    outside : float, optional
        Value where ``volume`` has no voxels; its minimum when not given.
    """
    _named(interpolator)
    if volume.geometry.same_grid(geometry, tolerance=1e-6):
        return Volume(volume.array, geometry)
    fill = float(volume.array.min()) if outside is None else outside
    image = Volume(np.asarray(volume.array, dtype=np.float32), volume.geometry).to_sitk()
    return Volume.from_sitk(_execute(image, geometry, interpolator, fill))


def resample_to_spacing(volume: Volume, spacing: tuple[float, float, float], interpolator: str = "linear") -> Volume:
    """Resample to ``spacing`` (mm, I J K); the outer faces of the grid stay where they are, to within a voxel."""
    old = volume.geometry
    if not all(math.isfinite(t) and t > 0 for t in spacing):
        raise InputError(f"A voxel size of {spacing} mm was asked for; give three positive numbers.")
    size = tuple(max(1, math.ceil(n * s / t - 1e-6)) for n, s, t in zip(old.size, old.spacing, spacing, strict=True))
    shift = [(t - s) / 2 / s for s, t in zip(old.spacing, spacing, strict=True)]
    origin = tuple(float(v) for v in old.index_to_physical(np.array([shift]))[0])
    geometry = Geometry(size, spacing, origin, old.direction)  # type: ignore[arg-type]
    if volume.array.dtype == bool:
        return _resample_mask(volume, geometry)
    image = Volume(np.asarray(volume.array, dtype=np.float32), old).to_sitk()
    # Voxels of the new grid that stick out by less than a voxel take the nearest value, not a fill value.
    inside = _clamped(image, geometry, interpolator)
    return Volume(inside, geometry)


def mask_on_grid(
    mask: Volume, image: Volume, what: str, *, whole: bool = True, where: str = "image"
) -> tuple[Volume, str]:
    """Bring a mask to an image's grid: voxel by voxel where they coincide, else by nearest neighbour.

    Parameters
    ----------
    mask, image : Volume
        The mask and the image whose grid it is wanted on.
    what : str
        How an error names the mask, as ``"tumor mask of case 12"``.
    whole : bool
        Whether every voxel of the mask must lie inside the image.
    where : str
        How an error names the image, as ``"AP image"``.

    Returns
    -------
    tuple of (Volume, str)
        The mask on the image's grid, and a notice when it had to be resampled (else empty).

    Raises
    ------
    InputError
        When the mask is empty or lies outside the image (with ``whole``, in part).
    """
    if not mask.array.any():
        raise InputError(f"The {what} is empty; draw it first.")
    if mask.geometry.same_grid(image.geometry):
        return Volume(mask.array, image.geometry), ""
    index = np.argwhere(mask.array)[:, ::-1].astype(float)
    points = mask.geometry.index_to_physical(index)
    inside = image.geometry.contains(points)
    if not inside.any():
        raise InputError(f"The {what} lies wholly outside the {where}; it was drawn on another image or frame.")
    if whole and not inside.all():
        lost = max(1.0, 100.0 * (1.0 - inside.mean()))
        raise InputError(f"{lost:.0f} % of the {what} lies outside the {where}; draw it on this image.")
    there = image.geometry.physical_to_index(points[inside])
    voxels = np.rint(there).astype(int)
    if np.isclose(mask.geometry.voxel_volume, image.geometry.voxel_volume, rtol=1e-4) and (
        np.abs(there - voxels).max() <= 1e-3
    ):
        # The same voxels stored otherwise: cut to the drawn part as Slicer saves it, flipped or permuted.
        array = np.zeros(image.geometry.shape, dtype=bool)
        array[tuple(voxels[:, ::-1].T)] = True
        return Volume(array, image.geometry), ""
    moved = _resample_mask(mask, image.geometry)
    if not moved.array.any():
        raise InputError(f"The {what} is smaller than a voxel of the {where}; draw it on this image.")
    return moved, f"The {what} was resampled to the image's grid by nearest neighbour."


def _resample_mask(mask: Volume, geometry: Geometry) -> Volume:
    moved = _execute(mask.to_sitk(), geometry, "nearest", 0)
    return Volume(sitk.GetArrayFromImage(moved) > 0, geometry)


def _execute(image: sitk.Image, geometry: Geometry, interpolator: str, fill: float) -> sitk.Image:
    filter_ = sitk.ResampleImageFilter()
    filter_.SetSize(geometry.size)
    filter_.SetOutputSpacing(geometry.spacing)
    filter_.SetOutputOrigin(geometry.origin)
    filter_.SetOutputDirection([v for row in geometry.direction for v in row])
    filter_.SetInterpolator(_named(interpolator))
    filter_.SetDefaultPixelValue(fill)
    return filter_.Execute(image)


def _named(interpolator: str) -> int:
    if interpolator not in INTERPOLATORS:
        raise InputError(f"There is no interpolator {interpolator!r}; use one of {', '.join(INTERPOLATORS)}.")
    return int(INTERPOLATORS[interpolator])


def _clamped(image: sitk.Image, geometry: Geometry, interpolator: str) -> np.ndarray:
    filter_fill = np.nan
    moved = sitk.GetArrayFromImage(_execute(image, geometry, interpolator, filter_fill))
    gaps = ~np.isfinite(moved)
    if gaps.any():
        padded = sitk.ZeroFluxNeumannPad(image, [2, 2, 2], [2, 2, 2])
        moved[gaps] = sitk.GetArrayFromImage(_execute(padded, geometry, "linear", 0.0))[gaps]
    return moved
