"""The directions in which neighbours are looked for."""

from __future__ import annotations

import itertools
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from RadFusionLib.radiomics.settings import RadiomicsSettings

__all__ = ["all_directions", "direction_weights", "half_directions"]


def half_directions(settings: RadiomicsSettings, distances: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """Give one of each pair of opposite steps, those whose first step that is not 0 is positive.

    Parameters
    ----------
    settings : RadiomicsSettings
        `force_2d` keeps the steps within planes.
    distances : tuple of int
        Chessboard lengths of the steps.

    Returns
    -------
    (m, 3) int64 array
        Steps along K, J, I: 13 in three dimensions at distance 1, 4 in two.
    """
    return np.array(_steps(distances, settings.force_2d_dimension if settings.force_2d else None), dtype=np.int64)


@lru_cache(maxsize=32)
def _steps(distances: tuple[int, ...], without: int | None) -> tuple[tuple[int, ...], ...]:
    """Give the steps, none along axis `without`."""
    reach = max(distances)
    return tuple(
        step
        for step in itertools.product(range(reach, -reach - 1, -1), repeat=3)
        if step > (0, 0, 0) and max(map(abs, step)) in distances and (without is None or step[without] == 0)
    )


def all_directions(settings: RadiomicsSettings, distances: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """Give the steps of `half_directions` and their opposites, (2m, 3)."""
    half = half_directions(settings, distances)
    return np.concatenate([half, -half])


def direction_weights(
    directions: npt.NDArray[np.int64], spacing: tuple[float, float, float], norm: str, squared_decay: bool
) -> npt.NDArray[np.float64]:
    """Give a weight for each direction from its length in millimetres.

    Parameters
    ----------
    directions : (m, 3) int64 array
        Steps along K, J, I.
    spacing : tuple of 3 floats
        Millimetres ``(x, y, z)``.
    norm : {'manhattan', 'euclidean', 'infinity', 'no_weighting'}
        How the length is measured.
    squared_decay : bool
        Weight ``exp(-length**2)`` (GLCM) rather than the length itself (GLRLM).
    """
    lengths = np.abs(directions) * np.array(spacing[::-1])
    if norm == "no_weighting":
        return np.ones(len(directions))
    if norm == "infinity":
        length = lengths.max(axis=1)
    elif norm == "euclidean":
        length = np.sqrt((lengths**2).sum(axis=1))
    else:
        length = lengths.sum(axis=1)
    return np.asarray(np.exp(-(length**2)) if squared_decay else length, dtype=np.float64)
