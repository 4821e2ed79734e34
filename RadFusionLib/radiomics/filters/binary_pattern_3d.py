"""Local binary patterns on the sphere: rotation-invariant summaries of a voxel's surroundings.

Around each voxel the image is sampled at the 42 vertices of an icosphere of one voxel's radius. ``m1`` and ``m2``
are the strengths of the degrees 0 and 1 in the spherical harmonics of the samples' signs (not below the centre, or
below), ``k`` is the kurtosis of the samples (Banerjee et al. 2012). Few values of ``m1`` and ``m2`` occur and features
see ties, so the order and the rounding of every sum are the reference's.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from RadFusionLib.radiomics.filters.icosphere import HARMONICS, VERTICES
from RadFusionLib.radiomics.filters.sphere_samples import BLOCK, SplineVolume, sample_block
from RadFusionLib.radiomics.kernel import inner_kernel, kernel
from RadFusionLib.radiomics.region import FloatArray
from RadFusionLib.radiomics.sixteen import fused, load, same, store, where_at_least

__all__ = ["SphericalPatterns"]

_REAL, _IMAGINARY = np.ascontiguousarray(HARMONICS.real), np.ascontiguousarray(HARMONICS.imag)


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
        volume = SplineVolume(image, VERTICES)
        kind = image.dtype.kind
        limits = np.iinfo(np.dtype(image.dtype).name) if kind in "iu" else None
        lowest, highest = (float(limits.min), float(limits.max)) if limits is not None else (0.0, 0.0)
        # Samples of whole numbers are rounded, those of single precision too; moments are in the samples' precision.
        precision = np.float32 if image.dtype == np.float32 else np.float64
        squares, kurtosis = _patterns(
            volume.coefficients, volume.starts, volume.weights, mask, image.astype(precision, copy=False),
            _REAL, _IMAGINARY, kind in "iu", lowest, highest, with_strengths, with_kurtosis,
        )  # fmt: skip
        self.m1: FloatArray | None = np.ascontiguousarray(np.sqrt(squares[0]).real) if with_strengths else None
        self.m2: FloatArray | None = np.ascontiguousarray(np.sqrt(squares[1]).real) if with_strengths else None
        self.k: npt.NDArray[np.floating] | None = kurtosis if with_kurtosis else None


@kernel
def _patterns(  # type: ignore[no-untyped-def]
    c, starts, weights, mask, image, real, imaginary, whole, lowest, highest, with_strengths, with_kurtosis
):
    """Give the squared strengths (2, n) and the kurtosis (n,) at the mask's voxels in raster order."""
    count = 0
    for k in range(mask.shape[0]):
        for j in range(mask.shape[1]):
            for i in range(mask.shape[2]):
                if mask[k, j, i]:
                    count += 1
    squares = np.empty((2, count if with_strengths else 0), np.complex128)
    kurtosis = np.empty(count if with_kurtosis else 0, np.float64)
    exact = np.empty((starts.shape[0], BLOCK), np.float64)
    samples = np.empty((starts.shape[0], BLOCK), image.dtype)
    terms = np.empty((starts.shape[0], BLOCK), image.dtype)
    partial = np.empty((8, BLOCK), image.dtype)
    centre = np.zeros(BLOCK, image.dtype)
    moments = np.empty(BLOCK, image.dtype)
    cr = np.empty((4, BLOCK), np.float64)
    ci = np.empty((4, BLOCK), np.float64)
    strengths = np.empty((4, BLOCK), np.float64)
    n = 0
    for k in range(mask.shape[0]):
        for j in range(mask.shape[1]):
            i = 0
            while i < mask.shape[2]:
                if not mask[k, j, i]:
                    i += 1
                    continue
                sample_block(c, starts, weights, k, j, i, exact)
                _round(exact, whole, lowest, highest, samples)
                width = min(BLOCK, mask.shape[2] - i)
                for x in range(width):
                    centre[x] = image[k, j, i + x]
                if with_strengths:
                    _strengths(samples, centre, real, imaginary, cr, ci, strengths)
                if with_kurtosis:
                    _kurtosis(samples, terms, partial, moments)
                for x in range(width):
                    if mask[k, j, i + x]:
                        if with_strengths:
                            squares[0, n] = complex(strengths[0, x], strengths[1, x])
                            squares[1, n] = complex(strengths[2, x], strengths[3, x])
                        if with_kurtosis:
                            kurtosis[n] = moments[x]
                        n += 1
                i += BLOCK
    return squares, kurtosis


