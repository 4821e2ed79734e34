"""Grey-level dependence matrix: how many neighbours are like each voxel."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from RadFusionLib.radiomics.discretisation import GreyLevels
from RadFusionLib.radiomics.kernel import kernel
from RadFusionLib.radiomics.processor_instructions import count_bits
from RadFusionLib.radiomics.size_matrix import named_statistics, table_statistics

__all__ = ["DEPENDENCE_NAMES", "dependence_features", "dependence_statistics", "equal_dependence_statistics"]

DEPENDENCE_NAMES = {
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


@kernel
def dependence_statistics(flat, voxels, offsets, levels, alpha):  # type: ignore[no-untyped-def]
    """Give the statistics of the matrix of neighbours that differ by at most `alpha`."""
    table = np.zeros((len(levels), len(offsets) + 2), np.float64)
    for n in range(len(voxels)):
        here = flat[voxels[n]]
        dependent = 1  # the size j counts the voxel itself
        for a in range(len(offsets)):
            there = flat[voxels[n] + offsets[a]]
            if there >= 0 and abs(levels[there] - levels[here]) <= alpha:
                dependent += 1
        table[here, dependent] += 1.0
    return table_statistics(table, levels)


@kernel
def equal_dependence_statistics(flat, voxels, equal, neighbours, levels):  # type: ignore[no-untyped-def]
    """Give the statistics of the matrix of neighbours of equal level."""
    table = np.zeros((len(levels), neighbours + 2), np.float64)
    for n in range(len(voxels)):
        table[flat[voxels[n]], 1 + count_bits(equal[voxels[n]])] += 1.0
    return table_statistics(table, levels)


def dependence_features(
    flat: npt.NDArray[np.int32],
    voxels: npt.NDArray[np.int64],
    offsets: npt.NDArray[np.int64],
    levels: GreyLevels,
    alpha: int,
    equal: npt.NDArray[np.int32] | None = None,
) -> dict[str, float]:
    """Compute the dependence features.

    A neighbour depends on a voxel when their grey levels differ by at most `alpha`; `offsets` has both senses of
    every direction. `equal` is `equal_neighbours` of `flat` at `offsets`; it saves the search when `alpha` is 0.
    """
    if alpha == 0 and equal is not None:
        statistics = equal_dependence_statistics(flat, voxels, equal, len(offsets), levels.levels)
    else:
        statistics = dependence_statistics(flat, voxels, offsets, levels.levels, float(alpha))
    return named_statistics(statistics, DEPENDENCE_NAMES)
