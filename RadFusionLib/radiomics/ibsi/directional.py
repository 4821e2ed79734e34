"""Co-occurrence and run-length features in every aggregation, by the engine's kernels (IBSI LFYI and TP0I)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from RadFusionLib.radiomics.equal_neighbours import equal_neighbours, voxel_runs
from RadFusionLib.radiomics.glcm import co_occurrence_features
from RadFusionLib.radiomics.glrlm import run_length_features
from RadFusionLib.radiomics.ibsi.texture_grid import TextureGrid, Voxels

__all__ = ["co_occurrence", "run_lengths"]

_CO_OCCURRENCE = {
    "joint_max": "MaximumProbability",
    "joint_avg": "JointAverage",
    "joint_var": "SumSquares",
    "joint_entr": "JointEntropy",
    "diff_avg": "DifferenceAverage",
    "diff_var": "DifferenceVariance",
    "diff_entr": "DifferenceEntropy",
    "sum_avg": "SumAverage",
    "sum_var": "ClusterTendency",
    "sum_entr": "SumEntropy",
    "energy": "JointEnergy",
    "contrast": "Contrast",
    "dissimilarity": "DifferenceAverage",
    "inv_diff": "Id",
    "inv_diff_norm": "Idn",
    "inv_diff_mom": "Idm",
    "inv_diff_mom_norm": "Idmn",
    "inv_var": "InverseVariance",
    "corr": "Correlation",
    "auto_corr": "Autocorrelation",
    "clust_tend": "ClusterTendency",
    "clust_shade": "ClusterShade",
    "clust_prom": "ClusterProminence",
    "info_corr1": "Imc1",
    "info_corr2": "Imc2",
}

_RUN_LENGTHS = {
    "sre": "ShortRunEmphasis",
    "lre": "LongRunEmphasis",
    "lgre": "LowGrayLevelRunEmphasis",
    "hgre": "HighGrayLevelRunEmphasis",
    "srlge": "ShortRunLowGrayLevelEmphasis",
    "srhge": "ShortRunHighGrayLevelEmphasis",
    "lrlge": "LongRunLowGrayLevelEmphasis",
    "lrhge": "LongRunHighGrayLevelEmphasis",
    "glnu": "GrayLevelNonUniformity",
    "glnu_norm": "GrayLevelNonUniformityNormalized",
    "rlnu": "RunLengthNonUniformity",
    "rlnu_norm": "RunLengthNonUniformityNormalized",
    "r_perc": "RunPercentage",
    "gl_var": "GrayLevelVariance",
    "rl_var": "RunVariance",
    "rl_entr": "RunEntropy",
}


def co_occurrence(grid: TextureGrid, aggregation: str) -> dict[str, float]:
    """Compute the 25 co-occurrence features, names without ``cm_``."""
    wanted = sorted(set(_CO_OCCURRENCE.values()))

    def compute(voxels: Voxels, offsets: Voxels, weights: npt.NDArray[np.float64] | None) -> dict[str, float]:
        return co_occurrence_features(grid.flat, voxels, offsets, grid.levels, weights, wanted)

    found = grid.by_direction(aggregation, compute)
    return {name: found[engine] for name, engine in _CO_OCCURRENCE.items()} if found else {}


def run_lengths(grid: TextureGrid, aggregation: str) -> dict[str, float]:
    """Compute the 16 run-length features, names without ``rlm_``."""
    longest = max(grid.geometry.inside.shape)

    def compute(voxels: Voxels, offsets: Voxels, weights: npt.NDArray[np.float64] | None) -> dict[str, float]:
        both = np.concatenate([offsets, -offsets])
        equal = equal_neighbours(grid.flat, *voxel_runs(voxels), both)
        lines = np.arange(len(offsets))
        return run_length_features(grid.flat, voxels, equal, both, lines, grid.levels, longest, weights)

    found = grid.by_direction(aggregation, compute)
    return {name: found[engine] for name, engine in _RUN_LENGTHS.items()} if found else {}
