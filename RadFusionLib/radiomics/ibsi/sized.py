"""Size-zone, distance-zone and dependence features (IBSI 9SAK, VMDZ and REK0).

Each matrix counts grey levels against a size: of a connected zone, of its distance from the region's border, of the
set of neighbours that are alike. The engine's `size_statistics` gives what they have in common.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from RadFusionLib.radiomics.ibsi.texture_grid import TextureGrid, mean_features
from RadFusionLib.radiomics.size_matrix import SIZE_STATISTICS, size_statistics

__all__ = ["Zones", "dependences", "distance_zones", "find_zones", "size_zones"]

Integers = npt.NDArray[np.int64]

_SIZE_ZONES = {
    "sze": "small", "lze": "large", "lgze": "low_level", "hgze": "high_level",
    "szlge": "small_low", "szhge": "small_high", "lzlge": "large_low", "lzhge": "large_high",
    "glnu": "level_nonuniformity", "glnu_norm": "level_nonuniformity_normalised",
    "zsnu": "size_nonuniformity", "zsnu_norm": "size_nonuniformity_normalised",
    "z_perc": "percentage", "gl_var": "level_variance", "zs_var": "size_variance", "zs_entr": "entropy",
}  # fmt: skip
_DISTANCE_ZONES = {
    "sde": "small", "lde": "large", "lgze": "low_level", "hgze": "high_level",
    "sdlge": "small_low", "sdhge": "small_high", "ldlge": "large_low", "ldhge": "large_high",
    "glnu": "level_nonuniformity", "glnu_norm": "level_nonuniformity_normalised",
    "zdnu": "size_nonuniformity", "zdnu_norm": "size_nonuniformity_normalised",
    "z_perc": "percentage", "gl_var": "level_variance", "zd_var": "size_variance", "zd_entr": "entropy",
}  # fmt: skip
_DEPENDENCES = {
    "lde": "small", "hde": "large", "lgce": "low_level", "hgce": "high_level",
    "ldlge": "small_low", "ldhge": "small_high", "hdlge": "large_low", "hdhge": "large_high",
    "glnu": "level_nonuniformity", "glnu_norm": "level_nonuniformity_normalised",
    "dcnu": "size_nonuniformity", "dcnu_norm": "size_nonuniformity_normalised",
    "dc_perc": "percentage", "gl_var": "level_variance", "dc_var": "size_variance", "dc_entr": "entropy",
    "dc_energy": "energy",
}  # fmt: skip


@dataclass(frozen=True)
class Zones:
    """Connected zones of one grey level, one entry each.

    Parameters
    ----------
    level, size, distance, plane : (n,) int64 arrays
        Position of the level among those that occur; number of voxels; smallest distance of a voxel from the border,
        1 at the border; slice (of interest only where zones stay within slices).
    """

    level: Integers
    size: Integers
    distance: Integers
    plane: Integers


def find_zones(grid: TextureGrid) -> Zones:
    """Find the zones: 26-connected, or 8-connected within slices.

    The distance is counted in steps across voxels' faces (within slices across edges) through the morphological mask.
    """
    inside = grid.geometry.inside
    levels = np.full(inside.shape, -1, dtype=np.int64)
    levels[inside] = grid.levels.index
    distance = _border_distance(grid)[grid.geometry.box]
    structure = np.ones((3, 3, 3), dtype=bool)
    if grid.by_slice:
        structure[[0, 2]] = False
    found: list[tuple[Integers, Integers, Integers, Integers]] = []
    for level in range(len(grid.levels.levels)):
        labels, number = ndimage.label(levels == level, structure)
        flat = labels.ravel()
        where = np.flatnonzero(flat)
        zone = flat[where] - 1
        nearest = np.full(number, np.iinfo(np.int64).max)
        np.minimum.at(nearest, zone, distance.ravel()[where])
        plane = np.zeros(number, dtype=np.int64)
        plane[zone] = where // (inside.shape[1] * inside.shape[2])
        size = np.bincount(zone, minlength=number).astype(np.int64)
        found.append((np.full(number, level, dtype=np.int64), size, nearest, plane))
    return Zones(*(np.concatenate(column) for column in zip(*found, strict=True)))


def _border_distance(grid: TextureGrid) -> Integers:
    """Give each voxel's steps to the nearest place outside the morphological mask, the image's edge included."""
    mask = grid.region.morphological
    if not grid.by_slice:
        whole = ndimage.distance_transform_cdt(np.pad(mask, 1), metric="taxicab")
        return np.asarray(whole[1:-1, 1:-1, 1:-1], dtype=np.int64)
    planes = [ndimage.distance_transform_cdt(np.pad(plane, 1), metric="taxicab")[1:-1, 1:-1] for plane in mask]
    return np.stack(planes).astype(np.int64)


def size_zones(grid: TextureGrid, zones: Zones, aggregation: str) -> dict[str, float]:
    """Compute the 16 size-zone features, names without ``szm_``."""
    return _zone_features(grid, zones, zones.size, aggregation, _SIZE_ZONES)


def distance_zones(grid: TextureGrid, zones: Zones, aggregation: str) -> dict[str, float]:
    """Compute the 16 distance-zone features, names without ``dzm_``."""
    return _zone_features(grid, zones, zones.distance, aggregation, _DISTANCE_ZONES)


def _zone_features(
    grid: TextureGrid, zones: Zones, size: Integers, aggregation: str, names: dict[str, str]
) -> dict[str, float]:
    groups = [np.ones(len(size), dtype=bool)]
    if aggregation == "2D":
        groups = [zones.plane == plane for plane in np.unique(zones.plane)]
    found = [
        _size_features(grid, zones.level[group], size[group], int(zones.size[group].sum()), names) for group in groups
    ]
    return mean_features(found)


def dependences(grid: TextureGrid, aggregation: str) -> dict[str, float]:
    """Compute the 17 features of neighbouring grey-level dependence, coarseness 0, names without ``ngl_``."""
    found = []
    for voxels in grid.parts(aggregation):
        here = grid.flat[voxels]
        alike = np.ones(len(voxels), dtype=np.int64)  # the voxel itself
        for offset in grid.both:
            alike += grid.flat[voxels + offset] == here
        found.append(_size_features(grid, here.astype(np.int64), alike, len(voxels), _DEPENDENCES))
    return mean_features(found)


def _size_features(
    grid: TextureGrid, level: Integers, size: Integers, voxels: int, names: dict[str, str]
) -> dict[str, float]:
    """Count (level, size) pairs and name their statistics; a percentage is the number of entries by voxels."""
    longest = int(size.max())
    codes, counts = np.unique(level * (longest + 1) + size, return_counts=True)
    rows, sizes = np.divmod(codes, longest + 1)
    weights = counts.astype(np.float64)
    grey = grid.levels.levels
    kernel_sizes = sizes.astype(np.int32)  # the type that the kernel is compiled for already
    statistics = size_statistics(rows.astype(np.int32), kernel_sizes, weights, np.zeros(len(grey)), grey, longest)
    found = dict(zip(SIZE_STATISTICS, statistics.tolist(), strict=True))
    found["percentage"] = len(level) / voxels
    found["energy"] = float(np.sum((weights / weights.sum()) ** 2))
    return {name: found[statistic] for name, statistic in names.items()}
