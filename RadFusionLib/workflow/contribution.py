"""The ensemble's own regional risk: how it changes when a place is hidden from it."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from RadFusionLib.bundle import Bundle
from RadFusionLib.explain import Heatmap, Neighbourhoods
from RadFusionLib.fusion import FeatureTable
from RadFusionLib.progress import Stage
from RadFusionLib.recipe import Recipe
from RadFusionLib.workflow.hidden_features import hidden_features
from RadFusionLib.workflow.preprocess import PreparedCase

__all__ = ["contribution_map", "neighbourhoods"]


def contribution_map(
    bundle: Bundle, prepared: PreparedCase, table: FeatureTable, threads: int, device: str, progress: Stage
) -> Heatmap:
    """Paint how the ensemble's risk depends on what is at a place.

    A ball of the recipe's ``neighbourhood_mm`` is taken out of tumour and shell, in every phase, and the features
    that the members use are computed again on what is left, CR and DLR alike. A ball's contribution is the risk with
    it less the risk without it, in risk points (percentage points); a voxel's is that of the balls that cover it, for
    what they hid. Large balls find places better than small ones, since a small one hardly changes the features of a
    whole region; how well is measured in docs/explanations.md.

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
    balls = neighbourhoods(bundle.recipe, prepared)
    centres = balls.centres()
    progress(0.0, f"Heatmap: {len(centres)} neighbourhoods")
    hidden = hidden_features(
        bundle.recipe,
        bundle.weights,
        prepared,
        table,
        bundle.ensemble.features,
        centres,
        balls.diameter / 2,
        threads=threads,
        device=device,
        progress=progress.part(0.0, 0.98),
    )
    whole, risks = expit(bundle.ensemble.logit(table))[0], expit(bundle.ensemble.logit(hidden))
    progress(1.0, "Heatmap painted")
    return Heatmap(balls.paint(centres, 100.0 * (whole - risks)), "contribution")


def neighbourhoods(recipe: Recipe, prepared: PreparedCase) -> Neighbourhoods:
    """The balls that a recipe's contribution map hides one after another, over tumour and shell."""
    reference = prepared.reference_phase
    union = np.logical_or.reduce([region.array for region in reference.regions.values()])
    settings = recipe.heatmap
    return Neighbourhoods(
        reference.image.with_array(union), float(settings["neighbourhood_mm"]), float(settings["stride_mm"])
    )
