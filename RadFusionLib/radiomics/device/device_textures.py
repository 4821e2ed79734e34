"""Features of the filtered images of one region, whose matrices a device counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from RadFusionLib.radiomics.device.region_counts import RegionCounts
from RadFusionLib.radiomics.discretisation import GreyLevels
from RadFusionLib.radiomics.glcm import features_of_pairs
from RadFusionLib.radiomics.gldm import DEPENDENCE_NAMES
from RadFusionLib.radiomics.glrlm import RUN_LENGTH_NAMES, statistics_of_runs
from RadFusionLib.radiomics.glszm import SIZE_ZONE_NAMES, statistics_of_zones
from RadFusionLib.radiomics.ngtdm import TONE_DIFFERENCE_NAMES, values_of_differences
from RadFusionLib.radiomics.region import PreparedRegion
from RadFusionLib.radiomics.settings import RadiomicsSettings
from RadFusionLib.radiomics.size_matrix import named_statistics, table_statistics
from RadFusionLib.radiomics.textures import Textures

if TYPE_CHECKING:
    import torch

__all__ = ["DeviceTextures"]


class DeviceTextures(Textures):
    """Computes features of one filtered image after another; matrices of ordered pairs are left to the processor.

    Parameters
    ----------
    prepared, settings
        As in `Textures`.
    device : torch.device
        Where the matrices are counted.
    """

    def __init__(self, prepared: PreparedRegion, settings: RadiomicsSettings, device: torch.device) -> None:
        super().__init__(prepared, settings)
        size = int(np.prod(self._geometry.flat_shape))
        self._counts = RegionCounts(size, self._geometry.voxels, device)

    def _matrices(self, levels: GreyLevels, wanted: dict[str, list[str]]) -> dict[str, dict[str, float]]:
        settings, grey = self._settings, levels.levels
        voxels_of_level = levels.counts.astype(np.float64)
        counts = self._counts.of_levels(levels.index, grey)
        half = self._touching[: len(self._touching) // 2]
        found: dict[str, dict[str, float]] = {}
        if "glcm" in wanted and settings.symmetrical_glcm:
            pairs = (counts.pairs(int(offset)) for offset in self._half)
            found["glcm"] = features_of_pairs(pairs, levels, self._pair_weights, wanted["glcm"])
        elif "glcm" in wanted:
            found |= super()._matrices(levels, {"glcm": wanted["glcm"]})
        if "ngtdm" in wanted:
            values = values_of_differences(counts.differences(self._all), grey, levels.counts)
            found["ngtdm"] = dict(zip(TONE_DIFFERENCE_NAMES, values.tolist(), strict=True))
        if "gldm" in wanted:
            table = counts.dependences(self._all, settings.gldm_alpha)
            found["gldm"] = named_statistics(table_statistics(table, grey), DEPENDENCE_NAMES)
        if "glrlm" in wanted and len(self._lines):
            weights = np.empty(0) if self._run_weights is None else self._run_weights
            listed, bounds = counts.runs(half[self._lines], max(self._geometry.inside.shape))
            values = statistics_of_runs(*listed, bounds, voxels_of_level, len(self._lines), weights, grey)
            found["glrlm"] = named_statistics(values, RUN_LENGTH_NAMES)
        elif "glrlm" in wanted:
            found["glrlm"] = {}
        if "glszm" in wanted:
            values = statistics_of_zones(*counts.zones(half), voxels_of_level, grey)
            found["glszm"] = named_statistics(values, SIZE_ZONE_NAMES)
        return found
