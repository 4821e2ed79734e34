"""The reader without a page: one risk everywhere, a shell that follows, what-if, and errors that are sentences."""

from __future__ import annotations

import asyncio
import csv
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import distance_transform_edt

import RadFusionLib
from RadFusionLib.bundle import Bundle
from RadFusionLib.cli import main
from RadFusionLib.cohort import load_case, read_manifest
from RadFusionLib.scene import case_from_scene, load_scene, mask_from_segment, mask_to_segment, private_scene
from RadFusionLib.scene.segmentations import reference_geometry

PHASES = ("AP_", "HBP_")
"""What the name of an image feature of the cohort begins with."""


def settle(seconds: float = 0.7) -> Any:
    """Longer than the rest after which the reader follows the hand."""
    return asyncio.sleep(seconds)


def grow(logic: Any) -> None:
    """Enlarge the tumour by a voxel along I, as a stroke would."""
    tumor = logic.reading.tumor()
    grown = tumor.with_array(tumor.array | np.roll(tumor.array, 1, axis=2))
    mask_to_segment(grown, logic.reading.segmentation, "tumor")
    logic.app.segmentation_editor.segmentation_modified()


@pytest.fixture(scope="module")
def command_risks(
    bundle_path: Path, cohort: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, str]]:
    """What ``radfusion predict`` writes for two of the cases."""
    out = tmp_path_factory.mktemp("command")
    options = ["--bundle", str(bundle_path), "--manifest", str(cohort), "--out", str(out)]
    assert main(["predict", *options, "--case", "c0", "--case", "c1", "--write", "none", "--quiet"]) == 0
    with (out / "risk.csv").open(newline="", encoding="utf-8") as stream:
        return {row["case"]: row for row in csv.DictReader(stream)}


def test_two_cases_one_after_the_other_have_the_commands_risk(make_reader: Any, command_risks: Any) -> None:
    async def story() -> None:
        logic = make_reader()
        await logic.start()
        for case in ("c0", "c1"):
            assert logic.state.case.title == case
            await logic.predict()
            assert logic.state.problem == ""
            found = logic.state.result
            for shown, column in ((found.risk, "risk"), (found.low, "risk_low"), (found.high, "risk_high")):
                assert abs(shown / 100 - float(command_risks[case][column])) < 1e-6
            assert found.group == command_risks[case]["group"]
            await logic.step(1)
        assert logic.state.case.title == "c2"
        assert not logic.state.result.shown

    asyncio.run(story())
    first, second = (float(row["risk"]) for row in command_risks.values())
    assert abs(first - second) > 0.1, "equal risks would prove nothing"


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
        before = _mask(logic.reading, "shell")
        grow(logic)
        await settle()
        assert np.array_equal(_mask(logic.reading, "shell"), before)

    asyncio.run(story())


def test_a_case_asked_for_while_the_bundle_is_read_is_the_one_that_opens(make_reader: Any) -> None:
    async def story() -> None:
        logic = make_reader()
        await asyncio.gather(logic.start(), logic.open(4), logic.open(2))
        assert logic.state.problem == ""
        assert logic.state.case.title == "c2"
        assert logic.app.scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 1

    asyncio.run(story())


def _mask(reading: Any, name: str) -> np.ndarray:
    return mask_from_segment(reading.segmentation, name, reference_geometry(reading.segmentation)).array


def _check_shell(reading: Any, margin: float) -> None:
    """Against SciPy's distance transform, voxel by voxel."""
    tumor, liver = _mask(reading, "tumor"), _mask(reading, "liver")
    spacing = reference_geometry(reading.segmentation).spacing[::-1]
    expected = (distance_transform_edt(~tumor, sampling=spacing) <= margin + 1e-6) & ~tumor & liver
    assert expected.any()
    assert np.array_equal(_mask(reading, "shell"), expected)


