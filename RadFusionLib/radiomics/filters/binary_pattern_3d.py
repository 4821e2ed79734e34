"""Local binary patterns on the sphere: rotation-invariant summaries of a voxel's surroundings.

Around each voxel the image is sampled at the 42 vertices of an icosphere of one voxel's radius. ``m1`` and ``m2``
are the strengths of the degrees 0 and 1 in the spherical harmonics of the samples' signs (not below the centre, or
below), ``k`` is the kurtosis of the samples (Banerjee et al. 2012).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy.ndimage import spline_filter

from RadFusionLib.radiomics.region import FloatArray

__all__ = ["SphericalPatterns"]

_CHUNK = 2048  # voxels whose samples are held at a time


def _icosphere() -> FloatArray:
    """Give the 42 vertices of an icosahedron divided once, in the reference's order (its sums depend on it)."""
    a, b = 0.5257311121191336, 0.85065080835204  # 1 and the golden ratio, over their hypotenuse
    c, d, h = 0.3090169943749474, 0.8090169943749473, 0.5
    vertices: list[tuple[float, float, float]] = [(-a, b, 0), (a, b, 0), (-a, -b, 0), (a, -b, 0)]
    vertices += [(0, -a, b), (0, a, b), (0, -a, -b), (0, a, -b)]
    vertices += [(b, 0, -a), (b, 0, a), (-b, 0, -a), (-b, 0, a), (0, 1, 0), (0, -1, 0)]
    vertices += [(-c, -d, h), (c, -d, h), (-c, d, h), (c, d, h), (0, 0, 1)]
    vertices += [(-c, -d, -h), (c, -d, -h), (-c, d, -h), (c, d, -h), (0, 0, -1)]
    # The others carry the rounding of another division.
    c, d, h = 0.30901699437494745, 0.8090169943749475, 0.5000000000000001
    for s in (1, -1):
        vertices += [(s * d, h, -c), (s * d, -h, -c), (s * h, -c, -d), (s * h, c, -d)]
        vertices += [(s * d, h, c), (s * d, -h, c), (s * h, -c, d), (s * h, c, d), (s, 0, 0)]
    return np.array(vertices, dtype=np.float64)


_VERTICES = _icosphere()


def _harmonics(vertices: FloatArray) -> npt.NDArray[np.complex128]:
    """Give the spherical harmonics of degree 0 and 1 at the vertices, shape (42, 4).

    The reference hands the polar angle where SciPy expects the azimuth and the azimuth where it expects the polar
    angle; the sine of that angle is taken as not negative. The order of the factors gives SciPy's rounding.
    """
    polar = np.arccos(vertices[:, 2])
    azimuth = np.arctan2(vertices[:, 1], vertices[:, 0])
    wave = np.exp(1j * polar)
    constant = np.sqrt(1 / (4 * np.pi))
    side = np.abs(np.sin(azimuth)) * np.sqrt(3 / (8 * np.pi))
    return np.stack(
        [
            np.full(len(vertices), constant, dtype=np.complex128),
            side * np.conj(wave),
            (np.sqrt(3) * np.cos(azimuth) * constant).astype(np.complex128),
            -side * wave,
        ],
        axis=1,
    )


_HARMONICS = _harmonics(_VERTICES)


def _spline_tables(size: int, offsets: FloatArray) -> tuple[npt.NDArray[np.int64], FloatArray]:
    """Give, for each vertex and each index along an axis, the first coefficient and four cubic weights.

    First coefficient -1 marks a sample outside the image, which reads 0. Shapes (42, size) and (42, size, 4).
    """
    positions = np.arange(size)[None, :] + offsets[:, None]
    start = np.floor(positions).astype(np.int64) - 1
    t = positions - np.floor(positions)
    z = 1 - t
    weights = np.empty((*positions.shape, 4))
    weights[..., 1] = (t * t * (t - 2) * 3 + 4) / 6
    weights[..., 2] = (z * z * (z - 2) * 3 + 4) / 6
    weights[..., 0] = z * z * z / 6
    weights[..., 3] = 1 - weights[..., 0] - weights[..., 1] - weights[..., 2]
    outside = (positions < 0) | (positions > size - 1)
    return np.where(outside, -size - 10, start), weights


@njit(cache=True, nogil=True)
def _mirrored(index, size):  # type: ignore[no-untyped-def]
    if size == 1:
        return 0
    period = 2 * size - 2
    index = abs(index) % period
    return period - index if index >= size else index


