"""The shell follows the tumour that is drawn, voxel by voxel where a distance transform has it."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
from drawing_by_hand import grow, segment_mask, settle
from scipy.ndimage import distance_transform_edt

from RadFusionLib.scene.segmentations import reference_geometry


def _check_shell(reading: Any, margin: float) -> None:
    """Against SciPy's distance transform, voxel by voxel."""
    tumor, liver = segment_mask(reading, "tumor"), segment_mask(reading, "liver")
    spacing = reference_geometry(reading.segmentation).spacing[::-1]
    expected = (distance_transform_edt(~tumor, sampling=spacing) <= margin + 1e-6) & ~tumor & liver
    assert expected.any()
    assert np.array_equal(segment_mask(reading, "shell"), expected)


def test_the_shell_follows_the_tumour_and_stays_in_the_liver(make_reader: Any) -> None:
    async def story() -> None:
        logic = make_reader()
        await logic.start()
        drawn: list[int] = []
        draw = logic.follower.draw_shell
        logic.follower.draw_shell = lambda: (drawn.append(1), draw())
        _check_shell(logic.reading, 10.0)
        grow(logic)
        await settle()
        _check_shell(logic.reading, 10.0)
        await settle()
        assert len(drawn) == 1, "the shell's own change must not draw it again"
        logic.follower.set_margin(5)
        await settle()
        _check_shell(logic.reading, 5.0)
        assert "trained with 10 mm" in logic.state.shell.remark
        logic.follower.set_live(False)
        before = segment_mask(logic.reading, "shell")
        grow(logic)
        await settle()
        assert np.array_equal(segment_mask(logic.reading, "shell"), before)

    asyncio.run(story())
