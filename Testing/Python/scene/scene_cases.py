"""Grids, balls and a stand-in prediction for the scene tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from RadFusionLib.case import Geometry, Volume

__all__ = ["StandIn", "ball", "oblique"]


@dataclass
class StandIn:
    """Has the attributes of a Prediction, with values that a test can know."""

    case: str
    risk: float
    risk_low: float
    risk_high: float
    model_spread: float
    group: str
    threshold: float
    warnings: tuple[str, ...]
    explanation: dict[str, Any]
    heatmap: Volume | None
    shell: Volume | None
    extra: dict[str, Any] = field(default_factory=dict)


def oblique(size: tuple[int, int, int] = (26, 22, 14), shift: float = 0.0) -> Geometry:
    """An anisotropic grid turned about all three axes."""
    a, b, c = 0.31, -0.22, 0.17
    turn = (
        np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
        @ np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
        @ np.array([[1, 0, 0], [0, np.cos(c), -np.sin(c)], [0, np.sin(c), np.cos(c)]])
    )
    rows = tuple(tuple(float(v) for v in row) for row in turn)
    return Geometry(size, (1.7123456789, 1.9, 3.3), (-83.123456789012 + shift, 41.7, -512.35), rows)  # type: ignore[arg-type]


def ball(geometry: Geometry, radius: float, shift: tuple[float, float, float] = (0, 0, 0)) -> Volume:
    """A ball of ``radius`` mm about the middle of the grid, moved by ``shift`` voxels (I, J, K)."""
    k, j, i = np.indices(geometry.shape)
    middle = (np.array(geometry.size) - 1) / 2 + np.array(shift)
    steps = np.stack([i, j, k], axis=-1) - middle
    return Volume(np.linalg.norm(steps * np.array(geometry.spacing), axis=-1) <= radius, geometry)
