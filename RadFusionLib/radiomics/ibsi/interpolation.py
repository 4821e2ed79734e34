"""Interpolation to a new grid that shares its centre with the old one (IBSI reference manual, section 2.4)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from RadFusionLib.radiomics.region import FloatArray

__all__ = ["interpolate", "new_grid"]

Triple = tuple[float, float, float]


def new_grid(shape: tuple[int, ...], spacing: Triple, wanted: Triple) -> tuple[tuple[int, int, int], Triple]:
    """Give shape (K, J, I) and spacing (x, y, z) of the new grid.

    The grid has ``ceil(n s / s')`` voxels along an axis of n voxels of size s; a wanted size of 0 keeps an axis.
    """
    old = np.array(spacing[::-1])
    new = np.where(np.array(wanted[::-1]) == 0, old, np.array(wanted[::-1]))
    # An extent that is a whole number of new voxels must not gain one by rounding.
    k, j, i = np.ceil(np.round(np.array(shape) * old / new, 6)).astype(int)
    return (int(k), int(j), int(i)), (float(new[2]), float(new[1]), float(new[0]))


def interpolate(
    voxels: npt.NDArray[np.generic], spacing: Triple, shape: tuple[int, int, int], new_spacing: Triple, order: int
) -> FloatArray:
    """Sample an array (K, J, I) on the new grid by a spline of the given order; beyond the edge the nearest voxel."""
    old, new = np.array(spacing[::-1]), np.array(new_spacing[::-1])
    step = new / old
    start = 0.5 * (np.array(voxels.shape) - 1 - step * (np.array(shape) - 1))
    source = voxels.astype(np.float64)
    if np.allclose(step, 1) and np.allclose(start, 0):
        return source
    return np.asarray(
        ndimage.affine_transform(source, step, offset=start, output_shape=shape, order=order, mode="nearest")
    )
