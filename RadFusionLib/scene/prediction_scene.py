"""A case and its prediction as one scene file, ready to be opened in Slicer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from RadFusionLib.case import Case, Volume
from RadFusionLib.scene.application import Node, Scene, private_scene
from RadFusionLib.scene.case_scene import CaseNodes, case_to_scene, mark, node_name
from RadFusionLib.scene.heatmap import HeatmapNodes, heatmap_to_scene
from RadFusionLib.scene.prediction_text import write_prediction_text
from RadFusionLib.scene.results import result_table
from RadFusionLib.scene.saving import save_scene
from RadFusionLib.scene.segmentations import mask_to_segment, new_segmentation

__all__ = ["heatmap_colors", "heatmap_kind", "is_demonstration", "prediction_to_scene", "write_scene"]


def write_scene(case: Case, prediction: Any, path: str | Path, text: str = "") -> Path:
    """Write a case with its shell, heatmap and results to an ``.mrb`` file, whole or not at all.

    Parameters
    ----------
    case : Case
        As it was predicted.
    prediction : Prediction
        What :func:`RadFusionLib.predict` returned for it.
    path : str or Path
        Ends in ``.mrb``.
    text : str
        What the scene is to keep of the prediction beside heatmap and table, as JSON.
    """
    with private_scene() as scene:
        prediction_to_scene(case, prediction, scene)
        if text:
            write_prediction_text(case.id, text, scene)
        return save_scene(path, scene)


def prediction_to_scene(case: Case, prediction: Any, scene: Scene) -> tuple[CaseNodes, HeatmapNodes | None, Node]:
    """Put a case and its prediction into a scene, arranged so that slices show the heatmap over its phase."""
    nodes = case_to_scene(case, scene)
    if prediction.shell is not None:
        _add_shell(case, prediction.shell, nodes, scene)
    heatmap = None
    if prediction.heatmap is not None:
        heatmap = heatmap_to_scene(
            prediction.heatmap,
            heatmap_kind(prediction),
            node_name(case.id, "heatmap"),
            scene,
            demonstration=is_demonstration(prediction),
            colors=heatmap_colors(prediction),
        )
        mark(heatmap.volume, case=case.id)
        _overlay(case, prediction, nodes, heatmap.volume, scene)
    table = result_table(prediction, node_name(case.id, "results"), scene)
    mark(table, case=case.id)
    for node in nodes.segmentations:
        display = node.GetDisplayNode()
        # Outlines, so that what lies beneath stays in sight.
        display.SetAllSegmentsVisibility2DFill(False)
    return nodes, heatmap, table


def heatmap_kind(prediction: Any) -> str:
    """Return which kind of heatmap a prediction carries."""
    return str((prediction.explanation.get("heatmap") or {}).get("kind", "contribution"))


def heatmap_colors(prediction: Any) -> str:
    """Return the name of the colours that were chosen for a prediction's heatmap; empty for its kind's default."""
    look = (prediction.explanation.get("heatmap") or {}).get("look") or {}
    return str(look.get("colours", ""))


def is_demonstration(prediction: Any) -> bool:
    """Whether the prediction comes from a bundle trained on simulated cases."""
    return str(prediction.explanation.get("notice", "")).startswith("DEMONSTRATION")


def _add_shell(case: Case, shell: Volume, nodes: CaseNodes, scene: Scene) -> None:
    from RadFusionLib.scene.segmentations import reference_geometry

    for node in nodes.segmentations:
        if reference_geometry(node).same_grid(shell.geometry, 1e-6):
            break
    else:
        reference = next(
            (n for r, n in nodes.phases.items() if case.phases[r].geometry.same_grid(shell.geometry, 1e-6)),
            None,
        )
        node = new_segmentation(node_name(case.id, "shell"), shell.geometry, reference, scene)
    # Without a tag: it follows from the tumour, and is no mask that the case was given.
    mask_to_segment(shell, node, "shell")


def _overlay(case: Case, prediction: Any, nodes: CaseNodes, volume: Node, scene: Scene) -> None:
    grid = prediction.heatmap.geometry
    roles = [prediction.prepared.reference, *case.phases]
    background = next((nodes.phases[r] for r in roles if case.phases[r].geometry.same_grid(grid, 1e-6)), None)
    if background is None:
        return
    for view in ("Red", "Green", "Yellow"):
        layers = scene.CreateNodeByClass("vtkMRMLSliceCompositeNode")
        layers.UnRegister(None)
        layers.SetSingletonTag(view)
        layers.SetLayoutName(view)
        layers.SetName(view)
        layers = scene.AddNode(layers)
        layers.SetBackgroundVolumeID(background.GetID())
        layers.SetForegroundVolumeID(volume.GetID())
        layers.SetForegroundOpacity(0.6)
