"""What the slice views show, through their nodes: the same with and without a window."""

from __future__ import annotations

from collections.abc import Iterator

from RadFusionLib.scene.application import Node, Scene

__all__ = ["show_background", "show_foreground"]


def show_background(scene: Scene, volume: Node) -> None:
    """Show a volume in every slice view."""
    for layers in _layers(scene):
        layers.SetBackgroundVolumeID(volume.GetID())


def show_foreground(scene: Scene, volume: Node | None, opacity: float) -> None:
    """Lay a volume over every slice view's background, or take away what lies there.

    Parameters
    ----------
    opacity : float
        In [0, 1].
    """
    for layers in _layers(scene):
        layers.SetForegroundVolumeID(None if volume is None else volume.GetID())
        layers.SetForegroundOpacity(opacity)


def _layers(scene: Scene) -> Iterator[Node]:
    for number in range(scene.GetNumberOfNodesByClass("vtkMRMLSliceCompositeNode")):
        yield scene.GetNthNodeByClass(number, "vtkMRMLSliceCompositeNode")
