"""Preparing a region: normalise, resample to the wanted spacing, crop, resegment.

The rule is PyRadiomics' own: the new grid shares its corner (not its first centre) with the input's,
it covers the mask's bounding box and `pad_distance` voxels around it, and stays within the image.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from RadFusionLib.errors import InputError
from RadFusionLib.radiomics.bounding_box import bounding_box
from RadFusionLib.radiomics.region import FloatArray, MaskArray, PreparedRegion
from RadFusionLib.radiomics.settings import RadiomicsSettings

__all__ = ["prepare"]

_PIXEL_TYPES = frozenset(
    ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64"]
)
Triple = tuple[float, float, float]


def prepare(image: npt.ArrayLike, mask: npt.ArrayLike, spacing: Triple, settings: RadiomicsSettings) -> PreparedRegion:
    """Resample and crop an image and its mask for the computation of features.

    Parameters
    ----------
    image : (K, J, I) array
        Grey values; the number type is kept by the interpolation, as in PyRadiomics: values of an image of
        whole numbers are rounded to whole numbers.
    mask : (K, J, I) array
        The region where it is the settings' label, or where not 0.
    spacing : tuple of 3 floats
        Voxel size, millimetres ``(x, y, z)``.
    settings : RadiomicsSettings
        Spacing, interpolator, padding, normalisation and resegmentation.

    Returns
    -------
    PreparedRegion
        The image and mask on the new grid, and where that grid lies.

    Raises
    ------
    InputError
        If shapes differ, the mask is empty or too thin, or a voxel is not a finite number.
    """
    voxels, region = _checked(image, mask, spacing, settings.label)
    if settings.normalize:
        voxels = _normalised(voxels, settings)
    new_spacing, start = spacing, (0.0, 0.0, 0.0)
    if settings.spacing is not None:
        voxels, region, new_spacing, start = _resampled(voxels, region, spacing, settings)
    elif settings.pre_crop:
        voxels, region, new_spacing, start = _cropped(voxels, region, spacing, settings.pad_distance)
    _check_region(region, settings)
    shape_mask = None
    if settings.resegment_range is not None:
        shape_mask, region = region, _resegmented(voxels, region, settings)
        _check_region(region, settings)
        # As in the reference, of the drawn region only what lies in the resegmented one's bounding box has a shape.
        shape_mask = None if settings.resegment_shape else _within_bounding_box(shape_mask, region)
    return PreparedRegion(
        image=np.ascontiguousarray(voxels, dtype=np.float64),
        mask=region,
        spacing=new_spacing,
        start_ijk=start,
        input_spacing=(float(spacing[0]), float(spacing[1]), float(spacing[2])),
        pixel_type=voxels.dtype.name,
        shape_mask=shape_mask,
    )


def _checked(
    image: npt.ArrayLike, mask: npt.ArrayLike, spacing: Triple, label: int | None
) -> tuple[npt.NDArray[np.generic], MaskArray]:
    voxels, region = np.asarray(image), np.asarray(mask)
    if voxels.ndim != 3:
        raise InputError(f"The image must have three axes (K, J, I); this one has shape {voxels.shape}.")
    if voxels.shape != region.shape:
        raise InputError(
            f"The mask's shape {region.shape} differs from the image's {voxels.shape}; bring it to the image's grid."
        )
    if len(spacing) != 3 or not all(np.isfinite(s) and s > 0 for s in spacing):
        raise InputError(f"The spacing must be three positive lengths in mm, x y z (it is {tuple(spacing)!r}).")
    if voxels.dtype.name not in _PIXEL_TYPES:
        if voxels.dtype.kind not in "biuf":
            raise InputError(f"The image must hold real numbers; this one holds {voxels.dtype.name}.")
        voxels = voxels.astype(np.float64)
    if voxels.dtype.kind == "f" and not np.isfinite(voxels).all():
        raise InputError("The image has voxels that are not finite numbers (NaN or infinite); replace them first.")
    if region.dtype.kind == "f" and np.isnan(region).any():
        raise InputError("The mask has voxels that are not numbers (NaN).")
    if label is not None and region.any() and not (region == label).any():
        present = ", ".join(f"{value:g}" for value in np.unique(region)[:10] if value)
        raise InputError(f"The mask has no voxel of label {label}; it has {present}.")
    region = region != 0 if label is None else region == label
    if not region.any():
        raise InputError("The mask is empty: no voxel is marked as the region.")
    return voxels, region


def _check_region(region: MaskArray, settings: RadiomicsSettings) -> None:
    count = int(np.count_nonzero(region))
    if count == 0:
        raise InputError("The region has no voxel left on the resampled grid: it is thinner than the new voxels.")
    extent = [part.stop - part.start for part in bounding_box(region)]
    dimensions = sum(size > 1 for size in extent)
    if dimensions < settings.minimum_roi_dimensions:
        raise InputError(
            f"The region extends along {dimensions} of the three axes, features need"
            f" {settings.minimum_roi_dimensions} (its size is {extent[2]} x {extent[1]} x {extent[0]} voxels)."
        )
    if settings.minimum_roi_size is not None and count <= settings.minimum_roi_size:
        raise InputError(f"The region has {count} voxels; more than {settings.minimum_roi_size} are asked for.")


def _normalised(voxels: npt.NDArray[np.generic], settings: RadiomicsSettings) -> FloatArray:
    # SimpleITK's own, so that the standard deviation (n - 1) and its rounding are the reference's.
    result = sitk.GetArrayFromImage(sitk.Normalize(sitk.GetImageFromArray(voxels)))
    if settings.remove_outliers is not None:
        result = np.clip(result, -settings.remove_outliers, settings.remove_outliers)
    return np.asarray(result * settings.normalize_scale, dtype=np.float64)


def _resampled(
    voxels: npt.NDArray[np.generic], region: MaskArray, spacing: Triple, settings: RadiomicsSettings
) -> tuple[npt.NDArray[np.generic], MaskArray, Triple, Triple]:
    assert settings.spacing is not None
    old = np.array(spacing, dtype=np.float64)
    size = np.array(voxels.shape[::-1])
    lower, extent = _bounding_box(region)
    new = np.where(np.array(settings.spacing) == 0, old, np.array(settings.spacing))
    new = np.where(extent != 1, new, old)  # a region of one slice is not resampled across it
    if np.allclose(old, new):
        return _cropped(voxels, region, spacing, settings.pad_distance)

    ratio = old / new
    first = np.floor((lower - 0.5) * ratio - settings.pad_distance)
    last = np.ceil((lower + extent - 0.5) * ratio + settings.pad_distance)
    first = np.maximum(first, 0)
    last = np.minimum(last, np.ceil(size * ratio) - 1)
    start = 0.5 * (new - old) / old + first / ratio  # continuous index of the input grid

    resampler = sitk.ResampleImageFilter()
    resampler.SetOutputSpacing(new.tolist())
    resampler.SetSize([int(n) for n in last - first + 1])
    source = sitk.GetImageFromArray(voxels)
    source.SetSpacing(old.tolist())
    resampler.SetOutputOrigin(source.TransformContinuousIndexToPhysicalPoint(start.tolist()))
    resampler.SetOutputPixelType(source.GetPixelID())
    resampler.SetInterpolator(_interpolator(settings.interpolator))
    image = sitk.GetArrayFromImage(resampler.Execute(source))

    labels = sitk.GetImageFromArray(region.astype(np.uint8))
    labels.SetSpacing(old.tolist())
    resampler.SetOutputPixelType(sitk.sitkUInt8)
    resampler.SetInterpolator(sitk.sitkNearestNeighbor)
    mask = sitk.GetArrayFromImage(resampler.Execute(labels)) != 0
    return image, mask, _triple(new), _triple(start)


def _cropped(
    voxels: npt.NDArray[np.generic], region: MaskArray, spacing: Triple, pad: int
) -> tuple[npt.NDArray[np.generic], MaskArray, Triple, Triple]:
    lower, extent = _bounding_box(region)
    first = np.maximum(lower - pad, 0)
    stop = np.minimum(lower + extent + pad, np.array(voxels.shape[::-1]))
    box = tuple(slice(int(a), int(b)) for a, b in zip(first[::-1], stop[::-1], strict=True))
    return voxels[box], np.ascontiguousarray(region[box]), _triple(np.array(spacing)), _triple(first)


def _bounding_box(region: MaskArray) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Give first index and extent of the region, both (x, y, z)."""
    box = bounding_box(region)[::-1]
    return np.array([part.start for part in box]), np.array([part.stop - part.start for part in box])


