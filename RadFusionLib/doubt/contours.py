"""Contours that another hand or another day might have drawn, within a stated tolerance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

__all__ = ["CONTOURS", "TOLERANCE_MM", "Contour", "plausible_contours", "redrawn_contour"]

TOLERANCE_MM = 2.0
"""How far a plausible contour may lie from the drawn one, mm."""
CONTOURS = 20
GROWTH = (1.0, 0.5, -0.5, -1.0)
"""In tolerances; then come six shifts by one tolerance along the axes, and redrawn contours up to `CONTOURS`."""
SMOOTH_MM = 10.0
"""Width of the bulges and dents of a redrawn contour (standard deviation of the smoothing)."""


@dataclass(frozen=True, eq=False)
class Contour:
    """One plausible contour.

    Parameters
    ----------
    kind : str
        ``grown``, ``shrunk``, ``shifted`` or ``redrawn``.
    mask : numpy.ndarray
        ``bool``, on the drawn mask's grid; perhaps empty, when a small tumour shrinks.
    """

    kind: str
    mask: np.ndarray


def plausible_contours(
    mask: np.ndarray, spacing: Sequence[float], tolerance: float = TOLERANCE_MM, seed: int = 0
) -> tuple[Contour, ...]:
    """Give 20 contours: 2 grown, 2 shrunk, 6 shifted and 10 redrawn.

    Each is a level of a signed distance, so that it may move by less than a voxel: what changes are the voxels whose
    centre it passes.

    Parameters
    ----------
    mask : numpy.ndarray
        The drawn contour, ``bool``, shape (K, J, I), not empty.
    spacing : sequence of float
        (K, J, I), mm.
    tolerance : float
        The farthest that a contour moves, mm.
    seed : int
        Of the redrawn ones.
    """
    part, distance = _distance(mask, spacing, tolerance)
    made = [("grown" if share > 0 else "shrunk", distance + share * tolerance) for share in GROWTH]
    for axis in range(3):
        for sign in (1.0, -1.0):
            steps = [sign * tolerance / spacing[axis] if a == axis else 0.0 for a in range(3)]
            made.append(("shifted", ndimage.shift(distance, steps, order=1, mode="nearest")))
    generator = np.random.default_rng(seed)
    while len(made) < CONTOURS:
        made.append(("redrawn", distance + _error(distance, spacing, tolerance, generator)))
    return tuple(Contour(kind, _placed(level, part, mask.shape)) for kind, level in made)


def redrawn_contour(
    mask: np.ndarray, spacing: Sequence[float], tolerance: float = TOLERANCE_MM, seed: int = 0
) -> np.ndarray:
    """Give one redrawn contour, ``bool``, of the mask's shape; the mask itself where none would be left."""
    part, distance = _distance(mask, spacing, tolerance)
    error = _error(distance, spacing, tolerance, np.random.default_rng(seed))
    found = _placed(distance + error, part, mask.shape)
    return found if found.any() else mask


def _distance(mask: np.ndarray, spacing: Sequence[float], tolerance: float) -> tuple[tuple[slice, ...], np.ndarray]:
    """Distance to the contour around the mask, mm, positive inside; and where that box lies.

    Distances run from voxel centre to voxel centre; the contour runs between, over all directions about a quarter of a
    voxel from either.
    """
    part = tuple(
        slice(max(0, int(where.min() - 2 * tolerance / s) - 2), int(where.max() + 2 * tolerance / s) + 3)
        for where, s in zip(np.nonzero(mask), spacing, strict=True)
    )
    inside = mask[part]
    within = ndimage.distance_transform_edt(np.pad(inside, 1), sampling=spacing)[1:-1, 1:-1, 1:-1]
    distance = within - ndimage.distance_transform_edt(~inside, sampling=spacing) if not inside.all() else within
    return part, distance - np.sign(distance) * 0.25 * min(spacing)


def _error(
    distance: np.ndarray, spacing: Sequence[float], tolerance: float, generator: np.random.Generator
) -> np.ndarray:
    """How far a redrawn contour lies beyond the drawn one, mm: dents and bulges, and a shift of the whole.

    Each has a standard deviation of a third of the tolerance, the shift along every axis; their sum is cut at the
    tolerance.
    """
    field = generator.standard_normal(distance.shape)
    field = ndimage.gaussian_filter(field, [SMOOTH_MM / s for s in spacing], mode="wrap")
    field -= field.mean()
    field *= tolerance / 3 / max(float(field.std()), 1e-12)
    shift = generator.normal(0.0, tolerance / 3, 3)
    places = [np.arange(n) * s for n, s in zip(distance.shape, spacing, strict=True)]
    away = np.stack(np.meshgrid(*places, indexing="ij"))
    away -= away[:, distance > 0].mean(axis=1)[:, None, None, None]
    away /= np.maximum(np.linalg.norm(away, axis=0), 1e-9)
    return np.clip(field + np.tensordot(shift, away, axes=1), -tolerance, tolerance)


def _placed(level: np.ndarray, part: tuple[slice, ...], shape: tuple[int, ...]) -> np.ndarray:
    mask = np.zeros(shape, dtype=bool)
    mask[part] = level > 0
    return mask
