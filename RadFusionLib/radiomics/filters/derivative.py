"""Filters of derivatives: Laplacian of Gaussian and gradient magnitude, as ITK defines them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from RadFusionLib.radiomics.discretisation import UndefinedImage

__all__ = ["gradient_magnitude", "laplacian_of_gaussian"]

Triple = tuple[float, float, float]


def laplacian_of_gaussian(image: npt.NDArray[np.generic], spacing: Triple, sigma: float) -> npt.NDArray[np.float32]:
    """Give the Laplacian of the image smoothed by a Gaussian of width sigma (mm), normalised across scales.

    ITK's recursive filter, whose single-precision result the reference uses.
    """
    size = np.array(image.shape[::-1])
    if size.min() < 4:
        raise UndefinedImage("the Laplacian of Gaussian needs at least 4 voxels along each axis")
    if np.any(size < np.ceil(sigma / np.array(spacing)) + 1):
        raise UndefinedImage(f"the image is smaller than the Gaussian's width of {sigma:g} mm")
    laplacian = sitk.LaplacianRecursiveGaussianImageFilter()
    laplacian.SetNormalizeAcrossScale(True)
    laplacian.SetSigma(sigma)
    return np.asarray(sitk.GetArrayFromImage(laplacian.Execute(_itk(image, spacing))))


def gradient_magnitude(
    image: npt.NDArray[np.generic], spacing: Triple, use_spacing: bool = True
) -> npt.NDArray[np.float32]:
    """Give the length of the gradient by central differences, per millimetre or per voxel."""
    gradient = sitk.GradientMagnitudeImageFilter()
    gradient.SetUseImageSpacing(use_spacing)
    return np.asarray(sitk.GetArrayFromImage(gradient.Execute(_itk(image, spacing))))


def _itk(image: npt.NDArray[np.generic], spacing: Triple) -> sitk.Image:
    result = sitk.GetImageFromArray(image)
    result.SetSpacing([float(s) for s in spacing])
    return result
