"""The heatmap over the slices and as a cloud in 3D, with a threshold and an opacity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.scene import HeatmapNodes, heatmap_to_scene, volume_to_node
from RadFusionLib.scene.application import Node
from RadFusionLib.scene.heatmap import hide_below

if TYPE_CHECKING:
    from trame_slicer.core import SlicerApp

__all__ = ["HeatmapOverlay"]


class HeatmapOverlay:
    """The heatmap of the open case in all views.

    Parameters
    ----------
    app : SlicerApp
        Its scene takes the nodes and its views show them.
    """

    def __init__(self, app: SlicerApp) -> None:
        self._app = app
        self._nodes: HeatmapNodes | None = None
        self._cloud: Node | None = None
        self._threshold = 0.0
        # The threshold that the colours show; none while they show none yet.
        self._colored: float | None = None

    @property
    def window(self) -> tuple[float, float]:
        """The lowest and highest value of the colours; (0, 1) without a heatmap."""
        if self._nodes is None:
            return 0.0, 1.0
        display = self._nodes.display
        return float(display.GetWindowLevelMin()), float(display.GetWindowLevelMax())

    def show(self, heatmap: Volume, explanation: Mapping[str, Any], case: str) -> None:
        """Put a heatmap into the scene, over the one that was there."""
        said = explanation["heatmap"]
        self.forget_removed()
        node = None if self._nodes is None else self._nodes.volume
        demonstration = str(explanation["notice"]).startswith("DEMONSTRATION")
        colors = str((said.get("look") or {}).get("colours", ""))
        self._nodes = heatmap_to_scene(
            heatmap, said["kind"], f"{case} heatmap", self._app.scene, node, demonstration, colors
        )
        # The page has a legend that can be read at any size; a second one would cover the slices.
        self._nodes.legend.SetVisibility(False)
        self._colored = None
        self._show_cloud(heatmap)
        self.set_threshold(self._threshold)

    def clear(self) -> None:
        """Forget the heatmap; its nodes go with the scene."""
        self._nodes = self._cloud = None

    def forget_removed(self) -> bool:
        """Forget a heatmap whose nodes somebody has taken out of the scene; return whether there is one."""
        if self._nodes is not None and not all(map(self._in_scene, (self._nodes.volume, self._nodes.color))):
            self._nodes = None
        if self._cloud is not None and not self._in_scene(self._cloud):
            self._cloud = None
        return self._nodes is not None

    def set_in_slices(self, shown: bool, opacity: float) -> None:
        """Lay the heatmap over every slice's background, or take it away."""
        node = self._nodes.volume if self._nodes is not None and shown else None
        self._app.display_manager.show_volume_in_slice_foreground(node)
        for view in self._app.view_manager.get_slice_views():
            view.set_foreground_opacity(opacity)

    def set_in_3d(self, shown: bool) -> None:
        """Show or hide the cloud."""
        if self._nodes is not None and self._cloud is not None:
            self._app.volume_rendering.get_vr_display_node(self._cloud).SetVisibility(shown)

    def set_threshold(self, threshold: float) -> None:
        """Show only values at least this far from 0, in the heatmap's unit."""
        self._threshold = threshold
        if self._nodes is None or threshold == self._colored:
            # The same colours set again would be drawn again, the cloud above all.
            return
        self._colored = threshold
        hide_below(self._nodes.display, threshold)
        self._color_cloud()

    def css_gradient(self) -> str:
        """The colours from lowest to highest as a CSS gradient."""
        if self._nodes is None:
            return ""
        count = self._nodes.color.GetNumberOfColors()
        stops = [self._color(round(at * (count - 1))) for at in np.linspace(0, 1, 9)]
        return ", ".join(f"rgb({round(255 * r)} {round(255 * g)} {round(255 * b)})" for r, g, b, _ in stops)

    def _in_scene(self, node: Node) -> bool:
        return self._app.scene.GetNodeByID(node.GetID() or "") is node

    def _color(self, level: int) -> tuple[float, float, float, float]:
        assert self._nodes is not None
        rgba = [0.0, 0.0, 0.0, 0.0]
        self._nodes.color.GetColor(level, rgba)
        red, green, blue, alpha = rgba
        return red, green, blue, alpha

    def _show_cloud(self, heatmap: Volume) -> None:
        """The part that holds values, as a volume of its own: next to the sentinel, interpolation would draw a skin."""
        from RadFusionLib.explain import SENTINEL

        inside = heatmap.array > SENTINEL / 2
        where = np.argwhere(inside)
        low, high = np.maximum(where.min(axis=0) - 1, 0), np.minimum(where.max(axis=0) + 2, heatmap.array.shape)
        box = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
        grid = heatmap.geometry
        first = grid.index_to_physical(low[::-1][None].astype(float))[0]
        k, j, i = (int(n) for n in high - low)
        part = Geometry((i, j, k), grid.spacing, (float(first[0]), float(first[1]), float(first[2])), grid.direction)
        values = np.where(inside[box], heatmap.array[box], np.float32(0))
        self._cloud = volume_to_node(Volume(values, part), "heatmap cloud", self._app.scene, self._cloud)
        self._cloud.SetSaveWithScene(False)
        self._app.volume_rendering.create_display_node(self._cloud)
        self._color_cloud()

    def _color_cloud(self) -> None:
        if self._cloud is None or self._nodes is None:
            return
        display = self._app.volume_rendering.get_vr_display_node(self._cloud)
        properties = display.GetVolumePropertyNode().GetVolumeProperty()
        low, high = self.window
        reach = max(abs(low), abs(high))
        color = properties.GetRGBTransferFunction()
        color.RemoveAllPoints()
        count = self._nodes.color.GetNumberOfColors()
        for at in np.linspace(0, 1, 17):
            red, green, blue, _ = self._color(round(at * (count - 1)))
            color.AddRGBPoint(low + at * (high - low), red, green, blue)
        opacity = properties.GetScalarOpacity()
        opacity.RemoveAllPoints()
        # Nothing nearer to 0 than a fifth of the range, where the colours say little and would hide the rest.
        bound = max(self._threshold, 0.2 * reach)
        for sign in (-1.0, 1.0) if low < 0 else (1.0,):
            opacity.AddPoint(sign * bound * 0.999, 0.0)
            opacity.AddPoint(sign * bound, 0.03)
            opacity.AddPoint(sign * max(reach, bound * 1.001), 0.35)
        properties.GetGradientOpacity().RemoveAllPoints()
        properties.GetGradientOpacity().AddPoint(0, 1.0)
        properties.SetShade(False)
        properties.SetInterpolationTypeToLinear()