@inner_kernel
def _round(exact, whole, lowest, highest, samples):  # type: ignore[no-untyped-def]
    """Round the samples as the image's number type would, halves away from 0."""
    for v in range(exact.shape[0]):
        for x in range(BLOCK):
            value = exact[v, x]
            if whole:
                value = np.trunc(value + (0.5 if value > 0 else (-0.5 if lowest < 0 else 0.0)))
                value = min(max(value, lowest), highest)
            samples[v, x] = value


@inner_kernel
def _strengths(samples, centre, real, imaginary, cr, ci, result):  # type: ignore[no-untyped-def]
    """Sum over the vertices the squares of the signs' parts of degree 0 and of degree 1.

    `result` (4, 16) is real and imaginary part of one and the other; `cr` and `ci` (4, 16) are room to work in.
    Products of complex numbers are rounded as NumPy does: the second of the two products of a part before they are
    added, the first only with their sum.
    """
    middle = load(centre, 0)
    for h in range(4):
        total_r = same(result, 0.0)
        total_i = same(result, 0.0)
        for v in range(samples.shape[0]):
            sample = load(samples, v * BLOCK)
            total_r += where_at_least(sample, middle, same(result, real[v, h]), 0.0)
            total_i += where_at_least(sample, middle, same(result, imaginary[v, h]), 0.0)
        store(cr, h * BLOCK, total_r)
        store(ci, h * BLOCK, total_i)
    for degree in range(2):
        first, last = (1, 4) if degree else (0, 1)
        sum_r = same(result, 0.0)
        sum_i = same(result, 0.0)
        for v in range(samples.shape[0]):
            part_r = same(result, 0.0)
            part_i = same(result, 0.0)
            for h in range(first, last):
                r = load(cr, h * BLOCK)
                i = load(ci, h * BLOCK)
                part_r += fused(r, real[v, h], i * -imaginary[v, h])
                part_i += fused(r, imaginary[v, h], i * real[v, h])
            sum_r += fused(part_r, part_r, part_i * part_i * -1.0)
            sum_i += fused(part_r, part_i, part_i * part_r)
        store(result, 2 * degree * BLOCK, sum_r)
        store(result, (2 * degree + 1) * BLOCK, sum_i)


@inner_kernel
def _vertex_mean(terms, partial):  # type: ignore[no-untyped-def]
    """Average over the 42 vertices: eight partial sums, added in pairs, then the rest, as NumPy does."""
    for q in range(8):
        total = load(terms, q * BLOCK)
        for v in range(q + 8, 40, 8):
            total += load(terms, v * BLOCK)
        store(partial, q * BLOCK, total)
    for step in (1, 2, 4):
        for q in range(0, 8, 2 * step):
            store(partial, q * BLOCK, load(partial, q * BLOCK) + load(partial, (q + step) * BLOCK))
    return (load(partial, 0) + load(terms, 40 * BLOCK) + load(terms, 41 * BLOCK)) / 42.0


@inner_kernel
def _kurtosis(samples, terms, partial, result):  # type: ignore[no-untyped-def]
    """Write the excess kurtosis over the vertices, in the samples' own precision; NaN where all are equal.

    `terms` (42, 16) and `partial` (8, 16) are room to work in.
    """
    mean = _vertex_mean(samples, partial)
    for v in range(samples.shape[0]):
        difference = load(samples, v * BLOCK) - mean
        store(terms, v * BLOCK, difference * difference)
    m2 = _vertex_mean(terms, partial)
    for v in range(samples.shape[0]):
        square = load(terms, v * BLOCK)
        store(terms, v * BLOCK, square * square)
    limit = mean * np.finfo(samples.dtype).eps
    ratio = _vertex_mean(terms, partial) / (m2 * m2) - 3.0
    store(result, 0, where_at_least(limit * limit, m2, same(result, np.nan), ratio))
