"""When the views are drawn: the slices before 3D, and nothing for a change that is none."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from clock import Clock

pytest.importorskip("trame_slicer", reason="trame-slicer is not installed")


def test_3d_is_drawn_once_and_after_the_slices_but_at_once_for_the_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    from RadFusionLib.web.drawing import AFTER, SlicesFirst

    clock = Clock()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: clock)
    drawn: list[float] = []
    turned = [False]
    view = SlicesFirst(lambda: drawn.append(clock.now), lambda: turned[0])
    for _ in range(3):
        view.schedule_render()
    assert drawn == []
    clock.go(AFTER)
    assert drawn == [AFTER]
    clock.go(1.0)
    assert len(drawn) == 1
    turned[0] = True
    view.schedule_render()
    assert len(drawn) == 2


def test_showing_the_heatmap_as_it_is_shown_draws_nothing_anew(make_reader: Any) -> None:
    """Hiding it in the slices had the cloud in 3D drawn twice, for seconds, before the slices were."""

    async def story() -> None:
        logic = make_reader()
        await logic.start()
        await logic.predict()
        scene = logic.app.scene
        cloud = logic.app.volume_rendering.get_vr_display_node(scene.GetFirstNodeByName("heatmap cloud"))
        changed: list[str] = []
        for name, watched in (
            ("colours", scene.GetFirstNodeByName("c0 heatmap").GetDisplayNode().GetColorNode()),
            ("cloud", cloud),
            ("cloud", cloud.GetVolumePropertyNode()),
            ("cloud", cloud.GetVolumePropertyNode().GetVolumeProperty()),
        ):
            watched.AddObserver("ModifiedEvent", lambda *_, name=name: changed.append(name))
        logic.state.heatmap.in_slices = False
        logic.update_heatmap()
        logic.update_heatmap()
        assert changed == []
        logic.state.heatmap.threshold = logic.state.heatmap.largest / 2
        logic.update_heatmap()
        assert set(changed) == {"colours", "cloud"}
        changed.clear()
        logic.state.heatmap.in_3d = False
        logic.update_heatmap()
        assert changed == ["cloud"]

    asyncio.run(story())


def test_the_cloud_in_3d_is_drawn_as_finely_as_its_time_allows(can_draw: None, bundle_path: Path, cohort: Path) -> None:
    """In the second case too: a scene that is cleared forgets how its views draw."""
    script = Path(__file__).with_name("drawn_cloud.py")
    words = [sys.executable, str(script), str(bundle_path), str(cohort), "2"]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=600, check=False)
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout.splitlines()[-1])
    assert len(found) == 2
    for case in found:
        assert case["adaptive"]
        assert len(case["kinds"]) == 1
        assert "RayCast" in case["kinds"][0]
        assert case["adjusts"] == [True], "coarser while it takes longer than it may"
        assert case["locked"] == [False], "not bound to the voxels' own distance"
