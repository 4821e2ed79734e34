"""Batch script, command, library and nodes give one risk, and a reloaded scene gives it again."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cmake_lists import ROOT

from RadFusionLib.resources import resource

SCRIPT = ROOT / "RadFusion" / "Scripts" / "radfusion_batch.py"


@pytest.fixture(scope="module")
def bundle_path() -> Path:
    pytest.importorskip("slicer", reason="slicer-core is not installed")
    path = resource("Bundles", "hcc-mvi-demonstration.radfusion")
    if not path.is_file():
        pytest.skip("the demonstration bundle is not there")
    return path


@pytest.fixture(scope="module")
def bundle(bundle_path: Path) -> Any:
    from RadFusionLib.bundle import Bundle

    return Bundle.load(bundle_path)


@pytest.fixture(scope="module")
def manifest(bundle: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    from RadFusionLib.cohort import read_manifest
    from RadFusionLib.simulation import simulate

    return read_manifest(simulate(bundle.recipe.phases, 1, 1848, 1.0, tmp_path_factory.mktemp("cohort")))


@pytest.fixture(scope="module")
def batch(bundle_path: Path, manifest: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the script for Slicer writes, its scene among it."""
    out = tmp_path_factory.mktemp("batch")
    options = ["--bundle", str(bundle_path), "--manifest", str(manifest.path), "--out", str(out)]
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *options, "--write", "scene,heatmap,explanation", "--quiet"],
        check=False,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module")
def row(batch: Path) -> dict[str, str]:
    with (batch / "risk.csv").open(newline="", encoding="utf-8") as stream:
        (only,) = csv.DictReader(stream)
    return only


@pytest.fixture(scope="module")
def features(batch: Path, row: dict[str, str]) -> dict[str, float]:
    """The features behind the batch's risk: equal risks of a flat model would prove nothing."""
    found = _features(json.loads((batch / row["case"] / "explanation.json").read_text(encoding="utf-8")))
    assert len(found) > 1
    return found


def _features(explanation: Any) -> dict[str, float]:
    return {term["feature"]: term["value"] for term in explanation["terms"]}


@pytest.fixture(scope="module")
def case(bundle: Any, manifest: Any) -> Any:
    from RadFusionLib.cohort import load_case

    return load_case(manifest.rows[0], bundle.recipe.phases)


def test_batch_script_gives_the_librarys_risk(
    bundle: Any, case: Any, row: dict[str, str], features: dict[str, float]
) -> None:
    from RadFusionLib import predict

    found = predict(bundle, case, heatmap=False)
    assert float(row["risk"]) == pytest.approx(found.risk, abs=1e-6)
    assert float(row["risk_low"]) == pytest.approx(found.risk_low, abs=1e-6)
    assert row["group"] == found.group
    assert _features(found.explanation) == pytest.approx(features, rel=1e-9)


def test_shell_command_gives_it(bundle_path: Path, manifest: Any, row: dict[str, str], tmp_path: Path) -> None:
    from RadFusionLib.cli import main

    options = [
        "--bundle",
        str(bundle_path),
        "--manifest",
        str(manifest.path),
        "--out",
        str(tmp_path),
        "--quiet",
    ]
    assert main(["predict", *options, "--write", "none"]) == 0
    with (tmp_path / "risk.csv").open(newline="", encoding="utf-8") as stream:
        (mine,) = csv.DictReader(stream)
    assert float(mine["risk"]) == pytest.approx(float(row["risk"]), abs=1e-6)


def test_nodes_give_it(bundle_path: Path, case: Any, row: dict[str, str], features: dict[str, float]) -> None:
    from RadFusionLib.scene import SceneLogic, case_to_scene, private_scene

    with private_scene() as scene:
        nodes = case_to_scene(case, scene)
        found = SceneLogic().predict(
            bundle_path, nodes.phases, nodes.segmentations[0], "tumor", "liver", case.clinical, heatmap=False
        )
    assert found.risk == pytest.approx(float(row["risk"]), abs=1e-6)
    assert _features(found.explanation) == pytest.approx(features, rel=1e-6)


def test_reloaded_scene_gives_it(bundle: Any, batch: Path, row: dict[str, str], features: dict[str, float]) -> None:
    from RadFusionLib import predict
    from RadFusionLib.scene import case_from_scene, load_scene, private_scene

    with private_scene() as scene:
        load_scene(batch / row["case"] / "scene.mrb", scene)
        case = case_from_scene(scene)
    found = predict(bundle, case, heatmap=False)
    assert found.risk == pytest.approx(float(row["risk"]), abs=1e-6)
    assert _features(found.explanation) == pytest.approx(features, rel=1e-6)


def test_scene_holds_the_heatmap_and_the_numbers(batch: Path, row: dict[str, str]) -> None:
    from RadFusionLib.explain import LEGEND
    from RadFusionLib.imaging import read_image
    from RadFusionLib.scene import load_scene, private_scene, volume_from_node
    from RadFusionLib.scene.text_tables import read_table

    with private_scene() as scene:
        load_scene(batch / row["case"] / "scene.mrb", scene)
        heatmap = scene.GetFirstNodeByName(f"{row['case']} heatmap")
        table = dict(read_table(scene.GetFirstNodeByName(f"{row['case']} results")))
        titles = [heatmap.GetNthDisplayNode(i) for i in range(heatmap.GetNumberOfDisplayNodes())]
        assert any(n.IsA("vtkMRMLColorLegendDisplayNode") and n.GetTitleText().startswith(LEGEND) for n in titles)
        written = read_image(batch / row["case"] / "heatmap.nrrd")
        assert np.array_equal(volume_from_node(heatmap).array, written.array)
    assert float(table["risk"]) == pytest.approx(float(row["risk"]), abs=1e-9)
    assert table["research use"].startswith("DEMONSTRATION")


def test_cancelling_leaves_the_scene_as_it_was(bundle_path: Path, case: Any) -> None:
    from RadFusionLib.errors import Cancelled
    from RadFusionLib.scene import SceneLogic, case_to_scene, private_scene

    with private_scene() as scene:
        nodes = case_to_scene(case, scene)
        before = scene.GetNumberOfNodes()
        with pytest.raises(Cancelled):
            SceneLogic().predict(
                bundle_path,
                nodes.phases,
                nodes.segmentations[0],
                clinical=case.clinical,
                progress=lambda fraction, message: fraction < 0.1,
            )
        assert scene.GetNumberOfNodes() == before


def test_missing_phase_is_named(bundle_path: Path, case: Any) -> None:
    from RadFusionLib.errors import InputError
    from RadFusionLib.scene import SceneLogic, case_to_scene, private_scene

    with private_scene() as scene:
        nodes = case_to_scene(case, scene)
        role, *others = nodes.phases
        with pytest.raises(InputError, match=f"No volume was given for the {role} phase"):
            SceneLogic().predict(bundle_path, {r: nodes.phases[r] for r in others}, nodes.segmentations[0])
