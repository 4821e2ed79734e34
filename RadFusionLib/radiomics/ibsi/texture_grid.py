"""The discretised region as the engine's kernels want it, and the ways the IBSI aggregates its parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from RadFusionLib.radiomics.directions import half_directions
from RadFusionLib.radiomics.ibsi.discretisation import occurring_levels
from RadFusionLib.radiomics.ibsi.preparation import IbsiRegion
from RadFusionLib.radiomics.region import RegionGeometry
from RadFusionLib.radiomics.settings import RadiomicsSettings
from RadFusionLib.radiomics.sixteen import WIDTH

__all__ = ["TextureGrid", "mean_features"]

Voxels = npt.NDArray[np.int64]


class TextureGrid:
    """Grey levels of a region in a flat, bordered array.

    Parameters
    ----------
    region : IbsiRegion
        Its intensity mask is what counts; its morphological mask gives the distances of the distance zones.
    levels : (n,) int64 array
        Grey levels from 1 of the intensity mask's voxels, in raster order.
    by_slice : bool
        Neighbours within axial slices only.

    Attributes
    ----------
    levels : GreyLevels
        The levels that occur.
    flat : (v,) int32 array
        Position in `levels` of each voxel of the bordered box, -1 outside the region; longer than the box by what
        the kernels read beyond it.
    voxels : (n,) int64 array
        Where the region's voxels are in `flat`.
    slices : list of int64 arrays
        The same, slice by slice.
    half, both : (m,) and (2m,) int64 arrays
        Steps in `flat` to the neighbours, one of each pair of opposites, and all.
    """

    def __init__(self, region: IbsiRegion, levels: npt.NDArray[np.int64], by_slice: bool) -> None:
        self.region = region
        self.by_slice = by_slice
        self.geometry = RegionGeometry(region.intensity)
        self.levels = occurring_levels(levels)
        self.voxels = self.geometry.voxels
        self.flat = np.full(int(np.prod(self.geometry.flat_shape)) + WIDTH, -1, dtype=np.int32)
        self.flat[self.voxels] = self.levels.index
        plane = self.voxels // (self.geometry.flat_shape[1] * self.geometry.flat_shape[2])
        starts = np.flatnonzero(np.r_[True, plane[1:] != plane[:-1]])
        self.slices: list[Voxels] = np.split(self.voxels, starts[1:])
        self.half = self.geometry.offsets(half_directions(RadiomicsSettings(force_2d=by_slice), (1,)))
        self.both = np.concatenate([self.half, -self.half])

    def parts(self, aggregation: str) -> list[Voxels]:
        """Give the voxels whose features are averaged: slice by slice for ``2D``, all at once for ``2_5D``, ``3D``."""
        return self.slices if aggregation.startswith("2D") else [self.voxels]

    def by_direction(
        self, aggregation: str, compute: Callable[[Voxels, Voxels, npt.NDArray[np.float64] | None], dict[str, float]]
    ) -> dict[str, float]:
        """Average features of matrices that have directions.

        ``compute(voxels, offsets, weights)`` is called for each matrix by itself (``_avg``), or with weights of 1 to
        merge the directions (``_comb``).
        """
        parts = self.parts(aggregation)
        if aggregation.endswith("_comb"):
            return mean_features([compute(part, self.half, np.ones(len(self.half))) for part in parts])
        return mean_features([compute(part, self.half[[d]], None) for part in parts for d in range(len(self.half))])


def mean_features(found: Sequence[dict[str, float]]) -> dict[str, float]:
    """Average each feature over matrices; those that are empty (no entries) have none."""
    full = [features for features in found if features]
    return {name: float(np.mean([features[name] for features in full])) for name in full[0]} if full else {}
