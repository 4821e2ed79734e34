"""A case's features when one ball after another is hidden from the model."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from RadFusionLib.case import Geometry
from RadFusionLib.deep import Weights, extract, feature_names
from RadFusionLib.fusion import FeatureTable
from RadFusionLib.progress import Stage
from RadFusionLib.radiomics import PreparedRegion, Subregions, prepare
from RadFusionLib.recipe import Recipe
from RadFusionLib.workflow.extraction import conventional_settings, deep_input, voxel_size
from RadFusionLib.workflow.hidden_pictures import ball_within, hidden_pictures
from RadFusionLib.workflow.preprocess import PreparedCase, shared_frame

__all__ = ["hidden_features"]

LEAST_LEFT = 0.2
"""A region of which less is left keeps its features: they would say more of the loss than of the place."""


def hidden_features(
    recipe: Recipe,
    weights: Weights | None,
    prepared: PreparedCase,
    table: FeatureTable,
    names: Collection[str],
    centres: np.ndarray,
    radius: float,
    *,
    threads: int = 1,
    device: str = "cpu",
    progress: Stage | None = None,
) -> FeatureTable:
    """Compute features again without each ball, from the same filtered images.

    What a ball hides is left out, in every region and in every phase of the reference phase's frame, and no texture
    is painted into the hole that could bring in a signal of its own. A network that sees a region alone sees the ball
    as it sees the outside; one that sees a slice or patches, frozen or trained with the members, sees the region's
    mean there. Shape features are held: they belong to the whole region, not to a place; so are clinical values, and
    phases of another frame, in which the place is not known.

    Parameters
    ----------
    recipe : Recipe
        Its ``cr`` and ``dlr`` sections.
    weights : Weights or None
        The network of the deep features.
    prepared : PreparedCase
        The case.
    table : FeatureTable
        Its features with everything in sight, one row.
    names : collection of str
        The features wanted, all of them in ``table``; the others are held.
    centres : numpy.ndarray, shape (N, 3)
        Of the balls, LPS mm.
    radius : float
        Of the balls, mm.
    threads : int
        Balls worked on at the same time; the result does not depend on it.
    device : str
        For the network.
    progress : Stage, optional
        Reports; may cancel.

    Returns
    -------
    FeatureTable
        The columns of ``table``, a row a ball.
    """
    progress = progress or Stage()
    hidden = np.repeat(table.values, len(centres), axis=0)
    regions = _conventional_regions(recipe, prepared, names)
    column = table.position

    def without(number: int) -> None:
        for region in regions:
            for name, value in region.without_ball(centres[number], radius).items():
                hidden[number, column[name]] = value

    with ThreadPoolExecutor(threads) as pool:
        for number, _ in enumerate(pool.map(without, range(len(centres))), start=1):
            progress(0.8 * number / len(centres), f"Heatmap: {number} of {len(centres)} neighbourhoods")
    if weights is not None:
        _hide_from_network(recipe, weights, prepared, names, centres, radius, hidden, column, threads, device)
    return FeatureTable(
        tuple(str(n) for n in range(len(centres))),
        table.names,
        hidden,
        table.scanners * len(centres),
        images=hidden_pictures(recipe, prepared, table, centres, radius),
    )


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


def _conventional_regions(recipe: Recipe, prepared: PreparedCase, wanted: Collection[str]) -> list[_ConventionalRegion]:
    settings = conventional_settings(recipe)
    regions = []
    for phase in shared_frame(recipe):
        part = prepared.phases[phase]
        for region, mask in part.regions.items():
            prefix = f"{phase}_{region}_"
            names = tuple(
                name.removeprefix(prefix)
                for name in wanted
                if name.startswith(prefix) and "_dlr_" not in name and "_shape_" not in name
            )
            if names:
                made = prepare(part.image.array, mask.array, voxel_size(part.image.geometry), settings)
                parts = Subregions(made, settings, names)
                regions.append(_ConventionalRegion(prefix, made, part.image.geometry, parts))
    return regions


def _hide_from_network(
    recipe: Recipe,
    weights: Weights,
    prepared: PreparedCase,
    wanted: Collection[str],
    centres: np.ndarray,
    radius: float,
    hidden: np.ndarray,
    column: Mapping[str, int],
    threads: int,
    device: str,
) -> None:
    """Write into ``hidden``, shape (N, p), the deep features without each ball."""
    for phase in shared_frame(recipe):
        for region in prepared.phases[phase].regions:
            prefix = f"{phase}_{region}_dlr_"
            used = [name for name in wanted if name.startswith(prefix)]
            if not used:
                continue
            picture = deep_input(prepared, recipe, phase, region)
            seen, inside = picture.array, picture.inside
            balls = [ball_within(picture.grid, seen.shape, centre, radius) & inside for centre in centres]
            touched = [n for n, ball in enumerate(balls) if ball.any()]
            if not touched:
                continue
            # Outside a region a cube is 0; a slice shows what is there.
            filling = np.float32(0) if seen.ndim == 3 else seen[inside].mean()
            shown = np.stack([np.where(balls[n], filling, seen) for n in touched])
            normalisation = recipe.dlr.get("normalisation", "none")
            features = extract(weights, shown, normalisation=normalisation, threads=threads, device=device)
            names = feature_names(weights.network, phase, region)
            for name in used:
                hidden[touched, column[name]] = features[:, names.index(name)]
