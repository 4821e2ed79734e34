"""The neighbourhood of a voxel as a small region of its own, laid out as the texture kernels want it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from RadFusionLib.radiomics.directions import all_directions, half_directions
from RadFusionLib.radiomics.glszm import unconnected
from RadFusionLib.radiomics.kernel import inner_kernel
from RadFusionLib.radiomics.region import RegionGeometry
from RadFusionLib.radiomics.settings import RadiomicsSettings
from RadFusionLib.radiomics.sixteen import WIDTH

__all__ = ["Neighbourhood", "fill", "neighbourhood", "offsets_within"]

Integers = npt.NDArray[np.int64]


class Neighbourhood(NamedTuple):
    """Where a neighbourhood's voxels are, in the region's flat array and in a patch of their own.

    Attributes
    ----------
    steps : (n,) int64 array
        From the middle to each voxel, in the region's flattened bordered box.
    places : (n,) int64 array
        The same voxels in the flattened patch, ascending.
    size : int
        Length of the flattened patch.
    half, both, touching : int64 arrays
        Steps in the patch to neighbours: one of each pair of opposites and all, at the settings' distances; all at
        distance 1.
    lines : (m, l) int64 array
        For each direction at distance 1 and each step along it that stays in the neighbourhood, the step in the patch.
    apart : (m,) int32 array
        `unconnected` of the opposites of the directions.
    longest : int
        Longest run that is possible.
    """

    steps: Integers
    places: Integers
    size: int
    half: Integers
    both: Integers
    touching: Integers
    lines: Integers
    apart: npt.NDArray[np.int32]
    longest: int


def neighbourhood(geometry: RegionGeometry, settings: RadiomicsSettings, radius: int) -> Neighbourhood:
    """Lay out the neighbourhood of ``2 * radius + 1`` voxels a side, within planes when the settings say so."""
    border = max(*settings.distances, 2 * radius)  # a line may leave the neighbourhood and must still be in the patch
    side = 2 * radius + 1 + 2 * border
    strides = np.array([side * side, side, 1], dtype=np.int64)
    offsets = offsets_within(settings, radius)
    along = half_directions(settings, (1,))
    times = np.arange(1, 2 * radius + 1)
    return Neighbourhood(
        steps=geometry.offsets(offsets),
        places=(offsets + radius + border) @ strides,
        size=side**3 + WIDTH,
        half=half_directions(settings, settings.distances) @ strides,
        both=all_directions(settings, settings.distances) @ strides,
        touching=all_directions(settings, (1,)) @ strides,
        lines=(along @ strides)[:, None] * times[None, :],
        apart=unconnected(-along),
        longest=2 * radius + 1,
    )


def offsets_within(settings: RadiomicsSettings, radius: int) -> Integers:
    """Give the steps (n, 3) from a voxel to those of its neighbourhood, in raster order."""
    reach = np.arange(-radius, radius + 1)
    offsets = np.stack(np.meshgrid(reach, reach, reach, indexing="ij"), axis=-1).reshape(-1, 3)
    return offsets[offsets[:, settings.force_2d_dimension] == 0] if settings.force_2d else offsets


@inner_kernel
def fill(flat, centre, steps, places, position, patch, voxels, present):  # type: ignore[no-untyped-def]
    """Copy a voxel's neighbourhood to a patch, its levels numbered anew from 0.

    Parameters
    ----------
    flat : (v,) int32 array
        Level positions of the region, -1 outside.
    centre : int
        Position in `flat`.
    steps, places : int64 arrays
        Of the `Neighbourhood`.
    position : (levels,) int32 array
        All -1, before and after.
    patch : int32 array
        Filled: new numbers of the levels, -1 outside the region.
    voxels : (n,) int64 array
        Filled: positions in `patch` of the voxels in the region.
    present : (n,) int32 array
        Filled: level positions that occur, ascending.

    Returns
    -------
    voxel_count, level_count : int
        How much of `voxels` and `present` is filled.
    """
    voxel_count = level_count = 0
    for n in range(len(steps)):
        level = flat[centre + steps[n]]
        patch[places[n]] = level
        if level < 0:
            continue
        voxels[voxel_count] = places[n]
        voxel_count += 1
        if position[level] < 0:
            position[level] = 0
            slot = level_count
            while slot > 0 and present[slot - 1] > level:
                present[slot] = present[slot - 1]
                slot -= 1
            present[slot] = level
            level_count += 1
    for slot in range(level_count):
        position[present[slot]] = slot
    for n in range(voxel_count):
        patch[voxels[n]] = position[patch[voxels[n]]]
    for slot in range(level_count):
        position[present[slot]] = -1
    return voxel_count, level_count
