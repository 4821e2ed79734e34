"""Oblique grids and simple bodies in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from RadFusionLib.case import Geometry, Volume


def _grid(
    size: tuple[int, int, int] = (24, 22, 16),
    spacing: tuple[float, float, float] = (1.1, 1.7, 3.3),
    angles: Sequence[float] = (17, -9, 31),
    origin: tuple[float, float, float] = (-40.5, 12.25, 310.0),
) -> Geometry:
    matrix = Rotation.from_euler("xyz", list(angles), degrees=True).as_matrix()
    return Geometry(size, spacing, origin, tuple(tuple(float(v) for v in row) for row in matrix))


def _ball(geometry: Geometry, radius: float, shift: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Volume:
    """A ball of ``radius`` mm about the middle of the grid, moved by ``shift`` mm along the axes."""
    k, j, i = np.indices(geometry.shape)
    steps = (np.stack([i, j, k], -1) - (np.array(geometry.size) - 1) / 2) * geometry.spacing - np.array(shift)
    return Volume(np.linalg.norm(steps, axis=-1) <= radius, geometry)


@pytest.fixture
def grid() -> Callable[..., Geometry]:
    return _grid


@pytest.fixture
def ball() -> Callable[..., Volume]:
    return _ball
