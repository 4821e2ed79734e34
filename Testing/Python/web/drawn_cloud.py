"""A reader's own views without a browser: says in JSON how the heatmap's cloud is drawn in each case opened in turn.

    python drawn_cloud.py BUNDLE MANIFEST CASES

In a process of its own, for it draws, and makes another application than that of the tests.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from conftest import NearBench

from RadFusionLib.cohort import read_manifest
from RadFusionLib.web.access import Access
from RadFusionLib.web.application import _assemble
from RadFusionLib.web.case_list import CaseList


def _cloud(view: Any) -> dict[str, Any]:
    view.render_window().Render()
    volumes = view.renderer().GetVolumes()
    drawn = [volumes.GetItemAsObject(number) for number in range(volumes.GetNumberOfItems())]
    mappers = [volume.GetMapper() for volume in drawn if volume.GetVisibility()]
    return {
        "adaptive": view.get_view_node().GetVolumeRenderingQuality() == view.get_view_node().Adaptive,
        "kinds": [mapper.GetClassName() for mapper in mappers],
        "adjusts": [bool(mapper.GetAutoAdjustSampleDistances()) for mapper in mappers],
        "locked": [bool(mapper.GetLockSampleDistanceToInputSpacing()) for mapper in mappers],
    }


async def _story(bundle: Path, manifest: Path, count: int) -> list[dict[str, Any]]:
    bench: Any = NearBench(bundle)
    _, logic, _ = _assemble(bench, CaseList(read_manifest(manifest)), Access("127.0.0.1", ""))
    (view,) = logic.app.view_manager.get_threed_views()
    found = []
    for number in range(count):
        await logic.open(number)
        await logic.predict()
        assert logic.state.problem == "", logic.state.problem
        found.append(_cloud(view))
    return found


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_story(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))))
