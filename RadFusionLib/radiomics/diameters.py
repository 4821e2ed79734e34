"""Largest distances between points of a region's mesh."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from RadFusionLib.radiomics.bounding_box import bordered_box
from RadFusionLib.radiomics.kernel import inner_kernel, kernel
from RadFusionLib.radiomics.region import FloatArray, MaskArray

__all__ = ["mesh_diameters"]

_NONE = 1 << 30


def mesh_diameters(mask: MaskArray, spacing_kji: FloatArray) -> tuple[float, float, float, float]:
    """Give the largest distance between mesh points that share their K, their J, their I, and overall, mm.

    The mesh's points lie halfway between a voxel of the region and a neighbour outside it. Only the corners of their
    convex hull within a plane can be the ends of a largest distance, there and overall.
    """
    padded = bordered_box(mask)
    size_k, size_j, size_i = padded.shape
    along_i = _no_ends(2 * size_k, 2 * size_j)
    along_j = _no_ends(2 * size_i, 2 * size_k)
    flat = padded.reshape(-1)
    for step, axis in ((size_j * size_i, 0), (size_i, 1), (1, 2)):
        # Where a voxel and the next along the axis differ; the padding keeps the last of a row from the next row.
        _extend_rows(np.flatnonzero(flat[:-step] != flat[step:]), axis, size_j, size_i, along_i, along_j)
    k, j, i = (float(s) / 2 for s in spacing_kji)
    corners = np.empty((2 * int(np.prod(along_i.shape[1:])), 3))
    same_k, found = _widest(along_i, k, j, i, corners)
    same_j, _ = _widest(np.ascontiguousarray(along_i.swapaxes(1, 2)), j, k, i, corners[:0])
    same_i, _ = _widest(along_j, i, k, j, corners[:0])
    return same_k, same_j, same_i, _largest(corners[:found], max(same_k, same_j, same_i))


@inner_kernel
def _extend(ends, plane, row, value):  # type: ignore[no-untyped-def]
    ends[0, plane, row] = min(ends[0, plane, row], value)
    ends[1, plane, row] = max(ends[1, plane, row], value)


def _no_ends(planes: int, rows: int) -> npt.NDArray[np.int64]:
    """Give room for the first and the last mesh point, in half voxels, of each row of each plane."""
    ends = np.empty((2, planes, rows), dtype=np.int64)
    ends[0], ends[1] = _NONE, -_NONE
    return ends


@kernel
def _extend_rows(places, axis, size_j, size_i, along_i, along_j):  # type: ignore[no-untyped-def]
    """Extend the rows to the mesh points half a voxel after `places`, which ascend, along `axis`.

    `along_i` holds the rows by K and J (along I), `along_j` by I and K (along J).
    """
    row_k = row_j = start = 0
    for n in range(len(places)):
        while places[n] >= start + size_i:
            start += size_i
            row_j += 1
            if row_j == size_j:
                row_k, row_j = row_k + 1, 0
        k, j, i = 2 * row_k + (axis == 0), 2 * row_j + (axis == 1), 2 * (places[n] - start) + (axis == 2)
        _extend(along_i, k, j, i)
        _extend(along_j, i, k, j)


@inner_kernel
def _chain(values, sign, hull, start):  # type: ignore[no-untyped-def]
    """Append the convex chain of a plane's row ends (lower for sign 1, upper for -1) to `hull`; give its new length."""
    count = start
    for row in range(len(values)):
        value = values[row] * sign
        if value >= _NONE:
            continue
        while count - start >= 2:
            rise = (hull[count - 1, 1] - hull[count - 2, 1]) * sign
            if rise * (row - hull[count - 2, 0]) < (value - hull[count - 2, 1] * sign) * (
                hull[count - 1, 0] - hull[count - 2, 0]
            ):
                break
            count -= 1
        hull[count, 0] = row
        hull[count, 1] = values[row]
        count += 1
    return count


@kernel
def _widest(ends, plane_step, row_step, value_step, corners):  # type: ignore[no-untyped-def]
    """Give the largest distance within any plane; list the planes' corners in `corners`, if it has room, and their
    number."""
    hull = np.empty((2 * ends.shape[2], 2), np.int64)
    largest = 0.0
    found = 0
    for plane in range(ends.shape[1]):
        count = 0
        for side in range(2):
            count = _chain(ends[side, plane], 1 - 2 * side, hull, count)
        for m in range(count):
            for n in range(m):
                dy = (hull[m, 0] - hull[n, 0]) * row_step
                dx = (hull[m, 1] - hull[n, 1]) * value_step
                largest = max(largest, dy * dy + dx * dx)
            if len(corners) > 0:
                corners[found, 0] = plane * plane_step
                corners[found, 1] = hull[m, 0] * row_step
                corners[found, 2] = hull[m, 1] * value_step
                found += 1
    return np.sqrt(largest), found


def _largest(points: npt.NDArray[np.float64], least: float) -> float:
    """Give the largest distance between any two points, known to be `least` or more."""
    reach = np.linalg.norm(points - (points.min(axis=0) + points.max(axis=0)) / 2, axis=1)
    ends = reach + reach.max() >= least * (1 - 1e-9)  # the others are too near to the middle; often these are many
    points, reach = points[ends], reach[ends]
    order = np.argsort(-reach)
    return float(np.sqrt(_largest_squared(points[order], reach[order])))


@kernel
def _largest_squared(points, reach):  # type: ignore[no-untyped-def]
    """Compare the points, farthest from the middle first; two are no farther apart than the sum of their reaches."""
    largest = 0.0
    for m in range(len(points)):
        if (reach[0] + reach[m]) ** 2 < largest:
            break
        for n in range(m):
            if (reach[m] + reach[n]) ** 2 < largest:
                break
            dz = points[m, 0] - points[n, 0]
            dy = points[m, 1] - points[n, 1]
            dx = points[m, 2] - points[n, 2]
            largest = max(largest, dz * dz + dy * dy + dx * dx)
    return largest
