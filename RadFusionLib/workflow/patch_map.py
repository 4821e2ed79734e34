"""What the patch network says of the patches that cover a place."""

from __future__ import annotations

import numpy as np

from RadFusionLib.bundle import Bundle
from RadFusionLib.errors import InputError
from RadFusionLib.explain import Heatmap
from RadFusionLib.explain.heatmap import SENTINEL
from RadFusionLib.fusion import FeatureTable
from RadFusionLib.fusion.network_score import NetworkScore
from RadFusionLib.progress import Stage
from RadFusionLib.workflow.network_images import network_patches
from RadFusionLib.workflow.preprocess import PreparedCase

__all__ = ["patch_probability_map"]


def patch_probability_map(
    bundle: Bundle, prepared: PreparedCase, table: FeatureTable, threads: int, device: str, progress: Stage
) -> Heatmap:
    """Paint the mean probability of the patches that cover a place, the mean over the members.

    It is what the networks say before their mean over the patches becomes the risk; it is no probability of disease
    at the place, and neighbouring patches share most of what they see.

    Parameters
    ----------
    bundle : Bundle
        Of a recipe whose final model is a network that sees patches.
    prepared : PreparedCase
        The case.
    table : FeatureTable
        Its images, one row.
    threads, device
        As for the contribution map; the map does not depend on them.
    progress : Stage
        Reports; may cancel.

    Returns
    -------
    Heatmap
        Kind ``patch_probability``, on the grid of the reference phase.
    """
    scores = [member.scores[member.final] for member in bundle.ensemble.members]
    networks = [score for score in scores if isinstance(score, NetworkScore)]
    if len(networks) < len(scores) or not networks:
        raise InputError(
            f"Recipe {bundle.recipe.name} wants a map of patch probabilities, but its final model sees no patches; "
            "choose the heatmap kind contribution."
        )
    name = networks[0].network
    (images,) = table.images[name]
    total = np.zeros(len(images))
    for number, network in enumerate(networks):
        progress(number / len(networks), f"Heatmap: {len(images)} patches, member {number + 1} of {len(networks)}")
        total += network.probabilities(images)
    wanted = bundle.recipe.networks[name]["input"]
    patches = network_patches(prepared, wanted)
    within = prepared.phases[wanted["phase"]].regions[wanted.get("region", "tumor")]
    painted = patches.heatmap(total / len(networks), prepared.reference_phase.image.geometry, within)
    values = np.where(np.isfinite(painted.array), painted.array, SENTINEL).astype(np.float32)
    progress(1.0, "Heatmap painted")
    return Heatmap(painted.with_array(values), "patch_probability")
