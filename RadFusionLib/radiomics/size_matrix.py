"""Features of matrices that count grey levels against sizes: GLRLM, GLSZM and GLDM.

The three share their formulas: with counts ``P(i, j)`` of grey level i and size j (length of a run, size of a
zone, number of dependent neighbours + 1) and their total N, an emphasis is ``sum(P i^a j^b) / N`` with a, b in
{-2, 0, 2}, a non-uniformity is the sum of squared marginals over N (over N^2 when normalised).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from RadFusionLib.radiomics.kernel import inner_kernel, kernel
from RadFusionLib.radiomics.region import FloatArray

__all__ = [
    "SIZE_STATISTICS",
    "level_counts",
    "named_statistics",
    "single_voxels",
    "size_statistics",
    "table_statistics",
]

SIZE_STATISTICS: Final = (
    "small", "large", "level_nonuniformity", "level_nonuniformity_normalised", "size_nonuniformity",
    "size_nonuniformity_normalised", "percentage", "level_variance", "size_variance", "entropy",
    "low_level", "high_level", "small_low", "small_high", "large_low", "large_high",
)  # fmt: skip
"""What `size_statistics` and `table_statistics` compute, in their order."""

_EPSILON = 2.220446049250313e-16


@kernel
def size_statistics(rows, sizes, counts, ones, levels, longest):  # type: ignore[no-untyped-def]
    """Compute the sixteen statistics of a matrix given by its entries.

    Parameters
    ----------
    rows : (n,) int32 array
        Position in `levels` of each entry.
    sizes : (n,) int array
        Size j of each entry, from 1.
    counts : (n,) float64 array
        The entries, not 0.
    ones : (m,) float64 array
        Further entries of size 1, one a level, which may be 0.
    levels : (m,) float64 array
        Grey levels i.
    longest : int
        The largest size.

    Returns
    -------
    (16,) float64 array
        In the order of `SIZE_STATISTICS`.
    """
    total = 0.0
    for i in range(len(levels)):
        total += ones[i]
    for n in range(len(rows)):
        total += counts[n]
    by_size = np.zeros(longest + 1, np.float64)
    by_level = ones.copy()
    joint = np.zeros(5, np.float64)
    for i in range(len(levels)):
        if ones[i] > 0:
            by_size[1] += ones[i]
            _add(joint, levels[i], 1.0, ones[i], total)
    for n in range(len(rows)):
        by_level[rows[n]] += counts[n]
        by_size[sizes[n]] += counts[n]
        _add(joint, levels[rows[n]], float(sizes[n]), counts[n], total)
    return _from_marginals(by_level, by_size, joint, levels, total)


@kernel
def level_counts(flat, voxels, level_count):  # type: ignore[no-untyped-def]
    """Count the voxels of each level."""
    counts = np.zeros(level_count, np.float64)
    for n in range(len(voxels)):
        counts[flat[voxels[n]]] += 1
    return counts


@kernel
def single_voxels(voxel_counts, rows, sizes, counts):  # type: ignore[no-untyped-def]
    """Count, for each level, the voxels that are in no entry: they are runs or zones of one voxel."""
    ones = voxel_counts.copy()
    for n in range(len(rows)):
        ones[rows[n]] -= counts[n] * sizes[n]
    return ones


@kernel
def table_statistics(table, levels):  # type: ignore[no-untyped-def]
    """Compute the sixteen statistics of ``table[i, j]``, level position i and size j (column 0 is not read)."""
    by_level = np.zeros(table.shape[0], np.float64)
    by_size = np.zeros(table.shape[1], np.float64)
    joint = np.zeros(5, np.float64)
    for i in range(table.shape[0]):
        for j in range(1, table.shape[1]):
            by_level[i] += table[i, j]
            by_size[j] += table[i, j]
    total = 0.0
    for i in range(len(by_level)):
        total += by_level[i]
    for i in range(table.shape[0]):
        for j in range(1, table.shape[1]):
            if table[i, j] != 0:
                _add(joint, levels[i], float(j), table[i, j], total)
    return _from_marginals(by_level, by_size, joint, levels, total)


@inner_kernel
def _add(joint, i, j, count, total):  # type: ignore[no-untyped-def]
    """Add an entry to the sums that need level and size together."""
    i2 = i * i
    j2 = j * j
    p = count / total
    joint[0] -= p * np.log2(p + _EPSILON)
    joint[1] += count / (i2 * j2)
    joint[2] += count * i2 / j2
    joint[3] += count * j2 / i2
    joint[4] += count * i2 * j2


@inner_kernel
def _from_marginals(by_level, by_size, joint, levels, total):  # type: ignore[no-untyped-def]
    result = np.zeros(16, np.float64)
    result[9] = joint[0]
    for s in range(4):
        result[12 + s] = joint[1 + s] / total

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
    for j in range(1, len(by_size)):
        c = by_size[j]
        squares += c * c
        small += c / (float(j) * float(j))
        large += c * float(j) * float(j)
        voxels += c * j
        mean += c / total * j
    variance = 0.0
    for j in range(1, len(by_size)):
        if by_size[j] != 0:
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
    values = dict(zip(SIZE_STATISTICS, statistics.tolist(), strict=True))
    return {feature: values[statistic] for feature, statistic in names.items()}
