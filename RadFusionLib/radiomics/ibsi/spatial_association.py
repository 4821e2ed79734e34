"""Moran's I and Geary's C: whether voxels that are near are alike, weighted by one over their distance.

Both are sums over all pairs of voxels. On a grid such a sum is a convolution with ``1 / distance``, so it is
computed by Fourier transforms of the region's bounding box: exact but for rounding, whatever the region's size.
"""

from __future__ import annotations

import numpy as np
from scipy import fft

from RadFusionLib.radiomics.ibsi.preparation import IbsiRegion
from RadFusionLib.radiomics.region import FloatArray

__all__ = ["spatial_association"]


def spatial_association(region: IbsiRegion) -> tuple[float, float]:
    """Give Moran's I (N365) and Geary's C (NPT7); NaN for a region of one voxel or one intensity."""
    places = np.argwhere(region.intensity)
    box = tuple(slice(a, b) for a, b in zip(places.min(axis=0), places.max(axis=0) + 1, strict=True))
    inside = region.intensity[box].astype(np.float64)
    centred = (region.image[box] - region.values.mean()) * inside
    n, squares = inside.sum(), np.sum(centred**2)
    if n < 2 or squares == 0:
        return np.nan, np.nan

    shape = inside.shape
    size = [fft.next_fast_len(2 * length - 1, real=True) for length in shape]
    distances = [
        np.minimum(np.arange(full), full - np.arange(full)) * step
        for full, step in zip(size, region.spacing[::-1], strict=True)
    ]
    squared = distances[0][:, None, None] ** 2 + distances[1][None, :, None] ** 2 + distances[2][None, None, :] ** 2
    squared[0, 0, 0] = np.inf  # a voxel is no neighbour of its own
    kernel = fft.rfftn(1 / np.sqrt(squared))

    def surroundings(x: FloatArray) -> FloatArray:
        whole = fft.irfftn(fft.rfftn(x, size) * kernel, size)
        return np.asarray(whole[: shape[0], : shape[1], : shape[2]])

    near_mask = surroundings(inside)
    total = np.sum(inside * near_mask)
    product = np.sum(centred * surroundings(centred))
    # sum w (x_i - x_j)^2 = 2 sum w x_i^2 - 2 sum w x_i x_j
    difference = 2 * np.sum(centred**2 * near_mask) - 2 * product
    moran = n / total * product / squares
    geary = (n - 1) / (2 * total) * difference / squares
    return float(moran), float(geary)
