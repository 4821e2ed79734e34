"""Neighbourhood grey-tone difference features, by the engine's kernel (IBSI family IPET)."""

from __future__ import annotations

import numpy as np

from RadFusionLib.radiomics.discretisation import GreyLevels
from RadFusionLib.radiomics.equal_neighbours import count_equal_neighbours, voxel_runs
from RadFusionLib.radiomics.ibsi.texture_grid import TextureGrid, Voxels, mean_features
from RadFusionLib.radiomics.ngtdm import tone_difference_features

__all__ = ["tone_differences"]

_NAMES = {
    "coarseness": "Coarseness", "contrast": "Contrast", "busyness": "Busyness", "complexity": "Complexity",
    "strength": "Strength",
}  # fmt: skip


def tone_differences(grid: TextureGrid, aggregation: str) -> dict[str, float]:
    """Compute the five features, names without ``ngt_``."""
    found = mean_features([_features(grid, voxels) for voxels in grid.parts(aggregation)])
    return {name: found[engine] for name, engine in _NAMES.items()} if found else {}


def _features(grid: TextureGrid, voxels: Voxels) -> dict[str, float]:
    """Compute the features of some of the region's voxels; only those with a neighbour count, and their levels."""
    accompanied = np.zeros(len(voxels), dtype=bool)
    for offset in grid.both:
        accompanied |= grid.flat[voxels + offset] >= 0
    voxels = voxels[accompanied]
    if len(voxels) == 0:
        return {}
    present, index, counts = np.unique(grid.flat[voxels], return_inverse=True, return_counts=True)
    flat = np.full_like(grid.flat, -1)
    flat[voxels] = index.ravel()
    levels = GreyLevels(index.ravel().astype(np.int32), grid.levels.levels[present], counts.astype(np.int64))
    starts, lengths = voxel_runs(voxels)
    neighbours = count_equal_neighbours(np.minimum(flat, 0), starts, lengths, grid.both)
    return tone_difference_features(flat, starts, lengths, grid.both, neighbours, levels)
