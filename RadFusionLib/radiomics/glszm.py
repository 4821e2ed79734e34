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


def size_zone_features(
    flat: npt.NDArray[np.int32],
    voxels: npt.NDArray[np.int64],
    offsets: npt.NDArray[np.int64],
    levels: GreyLevels,
) -> dict[str, float]:
    """Compute the size-zone features; `offsets` has both senses of every direction (26-connected in 3D)."""
    codes, counts = np.unique(_zones(flat, voxels, offsets), return_counts=True)
    rows, sizes = np.divmod(codes, len(voxels) + 1)
    return named_statistics(
        size_statistics(rows.astype(np.int32), sizes, counts.astype(np.float64), levels.levels, int(sizes.max())),
        _NAMES,
    )
