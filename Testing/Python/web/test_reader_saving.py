"""Scene and report as files: what is saved opens again, with the prediction only where it is that of the case."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import numpy as np
from drawing_by_hand import grow, settle

from RadFusionLib.scene import case_from_scene, load_scene, private_scene


def test_what_is_saved_opens_again(make_reader: Any, tmp_path: Path) -> None:
    async def story() -> None:
        logic = make_reader()
        await logic.start()
        assert await logic.save_report(tmp_path / "report.html") is None
        assert "predict, then save" in logic.state.problem
        await logic.predict()
        drawn = logic.reading.case({"AFP": 1.0})
        assert await logic.save_scene(tmp_path / "whole.mrb") == tmp_path / "whole.mrb"
        assert logic.state.remark == ""
        with private_scene() as scene:
            load_scene(tmp_path / "whole.mrb", scene)
            again = case_from_scene(scene)
            for key, mask in drawn.masks.items():
                assert np.array_equal(again.masks[key].array, mask.array)
            assert scene.GetFirstNodeByName("c0 heatmap") is not None
        report = await logic.save_report(tmp_path / "report.html")
        assert report is not None
        text = report.read_text(encoding="utf-8")
        assert f"{logic.state.result.risk:.1f} %" in text
        assert logic.state.notice in text
        assert sorted(os.listdir(tmp_path)) == ["report.html", "whole.mrb"]
        grow(logic)
        await settle()
        await logic.save_scene(tmp_path / "changed.mrb")
        assert "without a prediction" in logic.state.remark
        with private_scene() as scene:
            load_scene(tmp_path / "changed.mrb", scene)
            assert scene.GetFirstNodeByName("c0 heatmap") is None
            tumor = next(m for k, m in case_from_scene(scene).masks.items() if k.region == "tumor")
            assert tumor.array.sum() == logic.reading.tumor().array.sum()

    asyncio.run(story())
