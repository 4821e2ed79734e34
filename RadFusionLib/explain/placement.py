"""Carry a coarse map of a network's cells into the patient."""

from __future__ import annotations

import math

import numpy as np

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.explain.heatmap import SENTINEL

__all__ = ["cells_of_layer", "middle", "place", "place_known", "resized"]


def cells_of_layer(seen: Geometry, shape: tuple[int, ...]) -> Geometry:
    """Where the cells of a layer lie whose strided convolutions have odd kernels and the same padding on both sides.

    The middle of such a cell's receptive field is the input voxel ``stride * number``: the first cell lies on the
    first voxel, not in the middle of the first block of ``stride`` voxels. A map that is stretched over the input,
    as pictures of activation usually are, is shifted by up to half a cell.

    Parameters
    ----------
    seen : Geometry
        The network's input; one voxel thick for a network of two dimensions.
    shape : tuple of int
        Of the layer's map, (K, J, I) or (J, I).

    Returns
    -------
    Geometry
        Of ``shape[::-1]`` cells, one cell thick for a map of two dimensions.
    """
    size = (*shape[::-1], 1)[:3]
    stride = [math.ceil(n / cells) for n, cells in zip(seen.size, size, strict=True)]
    spacing = tuple(s * step for s, step in zip(seen.spacing, stride, strict=True))
    return Geometry(size, spacing, seen.origin, seen.direction)  # type: ignore[arg-type]


def middle(grid: Geometry, edge: int) -> Geometry:
    """The grid of the middle ``edge`` x ``edge`` pixels of a slice."""
    i, j = (n // 2 - edge // 2 for n in grid.size[:2])
    x, y, z = (float(v) for v in grid.index_to_physical(np.array([[i, j, 0.0]]))[0])
    return Geometry((edge, edge, grid.size[2]), grid.spacing, (x, y, z), grid.direction)


def resized(grid: Geometry, edge: int) -> Geometry:
    """The grid of a slice whose picture was interpolated to ``edge`` x ``edge`` pixels: the same outer edges."""
    step = [n / edge for n in grid.size[:2]]
    first = grid.index_to_physical(np.array([[(step[0] - 1) / 2, (step[1] - 1) / 2, 0.0]]))[0]
    spacing = (grid.spacing[0] * step[0], grid.spacing[1] * step[1], grid.spacing[2])
    x, y, z = (float(v) for v in first)
    return Geometry((edge, edge, grid.size[2]), spacing, (x, y, z), grid.direction)


def place(values: np.ndarray, cells: Geometry, seen: Geometry, region: Volume) -> Volume:
    """Interpolate a map linearly at each voxel of a region.

    Parameters
    ----------
    values : numpy.ndarray
        Shape ``cells.shape``.
    cells : Geometry
        Where the values lie. Beyond the outermost cells the nearest ones are continued.
    seen : Geometry
        The part of the patient that the map is of; voxels whose centre lies outside get no value.
    region : Volume
        ``bool``, on the grid that the map is wanted on.

    Returns
    -------
    Volume
        ``float32`` on the region's grid, :data:`~RadFusionLib.explain.heatmap.SENTINEL` where there is no value.

    Raises
    ------
    ValueError
        When the map is not of the cells' shape.
    """
    from scipy.ndimage import map_coordinates

    values = np.asarray(values, dtype=float)
    if values.shape != cells.shape:
        raise ValueError(f"A map of shape {values.shape} does not fit cells of shape {cells.shape}.")
    voxels = np.argwhere(region.array)
    points = region.geometry.index_to_physical(voxels[:, ::-1])
    reached = seen.contains(points)
    found = map_coordinates(values, cells.physical_to_index(points[reached])[:, ::-1].T, order=1, mode="nearest")
    array = np.full(region.array.shape, SENTINEL, dtype=np.float32)
    array[tuple(voxels[reached].T)] = found
    return region.with_array(array)


def place_known(values: np.ndarray, cells: Geometry, region: Volume) -> Volume:
    """Interpolate a map that is not known everywhere; at the rim of what is known, only the known neighbours speak.

    Parameters
    ----------
    values : numpy.ndarray
        Shape ``cells.shape``; NaN where nothing is known.
    cells : Geometry
        Where the values lie.
    region : Volume
        ``bool``, on the grid that the map is wanted on.

    Returns
    -------
    Volume
        As of :func:`place`; the sentinel where no known value is near.
    """
    known = np.isfinite(values)
    placed = place(np.where(known, values, 0.0), cells, cells, region)
    weight = place(known.astype(float), cells, cells, region)
    array = np.full(weight.array.shape, SENTINEL, dtype=np.float32)
    inside = weight.array > 0
    array[inside] = placed.array[inside] / weight.array[inside]
    return placed.with_array(array)