def test_a_clinical_value_changes_the_risk_at_once_and_the_tumour_asks_for_features(
    make_reader: Any, bundle_path: Path, cohort: Path
) -> None:
    bundle = Bundle.load(bundle_path)
    case = load_case(read_manifest(cohort).row("c0"), bundle.recipe.phases)
    changed = RadFusionLib.Case(
        case.id, case.phases, case.masks, {**case.clinical, "AFP": 95.0}, case.scanner, "", True
    )
    expected = RadFusionLib.predict(bundle, changed, heatmap=False)

    async def story() -> None:
        logic = make_reader()
        await logic.start()
        await logic.predict()
        predicted = logic.state.result.risk
        logic.set_clinical("AFP", "95")
        await settle(0.2)
        found = logic.state.result
        assert abs(found.risk / 100 - expected.risk) < 1e-9
        assert abs(found.low / 100 - expected.risk_low) < 1e-9
        assert abs(found.risk - predicted) > 1
        assert "AFP" in found.what_if
        assert logic.state.prediction.stale == ""
        logic.set_clinical("AFP", repr(case.clinical["AFP"]))
        await settle(0.2)
        assert logic.state.result.risk == pytest.approx(predicted, abs=1e-9)
        assert logic.state.result.what_if == ""
        contour = logic.reading.tumor()
        grow(logic)
        await settle()
        assert "must be computed again" in logic.state.prediction.stale
        mask_to_segment(contour, logic.reading.segmentation, "tumor")
        logic.app.segmentation_editor.segmentation_modified()
        await settle()
        assert logic.state.prediction.stale == "", "the contour is the predicted one again"
        grow(logic)
        await settle()
        await logic.predict()
        assert logic.state.prediction.stale == ""
        assert logic.state.result.risk != pytest.approx(predicted, abs=1e-6)

    asyncio.run(story())


def test_bad_clinical_values_are_named(make_reader: Any) -> None:
    async def story() -> None:
        logic = make_reader()
        await logic.start()
        logic.set_clinical("AFP", "")
        await logic.predict()
        assert logic.state.problem == "The model uses AFP; fill in the clinical values."
        row = next(r for r in logic.state.clinical.rows if r.name == "AFP")
        assert row.problem
        assert row.unit == "ng/mL"
        logic.set_clinical("AFP", "a lot")
        await logic.predict()
        assert logic.state.problem == "The clinical value AFP is 'a lot'; enter a number."
        logic.set_clinical("AFP", "41,5")
        await logic.predict()
        assert logic.state.problem == ""
        assert logic.state.result.shown

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


def test_a_second_reading_is_compared(make_reader: Any, bundle_path: Path, cohort: Path) -> None:
    bundle = Bundle.load(bundle_path)
    row = read_manifest(cohort).row("c0")
    second = load_case(row, bundle.recipe.phases, "2")
    first = load_case(row, bundle.recipe.phases)
    one, other = (next(m.array for k, m in case.masks.items() if k.region == "tumor") for case in (first, second))
    overlap = 2 * (one & other).sum() / (one.sum() + other.sum())
    risks = [100 * RadFusionLib.predict(bundle, case, heatmap=False).risk for case in (first, second)]

    async def story() -> None:
        logic = make_reader()
        await logic.start()
        assert logic.state.comparison.readers == ["2"]
        await logic.compare("2")
        assert logic.state.problem == ""
        said = " ".join(logic.state.comparison.lines)
        assert f"Dice {overlap:.3f}" in said
        assert f"Risk {risks[0]:.1f} % here, {risks[1]:.1f} % by reading 2" in said
        assert "two cases at least" in " ".join(logic.state.comparison.agreement)
        assert f"({risks[1] - risks[0]:+.1f} points)" in said
        assert _mask(logic.reading, "tumor, reading 2").sum() == other.sum()
        await logic.predict()
        assert logic.state.result.risk == pytest.approx(risks[0], abs=1e-9), "the other contour is no part of the case"

    asyncio.run(story())


def test_the_agreement_of_two_readers_over_cases(
    make_reader: Any, bench: Any, bundle_path: Path, cohort: Path, tmp_path: Path
) -> None:
    """The ICC of every feature against statsmodels' analysis of variance of what the library predicts."""
    table = pd.read_csv(cohort).head(5)
    for column in table.columns[table.columns.str.contains("image|mask")]:
        table[column] = [str(cohort.parent / name) for name in table[column]]
    table.to_csv(tmp_path / "manifest.csv", index=False)
    bundle = Bundle.load(bundle_path)
    names = [name for name in bundle.ensemble.features if name.startswith(PHASES)]
    values = np.empty((5, 2, len(names)))
    risks = np.empty((5, 2))
    for number, row in enumerate(read_manifest(cohort).rows[:5]):
        for other, reading in enumerate(("", "2")):
            found = RadFusionLib.predict(bundle, load_case(row, bundle.recipe.phases, reading), heatmap=False)
            values[number, other] = found.features.columns(names)[0]
            risks[number, other] = found.risk
    varying = [n for n in range(len(names)) if np.ptp(values[:, :, n]) > 0]
    expected = {names[n]: _icc_by_analysis_of_variance(values[:, :, n]) for n in varying}
    assert any(value < 0.75 for value in expected.values()), "features that all agree would prove little"

    async def story() -> None:
        logic = make_reader(tmp_path / "manifest.csv")
        await logic.start()
        await logic.compare_all("2")
        assert logic.state.problem == ""
        said = "\n".join(logic.state.comparison.agreement)
        assert "Over 5 cases" in said
        below = sum(value < 0.75 for value in expected.values())
        assert f"{below} of {len(expected)} image features of the model have an ICC below 0.75" in said
        assert f"ICC of the risk {_icc_by_analysis_of_variance(risks):.2f}" in said
        least = min(expected, key=lambda name: expected[name])
        assert f"{expected[least]:.2f}" in said.split("Least: ")[1].split(";")[0]
        bench.on_report = lambda fraction, message: logic.cancel() if fraction > 0.5 else None
        await logic.compare_all("2")
        assert "Cancelled" in logic.state.remark
        assert not logic.state.comparison.running

    asyncio.run(story())


