"""Carry a coarse map of a network's cells into the patient."""

from __future__ import annotations

import math

import numpy as np

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.explain.heatmap import SENTINEL

__all__ = ["cells_of_layer", "place"]


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
