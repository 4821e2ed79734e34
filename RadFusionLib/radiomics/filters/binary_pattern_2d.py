"""Local binary patterns in planes: which samples on a circle around a voxel are not darker than it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from RadFusionLib.radiomics.kernel import inner_kernel, kernel
from RadFusionLib.radiomics.region import FloatArray, MaskArray

__all__ = ["binary_pattern_2d"]

_UNIFORM, _DEFAULT, _ROTATED, _VARIANCE = range(4)
_METHODS = {"uniform": _UNIFORM, "default": _DEFAULT, "ror": _ROTATED, "var": _VARIANCE}


@inner_kernel
def _value(plane, row, column):  # type: ignore[no-untyped-def]
    if row < 0 or column < 0 or row >= plane.shape[0] or column >= plane.shape[1]:
        return 0.0
    return plane[row, column]


@inner_kernel
def _code(bits, texture, method):  # type: ignore[no-untyped-def]
    samples = len(bits)
    if method == _VARIANCE:
        total = squares = 0.0
        for s in range(samples):
            total += texture[s]
            squares += texture[s] * texture[s]
        variance = (squares - total * total / samples) / samples
        return variance if variance != 0 else np.nan
    if method == _UNIFORM:
        ones = changes = 0
        for s in range(samples):
            ones += bits[s]
            if s > 0 and bits[s] != bits[s - 1]:
                changes += 1
        return float(ones) if changes <= 2 else float(samples + 1)
    number = np.int64(0)
    for s in range(samples):
        number += bits[s] << s
    if method == _ROTATED:
        turned = number
        for _ in range(samples - 1):
            turned = (turned >> 1) | ((turned & 1) << (samples - 1))
            number = min(number, turned)
    return float(number)


@kernel
def _patterns(planes, inside, rows, columns, method):  # type: ignore[no-untyped-def]
    result = np.zeros(planes.shape, np.float64)
    samples = len(rows)
    bits = np.empty(samples, np.int64)
    texture = np.empty(samples, np.float64)
    for k in range(planes.shape[0]):
        plane = planes[k]
        for r in range(plane.shape[0]):
            for c in range(plane.shape[1]):
                if not inside[k, r, c]:
                    continue
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
                    texture[s] = (1 - dy) * above + dy * below
                    bits[s] = 1 if texture[s] - plane[r, c] >= 0 else 0
                result[k, r, c] = _code(bits, texture, method)
    return result


def binary_pattern_2d(
    image: npt.NDArray[np.generic],
    mask: MaskArray,
    axis: int = 0,
    radius: float = 1.0,
    samples: int = 8,
    method: str = "uniform",
) -> npt.NDArray[np.generic]:
    """Give the local binary pattern (Ojala et al. 2002) in the planes across `axis`.

    Samples on a circle are interpolated linearly, and are 0 outside the image.

    Parameters
    ----------
    image : (K, J, I) array
        Grey values.
    mask : (K, J, I) bool array
        Where to compute; elsewhere the result is 0.
    axis : int
        Array axis across the planes.
    radius : float
        Of the circle, voxels.
    samples : int
        Points on the circle, the first along the rows.
    method : {'uniform', 'default', 'ror', 'var'}
        ``uniform``: the number of samples that are not below the centre, or one more than all where they change more
        than twice along the circle (counted from the first sample to the last, not around); ``default``: their bits
        as a number; ``ror``: its least value when turned; ``var``: the samples' variance.

    Returns
    -------
    (K, J, I) array
        In the image's number type; ``var`` is cut to it, and 0 where an integer image has no variance.
    """
    angles = 2 * np.pi * np.arange(samples) / samples
    # Rounded to five decimals, so that samples on the axes lie on voxels, as in scikit-image.
    rows, columns = np.round(-radius * np.sin(angles), 5), np.round(radius * np.cos(angles), 5)
    planes: FloatArray = np.ascontiguousarray(image.swapaxes(0, axis), dtype=np.float64)
    inside = np.ascontiguousarray(mask.swapaxes(0, axis))
    patterns = _patterns(planes, inside, rows, columns, _METHODS[method])
    if image.dtype.kind != "f":
        patterns = np.nan_to_num(patterns)
    return patterns.swapaxes(0, axis).astype(image.dtype)
