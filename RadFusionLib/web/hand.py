"""What the hand does in the views: where the pointer is, and whether it draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from trame_slicer.segmentation import SegmentationEffectPaintErase
from trame_slicer.segmentation.paint_effect_parameters import PaintEffectParameters
from trame_slicer.utils import create_scripted_module_dataclass_proxy

if TYPE_CHECKING:
    from trame_slicer.core import SlicerApp

__all__ = ["Hand"]

FIRST = 10.0
"""Heard before the tools, which may end an event."""


class Hand:
    """Hears the pointer in every view.

    While a brush paints, each of its places is a translucent ball in every view. In 3D that makes every move of the
    mouse slower than the one before (65 ms of processor after 90 moves, when a slice takes 10), so the brush is shown
    there only when it paints there.

    Parameters
    ----------
    app : SlicerApp
        Its views are heard, and its editor knows the brush.

    Attributes
    ----------
    drawing : list of callable
        Called at every move of the pointer while its button is down.
    """

    def __init__(self, app: SlicerApp) -> None:
        self.drawing: list[Callable[[], None]] = []
        self._app = app
        self._down = False
        self._in_3d = False
        threed = app.view_manager.get_threed_views()
        for view in app.view_manager.get_views():
            pointed_at: Any = view.interactor()
            in_3d = view in threed
            pointed_at.AddObserver("LeftButtonPressEvent", lambda *_: self._press(True), FIRST)
            pointed_at.AddObserver("LeftButtonReleaseEvent", lambda *_: self._press(False), FIRST)
            pointed_at.AddObserver("MouseMoveEvent", lambda *_, in_3d=in_3d: self._move(in_3d), FIRST)
        app.segmentation_editor.active_effect_name_changed.connect(lambda _: self._show_brush())

    @property
    def in_3d(self) -> bool:
        """Whether the pointer was last in a 3D view."""
        return self._in_3d

    def _press(self, down: bool) -> None:
        self._down = down
        self._tell()

    def _move(self, in_3d: bool) -> None:
        if in_3d is not self._in_3d:
            self._in_3d = in_3d
            self._show_brush()
        if self._down:
            self._tell()

    def _tell(self) -> None:
        for heard in self.drawing:
            heard()

    def _show_brush(self) -> None:
        effect = self._app.segmentation_editor.active_effect
        if not isinstance(effect, SegmentationEffectPaintErase):
            return
        brush = create_scripted_module_dataclass_proxy(
            PaintEffectParameters, effect.get_parameter_node(), self._app.scene
        )
        for model in (brush.brush_model_node, brush.paint_feedback_model_node):
            if model is not None:
                model.GetDisplayNode().SetVisibility3D(self._in_3d)
