"""Grey-level size-zone matrix: how large the connected zones of equal grey level are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from RadFusionLib.radiomics.discretisation import GreyLevels
from RadFusionLib.radiomics.processor_instructions import lowest_bit
from RadFusionLib.radiomics.size_matrix import named_statistics, single_voxels, size_statistics
from RadFusionLib.radiomics.tally import tally

__all__ = ["size_zone_features"]

_NAMES = {
    "GrayLevelNonUniformity": "level_nonuniformity",
    "GrayLevelNonUniformityNormalized": "level_nonuniformity_normalised",
    "GrayLevelVariance": "level_variance",
    "HighGrayLevelZoneEmphasis": "high_level",
    "LargeAreaEmphasis": "large",
    "LargeAreaHighGrayLevelEmphasis": "large_high",
    "LargeAreaLowGrayLevelEmphasis": "large_low",
    "LowGrayLevelZoneEmphasis": "low_level",
    "SizeZoneNonUniformity": "size_nonuniformity",
    "SizeZoneNonUniformityNormalized": "size_nonuniformity_normalised",
    "SmallAreaEmphasis": "small",
    "SmallAreaHighGrayLevelEmphasis": "small_high",
    "SmallAreaLowGrayLevelEmphasis": "small_low",
    "ZoneEntropy": "entropy",
    "ZonePercentage": "percentage",
    "ZoneVariance": "size_variance",
}


@njit(cache=True, nogil=True)
def _zones(flat, voxels, equal, offsets):  # type: ignore[no-untyped-def]
    """Give the level and the size of each connected zone of more than one voxel."""
    counted = np.zeros(len(flat), np.bool_)
    stack = np.empty(len(voxels), np.int64)
    levels = np.empty(len(voxels) // 2 + 1, np.int32)
    sizes = np.empty(len(voxels) // 2 + 1, np.int32)
    zones = 0
    for n in range(len(voxels)):
        if equal[voxels[n]] == 0 or counted[voxels[n]]:
            continue
        counted[voxels[n]] = True
        stack[0] = voxels[n]
        top = 1
        size = 0
        while top > 0:
            top -= 1
            here = stack[top]
            size += 1
            bits = equal[here]
            while bits:
                there = here + offsets[lowest_bit(bits)]
                bits &= bits - np.int32(1)
                if not counted[there]:
                    counted[there] = True
                    stack[top] = there
                    top += 1
        levels[zones] = flat[voxels[n]]
        sizes[zones] = size
        zones += 1
    return levels[:zones], sizes[:zones]


@njit(cache=True, nogil=True)
def _statistics(flat, voxels, equal, offsets, levels):  # type: ignore[no-untyped-def]
    zone_levels, zone_sizes = _zones(flat, voxels, equal, offsets)
    longest = 1
    for n in range(len(zone_sizes)):
        longest = max(longest, zone_sizes[n])
    rows, sizes, counts, _ = tally(zone_levels, zone_sizes, len(levels), longest)
    ones = single_voxels(flat, voxels, len(levels), rows, sizes, counts)
    return size_statistics(rows, sizes, counts, ones, levels, longest)


def size_zone_features(
    flat: npt.NDArray[np.int32],
    voxels: npt.NDArray[np.int64],
    equal: npt.NDArray[np.int32],
    offsets: npt.NDArray[np.int64],
    levels: GreyLevels,
) -> dict[str, float]:
    """Compute the size-zone features.

    `equal` is `equal_neighbours` of `flat` at `offsets`, which has both senses of every direction (26-connected in
    3D).
    """
    return named_statistics(_statistics(flat, voxels, equal, offsets, levels.levels), _NAMES)
