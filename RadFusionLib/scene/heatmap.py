"""The heatmap as a volume with its colours, window and legend."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from RadFusionLib.case import Volume
from RadFusionLib.errors import InputError
from RadFusionLib.scene.application import Node, Scene, current_scene, register_legend
from RadFusionLib.scene.volumes import volume_to_node

__all__ = ["HeatmapNodes", "heatmap_to_scene", "hide_below"]


@dataclass(frozen=True)
class HeatmapNodes:
    """The heatmap's nodes: its volume, and how the volume is shown."""

    volume: Node
    display: Node
    color: Node
    legend: Node


def heatmap_to_scene(
    heatmap: Volume,
    kind: str = "contribution",
    name: str = "heatmap",
    scene: Scene | None = None,
    node: Node | None = None,
    demonstration: bool = False,
    colors: str = "",
) -> HeatmapNodes:
    """Put a heatmap into a scene: volume, display, colour table and legend.

    Parameters
    ----------
    heatmap : Volume
        ``float32``, shape (K, J, I), in a phase's geometry; ``SENTINEL`` outside the regions, which the
        display's threshold hides.
    kind : str
        A key of :data:`RadFusionLib.explain.KINDS`. A signed one, ``contribution``, is shown in diverging colours on a
        window symmetric about 0; the others from 0 to 1.
    name : str
        Of the new volume node.
    node : vtkMRMLScalarVolumeNode, optional
        An earlier heatmap, painted over with all that belongs to it.
    demonstration : bool
        Whether the model was trained on simulated cases; the legend says so.
    colors : str
        A key of :data:`RadFusionLib.explain.colours.COLOURS`; the kind's default where empty.

    Raises
    ------
    InputError
        When there is no such kind.
    """
    # In Slicer the module loads before the packages that the explanation needs are installed.
    from RadFusionLib.explain import KINDS, SENTINEL
    from RadFusionLib.explain.colours import colours_of

    if kind not in KINDS:
        raise InputError(f"There is no heatmap kind {kind!r}; use one of {', '.join(KINDS)}.")
    said = KINDS[kind]
    scene = (scene or current_scene()) if node is None else node.GetScene()
    volume = volume_to_node(heatmap.with_array(np.asarray(heatmap.array, dtype=np.float32)), name, scene, node)
    volume.SetAttribute("RadFusion.heatmap", kind)
    color = _color_node(volume, colours_of(kind, colors).table, name, scene)
    display = volume.GetDisplayNode()
    display.SetAndObserveColorNodeID(color.GetID())
    display.SetAutoWindowLevel(0)
    low, high = _window(heatmap, SENTINEL) if said.signed else (0.0, 1.0)
    display.SetWindowLevelMinMax(low, high)
    display.SetAutoThreshold(0)
    # Between nothing and a value there is no value: interpolation would draw a false fringe.
    display.SetInterpolate(0)
    display.SetThreshold(SENTINEL / 2.0, -SENTINEL)
    display.SetApplyThreshold(1)
    legend = _legend_node(volume, scene)
    legend.SetAndObserveColorNodeID(color.GetID())
    legend.SetTitleText(f"{said.legend} ({kind})" + (" DEMONSTRATION" if demonstration else ""))
    legend.SetLabelFormat("%+.3f" if said.signed else "%.2f")
    legend.SetNumberOfLabels(5)
    legend.SetVisibility(True)
    return HeatmapNodes(volume, display, color, legend)


def hide_below(display: Node, threshold: float) -> None:
    """Let the values nearer to 0 than a threshold be seen through.

    Parameters
    ----------
    display : vtkMRMLScalarVolumeDisplayNode
        Of the heatmap; its colour table is changed.
    threshold : float
        In the heatmap's unit; 0 shows every value.
    """
    color = display.GetColorNode()
    values = np.linspace(display.GetWindowLevelMin(), display.GetWindowLevelMax(), color.GetNumberOfColors())
    rgba = [0.0, 0.0, 0.0, 0.0]
    modified = color.StartModify()
    for level, value in enumerate(values):
        color.GetColor(level, rgba)
        color.SetColor(level, *rgba[:3], 1.0 if abs(value) >= threshold else 0.0)
    color.EndModify(modified)


def _window(heatmap: Volume, sentinel: float) -> tuple[float, float]:
    """Symmetric about 0, out to the largest absolute value."""
    inside = heatmap.array[heatmap.array > sentinel / 2.0]
    largest = float(np.abs(inside).max()) if inside.size else 0.0
    # Rounded up to two digits: a scene file keeps six, and a reader reads two.
    if largest < 1e-6:
        return -1e-6, 1e-6
    unit = 10.0 ** (math.floor(math.log10(largest)) - 1)
    largest = float(f"{math.ceil(largest / unit - 1e-9) * unit:.2g}")
    return -largest, largest


def _color_node(volume: Node, table: np.ndarray, name: str, scene: Scene) -> Node:
    display = volume.GetDisplayNode()
    color = display.GetColorNode()
    if color is None or color.GetAttribute("RadFusion.heatmap") is None:
        color = scene.AddNewNodeByClass("vtkMRMLColorTableNode", f"{name} colours")
        color.SetAttribute("RadFusion.heatmap", "colors")
        color.SetHideFromEditors(False)
    color.SetTypeToUser()
    color.SetNumberOfColors(len(table))
    color.SetNamesFromColors()
    # Whole steps of 1/255, which a colour file keeps exactly.
    for level, (red, green, blue) in enumerate(table / 255.0):
        color.SetColor(level, red, green, blue, 1.0)
    return color


def _legend_node(volume: Node, scene: Scene) -> Node:
    for number in range(volume.GetNumberOfDisplayNodes()):
        node = volume.GetNthDisplayNode(number)
        if node is not None and node.IsA("vtkMRMLColorLegendDisplayNode"):
            return node
    register_legend(scene)
    legend = scene.AddNewNodeByClass("vtkMRMLColorLegendDisplayNode", f"{volume.GetName()} legend")
    legend.SetAndObservePrimaryDisplayNode(volume.GetDisplayNode())
    volume.AddAndObserveDisplayNodeID(legend.GetID())
    return legend
