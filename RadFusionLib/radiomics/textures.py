"""First-order and texture features of the filtered images of one region, whose layout is made once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from RadFusionLib.radiomics.asymmetric_glcm import asymmetric_co_occurrence_features
from RadFusionLib.radiomics.directions import all_directions, direction_weights, half_directions
from RadFusionLib.radiomics.discretisation import GreyLevels, discretise
from RadFusionLib.radiomics.equal_neighbours import count_equal_neighbours, equal_neighbours, voxel_runs
from RadFusionLib.radiomics.firstorder import first_order
from RadFusionLib.radiomics.glcm import co_occurrence_features
from RadFusionLib.radiomics.gldm import dependence_features
from RadFusionLib.radiomics.glrlm import run_length_features
from RadFusionLib.radiomics.glszm import size_zone_features, unconnected
from RadFusionLib.radiomics.ngtdm import tone_difference_features
from RadFusionLib.radiomics.region import FloatArray, PreparedRegion
from RadFusionLib.radiomics.settings import RadiomicsSettings
from RadFusionLib.radiomics.sixteen import WIDTH

__all__ = ["Textures"]

RUNS = 1024
"""Runs of voxels looked at together for a neighbour in each direction; most regions have all in the first."""


class Textures:
    """Computes features of one filtered image after another.

    Parameters
    ----------
    prepared : PreparedRegion
        The region.
    settings : RadiomicsSettings
        Discretisation, neighbours and weights.
    """

    def __init__(self, prepared: PreparedRegion, settings: RadiomicsSettings) -> None:
        self._settings = settings
        self._spacing = prepared.spacing
        self._geometry = prepared.geometry(max(settings.distances))
        geometry = self._geometry
        apart = half_directions(settings, settings.distances)
        along = half_directions(settings, (1,))
        self._half = geometry.offsets(apart)
        self._all = geometry.offsets(all_directions(settings, settings.distances))
        self._touching = geometry.offsets(all_directions(settings, (1,)))
        self._apart = unconnected(-along)
        self._starts, self._lengths = voxel_runs(geometry.voxels)
        inside = self._flat(np.zeros(len(geometry.voxels), dtype=np.int32))
        self._neighbours = count_equal_neighbours(inside, self._starts, self._lengths, self._all)
        adjacent = self._adjacent(inside)
        self._lines: npt.NDArray[np.int64] = np.array(
            [line for line, step in enumerate(along) if adjacent >> line & 1 or geometry.has_line(step)],
            dtype=np.int64,
        )
        self._pair_weights: FloatArray | None = None
        self._run_weights: FloatArray | None = None
        if settings.weighting_norm is not None:
            self._pair_weights = direction_weights(apart, self._spacing, settings.weighting_norm, True)
            self._run_weights = direction_weights(along[self._lines], self._spacing, settings.weighting_norm, False)

    def _adjacent(self, inside: npt.NDArray[np.int32]) -> int:
        """The directions in which any voxel of the region has a neighbour in it, a bit each."""
        every, found, first = (1 << len(self._touching)) - 1, 0, 0
        for start in range(0, len(self._starts), RUNS):
            part = slice(start, start + RUNS)
            last = first + int(self._lengths[part].sum())
            bits = equal_neighbours(inside, self._starts[part], self._lengths[part], self._touching)
            found |= int(np.bitwise_or.reduce(bits[self._geometry.voxels[first:last]]))
            if found == every:
                break
            first = last
        return found

    def _flat(self, index: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """Lay the voxels' levels out as the kernels want them, with room for their last sixteen."""
        flat = np.full(int(np.prod(self._geometry.flat_shape)) + WIDTH, -1, dtype=np.int32)
        flat[self._geometry.voxels] = index
        return flat

    def compute(self, values: npt.NDArray[np.generic], wanted: dict[str, list[str]]) -> dict[str, dict[str, float]]:
        """Compute the wanted features of an image.

        Parameters
        ----------
        values : (n,) array
            The image at the region's voxels, in raster order.
        wanted : dict of str to list of str
            Feature names by class.

        Returns
        -------
        dict of str to dict of str to float
            Values by class and name; what cannot be computed is left out, cheap ones may come unasked.

        Raises
        ------
        UndefinedImage
            If the values cannot be discretised.
        """
        settings = self._settings
        found: dict[str, dict[str, float]] = {}
        levels: GreyLevels | None = None
        if set(wanted) != {"firstorder"} or {"Entropy", "Uniformity"} & set(wanted["firstorder"]):
            levels = discretise(values, settings)
        if "firstorder" in wanted:
            volume = float(np.prod(self._spacing))
            found["firstorder"] = first_order(values, levels, volume, settings.voxel_array_shift, wanted["firstorder"])
        if levels is not None and set(wanted) != {"firstorder"}:
            found |= self._matrices(levels, wanted)
        return found

    def _matrices(self, levels: GreyLevels, wanted: dict[str, list[str]]) -> dict[str, dict[str, float]]:
        """Compute the wanted features of the matrices."""
        settings = self._settings
        found: dict[str, dict[str, float]] = {}
        flat, voxels = self._flat(levels.index), self._geometry.voxels
        if "ngtdm" in wanted:
            found["ngtdm"] = tone_difference_features(
                flat, self._starts, self._lengths, self._all, self._neighbours, levels
            )
        if {"gldm", "glrlm", "glszm"} & set(wanted):
            found |= self._equal_neighbours(flat, levels, wanted)
        # Last, since its kernels take longest to compile: another process may be at it (`companion`).
        if "glcm" in wanted:
            count = co_occurrence_features if settings.symmetrical_glcm else asymmetric_co_occurrence_features
            found["glcm"] = count(flat, voxels, self._half, levels, self._pair_weights, wanted["glcm"])
        return found

    def _equal_neighbours(
        self, flat: npt.NDArray[np.int32], levels: GreyLevels, wanted: dict[str, list[str]]
    ) -> dict[str, dict[str, float]]:
        """Compute the wanted features of the matrices that count neighbours of equal level."""
        settings, voxels = self._settings, self._geometry.voxels
        found: dict[str, dict[str, float]] = {}
        equal = equal_neighbours(flat, self._starts, self._lengths, self._touching)
        if "gldm" in wanted:
            known = equal if settings.distances == (1,) else None
            found["gldm"] = dependence_features(flat, voxels, self._all, levels, settings.gldm_alpha, known)
        if "glrlm" in wanted:
            longest = max(self._geometry.inside.shape)
            found["glrlm"] = run_length_features(
                flat, voxels, equal, self._touching, self._lines, levels, longest, self._run_weights
            )
        if "glszm" in wanted:
            found["glszm"] = size_zone_features(flat, voxels, equal, self._touching, self._apart, levels)
        return found
