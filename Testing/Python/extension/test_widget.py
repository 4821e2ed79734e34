"""The widget's own steps, with stand-ins where the Slicer window would be."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pytest
from cmake_lists import ROOT

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.errors import Cancelled

pytest.importorskip("slicer", reason="slicer-core is not installed")

GRID = Geometry((24, 22, 12), (2.0, 2.0, 3.0))


@pytest.fixture(scope="module")
def module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("RadFusion", ROOT / "RadFusion" / "RadFusion.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def scene() -> Iterator[Any]:
    from RadFusionLib.scene import close, current_scene

    yield current_scene()
    close()


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """What the window would show."""
    util = importlib.import_module("slicer.util")
    told: dict[str, list[Any]] = {"error": [], "status": [], "layers": []}
    monkeypatch.setattr(util, "errorDisplay", told["error"].append)
    monkeypatch.setattr(util, "showStatusMessage", lambda text, duration: told["status"].append(text))
    monkeypatch.setattr(util, "setSliceViewerLayers", lambda **layers: told["layers"].append(layers))
    return told


@pytest.fixture
def widget(module: ModuleType, scene: Any) -> Any:
    from RadFusionLib.scene import mask_to_segment, volume_to_node
    from RadFusionLib.scene.segmentations import new_segmentation

    image = volume_to_node(Volume(np.zeros(GRID.shape, np.float32), GRID), "AP")
    segmentation = new_segmentation("lesion", GRID, image)
    steps = np.indices(GRID.shape) - np.array(GRID.shape).reshape(3, 1, 1, 1) // 2
    mask_to_segment(Volume((np.abs(steps) < 3).all(axis=0), GRID), segmentation, "tumor")
    widget = module.RadFusionWidget.__new__(module.RadFusionWidget)
    widget.ui = MagicMock()
    widget.logic = module.RadFusionLogic()
    widget._clinicalEdits = {}
    widget._cancelled = False
    widget._parameterNode = SimpleNamespace(
        bundlePath=Path("chosen.radfusion"),
        phaseAP=image,
        segmentation=segmentation,
        tumorSegment="tumor",
        liverSegment="liver",
        marginMm=10.0,
        clinicalValues='{"AFP": "12,5"}',
        allowDemonstration=False,
        heatmap=None,
        results=None,
    )
    recipe = SimpleNamespace(phases=("AP",), reference_phase="AP")
    widget._bundle = (Path("chosen.radfusion"), SimpleNamespace(recipe=recipe))
    return widget


@pytest.fixture
def prediction() -> SimpleNamespace:
    heatmap = np.full(GRID.shape, -1000.0, dtype=np.float32)
    heatmap[4:8, 8:12, 9:14] = 0.03
    said = {"outcome": "MVI", "level": 0.9, "prevalence": 0.4, "bundle": "b", "notice": "Research use only."}
    return SimpleNamespace(
        case="scene",
        risk=0.7,
        risk_low=0.5,
        risk_high=0.8,
        model_spread=0.1,
        group="high",
        threshold=0.4,
        warnings=(),
        explanation=said,
        heatmap=Volume(heatmap, GRID),
        shell=None,
    )


def test_shell_button(widget: Any, told: dict[str, list[Any]]) -> None:
    from RadFusionLib.scene.segmentations import segment_names

    widget.onShell()
    assert told["error"] == []
    assert segment_names(widget._parameterNode.segmentation) == ("tumor", "shell")
    assert widget.ui.resultLabel.text.startswith("Shell drawn.")


def test_predict_button_fills_the_scene_and_again_in_place(
    widget: Any,
    scene: Any,
    told: dict[str, list[Any]],
    prediction: SimpleNamespace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[Any] = []
    monkeypatch.setattr(widget.logic, "predict", lambda *a, **k: calls.append((a, k)) or prediction)
    widget.onPredict()
    assert told["error"] == []
    (path, phases, _, tumor, liver, clinical), options = calls[0]
    assert (path.name, list(phases), tumor, liver, clinical) == (
        "chosen.radfusion",
        ["AP"],
        "tumor",
        None,
        {"AFP": 12.5},
    )
    assert options["allow_demonstration"] is False
    chosen = widget._parameterNode
    assert chosen.heatmap.GetName() == "AP heatmap"
    assert chosen.results.GetNumberOfRows() > 8
    assert "risk 70 %" in widget.ui.resultLabel.text
    assert told["layers"][0]["foreground"] is chosen.heatmap
    count = scene.GetNumberOfNodes()
    widget.onPredict()
    assert scene.GetNumberOfNodes() == count


def test_our_errors_are_shown_as_their_sentence(widget: Any, told: dict[str, list[Any]]) -> None:
    widget._parameterNode.tumorSegment = "spleen"
    widget.onShell()
    (sentence,) = told["error"]
    assert "no segment named spleen" in sentence
    widget._parameterNode.clinicalValues = '{"AFP": "many"}'
    widget.onPredict()
    assert told["error"][1] == "The clinical value AFP is many; enter a number."


def test_other_errors_are_shown_and_cancelling_is_no_error(
    widget: Any, told: dict[str, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(widget.logic, "predict", MagicMock(side_effect=ZeroDivisionError("odd")))
    widget.onPredict()
    assert told["error"] == ["RadFusion failed unexpectedly (odd); please report it."]
    monkeypatch.setattr(widget.logic, "predict", MagicMock(side_effect=Cancelled("The work was cancelled.")))
    widget.onPredict()
    assert told["status"] == ["The work was cancelled."]
    assert len(told["error"]) == 1
    assert widget._parameterNode.heatmap is None
    assert widget.ui.predictButton.enabled is True


def test_no_bundle_is_told(widget: Any, told: dict[str, list[Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    from RadFusionLib.scene import packages

    monkeypatch.setattr(packages, "missing_packages", tuple)
    widget._parameterNode.bundlePath = Path(".")
    widget.onReadBundle()
    assert told["error"] == ["No bundle was chosen; choose a .radfusion file."]


def test_clinical_values_are_kept_and_read(widget: Any) -> None:
    widget._clinicalEdits = {"AFP": SimpleNamespace(text=" 3.5 "), "age": SimpleNamespace(text="")}
    assert widget._readClinical() == {"AFP": 3.5}
    assert widget._parameterNode.clinicalValues == '{"AFP": "3.5"}'
    widget._clinicalEdits = {}
    assert widget._readClinical() == {"AFP": 3.5}
