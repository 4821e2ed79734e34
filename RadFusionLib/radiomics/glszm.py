"""Grey-level size-zone matrix: how large the connected zones of equal grey level are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from RadFusionLib.radiomics.discretisation import GreyLevels
from RadFusionLib.radiomics.kernel import inner_kernel, kernel, sequence
from RadFusionLib.radiomics.processor_instructions import lowest_bit
from RadFusionLib.radiomics.size_matrix import level_counts, named_statistics, single_voxels, size_statistics
from RadFusionLib.radiomics.tally import tally

__all__ = ["SIZE_ZONE_NAMES", "size_zone_features", "size_zone_statistics", "statistics_of_zones", "unconnected"]

SIZE_ZONE_NAMES = {
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


def unconnected(steps: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    """Give, for each step, a bit for every other step that leads to no neighbour of the first one's end.

    Parameters
    ----------
    steps : (m, 3) int64 array
        To a voxel's neighbours on one side, at most 31.
    """
    far = np.abs(steps[:, None] - steps[None]).max(axis=2) > 1
    return np.asarray(far @ (1 << np.arange(len(steps))), dtype=np.int32)


@inner_kernel
def _root(parent, place):  # type: ignore[no-untyped-def]
    while parent[place] != place:
        parent[place] = parent[parent[place]]
        place = parent[place]
    return place


@kernel
def _zones(flat, voxels, equal, offsets, apart):  # type: ignore[no-untyped-def]
    """Give the level and the size of each connected zone of more than one voxel, and the largest size.

    Zones are joined in raster order, each known by its first voxel. Neighbours that are each other's neighbours have
    been joined already, so the zone of one of them is enough; most often that of the one that touches all others.
    """
    half = len(offsets) // 2
    central = 0
    for a in range(half):
        if apart[a] == 0:
            central = a
    parent = np.empty(len(flat), np.int32)
    for n in range(len(voxels)):
        place = voxels[n]
        root = np.int32(place)
        parent[place] = root
        behind = equal[place] >> half
        first = np.int32(central)
        if not (behind >> central) & 1:
            first = lowest_bit(behind) if behind else np.int32(0)
        while behind:
            other = _root(parent, np.int32(place + offsets[half + first]))
            if other < root:
                parent[root] = other
                root = other
            else:
                parent[other] = root
            behind &= apart[first]
            first = lowest_bit(behind) if behind else np.int32(0)
        parent[place] = root
    levels = np.empty(len(voxels) // 2 + 1, np.int32)
    sizes = np.empty(len(voxels) // 2 + 1, np.int32)
    zones = np.int32(0)
    for n in range(len(voxels)):
        place = voxels[n]
        if equal[place] == 0:
            continue
        ahead = parent[place]
        if ahead == place:  # the zone's first voxel; from here on its zone's number, below 0
            levels[zones] = flat[place]
            sizes[zones] = 1
            zones += np.int32(1)
            parent[place] = -zones
        else:
            zone = parent[ahead]
            parent[place] = zone
            sizes[-zone - 1] += 1
    longest = 1
    for zone in range(zones):
        longest = max(longest, sizes[zone])
    return levels[:zones], sizes[:zones], longest


@sequence
def size_zone_statistics(flat, voxels, equal, offsets, apart, levels):  # type: ignore[no-untyped-def]
    """Give the statistics of the size-zone matrix; parameters as in `size_zone_features`."""
    zone_levels, zone_sizes, longest = _zones(flat, voxels, equal, offsets, apart)
    return statistics_of_zones(zone_levels, zone_sizes, longest, level_counts(flat, voxels, len(levels)), levels)


@sequence
def statistics_of_zones(zone_levels, zone_sizes, longest, voxel_counts, levels):  # type: ignore[no-untyped-def]
    """Give the statistics of zones of more than one voxel that are found already: level position and size of each."""
    rows, sizes, counts, _ = tally(zone_levels, zone_sizes, len(levels), longest)
    ones = single_voxels(voxel_counts, rows, sizes, counts)
    return size_statistics(rows, sizes, counts, ones, levels, longest)


def size_zone_features(
    flat: npt.NDArray[np.int32],
    voxels: npt.NDArray[np.int64],
    equal: npt.NDArray[np.int32],
    offsets: npt.NDArray[np.int64],
    apart: npt.NDArray[np.int32],
    levels: GreyLevels,
) -> dict[str, float]:
    """Compute the size-zone features.

    `equal` is `equal_neighbours` of `flat` at `offsets`, which has one sense of every direction and then the opposites
    (26-connected in 3D); `apart` is `unconnected` of the opposites.
    """
    return named_statistics(size_zone_statistics(flat, voxels, equal, offsets, apart, levels.levels), SIZE_ZONE_NAMES)
