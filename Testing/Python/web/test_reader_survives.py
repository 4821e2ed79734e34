"""What is closed, cancelled, missing or removed in the middle ends in a sentence, and leaves the reader at work."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from drawing_by_hand import settle


def test_a_case_asked_for_while_the_bundle_is_read_is_the_one_that_opens(make_reader: Any) -> None:
    async def story() -> None:
        logic = make_reader()
        await asyncio.gather(logic.start(), logic.open(4), logic.open(2))
        assert logic.state.problem == ""
        assert logic.state.case.title == "c2"
        assert logic.app.scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 1

    asyncio.run(story())


def test_closing_and_cancelling_in_the_middle_leave_nothing_behind(make_reader: Any, bench: Any) -> None:
    async def story() -> None:
        logic = make_reader()
        await logic.start()
        bench.on_report = lambda fraction, message: logic.cancel() if fraction > 0.3 else None
        await logic.predict()
        assert not logic.state.result.shown
        assert logic.state.problem == ""
        assert "Cancelled" in logic.state.remark
        assert not logic.state.prediction.running
        bench.on_report = lambda fraction, message: logic.close() if fraction > 0.3 and logic.reading else None
        await logic.predict()
        assert logic.state.problem == ""
        assert not logic.state.result.shown
        assert logic.app.scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 0
        bench.on_report = lambda fraction, message: None
        await logic.predict()
        assert logic.state.problem == "No case is open; open one first."
        await logic.open(2)
        await logic.predict()
        await logic.predict()
        assert logic.state.problem == ""
        assert logic.state.result.shown
        logic.app.scene.Clear(0)
        await settle()
        await logic.predict()
        assert "RadFusion failed unexpectedly" not in logic.state.problem
        assert logic.state.problem

    asyncio.run(story())


def test_a_missing_phase_and_an_empty_tumour_are_said_in_a_sentence(
    make_reader: Any, cohort: Path, tmp_path: Path
) -> None:
    table = pd.read_csv(cohort).head(3)
    for column in table.columns[table.columns.str.contains("image|mask")]:
        table[column] = [str(cohort.parent / name) for name in table[column]]
    table.loc[1, "image:HBP"] = np.nan
    table.loc[2, "mask:tumor"] = np.nan
    table.to_csv(tmp_path / "manifest.csv", index=False)

    async def story() -> None:
        logic = make_reader(tmp_path / "manifest.csv")
        await logic.start()
        await logic.open(1)
        assert logic.state.problem == "Case c1 has no HBP phase; fill its image:HBP in the manifest."
        assert logic.reading is None
        await logic.open(2)
        assert logic.state.problem == ""
        assert logic.state.case.tumor == "not drawn yet"
        await logic.predict()
        assert logic.state.problem == "The tumour is empty; paint it first."
        await logic.open(0)
        assert logic.state.problem == ""
        await logic.predict()
        assert logic.state.result.shown

    asyncio.run(story())


def test_a_cancelled_prediction_leaves_the_one_before_as_it_was(make_reader: Any, bench: Any, tmp_path: Path) -> None:
    """Also one that is cancelled at its very last step, when the worker has already ended it."""

    async def story() -> None:
        logic = make_reader()
        await logic.start()
        await logic.predict()
        first = logic.state.result.risk
        for when in (0.0, 0.5, 1.0):
            bench.on_report = lambda fraction, message, when=when: logic.cancel() if fraction >= when else None
            logic.state.remark = ""
            await logic.predict()
            assert logic.state.remark == "Cancelled; nothing has changed."
            assert not logic.state.prediction.running
            assert logic.state.result.risk == first
        bench.on_report = lambda fraction, message: None
        assert await logic.save_report(tmp_path / "report.html") is not None
        assert await logic.save_scene(tmp_path / "scene.mrb") is not None
        assert logic.state.problem == ""
        logic.set_clinical("AFP", "190")
        await settle(0.2)
        assert logic.state.problem == ""
        assert logic.state.result.risk != first
        assert "AFP changed" in logic.state.result.what_if

    asyncio.run(story())


@pytest.mark.parametrize("removed", ["segmentation", "AP", "HBP", "heatmap", "everything"])
def test_a_node_removed_in_use_is_said_in_a_sentence(make_reader: Any, removed: str, tmp_path: Path) -> None:
    async def story() -> None:
        logic = make_reader()
        await logic.start()
        await logic.predict()
        scene, reading = logic.app.scene, logic.reading
        if removed == "everything":
            scene.Clear(0)
        else:
            nodes = {"segmentation": reading.segmentation, "heatmap": scene.GetFirstNodeByName("c0 heatmap")}
            scene.RemoveNode((nodes | reading.phases)[removed])
        steps = [
            lambda: logic.app.segmentation_editor.segmentation_modified(),
            lambda: logic.show_phase("AP"),
            lambda: logic.show_phase("HBP"),
            lambda: logic.follower.set_margin(8),
            lambda: logic.update_heatmap(),
            lambda: logic.set_clinical("AFP", "90"),
        ]
        for step in steps:
            step()
            await settle(0.5)
            assert "unexpectedly" not in logic.state.problem
        for work in (logic.predict, lambda: logic.compare("2"), lambda: logic.save_scene(tmp_path / "scene.mrb")):
            await work()
            assert "unexpectedly" not in logic.state.problem
            # The heatmap is not part of the case.
            assert ("open the case again" in logic.state.problem) is (removed != "heatmap")
        await logic.open(1)
        await logic.predict()
        assert logic.state.problem == ""
        assert logic.state.result.shown

    asyncio.run(story())
