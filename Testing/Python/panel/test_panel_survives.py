"""What people do to a panel: nothing of it ends in a traceback, and the next thing works."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from person import paint, predict, put

from RadFusionLib.case import MaskKey


@pytest.fixture
def opened(window: Any, cases: list[Any], bundle_path: Path) -> Any:
    put(window, cases[0], bundle_path)
    return window


def under_way(window: Any) -> None:
    """Press Predict, and wait until it has begun."""
    window.press("predictButton")
    window.wait(lambda: window.ui.progressBar.value > 0)


def test_the_window_stays_alive_and_cancel_leaves_the_scene_as_it_was(opened: Any) -> None:
    under_way(opened)
    assert not opened.ui.predictButton.isEnabled()
    nodes = opened.scene.GetNumberOfNodes()
    # Somebody goes on drawing meanwhile.
    paint(opened)
    opened.press("cancelButton")
    opened.wait_for_work()
    opened.rest()
    assert opened.errors == []
    assert opened.status == ["The work was cancelled; nothing was written."]
    assert opened.scene.GetNumberOfNodes() == nodes
    assert opened.chosen.heatmap is None
    assert opened.ui.predictLabel.text == "Cancelled; nothing has changed."
    assert predict(opened).risk > 0


def test_a_second_prediction_paints_over_the_first_and_a_cancelled_one_keeps_it(opened: Any) -> None:
    first = predict(opened)
    nodes = opened.scene.GetNumberOfNodes()
    paint(opened)
    opened.rest()
    under_way(opened)
    opened.press("cancelButton")
    opened.wait_for_work()
    assert opened.panel.result.shown is first
    assert "Predict again." in opened.ui.staleLabel.text
    # What was predicted is still there to be asked.
    opened.type("AFP", "300")
    assert "What if: AFP changed." in opened.ui.resultLabel.text
    second = predict(opened)
    assert opened.scene.GetNumberOfNodes() == nodes
    assert second.risk != first.risk
    assert opened.ui.staleLabel.text == ""


def test_closing_the_scene_in_the_middle(opened: Any, cases: list[Any], bundle_path: Path) -> None:
    under_way(opened)
    opened.scene.Clear(0)
    opened.settle()
    assert opened.panel.result.shown is None
    assert opened.ui.predictButton.isEnabled()
    opened.wait(lambda: not opened.panel.work._process.busy)
    opened.rest()
    assert opened.errors == []
    # Nothing of the old case comes after it.
    assert opened.scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 0
    put(opened, cases[1], bundle_path)
    assert predict(opened).case == cases[1].id


def test_closing_the_scene_while_the_bundle_is_read(window: Any, bundle_path: Path) -> None:
    window.ui.bundlePath.currentPath = str(bundle_path)
    window.ui.readBundleButton.click()
    window.scene.Clear(0)
    window.wait(lambda: not window.panel.work._process.busy)
    window.settle()
    assert window.errors == []
    assert window.ui.readBundleButton.isEnabled()


def test_two_cases_one_after_the_other(opened: Any, cases: list[Any], bundle_path: Path) -> None:
    first = predict(opened)
    opened.scene.Clear(0)
    opened.settle()
    assert opened.ui.resultLabel.text == "Predict the case to see its risk."
    assert opened.chosen.phaseAP is None
    put(opened, cases[1], bundle_path)
    second = predict(opened)
    assert (first.case, second.case) == (cases[0].id, cases[1].id)
    assert opened.panel.clinical.values()["AFP"] == pytest.approx(cases[1].clinical["AFP"])
    assert opened.scene.GetNumberOfNodesByClass("vtkMRMLColorLegendDisplayNode") == 1


@pytest.mark.parametrize("node", ["phaseAP", "phaseHBP", "segmentation"])
def test_removing_a_node_in_use(opened: Any, node: str) -> None:
    predict(opened)
    opened.scene.RemoveNode(getattr(opened.chosen, node))
    opened.rest()
    assert opened.errors == []
    assert getattr(opened.chosen, node) is None
    opened.press("predictButton")
    opened.wait_for_work()
    (sentence,) = opened.errors
    assert ("phase" in sentence) or ("segmentation" in sentence)


@pytest.mark.parametrize("node", ["phaseAP", "phaseHBP", "segmentation"])
def test_removing_a_node_while_it_is_predicted(opened: Any, node: str) -> None:
    under_way(opened)
    opened.scene.RemoveNode(getattr(opened.chosen, node))
    opened.wait_for_work()
    opened.rest()
    gone = node == "phaseHBP"
    assert opened.errors == (
        ["The image was removed while its case was predicted; the result is not shown."] if gone else []
    )
    assert (opened.panel.result.shown is None) == gone


def test_removing_heatmap_and_table(opened: Any) -> None:
    predict(opened)
    opened.scene.RemoveNode(opened.chosen.heatmap)
    opened.scene.RemoveNode(opened.chosen.results)
    opened.rest()
    assert not opened.ui.heatmapGroup.isVisibleTo(opened.ui.resultCollapsibleButton)
    predict(opened)
    assert opened.chosen.heatmap is not None


def test_a_segment_renamed_or_removed(opened: Any) -> None:
    segmentation = opened.chosen.segmentation.GetSegmentation()
    segmentation.GetSegment(segmentation.GetSegmentIdBySegmentName("tumor")).SetName("HCC 1")
    opened.rest()
    assert opened.ui.tumorSegmentBox.currentText == "HCC 1"
    segmentation.RemoveSegment(segmentation.GetSegmentIdBySegmentName("HCC 1"))
    opened.rest()
    assert opened.errors == []
    opened.press("predictButton")
    assert opened.errors == ["No segment was chosen for the tumour; choose one."]


def test_a_bundle_that_needs_a_phase_that_is_missing(window: Any, cases: list[Any], bundle_path: Path) -> None:
    from RadFusionLib.scene import volume_to_node

    volume_to_node(cases[0].phases["HBP"], "t1 hepatobiliary", window.scene)
    window.ui.bundlePath.currentPath = str(bundle_path)
    window.press("readBundleButton")
    window.wait_for_work()
    assert "No volume's name speaks of AP; choose them." in window.ui.guessLabel.text
    window.press("readySegmentsButton")
    window.press("predictButton")
    assert window.errors == ["The bundle made-up-1 needs the phase AP; choose a volume for it."] or (
        "needs the phase AP" in window.errors[0]
    )


def test_no_bundle_and_a_file_that_is_none(window: Any, tmp_path: Path) -> None:
    window.press("readBundleButton")
    window.press("predictButton")
    assert window.errors == ["No bundle was chosen; choose a .radfusion file."] * 2
    (tmp_path / "broken.radfusion").write_bytes(b"no zip at all")
    window.ui.bundlePath.currentPath = str(tmp_path / "broken.radfusion")
    window.press("readBundleButton")
    window.wait_for_work()
    assert "broken.radfusion" in window.errors[2]
    assert window.ui.bundleLabel.text == "No bundle read."
    assert window.ui.readBundleButton.isEnabled()


def test_a_process_that_dies_is_said_and_begun_anew(opened: Any, bundle_path: Path, cases: list[Any]) -> None:
    predict(opened)
    under_way(opened)
    opened.panel.work._process._process.kill()
    opened.wait_for_work()
    assert opened.errors == ["The work stopped unexpectedly, perhaps for want of memory; try again."]
    opened.errors.clear()
    opened.type("AFP", "250")
    assert "no longer there; predict the case again" in opened.ui.resultLabel.text
    predict(opened)
    assert opened.errors == []


def test_packages_are_installed_with_consent_before_anything_is_read(
    window: Any, bundle_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from RadFusionLib.scene import packages

    monkeypatch.setattr(packages, "missing_packages", lambda: ("monai>=1.4",))
    monkeypatch.setattr(packages, "_pip_ensure", lambda: None)
    window.agree = False
    window.ui.bundlePath.currentPath = str(bundle_path)
    window.press("readBundleButton")
    assert "monai>=1.4" in window.questions[0]
    assert window.errors == ["Packages were not installed; RadFusion needs them."]
    assert not window.panel.work.busy


def test_real_patients_are_refused_by_a_demonstration_bundle_unless_told(opened: Any) -> None:
    opened.chosen.phaseAP.RemoveAttribute("RadFusion.simulated")
    opened.press("predictButton")
    opened.wait_for_work()
    assert "trained on simulated cases only" in opened.errors[0]
    opened.errors.clear()
    opened.ui.allowDemonstration.checked = True
    opened.press("predictButton")
    opened.wait_for_work()
    assert opened.errors == []
    assert "DEMONSTRATION" in opened.ui.resultLabel.text


def test_total_segmentator_is_offered_when_it_is_there(opened: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The extension itself is not there: a stand-in draws in its place, and is asked as version 2 wants to be."""
    import slicer

    from RadFusionLib.scene import mask_from_segment, mask_to_segment
    from RadFusionLib.scene.segmentations import reference_geometry

    assert not opened.ui.totalSegmentatorButton.isVisibleTo(opened.ui.segmentCollapsibleButton)
    asked: list[Any] = []
    drawn = mask_from_segment(opened.chosen.segmentation, "liver", reference_geometry(opened.chosen.segmentation))
    half = drawn.with_array(drawn.array & (np.indices(drawn.array.shape)[0] < 9))

    class TotalSegmentatorLogic:
        def setupPythonRequirements(self) -> None:
            asked.append("requirements")

        def process(self, volume: Any, segmentation: Any, fast: bool, task: str, subset: list[str]) -> None:
            asked.append((volume.GetName(), task, subset))
            mask_to_segment(half, segmentation, "liver")

    module = ModuleType("TotalSegmentator")
    module.TotalSegmentatorLogic = TotalSegmentatorLogic  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "TotalSegmentator", module)
    monkeypatch.setattr(slicer, "modules", SimpleNamespace(totalsegmentator=object()), raising=False)
    opened.panel.refresh()
    opened.press("totalSegmentatorButton")
    assert opened.errors == []
    assert asked == ["requirements", (opened.chosen.phaseHBP.GetName(), "total_mr", ["liver"])]
    now = mask_from_segment(opened.chosen.segmentation, "liver", half.geometry).array
    assert np.array_equal(now, half.array)
    assert opened.scene.GetFirstNodeByName("TotalSegmentator") is None


