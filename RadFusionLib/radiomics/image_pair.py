"""An image and its mask as SimpleITK reads them: label and geometry are settled, then features are computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk

from RadFusionLib.errors import InputError
from RadFusionLib.radiomics.parameter_file import ParameterFile

if TYPE_CHECKING:
    from RadFusionLib.radiomics.engine import FeatureValues

__all__ = ["extract_images"]

_TOLERANCE = 1e-6  # ITK's own
_EDGE = 1e-3  # voxels by which a region may stick out of the image


def extract_images(image: sitk.Image, mask: sitk.Image, parameters: ParameterFile, threads: int = 1) -> FeatureValues:
    """Compute the features that a parameter file asks for.

    Parameters
    ----------
    image : SimpleITK.Image
        Three-dimensional image of real numbers.
    mask : SimpleITK.Image
        Labels; of several components the parameters' channel is taken.
    parameters : ParameterFile
        From `read_parameter_file`.
    threads : int
        Filtered images computed at the same time.

    Raises
    ------
    InputError
        If the geometries differ by more than ``geometryTolerance`` (in voxels; directions as cosines) and
        ``correctMask`` is off, or the region lies outside the image.
    """
    if image.GetDimension() != 3 or mask.GetDimension() != 3:
        raise InputError("Image and mask must have three axes.")
    if mask.GetNumberOfComponentsPerPixel() > 1:
        if parameters.channel >= mask.GetNumberOfComponentsPerPixel():
            count = mask.GetNumberOfComponentsPerPixel()
            raise InputError(f"label_channel {parameters.channel} is asked for, and the mask has {count} components.")
        mask = sitk.VectorIndexSelectionCast(mask, parameters.channel)
    if not _same_geometry(image, mask, parameters.geometry_tolerance or _TOLERANCE):
        if not parameters.correct_mask:
            raise InputError(
                "Image and mask differ in geometry: raise geometryTolerance, or set correctMask to bring the mask to"
                " the image's grid."
            )
        mask = _corrected(image, mask, parameters.groups[0].label)
    x, y, z = (float(length) for length in image.GetSpacing())
    return parameters.extract(sitk.GetArrayFromImage(image), sitk.GetArrayFromImage(mask), (x, y, z), threads)


def _same_geometry(image: sitk.Image, mask: sitk.Image, tolerance: float) -> bool:
    limit = tolerance * image.GetSpacing()[0]
    return (
        image.GetSize() == mask.GetSize()
        and np.allclose(image.GetOrigin(), mask.GetOrigin(), rtol=0, atol=limit)
        and np.allclose(image.GetSpacing(), mask.GetSpacing(), rtol=0, atol=limit)
        and np.allclose(image.GetDirection(), mask.GetDirection(), rtol=0, atol=tolerance)
    )


def _corrected(image: sitk.Image, mask: sitk.Image, label: int | None) -> sitk.Image:
    """Bring the mask to the image's grid, by its nearest voxels; the whole region must lie within the image."""
    array = sitk.GetArrayFromImage(mask)
    places = np.argwhere(array != 0 if label is None else array == label)[:, ::-1]
    if len(places) == 0:
        raise InputError("The mask is empty: no voxel is marked as the region.")
    ends = (places.min(axis=0) - 0.5, places.max(axis=0) + 0.5)
    corners = np.array(
        [
            image.TransformPhysicalPointToContinuousIndex(mask.TransformContinuousIndexToPhysicalPoint(end.tolist()))
            for end in ends
        ]
    )
    if (corners.min(axis=0) < -0.5 - _EDGE).any() or (
        corners.max(axis=0) > np.array(image.GetSize()) - 0.5 + _EDGE
    ).any():
        raise InputError("The mask's region reaches beyond the image; crop it, or give the image it was drawn on.")
    return sitk.Resample(mask, image, sitk.Transform(), sitk.sitkNearestNeighbor)
