"""What the networks that were trained with the members see of a case when a ball is hidden from them."""

from __future__ import annotations

import numpy as np

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.fusion import FeatureTable
from RadFusionLib.recipe import Recipe
from RadFusionLib.workflow.network_images import network_grids
from RadFusionLib.workflow.preprocess import PreparedCase, shared_frame

__all__ = ["ball_within", "hidden_pictures"]


def hidden_pictures(
    recipe: Recipe, prepared: PreparedCase, table: FeatureTable, centres: np.ndarray, radius: float
) -> dict[str, tuple[np.ndarray, ...]]:
    """Each network's pictures of a case with the region's own mean in the place of each ball.

    Parameters
    ----------
    recipe : Recipe
        Its networks.
    prepared : PreparedCase
        The case.
    table : FeatureTable
        Its images, one row.
    centres : numpy.ndarray, shape (N, 3)
        Of the balls, LPS mm.
    radius : float
        Of the balls, mm.

    Returns
    -------
    dict of str to tuple of numpy.ndarray
        By network, N arrays like the case's own; the case's own array itself where a ball touches no pixel of the
        region, and for a network that sees another frame than the reference phase's.
    """
    frame = shared_frame(recipe)
    found: dict[str, tuple[np.ndarray, ...]] = {}
    for name, (images,) in table.images.items():
        wanted = recipe.networks[name]["input"]
        found[name] = (images,) * len(centres)
        if wanted["phase"] not in frame:
            continue
        region = prepared.phases[wanted["phase"]].regions[wanted.get("region", "tumor")]
        grids = network_grids(prepared, recipe, name)
        inside = np.stack([_pixels(region, grid) for grid in grids])
        if not inside.any():
            continue
        mean = images.dtype.type(images[inside].mean())
        found[name] = tuple(_without(images, grids, inside, centre, radius, mean) for centre in centres)
    return found


def ball_within(grid: Geometry, shape: tuple[int, ...], centre: np.ndarray, radius: float) -> np.ndarray:
    """Which voxels of a network's input lie in a ball, ``bool``, of the input's shape, (K, J, I) or (J, I)."""
    cube = shape if len(shape) == 3 else (1, *shape)
    own = grid.physical_to_index(centre[None])[0]
    axes = [((np.arange(n) - c) * s) ** 2 for n, s, c in zip(cube, grid.spacing[::-1], own[::-1], strict=True)]
    return (axes[0][:, None, None] + axes[1][None, :, None] + axes[2][None, None, :] <= radius**2).reshape(shape)


def _without(
    images: np.ndarray, grids: list[Geometry], inside: np.ndarray, centre: np.ndarray, radius: float, mean: np.generic
) -> np.ndarray:
    balls = np.stack([ball_within(grid, images.shape[1:], centre, radius) for grid in grids]) & inside
    return np.where(balls, mean, images) if balls.any() else images


def _pixels(region: Volume, grid: Geometry) -> np.ndarray:
    """Which pixels of a slice lie in a region, ``bool``, shape (J, I)."""
    i, j = np.meshgrid(np.arange(grid.size[0]), np.arange(grid.size[1]))
    points = grid.index_to_physical(np.stack([i, j, np.zeros_like(i)], axis=-1).reshape(-1, 3))
    index = np.rint(region.geometry.physical_to_index(points)).astype(int)
    reached = ((index >= 0) & (index < region.geometry.size)).all(axis=1)
    found = np.zeros(len(points), dtype=bool)
    found[reached] = region.array[tuple(index[reached][:, ::-1].T)]
    return found.reshape(i.shape)