@njit(cache=True, nogil=True)
def _sample(c, k, j, i, starts0, starts1, starts2, w0, w1, w2, result):  # type: ignore[no-untyped-def]
    """Sample the spline with coefficients `c` on the spheres around the voxels (k, j, i): result (n, 42)."""
    columns = np.empty(4, np.int64)
    for n in range(len(k)):
        for v in range(starts0.shape[0]):
            a0 = starts0[v, k[n]]
            a1 = starts1[v, j[n]]
            a2 = starts2[v, i[n]]
            if a0 < -2 or a1 < -2 or a2 < -2:
                result[n, v] = 0.0
                continue
            for t in range(4):
                columns[t] = a2 + t
                if columns[t] < 0 or columns[t] >= c.shape[2]:
                    columns[t] = _mirrored(columns[t], c.shape[2])
            total = 0.0
            for r in range(4):
                p0 = a0 + r
                if p0 < 0 or p0 >= c.shape[0]:
                    p0 = _mirrored(p0, c.shape[0])
                for s in range(4):
                    p1 = a1 + s
                    if p1 < 0 or p1 >= c.shape[1]:
                        p1 = _mirrored(p1, c.shape[1])
                    for t in range(4):
                        # The product and the sum run in SciPy's order: equal neighbours are ties that rounding decides.
                        total += c[p0, p1, columns[t]] * w0[v, k[n], r] * w1[v, j[n], s] * w2[v, i[n], t]
            result[n, v] = total


class SphericalPatterns:
    """The three images of one prepared image, known within the mask only.

    Parameters
    ----------
    image : (K, J, I) array
        Grey values; samples are rounded to its number type.
    mask : (K, J, I) bool array
        Where to compute.
    with_strengths, with_kurtosis : bool
        Whether ``m1`` and ``m2``, and whether ``k``, are wanted; otherwise they are None.
    """

    def __init__(
        self,
        image: npt.NDArray[np.generic],
        mask: npt.NDArray[np.bool_],
        with_strengths: bool = True,
        with_kurtosis: bool = True,
    ) -> None:
        k, j, i = np.nonzero(mask)
        # The spline's coefficients, as scipy.ndimage.map_coordinates computes them for points outside reading 0.
        coefficients = spline_filter(image, order=3, output=np.float64, mode="constant")
        tables = [_spline_tables(size, _VERTICES[:, axis]) for axis, size in enumerate(image.shape)]
        centre = image[k, j, i]
        count = len(k)
        self.m1: FloatArray | None = np.empty(count) if with_strengths else None
        self.m2: FloatArray | None = np.empty(count) if with_strengths else None
        self.k: npt.NDArray[np.floating] | None = np.empty(count) if with_kurtosis else None
        buffer = np.empty((min(_CHUNK, count), len(_VERTICES)))
        for first in range(0, count, _CHUNK):
            part = slice(first, min(first + _CHUNK, count))
            samples = buffer[: part.stop - part.start]
            _sample(
                coefficients, k[part], j[part], i[part],
                tables[0][0], tables[1][0], tables[2][0], tables[0][1], tables[1][1], tables[2][1], samples,
            )  # fmt: skip
            rounded = _rounded(samples, image.dtype)
            if self.m1 is not None and self.m2 is not None:
                self.m1[part], self.m2[part] = _strengths(np.greater_equal(rounded, centre[part, None]))
            if self.k is not None:
                self.k[part] = _kurtosis(rounded)


def _rounded(samples: FloatArray, dtype: np.dtype[Any]) -> npt.NDArray[np.generic]:
    if dtype.kind == "f":
        return samples.astype(dtype)
    limits = np.iinfo(dtype)
    half = np.where(samples > 0, 0.5, -0.5 if dtype.kind == "i" else 0.0)
    return np.clip(np.trunc(samples + half), limits.min, limits.max).astype(dtype)


@njit(cache=True, nogil=True)
def _coefficients(signs, harmonics):  # type: ignore[no-untyped-def]
    result = np.zeros((signs.shape[0], harmonics.shape[1]), np.complex128)
    for n in range(signs.shape[0]):
        for v in range(signs.shape[1]):
            if signs[n, v]:
                for h in range(harmonics.shape[1]):
                    result[n, h] += harmonics[v, h]
    return result


def _strengths(signs: npt.NDArray[np.bool_]) -> tuple[FloatArray, FloatArray]:
    """Give the L2 norms over the vertices of the signs' parts of degree 0 and 1, real part.

    Few values occur, so features see ties: sums run in the reference's order, for the same rounding.
    """
    c = _coefficients(signs, _HARMONICS)
    parts = np.empty((*signs.shape, 2), dtype=np.complex128)
    parts[:, :, 0] = c[:, None, 0] * _HARMONICS[None, :, 0]
    parts[:, :, 1] = np.sum(c[:, None, 1:] * _HARMONICS[None, :, 1:], axis=2)
    strengths = np.sqrt(np.sum(parts**2, axis=1)).real
    return strengths[:, 0], strengths[:, 1]


def _kurtosis(samples: npt.NDArray[np.generic]) -> npt.NDArray[np.floating]:
    """Give the excess kurtosis over the vertices, in the samples' own precision; NaN where all are equal."""
    x = samples if samples.dtype.kind == "f" else samples.astype(np.float64)
    mean = x.mean(axis=1, keepdims=True)
    squared = (x - mean) ** 2
    m2, m4 = squared.mean(axis=1), (squared**2).mean(axis=1)
    flat = m2 <= (np.finfo(m2.dtype).eps * mean[:, 0]) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(flat, np.nan, m4 / m2**2) - 3)
