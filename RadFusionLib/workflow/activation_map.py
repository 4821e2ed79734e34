"""Grad-CAM and class activation of the networks inside an ensemble, in the patient."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from RadFusionLib.bundle import Bundle
from RadFusionLib.case import Geometry, Volume
from RadFusionLib.deep import feature_names, network_spec
from RadFusionLib.deep.features import levelled
from RadFusionLib.deep.inference import input_tensor
from RadFusionLib.errors import InputError
from RadFusionLib.explain import SENTINEL, Heatmap
from RadFusionLib.explain.class_activation import class_activation, grad_cam
from RadFusionLib.explain.placement import cells_of_layer, middle, place, resized
from RadFusionLib.fusion import FeatureTable
from RadFusionLib.fusion.influence import NetworkInfluence, feature_influence, network_influences
from RadFusionLib.fusion.network_score import scaled_images
from RadFusionLib.progress import Stage
from RadFusionLib.workflow.extraction import deep_input
from RadFusionLib.workflow.network_images import network_grids
from RadFusionLib.workflow.preprocess import PreparedCase, shared_frame

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = ["class_activation_map", "grad_cam_map"]

LAST = "layer4"
"""The layer whose average a network's classifier or a signature sees."""


@dataclass(frozen=True, eq=False)
class _Seen:
    """One picture that a network looked at.

    Parameters
    ----------
    network : torch.nn.Module
        Its output is the score of two classes, or the averaged features.
    inputs : numpy.ndarray
        As the network takes it, shape (channels, [K,] J, I).
    weights : numpy.ndarray
        How the ensemble's log-odds change with each value of the output.
    features : numpy.ndarray
        The same for each averaged feature before the output.
    grid : Geometry
        Where the picture lies.
    region : Volume
        Where it is painted, on the grid of the reference phase.
    """

    network: nn.Module
    inputs: np.ndarray
    weights: np.ndarray
    features: np.ndarray
    grid: Geometry
    region: Volume


def grad_cam_map(
    bundle: Bundle, prepared: PreparedCase, table: FeatureTable, threads: int, device: str, progress: Stage
) -> Heatmap:
    """Paint where the activation of the ensemble's networks speaks for a higher risk (Grad-CAM).

    The target is the ensemble's log-odds: each channel of the recipe's ``layer`` is weighed by how they change with it,
    through features, signatures and fusion, and what is positive is kept. Networks, phases, regions and members are
    added up as the ensemble adds them; the patches of one network are averaged where they overlap. A frozen 3D network
    sees tumour and shell of every phase, a trained one its slice or patches.

    Parameters
    ----------
    bundle : Bundle
        Of a final model that a network has a part in.
    prepared : PreparedCase
        The case.
    table : FeatureTable
        Its features and images, one row.
    threads : int
        The map does not depend on it.
    device : str
        For the networks.
    progress : Stage
        Reports; may cancel.

    Returns
    -------
    Heatmap
        Kind ``gradcam``, on the grid of the reference phase, 1 at its greatest value.

    Raises
    ------
    InputError
        When no network has a part in the risk, or none that looks at the frame of the reference phase.
    """
    layer = str(bundle.recipe.heatmap["layer"])

    def cells(seen: _Seen) -> np.ndarray:
        def score(output: torch.Tensor) -> torch.Tensor:
            return (output.flatten() * output.new_tensor(seen.weights)).sum()

        return grad_cam(seen.network, seen.inputs, score, layer, device)

    return _painted("gradcam", cells, bundle, prepared, table, device, progress)


def class_activation_map(
    bundle: Bundle, prepared: PreparedCase, table: FeatureTable, threads: int, device: str, progress: Stage
) -> Heatmap:
    """Paint the class activation map of the ensemble's networks: each last cell's addend to the log-odds.

    Parameters, result (kind ``cam``) and errors are those of :func:`grad_cam_map`.
    """

    def cells(seen: _Seen) -> np.ndarray:
        return class_activation(seen.network, seen.inputs, seen.features, LAST, device)

    return _painted("cam", cells, bundle, prepared, table, device, progress)


