"""From the planes of DICOM frames to the grid they make, and the other way."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.errors import InputError

__all__ = ["MOST_VOXELS", "TILTED", "UNEVEN", "Uneven", "as_stored", "grid_of_planes"]

TOLERANCE = 0.02
"""How far a plane may lie from an even spacing, as a share of it."""

MOST_VOXELS = 1 << 29
"""Of a grid that a header asks for; its frames may be few and far apart."""


SAME = 1e-2
"""How far apart two grids may be and still be one, as a share of a voxel."""


UNEVEN, TILTED = "slices at uneven distances", "axes that are not at right angles"


class Uneven(Exception):
    """Planes that make no grid; the text says what they have."""


def grid_of_planes(
    positions: Sequence[Sequence[float]],
    orientation: Sequence[float],
    pixel_spacing: Sequence[float],
    columns_rows: tuple[int, int],
    steps: Sequence[float] = (),
    *,
    gaps: bool = False,
) -> tuple[Geometry, np.ndarray]:
    """The grid of parallel planes, and each plane's place in it.

    Parameters
    ----------
    positions : sequence of (x, y, z)
        Image Position (Patient) of each plane: centre of its first voxel, LPS mm. Planes may share one.
    orientation : sequence of six float
        Image Orientation (Patient): directions of growing column and row index.
    pixel_spacing : (row spacing, column spacing)
        Pixel Spacing, mm.
    columns_rows : (columns, rows)
        Of each plane.
    steps : sequence of float
        Distances between planes that a header states, most trusted first; used where they fit the positions.
    gaps : bool
        Whether planes may be left out, as a segmentation leaves out empty ones.

    Returns
    -------
    tuple of (Geometry, numpy.ndarray)
        The grid, its K axis along the planes' normal, and the K of each plane, shape (n,), int.

    Raises
    ------
    Uneven
        When the planes lie at uneven distances, or shifted against each other.
    """
    axes = np.asarray(orientation, dtype=float).reshape(2, 3)
    normal = np.cross(axes[0], axes[1])
    if not (np.allclose(np.linalg.norm(axes, axis=1), 1, atol=1e-2) and abs(float(axes[0] @ axes[1])) < 1e-2):
        raise Uneven("an orientation that is none")
    if min(pixel_spacing) <= 0 or min(columns_rows) <= 0:
        raise Uneven("no voxel size")
    axes /= np.linalg.norm(axes, axis=1)[:, None]
    normal /= np.linalg.norm(normal)
    places = np.asarray(positions, dtype=float)
    along = places @ normal
    step = _step(along, steps, gaps)
    index = np.rint((along - along.min()) / step).astype(int)
    if not gaps and len(np.unique(index)) != index.max() + 1:
        raise Uneven(UNEVEN)
    if index.max():
        # A step as printed in a header is rounded; over many planes the span knows better.
        step = float(along.max() - along.min()) / int(index.max())
    if np.abs((along - along.min()) / step - index).max() > TOLERANCE:
        raise Uneven(UNEVEN)
    first = places[int(np.argmin(along))]
    aside = np.linalg.norm((places - first) - np.outer(along - along.min(), normal), axis=1)
    if (aside > TOLERANCE * step * np.maximum(index, 1)).any():
        raise Uneven(TILTED)
    size = (columns_rows[0], columns_rows[1], int(index.max()) + 1)
    if float(size[0]) * size[1] * size[2] > MOST_VOXELS:
        raise Uneven("more voxels than a scan has")
    direction = np.stack([axes[0], axes[1], normal], axis=1)
    return (
        Geometry(
            size=size,
            spacing=(float(pixel_spacing[1]), float(pixel_spacing[0]), step),
            origin=tuple(float(v) for v in first),  # type: ignore[arg-type]
            direction=tuple(tuple(float(v) for v in row) for row in direction),  # type: ignore[arg-type]
        ),
        index,
    )


def _step(along: np.ndarray, stated: Sequence[float], gaps: bool) -> float:
    """The distance between neighbouring planes."""
    levels = np.unique(np.round(along, 4))
    believed = [step for step in stated if step > 0]
    if len(levels) < 2:
        if not believed:
            raise Uneven("one plane of unknown thickness")
        return float(believed[0])
    between = np.diff(levels)
    if not gaps:
        return float(np.median(between))
    for step in (*believed, float(between.min())):
        if np.abs(between / step - np.rint(between / step)).max() <= TOLERANCE and between.min() >= 0.5 * step:
            return float(step)
    raise Uneven(UNEVEN)


def as_stored(volume: Volume, geometry: Geometry) -> Volume:
    """A volume whose axes were flipped or permuted, with its voxels in ``geometry``'s order again.

    Raises
    ------
    InputError
        When the two grids are not the same voxels.
    """
    moved = np.linalg.inv(volume.geometry.matrix) @ geometry.matrix
    turn = np.rint(moved[:3, :3]).astype(int)
    if np.abs(moved[:3, :3] - turn).max() < SAME and np.array_equal(np.abs(turn) @ np.abs(turn).T, np.eye(3)):
        # Array axes run K, J, I; index axes I, J, K.
        of_axis = [int(np.flatnonzero(turn[:, 2 - axis])[0]) for axis in range(3)]
        array = volume.array.transpose([2 - of for of in of_axis])
        steps = [int(turn[of, 2 - axis]) for axis, of in enumerate(of_axis)]
        array = array[tuple(slice(None, None, step) for step in steps)]
        middles = (volume.geometry.corners().mean(axis=0), geometry.corners().mean(axis=0))
        if array.shape == geometry.shape and np.abs(middles[0] - middles[1]).max() < SAME * min(geometry.spacing):
            return Volume(np.ascontiguousarray(array), geometry)
    raise InputError(
        "The result does not lie on the DICOM series' own grid; give the series that the case was read from."
    )
