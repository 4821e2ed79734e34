"""Grey-level run-length matrix: how long the runs of equal grey level are along each direction."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from RadFusionLib.radiomics.discretisation import GreyLevels
from RadFusionLib.radiomics.kernel import inner_kernel, kernel, sequence
from RadFusionLib.radiomics.processor_instructions import count_bits, lowest_bit
from RadFusionLib.radiomics.region import FloatArray
from RadFusionLib.radiomics.size_matrix import (
    level_counts,
    named_statistics,
    single_voxels,
    size_statistics,
    table_statistics,
)
from RadFusionLib.radiomics.tally import tally

__all__ = ["RUN_LENGTH_NAMES", "run_length_features", "run_length_statistics", "statistics_of_runs"]

RUN_LENGTH_NAMES = {
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


_TABLE_LIMIT = 1 << 21  # entries up to which runs are counted in a table; beyond, it would be mostly empty


@inner_kernel
def _starts(bits, half, wanted):  # type: ignore[no-untyped-def]
    """Keep the bits of the runs that start at a voxel: with an equal voxel ahead and none behind."""
    return bits & ~(bits >> half) & wanted


@kernel
def _find_runs(flat, voxels, equal, offsets, lines, level_count, table, width, rows, lengths):  # type: ignore[no-untyped-def]
    """Find the runs of more than one voxel.

    Each is known by its row ``line * level_count + level`` and its length: both are counted in `table`, of `width`
    columns and flattened, or if that is empty listed in `rows` and `lengths`. `offsets` has the opposites of its first
    half in its second; `lines` are the positions in the first half that count.
    """
    half = len(offsets) // 2
    wanted = np.int32(0)
    line_of = np.zeros(half, np.int64)
    for n in range(len(lines)):
        wanted |= np.int32(1 << lines[n])
        line_of[lines[n]] = n * level_count
    found = 0
    for n in range(len(voxels)):
        bits = _starts(equal[voxels[n]], half, wanted)
        while bits:
            direction = lowest_bit(bits)
            bits &= bits - np.int32(1)
            step = offsets[direction]
            place = voxels[n] + step
            length = 2
            while (equal[place] >> direction) & 1:
                place += step
                length += 1
            row = line_of[direction] + flat[voxels[n]]
            if width > 0:
                table[row * width + length] += 1
            else:
                rows[found] = row
                lengths[found] = length
                found += 1


@kernel
def _list_table(table, width, row_count):  # type: ignore[no-untyped-def]
    """List the entries of a flattened table as `tally` does."""
    found = 0
    for n in range(len(table)):
        found += table[n] > 0
    rows = np.empty(found, np.int32)
    sizes = np.empty(found, np.int32)
    counts = np.empty(found, np.float64)
    bounds = np.zeros(row_count + 1, np.int64)
    found = 0
    for row in range(row_count):
        for size in range(width):
            if table[row * width + size] > 0:
                rows[found] = row
                sizes[found] = size
                counts[found] = table[row * width + size]
                found += 1
        bounds[row + 1] = found
    return rows, sizes, counts, bounds


@kernel
def _count_starts(voxels, equal, half, lines):  # type: ignore[no-untyped-def]
    wanted = np.int32(0)
    for n in range(len(lines)):
        wanted |= np.int32(1 << lines[n])
    found = 0
    for n in range(len(voxels)):
        found += count_bits(_starts(equal[voxels[n]], half, wanted))
    return found


@sequence
def _count_runs(flat, voxels, equal, offsets, lines, level_count, width):  # type: ignore[no-untyped-def]
    """Give what `tally` gives of the rows and lengths of the runs."""
    row_count = len(lines) * level_count
    nothing = np.empty(0, np.int32)
    if row_count * width <= _TABLE_LIMIT:
        table = np.zeros(row_count * width, np.int32)
        _find_runs(flat, voxels, equal, offsets, lines, level_count, table, width, nothing, nothing)
        return _list_table(table, width, row_count)
    found = _count_starts(voxels, equal, len(offsets) // 2, lines)
    rows = np.empty(found, np.int32)
    lengths = np.empty(found, np.int32)
    _find_runs(flat, voxels, equal, offsets, lines, level_count, nothing, 0, rows, lengths)
    return tally(rows, lengths, row_count, width)


@kernel
def _rows_to_levels(rows, sizes, level_count):  # type: ignore[no-untyped-def]
    """Take the line out of each row; give the longest size."""
    longest = 1
    for n in range(len(rows)):
        rows[n] %= level_count
        longest = max(longest, sizes[n])
    return longest


@kernel
def _add_weighted(table, weight, rows, sizes, counts, ones):  # type: ignore[no-untyped-def]
    for level in range(len(ones)):
        table[level, 1] += weight * ones[level]
    for n in range(len(rows)):
        table[rows[n], sizes[n]] += weight * counts[n]


@sequence
def run_length_statistics(flat, voxels, equal, offsets, lines, weights, levels, width):  # type: ignore[no-untyped-def]
    """Average the statistics over the directions, or give those of the sum of all when there are weights."""
    rows, sizes, counts, bounds = _count_runs(flat, voxels, equal, offsets, lines, len(levels), width)
    voxel_counts = level_counts(flat, voxels, len(levels))
    return statistics_of_runs(rows, sizes, counts, bounds, voxel_counts, len(lines), weights, levels)


@sequence
def statistics_of_runs(rows, sizes, counts, bounds, voxel_counts, line_count, weights, levels):  # type: ignore[no-untyped-def]
    """Give the statistics of runs that are counted already.

    Parameters
    ----------
    rows, sizes, counts, bounds
        What `tally` gives of ``line * level_count + level`` and the length of the runs of more than one voxel; `rows`
        is changed.
    voxel_counts : (m,) float64 array
        Voxels of each level.
    line_count : int
        Number of directions.
    weights : (line_count,) float64 array
        Or empty.
    levels : (m,) float64 array
        Grey levels.
    """
    height = len(levels)
    longest = _rows_to_levels(rows, sizes, height)
    table = np.zeros((height if len(weights) > 0 else 0, longest + 1))
    total = np.zeros(16)
    for line in range(line_count):
        first, last = bounds[line * height], bounds[(line + 1) * height]
        part_rows, part_sizes, part_counts = rows[first:last], sizes[first:last], counts[first:last]
        ones = single_voxels(voxel_counts, part_rows, part_sizes, part_counts)
        if len(weights) > 0:
            _add_weighted(table, weights[line], part_rows, part_sizes, part_counts, ones)
        else:
            total += size_statistics(part_rows, part_sizes, part_counts, ones, levels, longest)
    return table_statistics(table, levels) if len(weights) > 0 else total / line_count


def run_length_features(
    flat: npt.NDArray[np.int32],
    voxels: npt.NDArray[np.int64],
    equal: npt.NDArray[np.int32],
    offsets: npt.NDArray[np.int64],
    lines: npt.NDArray[np.int64],
    levels: GreyLevels,
    longest: int,
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
    longest : int
        Longest run that is possible.
    weights : (l,) float64 array, optional
        Merge the directions with these weights.
    """
    if len(lines) == 0:
        return {}
    merge = np.empty(0) if weights is None else weights
    statistics = run_length_statistics(flat, voxels, equal, offsets, lines, merge, levels.levels, longest + 1)
    return named_statistics(statistics, RUN_LENGTH_NAMES)
