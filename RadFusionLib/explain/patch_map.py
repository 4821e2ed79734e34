"""Patch probabilities as a map of the slice.

What it is: at each pixel, the mean probability that the network gives to the patches that cover it, as recipe
``icca-recurrence-patch`` shows its cases. What it is not: a probability of disease at that pixel. A patch of 128
pixels is judged as a whole, its neighbours share three quarters of it, and the mean over them is smooth by
construction, whatever the network saw.
"""

from __future__ import annotations

import numpy as np

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.explain.heatmap import Heatmap
from RadFusionLib.explain.placement import place_known

__all__ = ["SIZE", "patch_heatmap", "patch_map"]

SIZE = 128
"""Edge of a patch, pixels."""


def patch_map(corners: np.ndarray, probabilities: np.ndarray, shape: tuple[int, int], size: int = SIZE) -> np.ndarray:
    """Average the patches over each pixel.

    Parameters
    ----------
    corners : numpy.ndarray of int, shape (N, 2)
        First row and column (J, I) of each patch; any stride.
    probabilities : numpy.ndarray, shape (N,)
        In [0, 1].
    shape : tuple of int
        Rows and columns of the slice.
    size : int
        Edge of a patch, pixels.

    Returns
    -------
    numpy.ndarray, shape ``shape``
        NaN where no patch lies. :func:`~RadFusionLib.explain.colours.grey_levels` makes it grey 0 to 255, and
        :data:`~RadFusionLib.explain.colours.JET` or another map its colours.

    Raises
    ------
    ValueError
        When a patch leaves the slice, or there is not one probability a patch.
    """
    corners, probabilities = np.asarray(corners, dtype=int).reshape(-1, 2), np.asarray(probabilities, dtype=float)
    if probabilities.shape != (len(corners),):
        raise ValueError(f"{probabilities.size} probabilities for {len(corners)} patches.")
    if len(corners) and ((corners < 0).any() or (corners + size > np.asarray(shape)).any()):
        raise ValueError(f"A patch of {size} pixels leaves the slice of {shape[0]} x {shape[1]} pixels.")
    total, count = np.zeros(shape), np.zeros(shape, dtype=int)
    for (row, column), probability in zip(corners, probabilities, strict=True):
        patch = slice(row, row + size), slice(column, column + size)
        total[patch] += probability
        count[patch] += 1
    return np.divide(total, count, out=np.full(shape, np.nan), where=count > 0)


def patch_heatmap(values: np.ndarray, seen: Geometry, region: Volume) -> Heatmap:
    """Bring the map of a slice into the phase.

    Parameters
    ----------
    values : numpy.ndarray, shape (J, I)
        From :func:`patch_map`.
    seen : Geometry
        Of the slice that was cut into patches: one voxel thick, as fine as it was exported.
    region : Volume
        ``bool``, on the grid of the phase: where the map is wanted, as the tumour.

    Returns
    -------
    Heatmap
        Kind ``patch_probability``; the sentinel where no patch lies.
    """
    return Heatmap(place_known(values[None], seen, region), "patch_probability")
