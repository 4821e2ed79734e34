"""Laplacian of Gaussian, sampled (IBSI code L6PA)."""

from __future__ import annotations

import numpy as np

from RadFusionLib.radiomics.ibsi.filters.separable import convolve
from RadFusionLib.radiomics.region import FloatArray

__all__ = ["laplacian_filter"]


def laplacian_filter(
    image: FloatArray,
    spacing: tuple[float, float, float],
    sigma: float,
    boundary: str = "mirror",
    by_slice: bool = False,
    truncate: float = 4.0,
) -> FloatArray:
    """Give the response of the sampled Laplacian of a Gaussian.

    Parameters
    ----------
    image : (K, J, I) array
        Intensities.
    spacing : tuple of 3 floats
        Millimetres ``(x, y, z)``.
    sigma : float
        Width of the Gaussian, mm.
    boundary : str
        One of ``zero``, ``nearest``, ``periodic``, ``mirror``.
    by_slice : bool
        In two dimensions, slice by slice.
    truncate : float
        The kernel ends at this many widths.

    Notes
    -----
    The kernel is a sum of products, one an axis that is derived: ``(k^2 / s^4 - 1 / s^2) g(k)`` along it, ``g`` along
    the others, with s in voxels. It is neither normalised nor corrected to a sum of 0.
    """
    axes = 2 if by_slice else 3
    smooth, curved = [], []
    for step in spacing[:axes]:
        width = sigma / step
        k = np.arange(-int(truncate * width + 0.5), int(truncate * width + 0.5) + 1)
        gaussian = np.exp(-(k**2) / (2 * width**2)) / (np.sqrt(2 * np.pi) * width)
        smooth.append(gaussian)
        curved.append((k**2 / width**4 - 1 / width**2) * gaussian)
    total = np.zeros_like(image)
    for derived in range(axes):
        kernels = tuple(curved[axis] if axis == derived else smooth[axis] for axis in range(axes))
        total += convolve(image, kernels, boundary)
    return total
