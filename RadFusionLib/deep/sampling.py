"""A box of an image sampled at chosen places, and values at such places carried back to the patient.

Shared by the inputs of all networks: cubes of a region, slices, patches.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.errors import InputError

__all__ = ["bounding_box", "carried", "cropped", "grid_at", "intensity_window", "linear", "nearest", "upright"]

# A sample that falls on the border between two voxels belongs to the lower one, even when the spacing read
# from one file format differs in the seventh digit from that of another.
TIE = 1e-3


def upright(image: Volume, mask: Volume) -> tuple[Volume, np.ndarray]:
    """Image and mask with axes nearest to L, P, S, whichever way they were stored.

    Returns
    -------
    image : Volume
    inside : numpy.ndarray
        ``bool``, shape of the image's array.

    Raises
    ------
    InputError
        When they lie on different grids.
    """
    image, mask = image.canonical(), mask.canonical()
    if not mask.geometry.same_grid(image.geometry):
        raise InputError(
            "The region's mask lies on another grid than the image; resample it to the image's grid first."
        )
    return image, mask.array.astype(bool, copy=False)


def bounding_box(inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and last index of the region along (I, J, K); ``InputError`` when it is empty."""
    ends = []
    for axis in (2, 1, 0):
        filled = np.flatnonzero(inside.any(axis=tuple(a for a in range(3) if a != axis)))
        if filled.size == 0:
            raise InputError("The region is empty; draw it, or check which segment is the tumour.")
        ends.append((filled[0], filled[-1]))
    low, high = np.array(ends).T
    return low, high


def cropped(array: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The part of ``array`` (KJI) between two indices (I, J, K), both included, as far as it lies in it."""
    first = np.maximum(low, 0).astype(int)
    return array[tuple(slice(first[a], int(high[a]) + 1) for a in (2, 1, 0))]


def intensity_window(
    around: np.ndarray, window: tuple[float, float] | None, percentiles: tuple[float, float]
) -> tuple[float, float]:
    """The intensities that become 0 and 1: ``window``, or without one these percentiles of ``around``.

    Raises
    ------
    InputError
        When there are values that are not finite, or no contrast.
    """
    if not np.isfinite(around).all():
        raise InputError(
            "The image has values that are not finite (NaN) in or near the region; mend or fill them first."
        )
    a_min, a_max = window if window is not None else (float(v) for v in np.percentile(around, percentiles))
    if not a_max > a_min:
        raise InputError(f"The image has no contrast around the region (from {a_min:g} to {a_max:g}); check the mask.")
    return float(a_min), float(a_max)


def linear(array: np.ndarray, places: Sequence[np.ndarray]) -> np.ndarray:
    """Interpolate linearly at the crossings of ``places`` (indices along I, J, K); edges are continued."""
    for dimension, where in zip((2, 1, 0), places, strict=True):
        last = array.shape[dimension] - 1
        clipped = np.clip(where, 0, last)
        lower = np.minimum(np.floor(clipped).astype(int), max(last - 1, 0))
        shape = [1, 1, 1]
        shape[dimension] = len(where)
        weight = (clipped - lower).reshape(shape)
        below = array.take(lower, axis=dimension).astype(np.float64, copy=False)
        above = array.take(np.minimum(lower + 1, last), axis=dimension)
        array = below * (1.0 - weight) + above * weight
    return array


def nearest(inside: np.ndarray, places: Sequence[np.ndarray]) -> np.ndarray:
    """The mask at the crossings of ``places`` (indices along I, J, K); False beyond the grid."""
    for dimension, where in zip((2, 1, 0), places, strict=True):
        index = np.ceil(where - 0.5 - TIE).astype(int)
        known = np.clip(index, 0, inside.shape[dimension] - 1)
        shape = [1, 1, 1]
        shape[dimension] = len(where)
        inside = inside.take(known, axis=dimension) & (known == index).reshape(shape)
    return inside


def grid_at(places: Sequence[np.ndarray], step: np.ndarray, geometry: Geometry) -> Geometry:
    """The grid of samples at ``places`` (indices along I, J, K of ``geometry``), ``step`` voxels apart."""
    first = np.array([[axis_places[0] for axis_places in places]])
    return Geometry(
        size=tuple(len(axis_places) for axis_places in places),  # type: ignore[arg-type]
        spacing=tuple(float(v) for v in step * np.asarray(geometry.spacing)),  # type: ignore[arg-type]
        origin=tuple(float(v) for v in geometry.index_to_physical(first)[0]),  # type: ignore[arg-type]
        direction=geometry.direction,
    )


def carried(values: np.ndarray, grid: Geometry, geometry: Geometry, outside: float = np.nan, order: int = 1) -> Volume:
    """Carry values of one grid to another.

    Parameters
    ----------
    values : numpy.ndarray
        Shape of ``grid``.
    grid, geometry : Geometry
        Where they lie, and where they are wanted.
    outside : float
        Given to voxels whose centre lies outside the box of ``grid``.
    order : int
        1 interpolates linearly, 0 takes the nearest value.

    Returns
    -------
    Volume
        float32.
    """
    from scipy.ndimage import map_coordinates

    if values.shape != grid.shape:
        raise ValueError(f"A map of shape {values.shape} does not fit an input of {grid.shape}.")
    result = np.full(geometry.shape, outside, np.float32)
    # Only the part of the grid that the box can reach is looked at; an image has far more voxels than a region.
    reach = geometry.physical_to_index(_box_corners(grid))
    low = np.clip(np.floor(reach.min(axis=0)), 0, geometry.size).astype(int)
    high = np.clip(np.ceil(reach.max(axis=0)) + 1, 0, geometry.size).astype(int)
    part = tuple(slice(low[a], high[a]) for a in (2, 1, 0))
    kji = np.stack(np.meshgrid(*(np.arange(low[a], high[a]) for a in (2, 1, 0)), indexing="ij"), axis=-1)
    index = grid.physical_to_index(geometry.index_to_physical(kji.reshape(-1, 3)[:, ::-1]))
    inside = ((index >= -0.5) & (index <= np.asarray(grid.size) - 0.5)).all(axis=1)
    mapped = np.full(len(index), outside, np.float32)
    mapped[inside] = map_coordinates(
        np.asarray(values, np.float32), index[inside][:, ::-1].T, order=order, mode="nearest"
    )
    result[part] = mapped.reshape(kji.shape[:3])
    return Volume(result, geometry)


def _box_corners(grid: Geometry) -> np.ndarray:
    """The eight outer corners of a grid's box, shape (8, 3), LPS mm."""
    ends = [(-0.5, n - 0.5) for n in grid.size]
    return grid.index_to_physical(np.array([(i, j, k) for i in ends[0] for j in ends[1] for k in ends[2]]))
