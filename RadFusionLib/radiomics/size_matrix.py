"""Features of matrices that count grey levels against sizes: GLRLM, GLSZM and GLDM.

The three share their formulas: with counts ``P(i, j)`` of grey level i and size j (length of a run, size of a
zone, number of dependent neighbours + 1) and their total N, an emphasis is ``sum(P i^a j^b) / N`` with a, b in
{-2, 0, 2}, a non-uniformity is the sum of squared marginals over N (over N^2 when normalised).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

from RadFusionLib.radiomics.region import FloatArray

__all__ = ["SIZE_STATISTICS", "size_statistics"]

SIZE_STATISTICS: Final = (
    "small", "large", "level_nonuniformity", "level_nonuniformity_normalised", "size_nonuniformity",
    "size_nonuniformity_normalised", "percentage", "level_variance", "size_variance", "entropy",
    "low_level", "high_level", "small_low", "small_high", "large_low", "large_high",
)  # fmt: skip
"""What `size_statistics` computes, in its order."""

_EPSILON = 2.220446049250313e-16


@njit(cache=True, nogil=True)
def size_statistics(rows, sizes, counts, levels, longest):  # type: ignore[no-untyped-def]
    """Compute the sixteen statistics of a matrix given by its entries.

    Parameters
    ----------
    rows : (n,) int32 array
        Position of each entry's grey level in `levels`.
    sizes : (n,) int64 array
        Size j of each entry, from 1.
    counts : (n,) float64 array
        The entries, not 0.
    levels : (m,) float64 array
        Grey levels i.
    longest : int
        The largest size.

    Returns
    -------
    (16,) float64 array
        In the order of `SIZE_STATISTICS`.
    """
    by_level = np.zeros(len(levels))
    by_size = np.zeros(longest + 1)
    total = 0.0
    for n in range(len(rows)):
        by_level[rows[n]] += counts[n]
        by_size[sizes[n]] += counts[n]
        total += counts[n]
    result = np.zeros(16)
    entropy = small_low = small_high = large_low = large_high = 0.0
    for n in range(len(rows)):
        i2 = levels[rows[n]] * levels[rows[n]]
        j2 = float(sizes[n]) * float(sizes[n])
        c = counts[n]
        p = c / total
        entropy -= p * np.log2(p + _EPSILON)
        small_low += c / (i2 * j2)
        small_high += c * i2 / j2
        large_low += c * j2 / i2
        large_high += c * i2 * j2
    result[9] = entropy
    result[12] = small_low / total
    result[13] = small_high / total
    result[14] = large_low / total
    result[15] = large_high / total

    squares = low = high = mean = 0.0
    for i in range(len(levels)):
        c = by_level[i]
        squares += c * c
        low += c / (levels[i] * levels[i])
        high += c * levels[i] * levels[i]
        mean += c / total * levels[i]
    variance = 0.0
    for i in range(len(levels)):
        variance += by_level[i] / total * (levels[i] - mean) ** 2
    result[2] = squares / total
    result[3] = squares / (total * total)
    result[7] = variance
    result[10] = low / total
    result[11] = high / total

    squares = small = large = mean = voxels = 0.0
    for j in range(1, longest + 1):
        c = by_size[j]
        squares += c * c
        small += c / (float(j) * float(j))
        large += c * float(j) * float(j)
        voxels += c * j
        mean += c / total * j
    variance = 0.0
    for j in range(1, longest + 1):
        variance += by_size[j] / total * (j - mean) ** 2
    result[0] = small / total
    result[1] = large / total
    result[4] = squares / total
    result[5] = squares / (total * total)
    result[6] = total / voxels
    result[8] = variance
    return result


def named_statistics(statistics: FloatArray, names: dict[str, str]) -> dict[str, float]:
    """Name the statistics of a matrix; `names` maps a feature's name to one of `SIZE_STATISTICS`."""
    position = {name: number for number, name in enumerate(SIZE_STATISTICS)}
    return {feature: float(statistics[position[statistic]]) for feature, statistic in names.items()}
