"""Local binary patterns in planes: how many of eight neighbours on a circle are not darker."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from RadFusionLib.radiomics.region import FloatArray

__all__ = ["binary_pattern_2d"]

_SAMPLES = 8
_ANGLES = 2 * np.pi * np.arange(_SAMPLES) / _SAMPLES
# Rounded to five decimals, so that samples on the axes lie on voxels, as in scikit-image.
_ROWS = np.round(-np.sin(_ANGLES), 5)
_COLUMNS = np.round(np.cos(_ANGLES), 5)


@njit(cache=True, nogil=True)
def _value(plane, row, column):  # type: ignore[no-untyped-def]
    if row < 0 or column < 0 or row >= plane.shape[0] or column >= plane.shape[1]:
        return 0.0
    return plane[row, column]


@njit(cache=True, nogil=True)
def _patterns(planes, rows, columns):  # type: ignore[no-untyped-def]
    result = np.empty(planes.shape)
    samples = len(rows)
    for k in range(planes.shape[0]):
        plane = planes[k]
        for r in range(plane.shape[0]):
            for c in range(plane.shape[1]):
                ones = changes = previous = 0
                for s in range(samples):
                    y = r + rows[s]
                    x = c + columns[s]
                    top = int(np.floor(y))
                    left = int(np.floor(x))
                    bottom = int(np.ceil(y))
                    right = int(np.ceil(x))
                    dy = y - top
                    dx = x - left
                    above = (1 - dx) * _value(plane, top, left) + dx * _value(plane, top, right)
                    below = (1 - dx) * _value(plane, bottom, left) + dx * _value(plane, bottom, right)
                    sample = (1 - dy) * above + dy * below
                    bit = 1 if sample - plane[r, c] >= 0 else 0
                    if s > 0 and bit != previous:
                        changes += 1
                    previous = bit
                    ones += bit
                result[k, r, c] = ones if changes <= 2 else samples + 1
    return result


def binary_pattern_2d(image: npt.NDArray[np.generic], axis: int = 0) -> npt.NDArray[np.generic]:
    """Give the uniform, rotation-invariant pattern (Ojala et al. 2002) in the planes across `axis`.

    Eight samples on a circle of one voxel, interpolated linearly, 0 outside the image. The value is the number of
    samples that are not below the centre, or 9 where they change more than twice along the circle (counted from
    the first sample to the last, not around).

    Parameters
    ----------
    image : (K, J, I) array
        Grey values.
    axis : int
        Array axis across the planes.

    Returns
    -------
    (K, J, I) array
        Whole numbers 0 to 9, in the image's number type.
    """
    planes: FloatArray = np.ascontiguousarray(image.swapaxes(0, axis), dtype=np.float64)
    return _patterns(planes, _ROWS, _COLUMNS).swapaxes(0, axis).astype(image.dtype)