def _painted(
    kind: str,
    cells: Callable[[_Seen], np.ndarray],
    bundle: Bundle,
    prepared: PreparedCase,
    table: FeatureTable,
    device: str,
    progress: Stage,
) -> Heatmap:
    """Add up the looks, each the mean of its pictures where they overlap, and scale what is positive to at most 1."""
    looks = [*_frozen(bundle, prepared, table), *_trained(bundle, prepared, table)]
    if not looks:
        raise InputError(
            f"No network that sees the frame of {prepared.reference} has a part in the final model of {bundle.name}; "
            "choose the heatmap contribution."
        )
    shape = prepared.reference_phase.image.array.shape
    total, reached = np.zeros(shape), np.zeros(shape, dtype=bool)
    for number, look in enumerate(looks):
        progress(number / len(looks), f"Heatmap: network {number + 1} of {len(looks)}")
        sums, count = np.zeros(shape), np.zeros(shape)
        for seen in look():
            values = cells(seen)
            grid = cells_of_layer(seen.grid, values.shape)
            placed = place(values.reshape(grid.shape), grid, seen.grid, seen.region).array
            inside = placed != np.float32(SENTINEL)
            sums[inside] += placed[inside]
            count[inside] += 1
        total += sums / np.maximum(count, 1)
        reached |= count > 0
    positive = np.maximum(total, 0)
    highest = max(float(positive[reached].max(initial=0.0)), float(np.finfo(np.float64).tiny))
    array = np.where(reached, positive / highest, SENTINEL).astype(np.float32)
    progress(1.0, "Heatmap painted")
    return Heatmap(prepared.reference_phase.image.with_array(array), kind)


Look = Callable[[], Iterator[_Seen]]


def _frozen(bundle: Bundle, prepared: PreparedCase, table: FeatureTable) -> list[Look]:
    """A look for each phase and region of the frozen network whose features have influence."""
    if bundle.weights is None:
        return []
    found: list[Look] = []
    frame = shared_frame(bundle.recipe)
    for phase in (p for p in prepared.phases if p in frame):
        for region in prepared.phases[phase].regions:
            names = feature_names(bundle.weights.network, phase, region)
            influence = feature_influence(bundle.ensemble, table, names)
            if influence.any():
                found.append(partial(_frozen_look, bundle, prepared, phase, region, influence))
    return found


def _frozen_look(
    bundle: Bundle, prepared: PreparedCase, phase: str, region: str, influence: np.ndarray
) -> Iterator[_Seen]:
    assert bundle.weights is not None
    spec = network_spec(bundle.weights.network)
    picture = deep_input(prepared, bundle.recipe, phase, region)
    images = picture.array[None]
    if spec.level_outside:
        images = levelled(images)
    network = bundle.weights.module()
    _without_classifier(network)
    inputs = input_tensor(images, spec, bundle.recipe.dlr.get("normalisation", "none"))[0].numpy()
    yield _Seen(network, inputs, influence, influence, picture.grid, prepared.reference_phase.regions[region])


def _without_classifier(network: nn.Module) -> None:
    """Let the output be the averaged features."""
    from torch import nn

    network.fc = nn.Identity()


def _trained(bundle: Bundle, prepared: PreparedCase, table: FeatureTable) -> list[Look]:
    """A look for each member's own network."""
    frame = shared_frame(bundle.recipe)
    return [
        partial(_trained_look, bundle, prepared, table, one)
        for one in network_influences(bundle.ensemble, table)
        if bundle.recipe.networks[one.score.network]["input"]["phase"] in frame and one.influence != 0
    ]


def _trained_look(
    bundle: Bundle, prepared: PreparedCase, table: FeatureTable, one: NetworkInfluence
) -> Iterator[_Seen]:
    name, classifier = one.score.network, one.score.classifier
    (images,) = table.images[name]
    network = classifier.module()
    inputs = classifier.inputs(scaled_images(images))
    probability = one.score.probabilities(images)
    head = classifier.tensors_["fc.weight"]
    region = _painted_region(prepared)
    for number, grid in enumerate(network_grids(prepared, bundle.recipe, name)):
        # The log-odds follow the second output less the first.
        slope = float(one.influence * probability[number] * (1 - probability[number]))
        seen = grid if classifier.crop is None else middle(grid, classifier.crop)
        seen = seen if classifier.resize is None else resized(seen, classifier.resize)
        yield _Seen(network, inputs[number], slope * np.array([-1.0, 1.0]), slope * (head[1] - head[0]), seen, region)


def _painted_region(prepared: PreparedCase) -> Volume:
    """A slice or patch shows more than one region: all of them are painted."""
    reference = prepared.reference_phase
    union = np.any([region.array for region in reference.regions.values()], axis=0)
    return reference.image.with_array(union)
