"""How readers draw: the true contour, and what another reader or another day makes of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from RadFusionLib.case import Geometry
from RadFusionLib.simulation.anatomy import LesionShape
from RadFusionLib.simulation.latents import Latents
from RadFusionLib.simulation.streams import stream

__all__ = ["READINGS", "contour", "redrawn"]

READINGS: dict[tuple[str, str], tuple[float, float]] = {("2", ""): (0.9, 0.4), ("1", "2"): (0.5, 0.0)}
"""By (reader, reading): standard deviation of the local error of the contour, and its bias outward, mm."""


def redrawn(lesion: LesionShape, latents: Latents, reader: str, reading: str) -> LesionShape:
    """The lesion as one of `READINGS` draws it: a little shifted, swollen and dented."""
    rng = stream(latents.seed, latents.index, "readers", int(reader), int(reading or 1))
    error, outward = READINGS[reader, reading]
    axes = rng.standard_normal((5, 3))
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    heights = rng.normal(0.0, 0.8 * error / lesion.radius, 5)
    return replace(
        lesion,
        radius=lesion.radius + outward + float(rng.normal(0.0, 0.4 * error)),
        center=lesion.center + rng.normal(0.0, 0.5 * error, 3),
        axes=np.concatenate([lesion.axes, axes]),
        heights=np.concatenate([lesion.heights, heights]),
    )


def contour(lesion: LesionShape, geometry: Geometry, shift: np.ndarray) -> np.ndarray:
    """Voxels of a grid whose centre lies in the lesion.

    Parameters
    ----------
    lesion : LesionShape
        In the patient's world.
    geometry, shift
        Grid and frame, as `group_geometry` returns them.

    Returns
    -------
    numpy.ndarray
        ``bool``, shape ``geometry.shape``.
    """
    k, j, i = np.indices(geometry.shape, sparse=True)
    matrix = geometry.matrix
    points = np.stack(
        [matrix[a, 0] * i + matrix[a, 1] * j + matrix[a, 2] * k + matrix[a, 3] - shift[a] for a in range(3)]
    )
    return np.asarray(lesion.depth(points) > 0)
