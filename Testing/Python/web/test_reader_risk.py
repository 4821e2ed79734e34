"""One risk in the reader, at the command and in the library; what other clinical values give; the nomogram."""

from __future__ import annotations

import asyncio
import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawing_by_hand import grow, settle

import RadFusionLib
from RadFusionLib.bundle import Bundle
from RadFusionLib.cli import main
from RadFusionLib.cohort import load_case, read_manifest
from RadFusionLib.scene import mask_to_segment


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
