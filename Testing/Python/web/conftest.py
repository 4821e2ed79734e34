"""A small cohort of two phases, a bundle in which clinical values matter, and the reader on top of them."""

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

import numpy as np
import pandas as pd
import pytest
import yaml

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.errors import Cancelled
from RadFusionLib.imaging import write_volume
from RadFusionLib.progress import Stage
from RadFusionLib.resources import resource

PHASES = ("AP", "HBP")
CASES = 40


@pytest.fixture(scope="session")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A manifest of made-up cases that two readers drew; AFP and the tumour's contrast follow the outcome, roughly."""
    folder = tmp_path_factory.mktemp("reader") / "made-up"
    rng = np.random.default_rng(77)
    rows: list[dict[str, object]] = []
    for number in range(CASES):
        geometry = Geometry((44, 42, 16), (1.6, 1.6, 3.0), (-30.0, -20.0, float(number)))
        k, j, i = np.indices(geometry.shape)
        steps = (np.stack([i, j, k], -1) - (np.array(geometry.size) - 1) / 2) * geometry.spacing
        distance = np.linalg.norm(steps, axis=-1)
        outcome = number % 2
        row: dict[str, object] = {"case": f"c{number}", "simulated": 1, "outcome": outcome, "scanner": "made up"}
        volumes: dict[str, np.ndarray] = {
            "mask:tumor": distance < 9,
            "mask:tumor@2": np.linalg.norm(steps - (1.6, 0, 0), axis=-1) < 9.5,
            "mask:liver": distance < 17,
        }
        for role in PHASES:
            contrast = 60 + 16 * outcome + 15 * rng.normal()
            grain = rng.normal(0, 8, geometry.shape)
            volumes[f"image:{role}"] = (200 + contrast * (distance < 9) + grain).astype(np.float32)
        for column, array in volumes.items():
            name = f"c{number}/{column.replace(':', '-').replace('@', '-reader-')}.nrrd"
            write_volume(Volume(array, geometry), folder / name)
            row[column] = name
        values = {"AFP": 80 + 60 * outcome + 30 * rng.normal(), "age": 60 + rng.normal(), "hepatitis": number % 3 == 0}
        rows.append(row | {f"clinical:{name}": float(value) for name, value in values.items()})
    pd.DataFrame(rows).to_csv(folder / "manifest.csv", index=False)
    return folder / "manifest.csv"


@pytest.fixture(scope="session")
def bundle_path(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle trained on the cohort, whose risk is a nomogram of AFP and of a signature of both regions' images."""
    from RadFusionLib.cohort import read_manifest
    from RadFusionLib.recipe import load_recipe
    from RadFusionLib.workflow import train

    document = yaml.safe_load(resource("Recipes", "hcc-mvi.yaml").read_text(encoding="utf-8"))
    document["name"] = "made-up"
    document["imaging"] |= {"phases": list(PHASES), "reference_phase": "HBP"}
    document["cr"] |= {"spacing": [3, 3, 3], "image_types": ["original"]}
    document["clinical"] = [
        {"name": "AFP", "unit": "ng/mL", "when": "preoperative"},
        {"name": "age", "unit": "years", "when": "preoperative"},
        {"name": "hepatitis", "unit": "0 no, 1 yes", "when": "preoperative"},
    ]
    document["models"] = [
        {"name": "CR", "families": ["cr"], "regions": ["tumor", "shell"]},
        {"name": "clinical", "families": ["clinical"], "steps": [], "variables": ["AFP"]},
        {"name": "Clin-R", "stack": ["CR"], "clinical": "clinical", "classifier": {"firth": {}}},
    ]
    document["final"] = {"candidates": ["Clin-R"]}
    document["folds"] = {"outer": 3, "inner": 2}
    document["interval"] = {"level": 0.9, "refits": 4}
    document["heatmap"] = {"kind": "contribution", "neighbourhood_mm": 14, "stride_mm": 5}
    document["steps"][2]["elimination"]["most"] = 6
    del document["profiles"]
    folder = tmp_path_factory.mktemp("bundle")
    (folder / "recipe.yaml").write_text(yaml.safe_dump(document))
    recipe = load_recipe(folder / "recipe.yaml")
    path = folder / "made-up.radfusion"
    trained = train(recipe, read_manifest(cohort), seed=1)
    (trained if hasattr(trained, "save") else trained.bundle).save(path)
    return path


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
    """Makes a reader's logic with a plain state, on the cohort or on another manifest."""
    from RadFusionLib.cohort import read_manifest
    from RadFusionLib.web.case_list import CaseList
    from RadFusionLib.web.logic import ReaderLogic
    from RadFusionLib.web.state import ReaderState

    made: list[ReaderLogic] = []

    def make(manifest: Path = cohort) -> ReaderLogic:
        logic = ReaderLogic(slicer_app, ReaderState(), bench, CaseList(read_manifest(manifest)))  # type: ignore[arg-type]

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
