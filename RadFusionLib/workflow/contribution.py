"""The ensemble's own regional risk: how it changes when a place is hidden from it."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from RadFusionLib.bundle import Bundle
from RadFusionLib.case import Geometry
from RadFusionLib.deep import extract, feature_names
from RadFusionLib.explain import Heatmap, Neighbourhoods
from RadFusionLib.fusion import FeatureTable
from RadFusionLib.progress import Stage
from RadFusionLib.radiomics import PreparedRegion, Subregions, prepare
from RadFusionLib.workflow.extraction import conventional_settings, deep_input, voxel_size
from RadFusionLib.workflow.preprocess import PreparedCase

__all__ = ["contribution_map"]

LEAST_LEFT = 0.2
"""A region of which less is left keeps its features: they would say more of the loss than of the place."""


def contribution_map(
    bundle: Bundle, prepared: PreparedCase, table: FeatureTable, threads: int, device: str, progress: Stage
) -> Heatmap:
    """Paint how the ensemble's risk depends on what is at a place.

    A ball of the recipe's ``neighbourhood_mm`` is taken out of tumour and shell, in every phase; the features
    that the members use are computed again on what is left, from the same filtered images, CR and DLR alike
    (the network sees the ball as it sees the outside of a region). The contribution is the risk with the ball
    less the risk without it, in risk points (percentage points), and a voxel's value is the mean over the balls
    that cover it. Nothing is painted into the hole, so no made-up texture can bring in a signal of its own.
    Shape features are held: they belong to the whole region, not to a place.

    Parameters
    ----------
    bundle : Bundle
        Its ensemble and recipe.
    prepared : PreparedCase
        The case.
    table : FeatureTable
        Its features, one row.
    threads : int
        Balls worked on at the same time; the map does not depend on it.
    device : str
        For the network.
    progress : Stage
        Reports; may cancel.

    Returns
    -------
    Heatmap
        Kind ``contribution``, on the grid of the reference phase.
    """
    reference = prepared.reference_phase
    union = np.zeros(reference.image.array.shape, dtype=bool)
    for region in reference.regions.values():
        union |= region.array
    settings = bundle.recipe.heatmap
    balls = Neighbourhoods(
        reference.image.with_array(union), float(settings["neighbourhood_mm"]), float(settings["stride_mm"])
    )
    centres = balls.centres()
    progress(0.0, f"Heatmap: {len(centres)} neighbourhoods")
    hidden = np.repeat(table.values, len(centres), axis=0)
    regions = _conventional_regions(bundle, prepared)
    column = table.position

    def without(number: int) -> None:
        for region in regions:
            for name, value in region.without_ball(centres[number], balls.diameter / 2).items():
                hidden[number, column[name]] = value

    with ThreadPoolExecutor(threads) as pool:
        for number, _ in enumerate(pool.map(without, range(len(centres))), start=1):
            progress(0.8 * number / len(centres), f"Heatmap: {number} of {len(centres)} neighbourhoods")
    _hide_from_network(bundle, prepared, centres, balls.diameter / 2, hidden, column, threads, device)
    names = tuple(str(n) for n in range(len(centres)))
    # The networks trained with the members see the whole: their signatures are held.
    shown = {name: images * len(centres) for name, images in table.images.items()}
    risks = expit(
        bundle.ensemble.logit(FeatureTable(names, table.names, hidden, table.scanners * len(centres), images=shown))
    )
    whole = expit(bundle.ensemble.logit(table))[0]
    progress(1.0, "Heatmap painted")
    return Heatmap(balls.paint(centres, 100.0 * (whole - risks)), "contribution")


@dataclass(frozen=True)
class _ConventionalRegion:
    """One phase's region on the grid of its features."""

    prefix: str
    region: PreparedRegion
    geometry: Geometry
    parts: Subregions

    def without_ball(self, centre: np.ndarray, radius: float) -> Mapping[str, float]:
        """Features of the region less a ball, empty when the ball does not touch it."""
        own = self.geometry.physical_to_index(centre[None])[0]
        start = (own - np.asarray(self.region.start_ijk)) * np.asarray(self.region.input_spacing)
        axes = [
            (np.arange(n) * s - c) ** 2
            for n, s, c in zip(self.region.mask.shape, self.region.spacing[::-1], start[::-1], strict=True)
        ]
        ball = axes[0][:, None, None] + axes[1][None, :, None] + axes[2][None, None, :] <= radius**2
        left = self.region.mask & ~ball
        count = int(self.region.mask.sum())
        if left.sum() == count or left.sum() < LEAST_LEFT * count:
            return {}
        found = self.parts.calculate(left)
        return {self.prefix + name: value for name, value in found.items() if np.isfinite(value)}


def _conventional_regions(bundle: Bundle, prepared: PreparedCase) -> list[_ConventionalRegion]:
    settings = conventional_settings(bundle.recipe)
    regions = []
    for phase, part in prepared.phases.items():
        for region, mask in part.regions.items():
            prefix = f"{phase}_{region}_"
            names = tuple(
                name.removeprefix(prefix)
                for name in bundle.ensemble.features
                if name.startswith(prefix) and "_dlr_" not in name and "_shape_" not in name
            )
            if names:
                made = prepare(part.image.array, mask.array, voxel_size(part.image.geometry), settings)
                parts = Subregions(made, settings, names)
                regions.append(_ConventionalRegion(prefix, made, part.image.geometry, parts))
    return regions


def _hide_from_network(
    bundle: Bundle,
    prepared: PreparedCase,
    centres: np.ndarray,
    radius: float,
    hidden: np.ndarray,
    column: Mapping[str, int],
    threads: int,
    device: str,
) -> None:
    """Write into ``hidden``, shape (N, p), the deep features without each ball."""
    for phase, part in prepared.phases.items():
        for region in part.regions:
            prefix = f"{phase}_{region}_dlr_"
            used = [name for name in bundle.ensemble.features if name.startswith(prefix)]
            if not used or bundle.weights is None:
                continue
            picture = deep_input(prepared, bundle.recipe, phase, region)
            seen, grid = picture.array, picture.grid
            balls = [_ball(grid, seen.shape, centre, radius) for centre in centres]
            touched = [n for n, ball in enumerate(balls) if (seen[ball] != 0).any()]
            if not touched:
                continue
            shown = np.stack([np.where(balls[n], np.float32(0), seen) for n in touched])
            normalisation = bundle.recipe.dlr.get("normalisation", "none")
            features = extract(bundle.weights, shown, normalisation=normalisation, threads=threads, device=device)
            names = feature_names(bundle.weights.network, phase, region)
            for name in used:
                hidden[touched, column[name]] = features[:, names.index(name)]


def _ball(grid: Geometry, shape: tuple[int, ...], centre: np.ndarray, radius: float) -> np.ndarray:
    """Which voxels of a network's input lie in a ball, ``bool``, of the input's shape."""
    cube = shape if len(shape) == 3 else (1, *shape)
    own = grid.physical_to_index(centre[None])[0]
    axes = [((np.arange(n) - c) * s) ** 2 for n, s, c in zip(cube, grid.spacing[::-1], own[::-1], strict=True)]
    return (axes[0][:, None, None] + axes[1][None, :, None] + axes[2][None, None, :] <= radius**2).reshape(shape)
