"""Grey-level size-zone matrix: how large the connected zones of equal grey level are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from RadFusionLib.radiomics.discretisation import GreyLevels
from RadFusionLib.radiomics.size_matrix import named_statistics, size_statistics

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
def _zones(flat, voxels, offsets):  # type: ignore[no-untyped-def]
    """Give ``level * (n + 1) + size`` of each connected zone."""
    todo = flat.copy()  # a voxel that has been counted becomes -1
    stack = np.empty(len(voxels), np.int64)
    codes = np.empty(len(voxels), np.int64)
    zones = 0
    for n in range(len(voxels)):
        level = todo[voxels[n]]
        if level < 0:
            continue
        todo[voxels[n]] = -1
        stack[0] = voxels[n]
        top = 1
        size = 0
        while top > 0:
            top -= 1
            here = stack[top]
            size += 1
            for a in range(len(offsets)):
                there = here + offsets[a]
                if todo[there] == level:
                    todo[there] = -1
                    stack[top] = there
                    top += 1
        codes[zones] = np.int64(level) * (len(voxels) + 1) + size
        zones += 1
    return codes[:zones]


@njit(cache=True, nogil=True)
def _statistics(flat, voxels, offsets, levels):  # type: ignore[no-untyped-def]
    codes = np.sort(_zones(flat, voxels, offsets))
    rows = np.empty(len(codes), np.int32)
    sizes = np.empty(len(codes), np.int64)
    counts = np.zeros(len(codes), np.float64)
    entries = 0
    longest = 0
    for n in range(len(codes)):
        if n == 0 or codes[n] != codes[n - 1]:
            rows[entries] = codes[n] // (len(voxels) + 1)
            sizes[entries] = codes[n] % (len(voxels) + 1)
            longest = max(longest, sizes[entries])
            entries += 1
        counts[entries - 1] += 1.0
    return size_statistics(rows[:entries], sizes[:entries], counts[:entries], levels, longest)


def size_zone_features(
    flat: npt.NDArray[np.int32],
    voxels: npt.NDArray[np.int64],
    offsets: npt.NDArray[np.int64],
    levels: GreyLevels,
) -> dict[str, float]:
    """Compute the size-zone features; `offsets` has both senses of every direction (26-connected in 3D)."""
    return named_statistics(_statistics(flat, voxels, offsets, levels.levels), _NAMES)
