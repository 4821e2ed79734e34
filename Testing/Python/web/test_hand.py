"""The hand in the views: what follows a stroke waits until the hand rests, and the brush is no burden to 3D."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from clock import Clock

from RadFusionLib.web.rest import RestTimer

pytest.importorskip("trame_slicer", reason="trame-slicer is not installed")


def test_what_waits_for_rest_waits_while_the_hand_draws_on(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: clock)
    done: list[float] = []
    rest = RestTimer(0.4, lambda: done.append(clock.now))
    rest.postpone()
    clock.go(1.0)
    assert done == [], "nothing was touched, so nothing waits"
    rest.touch()
    for _ in range(5):
        clock.go(0.3)
        rest.postpone()
    assert done == []
    clock.go(0.4)
    assert done == [pytest.approx(2.9)]
    clock.go(1.0)
    assert len(done) == 1


@pytest.fixture
def views(slicer_app: Any) -> Any:
    """A slice and a 3D view that are pointed at, but not drawn."""
    from vtkmodules.vtkRenderingCore import vtkRenderWindowInteractor

    def view() -> Any:
        interactor = vtkRenderWindowInteractor()
        return SimpleNamespace(interactor=lambda: interactor)

    flat, deep = view(), view()
    manager = SimpleNamespace(get_views=lambda: [flat, deep], get_threed_views=lambda: [deep])
    app = SimpleNamespace(
        view_manager=manager, segmentation_editor=slicer_app.segmentation_editor, scene=slicer_app.scene
    )
    return SimpleNamespace(app=app, flat=flat.interactor(), deep=deep.interactor())


def test_the_hand_draws_while_its_button_is_down(views: Any) -> None:
    from RadFusionLib.web.hand import Hand

    heard: list[int] = []
    hand = Hand(views.app)
    hand.drawing.append(lambda: heard.append(1))
    views.flat.InvokeEvent("MouseMoveEvent")
    assert heard == []
    for event in ("LeftButtonPressEvent", "MouseMoveEvent", "LeftButtonReleaseEvent"):
        views.flat.InvokeEvent(event)
    assert len(heard) == 3
    views.flat.InvokeEvent("MouseMoveEvent")
    assert len(heard) == 3


def test_the_brush_is_shown_in_3d_only_while_it_paints_there(views: Any, make_reader: Any) -> None:
    from trame_slicer.segmentation import SegmentationEffectErase, SegmentationEffectPaint

    from RadFusionLib.web.hand import Hand

    asyncio.run(make_reader().start())
    Hand(views.app)
    editor = views.app.segmentation_editor

    def shown() -> set[tuple[bool, bool]]:
        """Of every brush in the scene: in slices, in 3D."""
        name = editor.active_effect.get_effect_name()
        models = views.app.scene.GetNodesByClass("vtkMRMLModelNode")
        models.UnRegister(None)
        nodes = [models.GetItemAsObject(number) for number in range(models.GetNumberOfItems())]
        displays = [node.GetDisplayNode() for node in nodes if node.GetName().startswith(f"{name}_")]
        assert len(displays) == 2
        return {(bool(display.GetVisibility2D()), bool(display.GetVisibility3D())) for display in displays}

    for tool in (SegmentationEffectPaint, SegmentationEffectErase):
        editor.set_active_effect_type(tool)
        assert shown() == {(True, False)}
        views.deep.InvokeEvent("MouseMoveEvent")
        assert shown() == {(True, True)}
        views.flat.InvokeEvent("MouseMoveEvent")
        assert shown() == {(True, False)}
    editor.deactivate_effect()
