"""Closed polygons to voxels, by the even-odd rule."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["fill_even_odd"]

AT_ONCE = 4096
"""Edges worked on together, so that memory stays small whatever a file says."""


def fill_even_odd(contours: Sequence[np.ndarray], shape: tuple[int, int]) -> np.ndarray:
    """Fill polygons that lie in one plane; what an even number of them encloses is a hole.

    Parameters
    ----------
    contours : sequence of numpy.ndarray
        Each shape (n, 2): vertices as continuous indices (I, J), the last joined to the first. A voxel's centre
        has whole indices.
    shape : (J, I)
        Of the plane.

    Returns
    -------
    numpy.ndarray
        ``bool``, shape (J, I): whether a ray from the voxel's centre crosses the polygons an odd number of times. Of
        centres on an edge, those on a left or upper one are inside, so that polygons sharing an edge share no voxel.
    """
    rows, columns = shape
    crossings = np.zeros((rows, columns + 1), dtype=np.int64)
    for contour in contours:
        points = np.asarray(contour, dtype=float)
        ends = np.roll(points, -1, axis=0)
        for start in range(0, len(points), AT_ONCE):
            _count(points[start : start + AT_ONCE], ends[start : start + AT_ONCE], crossings)
    # As many crossings lie right of a voxel as left of it, and its own column counts as left.
    return np.asarray(np.cumsum(crossings, axis=1)[:, :columns] % 2 == 1)


def _count(starts: np.ndarray, ends: np.ndarray, crossings: np.ndarray) -> None:
    """Add, for each row, the column from which on each edge has been crossed."""
    rows, columns = crossings.shape[0], crossings.shape[1] - 1
    low, high = np.minimum(starts[:, 1], ends[:, 1]), np.maximum(starts[:, 1], ends[:, 1])
    # A row j is crossed when low <= j < high: each vertex belongs to one of its two edges.
    first = np.clip(np.ceil(low), 0, rows).astype(int)
    last = np.clip(np.ceil(high), 0, rows).astype(int)
    count = np.maximum(last - first, 0)
    edge = np.repeat(np.arange(len(starts)), count)
    row = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + first[edge]
    rise = (row - starts[edge, 1]) / (ends[edge, 1] - starts[edge, 1])
    column = starts[edge, 0] + rise * (ends[edge, 0] - starts[edge, 0])
    np.add.at(crossings, (row, np.clip(np.ceil(column), 0, columns).astype(int)), 1)
