"""Largest distances between points of a region's mesh."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy.spatial import ConvexHull

from RadFusionLib.radiomics.region import FloatArray, MaskArray

__all__ = ["mesh_diameters"]


def mesh_diameters(mask: MaskArray, spacing_kji: FloatArray) -> tuple[float, float, float, float]:
    """Give the largest distance between mesh points that share their K, their J, their I, and overall, mm.

    The mesh's points lie halfway between a voxel of the region and a neighbour outside it.
    """
    points = _mesh_points(mask)
    in_planes = [_largest_in_planes(points, axis, spacing_kji) for axis in range(3)]
    physical = points[_row_ends(points)] * (spacing_kji / 2)
    hull = physical[ConvexHull(physical).vertices]
    overall = float(np.sqrt(_largest_squared(hull)))
    return in_planes[0], in_planes[1], in_planes[2], overall


def _mesh_points(mask: MaskArray) -> npt.NDArray[np.int64]:
    """Give the mesh's points in half voxels, (n, 3) along K, J, I."""
    padded = np.pad(mask, 1)
    found = []
    for axis in range(3):
        low = np.moveaxis(padded, axis, 0)
        where = np.moveaxis(low[1:] != low[:-1], 0, axis)
        points = 2 * np.argwhere(where)
        points[:, axis] += 1
        found.append(points)
    return np.concatenate(found).astype(np.int64)


def _row_ends(points: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Give the positions of the first and last point of each row along I; no other can be an extreme point."""
    order = np.lexsort((points[:, 2], points[:, 1], points[:, 0]))
    row = points[order, :2]
    new = np.any(row[1:] != row[:-1], axis=1)
    first, last = np.r_[True, new], np.r_[new, True]
    return np.asarray(order[first | last])


def _largest_in_planes(points: npt.NDArray[np.int64], axis: int, spacing_kji: FloatArray) -> float:
    across, along = (other for other in range(3) if other != axis)
    arranged = points[:, [axis, across, along]]
    arranged = arranged[_row_ends(arranged)]
    plane = arranged[:, 0]
    starts = np.flatnonzero(np.r_[True, plane[1:] != plane[:-1], True])
    flat = arranged[:, 1:] * (spacing_kji[[across, along]] / 2)
    return float(np.sqrt(_largest_squared_within(flat, starts)))


@njit(cache=True, nogil=True)
def _largest_squared_within(points, starts):  # type: ignore[no-untyped-def]
    largest = 0.0
    for s in range(len(starts) - 1):
        for m in range(starts[s], starts[s + 1]):
            for n in range(starts[s], m):
                dy = points[m, 0] - points[n, 0]
                dx = points[m, 1] - points[n, 1]
                largest = max(largest, dy * dy + dx * dx)
    return largest


@njit(cache=True, nogil=True)
def _largest_squared(points):  # type: ignore[no-untyped-def]
    largest = 0.0
    for m in range(len(points)):
        for n in range(m):
            dz = points[m, 0] - points[n, 0]
            dy = points[m, 1] - points[n, 1]
            dx = points[m, 2] - points[n, 2]
            largest = max(largest, dz * dz + dy * dy + dx * dx)
    return largest
