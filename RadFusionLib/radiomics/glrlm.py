"""Grey-level run-length matrix: how long the runs of equal grey level are along each direction."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from RadFusionLib.radiomics.discretisation import GreyLevels
from RadFusionLib.radiomics.region import FloatArray
from RadFusionLib.radiomics.size_matrix import named_statistics, size_statistics

__all__ = ["run_length_features"]

_NAMES = {
    "GrayLevelNonUniformity": "level_nonuniformity",
    "GrayLevelNonUniformityNormalized": "level_nonuniformity_normalised",
    "GrayLevelVariance": "level_variance",
    "HighGrayLevelRunEmphasis": "high_level",
    "LongRunEmphasis": "large",
    "LongRunHighGrayLevelEmphasis": "large_high",
    "LongRunLowGrayLevelEmphasis": "large_low",
    "LowGrayLevelRunEmphasis": "low_level",
    "RunEntropy": "entropy",
    "RunLengthNonUniformity": "size_nonuniformity",
    "RunLengthNonUniformityNormalized": "size_nonuniformity_normalised",
    "RunPercentage": "percentage",
    "RunVariance": "size_variance",
    "ShortRunEmphasis": "small",
    "ShortRunHighGrayLevelEmphasis": "small_high",
    "ShortRunLowGrayLevelEmphasis": "small_low",
}


@njit(cache=True, nogil=True)
def _count_runs(flat, voxels, offset, table):  # type: ignore[no-untyped-def]
    """Add the runs along `offset` to ``table[level, length]``; give the longest length."""
    longest = 0
    for n in range(len(voxels)):
        start = voxels[n]
        level = flat[start]
        if flat[start - offset] == level:
            continue  # within a run that starts earlier
        length = 1
        position = start + offset
        while flat[position] == level:
            length += 1
            position += offset
        table[level, length] += 1.0
        if length > longest:
            longest = length
    return longest


@njit(cache=True, nogil=True)
def _entries(table, longest):  # type: ignore[no-untyped-def]
    """List the entries of ``table[level, length]`` that are not 0, and set them to 0."""
    n = 0
    for i in range(table.shape[0]):
        for j in range(1, longest + 1):
            if table[i, j] != 0:
                n += 1
    rows = np.empty(n, np.int32)
    sizes = np.empty(n, np.int64)
    counts = np.empty(n, np.float64)
    n = 0
    for i in range(table.shape[0]):
        for j in range(1, longest + 1):
            if table[i, j] != 0:
                rows[n] = i
                sizes[n] = j
                counts[n] = table[i, j]
                table[i, j] = 0
                n += 1
    return rows, sizes, counts


@njit(cache=True, nogil=True)
def _directional(flat, voxels, offsets, levels, width):  # type: ignore[no-untyped-def]
    """Average the statistics over the directions."""
    table = np.zeros((len(levels), width + 1))
    total = np.zeros(16)
    for a in range(len(offsets)):
        longest = _count_runs(flat, voxels, offsets[a], table)
        rows, sizes, counts = _entries(table, longest)
        statistics = size_statistics(rows, sizes, counts, levels, longest)
        for s in range(len(total)):
            total[s] += statistics[s] / len(offsets)
    return total


@njit(cache=True, nogil=True)
def _weighted(flat, voxels, offsets, weights, levels, width):  # type: ignore[no-untyped-def]
    """Give the statistics of the directions' weighted sum."""
    merged = np.zeros((len(levels), width + 1))
    for a in range(len(offsets)):
        table = np.zeros((len(levels), width + 1))
        _count_runs(flat, voxels, offsets[a], table)
        merged += table * weights[a]
    rows, sizes, counts = _entries(merged, width)
    return size_statistics(rows, sizes, counts, levels, width)


def run_length_features(
    flat: npt.NDArray[np.int32],
    voxels: npt.NDArray[np.int64],
    offsets: npt.NDArray[np.int64],
    levels: GreyLevels,
    width: int,
    weights: FloatArray | None,
) -> dict[str, float]:
    """Compute the run-length features.

    Parameters
    ----------
    flat : (v,) int32 array
        Level positions in the flattened bordered box, -1 outside the region.
    voxels : (n,) int64 array
        Positions of the region in `flat`.
    offsets : (m,) int64 array
        Steps in `flat`, one a direction, only directions with a line that meets two voxels of the region: the
        others know runs of one voxel only, because the region is flat, and are left out as in the reference.
    levels : GreyLevels
        The discretisation.
    width : int
        Longest run that is possible.
    weights : (m,) float64 array, optional
        Merge the directions with these weights.
    """
    if len(offsets) == 0:
        return {}
    if weights is None:
        statistics = _directional(flat, voxels, offsets, levels.levels, width)
    else:
        statistics = _weighted(flat, voxels, offsets, weights, levels.levels, width)
    return named_statistics(statistics, _NAMES)
