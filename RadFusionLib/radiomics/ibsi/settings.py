"""How the IBSI mode prepares a region and aggregates its features."""

from __future__ import annotations

from dataclasses import dataclass

from RadFusionLib.errors import InputError

__all__ = ["Discretisation", "IbsiSettings"]


@dataclass(frozen=True)
class Discretisation:
    """Grey levels by bins of a fixed width or by a fixed number of bins; neither keeps the intensities as they are.

    Parameters
    ----------
    width : float, optional
        Width of a bin; the first one starts at the lower end of the re-segmentation range, or else at the region's
        lowest intensity.
    count : int, optional
        Number of bins between the region's extremes.
    """

    width: float | None = None
    count: int | None = None

    def __post_init__(self) -> None:
        if self.width is not None and self.count is not None:
            raise InputError("Give the width of the bins or their count, not both.")
        if self.width is not None and not self.width > 0:
            raise InputError(f"The width of a bin must be positive (it is {self.width!r}).")
        if self.count is not None and self.count < 1:
            raise InputError(f"The count of bins must be at least 1 (it is {self.count!r}).")


@dataclass(frozen=True)
class IbsiSettings:
    """Settings of an extraction by the IBSI reference manual; the defaults keep the image as it is.

    Parameters
    ----------
    by_slice : bool
        Neighbours, zones and filters within axial slices; textures are aggregated as ``2D`` and ``2_5D`` rather
        than ``3D``.
    spacing : tuple of 3 floats, optional
        Voxel size to interpolate to, millimetres ``(x, y, z)``; 0 keeps an axis, None the whole grid.
    spline_order : {1, 3}
        Linear or cubic spline interpolation of the image; the mask's is linear.
    round_intensities : bool
        Round interpolated intensities to whole numbers, as calibrated ones (Hounsfield units) are.
    mask_threshold : float
        An interpolated voxel belongs to the region from this share on.
    resegment_range : tuple of 2 floats, optional
        Intensities outside leave the intensity mask; the morphological mask stays.
    outlier_sigma : float, optional
        Then intensities beyond this many standard deviations from the mean leave it too.
    discretisation : Discretisation
        Grey levels of the histogram and the textures.
    volume_histogram : Discretisation
        Grey levels of the intensity-volume histogram; as they are means steps of 1.
    """

    by_slice: bool = False
    spacing: tuple[float, float, float] | None = None
    spline_order: int = 1
    round_intensities: bool = True
    mask_threshold: float = 0.5
    resegment_range: tuple[float, float] | None = None
    outlier_sigma: float | None = None
    discretisation: Discretisation = Discretisation()
    volume_histogram: Discretisation = Discretisation()

    def __post_init__(self) -> None:
        if self.spacing is not None and (len(self.spacing) != 3 or min(self.spacing) < 0):
            raise InputError(f"spacing must be three lengths in mm, x y z (it is {self.spacing!r}).")
        if self.spline_order not in (1, 3):
            raise InputError(f"spline_order must be 1 (linear) or 3 (cubic) (it is {self.spline_order!r}).")
        if self.resegment_range is not None and not self.resegment_range[0] < self.resegment_range[1]:
            raise InputError(f"resegment_range must be a lower and a higher value (it is {self.resegment_range!r}).")
        if self.outlier_sigma is not None and not self.outlier_sigma > 0:
            raise InputError(f"outlier_sigma must be positive (it is {self.outlier_sigma!r}).")
