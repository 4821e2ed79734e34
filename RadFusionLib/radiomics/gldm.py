"""Grey-level dependence matrix: how many neighbours are like each voxel."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from RadFusionLib.radiomics.discretisation import GreyLevels
from RadFusionLib.radiomics.size_matrix import named_statistics, size_statistics

__all__ = ["dependence_features"]

_NAMES = {
    "DependenceEntropy": "entropy",
    "DependenceNonUniformity": "size_nonuniformity",
    "DependenceNonUniformityNormalized": "size_nonuniformity_normalised",
    "DependenceVariance": "size_variance",
    "GrayLevelNonUniformity": "level_nonuniformity",
    "GrayLevelVariance": "level_variance",
    "HighGrayLevelEmphasis": "high_level",
    "LargeDependenceEmphasis": "large",
    "LargeDependenceHighGrayLevelEmphasis": "large_high",
    "LargeDependenceLowGrayLevelEmphasis": "large_low",
    "LowGrayLevelEmphasis": "low_level",
    "SmallDependenceEmphasis": "small",
    "SmallDependenceHighGrayLevelEmphasis": "small_high",
    "SmallDependenceLowGrayLevelEmphasis": "small_low",
}


@njit(cache=True, nogil=True)
def _statistics(flat, voxels, offsets, levels, alpha):  # type: ignore[no-untyped-def]
    table = np.zeros((len(levels), len(offsets) + 2))
    for n in range(len(voxels)):
        here = flat[voxels[n]]
        dependent = 1  # the size j counts the voxel itself
        for a in range(len(offsets)):
            there = flat[voxels[n] + offsets[a]]
            if there == here or (alpha > 0 and there >= 0 and abs(levels[there] - levels[here]) <= alpha):
                dependent += 1
        table[here, dependent] += 1.0
    rows = np.empty(table.size, np.int32)
    sizes = np.empty(table.size, np.int64)
    counts = np.empty(table.size, np.float64)
    entries = 0
    for i in range(table.shape[0]):
        for j in range(table.shape[1]):
            if table[i, j] != 0:
                rows[entries] = i
                sizes[entries] = j
                counts[entries] = table[i, j]
                entries += 1
    return size_statistics(rows[:entries], sizes[:entries], counts[:entries], levels, len(offsets) + 1)


def dependence_features(
    flat: npt.NDArray[np.int32],
    voxels: npt.NDArray[np.int64],
    offsets: npt.NDArray[np.int64],
    levels: GreyLevels,
    alpha: int,
) -> dict[str, float]:
    """Compute the dependence features.

    A neighbour depends on a voxel when their grey levels differ by at most `alpha`; `offsets` has both senses of
    every direction.
    """
    return named_statistics(_statistics(flat, voxels, offsets, levels.levels, float(alpha)), _NAMES)
