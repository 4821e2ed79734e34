"""From image and mask to the two masks of the IBSI: the morphological one and the intensity one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from RadFusionLib.errors import InputError
from RadFusionLib.radiomics.ibsi.interpolation import interpolate, new_grid
from RadFusionLib.radiomics.ibsi.settings import IbsiSettings
from RadFusionLib.radiomics.region import FloatArray, MaskArray

__all__ = ["IbsiRegion", "interpolated", "prepare_ibsi", "resegmented"]

Triple = tuple[float, float, float]
_DECIMALS = 6  # a mask value of one half is one half, whatever the last digits of the interpolation say


@dataclass(frozen=True)
class IbsiRegion:
    """An image and its region's masks on the grid that the features are computed on.

    Parameters
    ----------
    image : (K, J, I) float64 array
        Intensities.
    morphological : (K, J, I) bool array
        The region as drawn.
    intensity : (K, J, I) bool array
        The region without the voxels that re-segmentation left out.
    spacing : tuple of 3 floats
        Millimetres ``(x, y, z)``.
    """

    image: FloatArray
    morphological: MaskArray
    intensity: MaskArray
    spacing: Triple

    @property
    def values(self) -> FloatArray:
        """Intensities of the intensity mask, in raster order."""
        return self.image[self.intensity]


def prepare_ibsi(image: npt.ArrayLike, mask: npt.ArrayLike, spacing: Triple, settings: IbsiSettings) -> IbsiRegion:
    """Interpolate, then re-segment.

    Parameters
    ----------
    image, mask : (K, J, I) arrays
        Intensities, and the region where not 0.
    spacing : tuple of 3 floats
        Millimetres ``(x, y, z)``.
    settings : IbsiSettings
        The processing.

    Raises
    ------
    InputError
        If the shapes differ or no voxel is left.
    """
    return resegmented(interpolated(image, mask, spacing, settings), settings)


def interpolated(image: npt.ArrayLike, mask: npt.ArrayLike, spacing: Triple, settings: IbsiSettings) -> IbsiRegion:
    """Bring image and mask to the settings' grid; both masks are the mask."""
    voxels, region = np.asarray(image, dtype=np.float64), np.asarray(mask) != 0
    if voxels.ndim != 3 or voxels.shape != region.shape:
        raise InputError(
            f"The image's shape {voxels.shape} and the mask's {region.shape} must be the same, with three axes."
        )
    new_spacing = (float(spacing[0]), float(spacing[1]), float(spacing[2]))
    if settings.spacing is not None:
        shape, new_spacing = new_grid(voxels.shape, new_spacing, settings.spacing)
        voxels = interpolate(voxels, spacing, shape, new_spacing, settings.spline_order)
        if settings.round_intensities:
            voxels = np.round(voxels)
        share = interpolate(region, spacing, shape, new_spacing, 1)
        region = np.round(share, _DECIMALS) >= settings.mask_threshold
    if not region.any():
        raise InputError("The region has no voxel on the grid that features are computed on.")
    return IbsiRegion(voxels, region, region, new_spacing)


def resegmented(region: IbsiRegion, settings: IbsiSettings) -> IbsiRegion:
    """Leave out of the intensity mask what lies outside the range, then what lies far from the mean of the rest."""
    keep = region.intensity.copy()
    if settings.resegment_range is not None:
        low, high = settings.resegment_range
        keep &= (region.image >= low) & (region.image <= high)
    if settings.outlier_sigma is not None and keep.any():
        inside = region.image[keep]
        mean, deviation = inside.mean(), inside.std()
        keep &= np.abs(region.image - mean) <= settings.outlier_sigma * deviation
    if not keep.any():
        raise InputError("Re-segmentation leaves no voxel of the region; widen its range.")
    return IbsiRegion(region.image, region.morphological, keep, region.spacing)