def test_dicom_results_refer_to_the_series_of_the_reference_phase(
    window: Any, cases: list[Any], bundle_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slicer's DICOM database is a dictionary here; the files are real."""
    pydicom = pytest.importorskip("pydicom")
    slicer = importlib.import_module("slicer")
    from synthetic import write_series

    from RadFusionLib.imaging import read_image
    from RadFusionLib.scene import mask_to_segment, volume_to_node

    case = cases[0]
    phase = case.phases["HBP"]
    write_series(tmp_path / "series", phase.with_array(np.rint(phase.array).astype(np.int16)))
    files = sorted((tmp_path / "series").iterdir())
    known = {str(pydicom.dcmread(file).SOPInstanceUID): str(file) for file in files}
    monkeypatch.setattr(slicer, "dicomDatabase", SimpleNamespace(fileForInstance=known.get), raising=False)
    volume_to_node(case.phases["AP"], "t1 arterial", window.scene).SetAttribute("RadFusion.simulated", "1")
    node = volume_to_node(read_image(tmp_path / "series"), "t1 hepatobiliary", window.scene)
    node.SetAttribute("RadFusion.simulated", "1")
    node.SetAttribute("DICOM.instanceUIDs", " ".join(known))
    window.ui.bundlePath.currentPath = str(bundle_path)
    window.press("readBundleButton")
    window.wait_for_work()
    window.press("readySegmentsButton")
    mask_to_segment(case.masks[MaskKey("tumor")], window.chosen.segmentation, "tumor")
    window.rest()
    window.type("AFP", "120")
    predict(window)
    window.ui.outputFolder.currentPath = str(tmp_path)
    window.press("saveDicomButton")
    window.wait_for_work()
    assert window.errors == []
    written = {path.name: pydicom.dcmread(path) for path in (tmp_path / "RadFusion DICOM").iterdir()}
    assert set(written) == {"regions.dcm", "heatmap.dcm", "report.dcm"}
    study = pydicom.dcmread(files[0]).StudyInstanceUID
    assert {str(one.StudyInstanceUID) for one in written.values()} == {str(study)}
    window.agree = False
    window.press("saveDicomButton")
    assert "is there already" in window.questions[-1]
    assert window.status[-1] == "Nothing was written."


def test_the_process_and_its_files_end_with_the_window(radfusion: Any, bundle_path: Path) -> None:
    import slicer
    from window import Window

    slicer.mrmlScene.Clear(1)
    opened = Window(radfusion)
    opened.ui.bundlePath.currentPath = str(bundle_path)
    opened.press("readBundleButton")
    process = opened.panel.work._process
    folder, child = process._folder.path, process._process
    assert folder.is_dir()
    opened.close()
    assert child.poll() is not None
    assert not folder.exists()