def _within_bounding_box(mask: MaskArray, region: MaskArray) -> MaskArray:
    result = np.zeros_like(mask)
    box = bounding_box(region)
    result[box] = mask[box]
    return result


def _interpolator(name: str) -> int:
    code = getattr(sitk, name, None)
    if not name.startswith("sitk") or not isinstance(code, int):
        raise InputError(f"Unknown interpolator {name!r}: give a SimpleITK name such as sitkBSpline or sitkLinear.")
    return code


def _resegmented(voxels: npt.NDArray[np.generic], region: MaskArray, settings: RadiomicsSettings) -> MaskArray:
    assert settings.resegment_range is not None
    inside = voxels[region]
    limits = np.sort(np.array(settings.resegment_range, dtype=np.float64))
    if settings.resegment_mode == "relative":
        limits = inside.max() * limits
    elif settings.resegment_mode == "sigma":
        limits = inside.mean() + inside.std() * limits
    keep = inside >= limits[0]
    if len(limits) == 2:
        keep &= inside <= limits[1]
    if keep.sum() <= 1:
        raise InputError(
            f"Resegmentation to {list(settings.resegment_range)} ({settings.resegment_mode}) leaves"
            f" {int(keep.sum())} of {keep.size} voxels of the region."
        )
    result = region.copy()
    result[region] = keep
    return result


def _triple(values: npt.NDArray[np.generic]) -> Triple:
    return (float(values[0]), float(values[1]), float(values[2]))