def _icc_by_analysis_of_variance(ratings: np.ndarray) -> float:
    """ICC(2,1) from the mean squares of statsmodels' two-way analysis of variance; shape (cases, readers)."""
    from statsmodels.formula.api import ols
    from statsmodels.stats.anova import anova_lm

    cases, readers = ratings.shape
    case, reader = np.indices(ratings.shape)
    scaled = (ratings - ratings.mean()) / ratings.std()
    frame = pd.DataFrame({"value": scaled.ravel(), "of_case": case.ravel(), "of_reader": reader.ravel()})
    squares = anova_lm(ols("value ~ C(of_case) + C(of_reader)", frame).fit())
    of_case, of_reader, rest = squares["sum_sq"] / squares["df"]
    return float((of_case - rest) / (of_case + (readers - 1) * rest + readers * (of_reader - rest) / cases))


def test_the_place_on_the_nomogram_moves_with_a_clinical_value(make_reader: Any) -> None:
    """All members share AFP, so the nomogram's log-odds move exactly as the ensemble's do."""

    def log_odds(percent: float) -> float:
        return float(np.log(percent / (100 - percent)))

    async def story() -> None:
        logic = make_reader()
        await logic.start()
        assert logic.state.nomogram.rows == []
        await logic.predict()
        nomogram, risk = logic.state.nomogram, logic.state.result.risk
        assert nomogram.why == ""
        assert nomogram.risk == pytest.approx(risk, abs=5)
        (before,) = (row for row in nomogram.rows if "AFP" in row.label)
        logic.set_clinical("AFP", "120")
        await settle(0.2)
        (after,) = (row for row in logic.state.nomogram.rows if "AFP" in row.label)
        assert after.value == "120 ng/mL"
        assert logic.state.nomogram.total - nomogram.total == pytest.approx(
            float(after.points) - float(before.points), abs=0.11
        )
        moved = log_odds(logic.state.nomogram.risk) - log_odds(nomogram.risk)
        assert abs(moved) > 0.1
        assert moved == pytest.approx(log_odds(logic.state.result.risk) - log_odds(risk), abs=1e-9)
        logic.set_clinical("AFP", "4000")
        await settle(0.2)
        assert any(row.outside for row in logic.state.nomogram.rows)

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


def test_the_worker_process_predicts_cancels_and_is_missed_when_it_dies(bundle_path: Path, cohort: Path) -> None:
    from RadFusionLib.errors import Cancelled, InputError, RadFusionError
    from RadFusionLib.web.worker import Worker

    bundle = Bundle.load(bundle_path)
    row = read_manifest(cohort).row("c1")
    case = load_case(row, bundle.recipe.phases)
    expected = RadFusionLib.predict(bundle, case)

    async def story() -> None:
        worker = Worker(bundle_path)
        try:
            heard: list[float] = []
            found = await worker.ask("predict", case, 0, report=lambda fraction, message: heard.append(fraction))
            assert found.explanation["risk"] == pytest.approx(expected.risk, abs=1e-12)
            assert np.array_equal(found.heatmap.array, expected.heatmap.array)
            assert heard == sorted(heard)
            assert heard[-1] == 1.0

            def stop(fraction: float, message: str) -> None:
                if fraction > 0.2:
                    worker.cancel()

            with pytest.raises(Cancelled):
                await worker.ask("predict", case, 0, report=stop)
            with pytest.raises(InputError, match="predict the case again"):
                await worker.ask("what_if", found.number, case.clinical)

            def stop_at_the_end(fraction: float, message: str) -> None:
                if fraction == 1.0:
                    worker.cancel()

            with pytest.raises(Cancelled):
                await worker.ask("predict", case, 0, report=stop_at_the_end)
            assert (await worker.ask("facts")).name == bundle.name

            def die(fraction: float, message: str) -> None:
                worker._process.kill()

            with pytest.raises(RadFusionError, match="stopped unexpectedly"):
                await worker.ask("predict", case, 0, report=die)
            worker._process.join()
            assert (await worker.ask("facts")).name == bundle.name
        finally:
            worker.stop()

    asyncio.run(story())
