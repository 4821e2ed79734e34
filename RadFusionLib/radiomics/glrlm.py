"""Grey-level run-length matrix: how long the runs of equal grey level are along each direction."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from RadFusionLib.radiomics.discretisation import GreyLevels
from RadFusionLib.radiomics.processor_instructions import count_bits, lowest_bit
from RadFusionLib.radiomics.region import FloatArray
from RadFusionLib.radiomics.size_matrix import (
    named_statistics,
    single_voxels,
    size_statistics,
    table_statistics,
)
from RadFusionLib.radiomics.tally import tally

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
def _runs(flat, voxels, equal, offsets, lines, level_count):  # type: ignore[no-untyped-def]
    """Give ``line * level_count + level`` and the length of each run of more than one voxel.

    `offsets` has the opposites of its first half in its second; `lines` are the positions in the first half that count.
    """
    half = len(offsets) // 2
    wanted = np.int32(0)
    line_of = np.zeros(half, np.int32)
    for n in range(len(lines)):
        wanted |= np.int32(1 << lines[n])
        line_of[lines[n]] = n
    found = 0
    for n in range(len(voxels)):
        bits = equal[voxels[n]]
        found += count_bits(bits & ~(bits >> half) & wanted)
    rows = np.empty(found, np.int32)
    lengths = np.empty(found, np.int32)
    found = 0
    for n in range(len(voxels)):
        bits = equal[voxels[n]]
        bits &= ~(bits >> half) & wanted  # what has an equal voxel behind it too is within a run that starts earlier
        while bits:
            direction = lowest_bit(bits)
            bits &= bits - np.int32(1)
            place = voxels[n] + offsets[direction]
            length = 2
            while (equal[place] >> direction) & 1:
                place += offsets[direction]
                length += 1
            rows[found] = line_of[direction] * level_count + flat[voxels[n]]
            lengths[found] = length
            found += 1
    return rows, lengths


@njit(cache=True, nogil=True)
def _statistics(flat, voxels, equal, offsets, lines, weights, levels):  # type: ignore[no-untyped-def]
    """Average the statistics over the directions, or give those of the sum of all when there are weights."""
    height = len(levels)
    rows, lengths = _runs(flat, voxels, equal, offsets, lines, height)
    longest = 1
    for n in range(len(lengths)):
        longest = max(longest, lengths[n])
    rows, sizes, counts, bounds = tally(rows, lengths, len(lines) * height, longest)
    for n in range(len(rows)):
        rows[n] %= height
    table = np.zeros((height, longest + 1) if len(weights) > 0 else (0, 0))
    total = np.zeros(16)
    for line in range(len(lines)):
        first, last = bounds[line * height], bounds[(line + 1) * height]
        part_rows, part_sizes, part_counts = rows[first:last], sizes[first:last], counts[first:last]
        ones = single_voxels(flat, voxels, height, part_rows, part_sizes, part_counts)
        if len(weights) > 0:
            for level in range(height):
                table[level, 1] += weights[line] * ones[level]
            for n in range(len(part_rows)):
                table[part_rows[n], part_sizes[n]] += weights[line] * part_counts[n]
            continue
        statistics = size_statistics(part_rows, part_sizes, part_counts, ones, levels, longest)
        for s in range(len(total)):
            total[s] += statistics[s] / len(lines)
    return table_statistics(table, levels) if len(weights) > 0 else total


def run_length_features(
    flat: npt.NDArray[np.int32],
    voxels: npt.NDArray[np.int64],
    equal: npt.NDArray[np.int32],
    offsets: npt.NDArray[np.int64],
    lines: npt.NDArray[np.int64],
    levels: GreyLevels,
    weights: FloatArray | None,
) -> dict[str, float]:
    """Compute the run-length features.

    Parameters
    ----------
    flat : (v,) int32 array
        Level positions in the flattened bordered box, -1 outside the region.
    voxels : (n,) int64 array
        Positions of the region in `flat`.
    equal : (v,) int32 array
        `equal_neighbours` of `flat` at `offsets`.
    offsets : (2m,) int64 array
        Steps in `flat`, one a direction and then their opposites.
    lines : (l,) int64 array
        Which of the m directions count: those with a line that meets two voxels of the region. The others know runs
        of one voxel only, because the region is flat, and are left out as in the reference.
    levels : GreyLevels
        The discretisation.
    weights : (l,) float64 array, optional
        Merge the directions with these weights.
    """
    if len(lines) == 0:
        return {}
    merge = np.empty(0) if weights is None else weights
    statistics = _statistics(flat, voxels, equal, offsets, lines, merge, levels.levels)
    return named_statistics(statistics, _NAMES)
