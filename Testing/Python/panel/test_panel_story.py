"""The whole work in the panel, from a case to what is saved of it, on the real widget and a real scene."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from person import paint, predict, put

from RadFusionLib.case import MaskKey


@pytest.fixture
def opened(window: Any, cases: list[Any], bundle_path: Path) -> Any:
    """A case in the scene, as a person has it: volumes, a segmentation, and a bundle that was read."""
    put(window, cases[0], bundle_path)
    return window


def test_case_phases_and_segments_are_found_by_name(opened: Any, cases: list[Any]) -> None:
    assert opened.chosen.phaseAP.GetName() == f"{cases[0].id} AP"
    assert opened.chosen.phaseHBP.GetName() == f"{cases[0].id} HBP"
    assert opened.ui.tumorSegmentBox.currentText == "tumor"
    assert opened.ui.liverSegmentBox.currentText == "liver"
    assert not opened.ui.phaseAP.isHidden()
    assert opened.ui.phasePP.isHidden()
    assert "Research use only" in opened.ui.bundleLabel.text


def test_phases_are_guessed_from_series_names_and_can_be_corrected(
    window: Any, cases: list[Any], bundle_path: Path
) -> None:
    from RadFusionLib.scene import volume_to_node

    case = cases[0]
    names = ("6: t1_vibe_fs_arterial", "9: t1_vibe_20min hep", "3: t2_tse", "7: t1_vibe_fs_art_repeat")
    nodes = [volume_to_node(case.phases["AP"], name, window.scene) for name in names]
    window.ui.bundlePath.currentPath = str(bundle_path)
    window.press("readBundleButton")
    window.wait_for_work()
    assert window.chosen.phaseHBP is nodes[1]
    assert window.chosen.phaseAP is None
    assert "AP could be 6: t1_vibe_fs_arterial, 7: t1_vibe_fs_art_repeat" in window.ui.guessLabel.text
    window.ui.phaseAP.setCurrentNode(nodes[3])
    assert window.chosen.phaseAP is nodes[3]
    assert window.errors == []


def test_the_shell_follows_the_tumour_and_is_clipped_to_the_liver(opened: Any) -> None:
    from RadFusionLib.imaging import peritumoral_shell
    from RadFusionLib.scene import mask_from_segment
    from RadFusionLib.scene.segmentations import reference_geometry

    node = opened.chosen.segmentation

    def drawn(name: str) -> Any:
        return mask_from_segment(node, name, reference_geometry(node))

    before = drawn("shell").array
    paint(opened)
    opened.rest()
    after = drawn("shell").array
    expected = peritumoral_shell(drawn("tumor"), 10.0, drawn("liver")).mask.array
    assert np.array_equal(after, expected)
    assert not np.array_equal(before, after)
    assert "% lay outside the liver" in opened.ui.shellLabel.text
    # Its own drawing is heard, and comes to an end.
    stamp = node.GetSegmentation().GetMTime()
    opened.rest()
    opened.rest()
    assert node.GetSegmentation().GetMTime() == stamp
    opened.ui.marginMm.value = 5.0
    opened.rest()
    assert drawn("shell").array.sum() < after.sum()
    assert "trained with 10 mm" in opened.ui.shellLabel.text
    opened.ui.liveShell.checked = False
    kept = drawn("shell").array
    paint(opened)
    opened.rest()
    assert np.array_equal(drawn("shell").array, kept)
    opened.press("shellButton")
    assert not np.array_equal(drawn("shell").array, kept)


def test_the_editor_draws_on_the_segmentation_without_eating_the_shell(opened: Any) -> None:
    import slicer

    node = opened.scene.GetSingletonNode("RadFusion", "vtkMRMLSegmentEditorNode")
    assert node.GetSegmentationNode() is opened.chosen.segmentation
    assert node.GetSourceVolumeNode() is opened.chosen.phaseHBP
    assert node.GetOverwriteMode() == slicer.vtkMRMLSegmentEditorNode.OverwriteNone


def test_a_case_without_a_segmentation_gets_a_tumour_and_a_liver_ready(
    window: Any, cases: list[Any], bundle_path: Path
) -> None:
    from RadFusionLib.scene import mask_to_segment, volume_to_node

    case = cases[0]
    for role, volume in case.phases.items():
        volume_to_node(volume, f"{role} image", window.scene)
    window.ui.bundlePath.currentPath = str(bundle_path)
    window.press("readBundleButton")
    window.wait_for_work()
    window.press("readySegmentsButton")
    assert [window.ui.tumorSegmentBox.currentText, window.ui.liverSegmentBox.currentText] == ["tumor", "liver"]
    window.type("AFP", "100")
    window.press("predictButton")
    assert window.errors == ["The tumour is empty; draw it first."]
    window.errors.clear()
    mask_to_segment(case.masks[MaskKey("tumor")], window.chosen.segmentation, "tumor")
    window.rest()
    assert "Shell of 10 mm drawn" in window.ui.shellLabel.text
    assert window.errors == []


def test_clinical_values_say_what_is_missing(opened: Any) -> None:
    assert opened.ui.clinicalLabel.text == "All values that the model uses are there."
    opened.type("AFP", "")
    assert opened.ui.clinicalLabel.text == "Missing: AFP."
    opened.press("predictButton")
    assert opened.errors == ["The model uses AFP; fill in the clinical values."]
    opened.type("AFP", "many")
    opened.press("predictButton")
    assert opened.errors[1] == "The clinical value AFP is 'many'; enter a number."
    opened.type("AFP", "101,5")
    assert opened.panel.clinical.values()["AFP"] == 101.5
    opened.type("hepatitis", "yes")
    assert opened.panel.clinical.values()["hepatitis"] == 1.0
    assert json.loads(opened.chosen.clinicalValues)["AFP"] == "101,5"


def test_a_value_that_no_model_uses_says_so_beside_its_field(opened: Any) -> None:
    from PySide6.QtWidgets import QLabel

    used = {field.name: field.used for field in opened.panel.facts.clinical}
    assert used == {"AFP": True, "age": False, "hepatitis": False}
    texts = [label.text for label in opened.ui.clinicalForm.findChildren(QLabel)]
    # Labels that Qt itself made for the rows have a method where the others have a property.
    said = [text() if callable(text) else text for text in texts]
    for words in ("AFP (ng/mL)", "age (years) (not used by this model)", "hepatitis (not used by this model)"):
        assert words in said


def test_the_risk_is_that_of_the_command_and_the_result_is_in_the_scene(
    opened: Any, cohort: Path, bundle_path: Path, cases: list[Any], tmp_path: Path
) -> None:
    from RadFusionLib.cli import main
    from RadFusionLib.imaging import read_image
    from RadFusionLib.scene import volume_from_node
    from RadFusionLib.scene.text_tables import read_table

    shown = predict(opened)
    options = ["--bundle", str(bundle_path), "--manifest", str(cohort), "--case", cases[0].id, "--quiet"]
    assert main(["predict", *options, "--out", str(tmp_path), "--write", "heatmap,explanation"]) == 0
    with (tmp_path / "risk.csv").open(newline="", encoding="utf-8") as stream:
        (row,) = csv.DictReader(stream)
    assert shown.risk == pytest.approx(float(row["risk"]), abs=1e-6)
    assert shown.risk_low == pytest.approx(float(row["risk_low"]), abs=1e-6)
    assert shown.risk_high == pytest.approx(float(row["risk_high"]), abs=1e-6)
    assert shown.group == row["group"]
    explanation = json.loads((tmp_path / cases[0].id / "explanation.json").read_text(encoding="utf-8"))
    mine = {term["feature"]: term["value"] for term in shown.explanation["terms"]}
    theirs = {term["feature"]: term["value"] for term in explanation["terms"]}
    assert len(mine) > 1
    assert mine == pytest.approx(theirs, rel=1e-6)
    heatmap = read_image(tmp_path / cases[0].id / "heatmap.nrrd").array
    assert np.abs(volume_from_node(opened.chosen.heatmap).array - heatmap).max() < 1e-6
    table = dict(read_table(opened.chosen.results))
    assert float(table["risk"]) == pytest.approx(shown.risk, abs=1e-9)
    page = opened.ui.resultLabel.text
    for words in (f"{100 * shown.risk:.1f} %", "interval", "Threshold", "Research use only", "In training"):
        assert words in page
    assert "not probability of disease here" in opened.ui.legendLabel.text
    assert opened.ui.waterfallPicture.pixmap.width() > 300
    first = shown.explanation["terms"][0]
    assert f"{first['contribution']:+.2f}" in opened.ui.whyLabel.text
    assert not opened.ui.staleLabel.isVisibleTo(opened.ui.resultCollapsibleButton)


def test_what_if_changes_the_risk_at_once_and_says_what_needs_images(opened: Any) -> None:
    shown = predict(opened)
    assert opened.ui.pictures.isTabEnabled(2)
    before = opened.ui.nomogramPicture.pixmap.toImage()
    opened.type("AFP", "400")
    # The case has moved on the nomogram too.
    assert opened.ui.nomogramPicture.pixmap.toImage() != before
    page = opened.ui.resultLabel.text
    assert "What if: AFP changed." in page
    assert f"{100 * shown.risk:.1f} %</span>" not in page
    # The same risk as a prediction with that value.
    said = float(page.split(" %</span>")[0].rsplit(">", 1)[1])
    again = predict(opened)
    assert said == pytest.approx(100 * again.risk, abs=0.051)
    assert "What if" not in opened.ui.resultLabel.text
    paint(opened)
    opened.rest()
    assert "The tumour or the liver has changed" in opened.ui.staleLabel.text
    assert "Predict again." in opened.ui.staleLabel.text
    predict(opened)
    assert opened.ui.staleLabel.text == ""


def test_heatmap_in_the_slices_with_legend_and_opacity(opened: Any) -> None:
    layers = opened.scene.AddNewNodeByClass("vtkMRMLSliceCompositeNode")
    predict(opened)
    assert layers.GetForegroundVolumeID() == opened.chosen.heatmap.GetID()
    assert layers.GetForegroundOpacity() == pytest.approx(0.6)
    opened.ui.heatmapOpacity.value = 0.25
    assert layers.GetForegroundOpacity() == pytest.approx(0.25)
    assert _seen_through(opened.chosen.heatmap) == set()
    opened.ui.heatmapThreshold.value = 0.3
    seen_through = _seen_through(opened.chosen.heatmap)
    assert max(map(abs, seen_through)) < 0.3
    assert min(seen_through) < -0.28
    assert max(seen_through) > 0.28
    assert 0.0 in {round(value, 2) for value in seen_through}
    opened.ui.heatmapThreshold.value = 0.0
    assert _seen_through(opened.chosen.heatmap) == set()
    legend = opened.chosen.heatmap.GetNthDisplayNode(1)
    assert legend.GetVisibility()
    opened.ui.legendShown.checked = False
    assert not legend.GetVisibility()
    opened.ui.heatmapShown.checked = False
    assert not layers.GetForegroundVolumeID()


def _seen_through(heatmap: Any) -> set[float]:
    """The values, as shares of the largest, whose colours are transparent."""
    color = heatmap.GetDisplayNode().GetColorNode()
    count = color.GetNumberOfColors()
    found, rgba = set(), [0.0, 0.0, 0.0, 0.0]
    for level in range(count):
        color.GetColor(level, rgba)
        if rgba[3] == 0:
            found.add(2 * level / (count - 1) - 1)
    return found


def test_scene_and_report_are_saved_and_the_scene_comes_back(opened: Any, cases: list[Any], tmp_path: Path) -> None:
    from RadFusionLib.scene import load_scene

    shown = predict(opened)
    opened.press("saveSceneButton")
    assert opened.errors == ["No folder was chosen to save in; choose one."]
    opened.errors.clear()
    opened.ui.outputFolder.currentPath = str(tmp_path)
    opened.press("saveSceneButton")
    opened.press("saveReportButton")
    opened.wait_for_work()
    assert opened.errors == []
    report = (tmp_path / f"{cases[0].id}.html").read_text(encoding="utf-8")
    assert "Research use only" in report
    assert not opened.ui.saveDicomButton.isEnabled()
    scene = tmp_path / f"{cases[0].id}.mrb"
    opened.ui.marginMm.value = 7.0
    load_scene(scene, opened.scene)
    opened.rest()
    assert opened.errors == []
    assert opened.chosen.marginMm == 10.0
    assert opened.chosen.phaseAP.GetName() == f"{cases[0].id} AP"
    assert opened.chosen.heatmap is not None
    assert f"{100 * shown.risk:.1f} %" in opened.ui.resultLabel.text
    assert opened.panel.result.shown.risk == pytest.approx(shown.risk, abs=1e-12)
    again = predict(opened)
    assert again.risk == pytest.approx(shown.risk, abs=1e-6)


def test_phases_are_checked_and_corrected(opened: Any) -> None:
    from RadFusionLib.scene.alignment import correction, set_shift

    truth = (0.0, 6.0, 0.0)
    opened.press("alignmentButton")
    opened.wait_for_work()
    assert opened.ui.alignmentLabel.text.startswith("AP lies ")
    set_shift(opened.chosen.phaseAP, truth)
    opened.press("alignmentButton")
    opened.wait_for_work()
    assert "correct it" in opened.ui.alignmentLabel.text
    opened.press("correctAllButton")
    left = correction(opened.chosen.phaseAP)[:3, 3]
    assert np.linalg.norm(left) < 2.0, left
    opened.press("uncorrectButton")
    assert opened.chosen.phaseAP.GetParentTransformNode() is None
    opened.ui.shiftAnterior.value = 2.5
    opened.ui.shiftAnterior.editingFinished.emit()
    assert correction(opened.chosen.phaseAP)[:3, 3] == pytest.approx((0, 2.5, 0))
    assert opened.errors == []


def test_a_contour_of_its_own_for_each_phase(opened: Any) -> None:
    from RadFusionLib.scene.segmentations import segment_names

    opened.press("perPhaseButton")
    assert {"tumor AP", "tumor HBP", "liver AP", "liver HBP"} <= set(segment_names(opened.chosen.segmentation))
    case = opened.panel.predict._case(opened.panel.predict.now())
    assert {MaskKey("tumor", "AP"), MaskKey("tumor", "HBP"), MaskKey("tumor")} <= set(case.masks)
    opened.press("perPhaseButton")
    assert "already" in opened.ui.segmentLabel.text


def test_the_modules_own_test_in_a_window_and_the_sample_case(
    window: Any, radfusion: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What "Reload and Test" would do in Slicer, with this window in its place."""
    import slicer
    from PySide6.QtWidgets import QApplication

    from RadFusionLib import scene

    monkeypatch.setattr(scene, "in_slicer", lambda: True)
    monkeypatch.setattr("slicer.util.selectModule", lambda name: None)
    monkeypatch.setattr(slicer, "modules", SimpleNamespace(RadFusionWidget=window.widget), raising=False)
    # Only while the test's own loop runs: with an application, files would be read through it.
    application = SimpleNamespace(processEvents=QApplication.processEvents)
    test = radfusion.RadFusionTest("test_panel_takes_the_sample_case")
    load = window.panel.case.loadSample

    def load_and_go_on() -> None:
        load()
        slicer.app = application

    window.panel.case.loadSample = load_and_go_on
    try:
        test.debug()
    finally:
        if hasattr(slicer, "app"):
            del slicer.app
    assert window.ui.bundleLabel.text.startswith("hcc-mvi")
    assert "DEMONSTRATION" in window.ui.bundleLabel.text
    assert window.panel.clinical.missing() == ()
    assert window.errors == []


def test_the_sample_case_is_offered_in_slicers_sample_data(
    window: Any, radfusion: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slicer's own module keeps lists of what to download, all as long as one another; here there is nothing."""
    offered: list[dict[str, Any]] = []
    logic = SimpleNamespace(registerCustomSampleDataSource=lambda **source: offered.append(source))
    monkeypatch.setitem(sys.modules, "SampleData", SimpleNamespace(SampleDataLogic=logic))
    radfusion.registerSampleData()
    (source,) = offered
    assert source["uris"] == source["fileNames"] == source["nodeNames"] == []
    assert Path(source["thumbnailFileName"]).is_file()
    nodes = source["customDownloader"](None)
    assert [node.GetAttribute("RadFusion.phase") for node in nodes] == ["AP", "PP", "HBP"]
    assert all(node.GetScene() is window.scene for node in nodes)
