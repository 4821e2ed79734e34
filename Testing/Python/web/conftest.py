"""The reader on the small cohort: with and without its process, its page and its server."""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from RadFusionLib.errors import Cancelled
from RadFusionLib.progress import Stage

# The helpers of these tests: under pytest's importlib mode their folder is not on the path.
sys.path.insert(0, str(Path(__file__).resolve().parent))


@pytest.fixture(scope="session")
def slow_bundle_path(bundle_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same bundle with a heatmap so fine that no prediction ends while a test looks on."""
    from RadFusionLib.bundle import Bundle
    from RadFusionLib.recipe import Recipe

    bundle = Bundle.load(bundle_path)
    document = copy.deepcopy(bundle.recipe.to_json())
    heatmap = document["document"]["heatmap"]
    assert heatmap["stride_mm"] == 5
    heatmap["stride_mm"] = 1.0
    slow = dataclasses.replace(bundle, recipe=Recipe.from_json(document))
    return slow.save(tmp_path_factory.mktemp("slow") / "slow.radfusion")


class NearBench:
    """The worker's bench without its process: the same work, one call after the other."""

    def __init__(self, bundle: Path) -> None:
        from RadFusionLib.reading.bench import Bench

        self.bench = Bench(bundle)
        self.cancelled = False
        self.on_report: Callable[[float, str], None] = lambda fraction, message: None

    async def ask(self, task: str, *arguments: Any, report: Callable[[float, str], None] | None = None) -> Any:
        await asyncio.sleep(0)
        self.cancelled = False

        def hear(fraction: float, message: str) -> bool:
            if report is not None:
                report(fraction, message)
            self.on_report(fraction, message)
            return not self.cancelled

        answer = getattr(self.bench, task)(Stage(hear), *arguments)
        if self.cancelled:
            raise Cancelled("The work was cancelled.")
        return answer

    def cancel(self) -> None:
        self.cancelled = True

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass


@pytest.fixture(scope="session")
def bench(bundle_path: Path) -> NearBench:
    return NearBench(bundle_path)


@pytest.fixture(scope="session")
def slicer_app() -> Any:
    """Scene, editor and logics without a view: nothing is drawn, so no OpenGL is needed."""
    pytest.importorskip("trame_slicer", reason="trame-slicer is not installed")
    from trame_slicer.core import SlicerApp

    return SlicerApp()


@pytest.fixture
def make_reader(slicer_app: Any, bench: NearBench, cohort: Path) -> Iterator[Callable[..., Any]]:
    """Makes a reader's logic with a plain state, on the cohort or on another manifest, with this bench or another."""
    from RadFusionLib.cohort import read_manifest
    from RadFusionLib.web.case_list import CaseList
    from RadFusionLib.web.logic import ReaderLogic
    from RadFusionLib.web.state import ReaderState

    made: list[ReaderLogic] = []

    def make(manifest: Path = cohort, bench: Any = bench) -> ReaderLogic:
        logic = ReaderLogic(slicer_app, ReaderState(), bench, CaseList(read_manifest(manifest)))

        def choose(reading: Any) -> None:
            slicer_app.segmentation_editor.set_active_segmentation(reading.segmentation, reading.drawn_on)
            slicer_app.segmentation_editor.set_active_segment_id(reading.tumor_id)

        logic.opened.append(choose)
        made.append(logic)
        return logic

    bench.on_report = lambda fraction, message: None
    yield make
    for logic in made:
        slicer_app.segmentation_editor.segmentation_modified.disconnect(logic._on_drawn)
        logic.close()


@pytest.fixture(scope="session")
def can_draw() -> None:
    """Skips where VTK cannot draw: without OpenGL it would end the process."""
    pytest.importorskip("trame_slicer", reason="trame-slicer is not installed")
    from RadFusionLib.errors import MissingPackageError
    from RadFusionLib.web.rendering import RenderingProbe

    try:
        RenderingProbe().check(120)
    except MissingPackageError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def serve_reader(can_draw: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., str]]:
    """Starts ``radfusion read`` with options and returns the address it prints."""
    started: list[subprocess.Popen[str]] = []

    def serve(*options: str) -> str:
        errors = (tmp_path_factory.mktemp("reader-server") / "stderr.txt").open("w")
        words = [sys.executable, "-m", "RadFusionLib", "read", "--no-browser", *options]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=errors, text=True)
        started.append(process)
        assert process.stdout is not None
        for line in process.stdout:
            if found := re.search(r"http://\S+", line):
                return found.group()
        raise AssertionError(f"radfusion read ended: {Path(errors.name).read_text()}")

    yield serve
    for process in started:
        process.terminate()
    for process in started:
        process.wait(30)
