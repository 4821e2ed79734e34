"""Cubic-spline samples of an image on unit spheres around voxels, with SciPy's rounding.

The sums run in the order of ``scipy.ndimage.map_coordinates`` to the last bit, because equal neighbours are ties that
rounding decides; but for sixteen voxels of a row at a time, which the processor computes side by side.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import spline_filter

from RadFusionLib.radiomics.kernel import inner_kernel
from RadFusionLib.radiomics.region import FloatArray
from RadFusionLib.radiomics.sixteen import WIDTH, load, same, store

__all__ = ["BLOCK", "SplineVolume", "sample_block"]

BLOCK = WIDTH
"""Neighbouring voxels of a row whose samples are computed together."""

_BORDER = 3


class SplineVolume:
    """An image's spline coefficients and the weights of its samples in given directions.

    Parameters
    ----------
    image : (K, J, I) array
        Grey values.
    vertices : (n, 3) float64 array
        Where to sample around each voxel, along K, J, I, voxels; of length 1 or less.

    Attributes
    ----------
    coefficients : (K + 6, J + 6, I + 6 + BLOCK) float64 array
        Mirrored at the borders; what follows the mirrored rows is read but not used.
    starts : (n, 3) int64 array
        Index in `coefficients` of the first of a sample's four, for a voxel of index 0.
    weights : three float64 arrays (n, 4, size)
        For each direction, each of four coefficients and each index along an axis (K, J, then I, which goes on for
        a BLOCK). All 0 where a sample lies outside the image, which reads 0.
    """

    def __init__(self, image: npt.NDArray[np.generic], vertices: FloatArray) -> None:
        # The spline's coefficients, as scipy.ndimage.map_coordinates computes them for points outside reading 0.
        inner = spline_filter(image, order=3, output=np.float64, mode="constant")
        mirrored = np.pad(inner, _BORDER, mode="reflect")
        self.coefficients: FloatArray = np.pad(mirrored, [(0, 0), (0, 0), (0, BLOCK)])
        self.starts = (np.floor(vertices).astype(np.int64) - 1 + _BORDER).astype(np.int64)
        self.weights = tuple(
            _weights(size, vertices[:, axis], BLOCK if axis == 2 else 0) for axis, size in enumerate(image.shape)
        )


def _weights(size: int, offsets: FloatArray, more: int) -> FloatArray:
    positions = np.arange(size + more)[None, :] + offsets[:, None]
    t = positions - np.floor(positions)
    z = 1 - t
    weights = np.empty((len(offsets), 4, size + more))
    weights[:, 1] = (t * t * (t - 2) * 3 + 4) / 6
    weights[:, 2] = (z * z * (z - 2) * 3 + 4) / 6
    weights[:, 0] = z * z * z / 6
    weights[:, 3] = 1 - weights[:, 0] - weights[:, 1] - weights[:, 2]
    outside = (positions < 0) | (positions > size - 1)
    return np.where(outside[:, None, :], 0.0, weights)


@inner_kernel
def sample_block(c, starts, weights, k, j, i, result):  # type: ignore[no-untyped-def]
    """Write the samples of the voxels (k, j, i) to (k, j, i + 15) to `result` (n, 16)."""
    planes, rows, columns = weights
    row_step = c.shape[2]
    plane_step = c.shape[1] * row_step
    size = columns.shape[2]
    for v in range(starts.shape[0]):
        first = (starts[v, 0] + k) * plane_step + (starts[v, 1] + j) * row_step + starts[v, 2] + i
        w = v * 4 * size + i
        w0 = load(columns, w)
        w1 = load(columns, w + size)
        w2 = load(columns, w + 2 * size)
        w3 = load(columns, w + 3 * size)
        total = same(c, 0.0)
        for r in range(4):
            across = planes[v, r, k]
            for s in range(4):
                along = rows[v, s, j]
                place = first + r * plane_step + s * row_step
                total += load(c, place) * across * along * w0
                total += load(c, place + 1) * across * along * w1
                total += load(c, place + 2) * across * along * w2
                total += load(c, place + 3) * across * along * w3
        store(result, v * BLOCK, total)
