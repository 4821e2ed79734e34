"""When the views are drawn: each change once, and the slices before 3D."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from trame_server import Server
from trame_slicer.app.ui import create_vertical_slice_view_gutter_ui, create_vertical_view_gutter_ui
from trame_slicer.core import SlicerApp
from trame_slicer.rca_view import RemoteSliceViewFactory, RemoteThreeDViewFactory
from trame_slicer.views import ScheduledRenderStrategy

__all__ = ["SlicesFirst", "register_factories", "slices_first"]

QUALITY = 90
"""Of the pictures, 1 to 100: that of trame's pictures at rest. With a lower one while something moves, every view would
be drawn a second time for its better picture, and the heatmap in 3D takes a second of a processor."""

IDLE_RATE = 10.0
"""Pictures a second, at most, of a view that the pointer is not in."""

AFTER = 0.15
"""Seconds after a change until 3D is drawn: the slices are drawn and sent by then, which drawing would hold up."""


class SlicesFirst(ScheduledRenderStrategy):
    """Draws a 3D view a moment after a change.

    Parameters
    ----------
    draw : callable
        Draws the view soon.
    at_once : callable
        Whether it is to be drawn without waiting, as when the hand turns it.
    """

    def __init__(self, draw: Callable[[], None], at_once: Callable[[], bool]) -> None:
        super().__init__()
        self._draw = draw
        self._at_once = at_once
        self._handle: asyncio.TimerHandle | None = None

    def schedule_render(self) -> None:
        """Draw soon."""
        if self._at_once():
            self._draw()
        elif self._handle is None:
            self._handle = asyncio.get_running_loop().call_later(AFTER, self._fire)

    def _fire(self) -> None:
        self._handle = None
        self._draw()


def register_factories(server: Server, app: SlicerApp) -> RemoteThreeDViewFactory:
    """Let views be made for a page; return the factory of the 3D views."""
    options = {"interactive_quality": QUALITY, "blur_fps": IDLE_RATE}
    slices = RemoteSliceViewFactory(server, populate_view_ui_f=create_vertical_slice_view_gutter_ui, **options)
    threed = RemoteThreeDViewFactory(server, populate_view_ui_f=create_vertical_view_gutter_ui, **options)
    app.view_manager.register_factory(slices)
    app.view_manager.register_factory(threed)
    return threed


def slices_first(factory: RemoteThreeDViewFactory, at_once: Callable[[], bool]) -> None:
    """Draw the 3D views of a factory after the slices."""
    for view in factory.get_views():
        made = factory.get_factory_view(view.get_singleton_tag())
        view.set_scheduled_render(SlicesFirst(made.view_adapter.schedule_render, at_once))
