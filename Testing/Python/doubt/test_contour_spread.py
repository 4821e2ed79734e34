"""The spread over contours: each contour's risk is what a prediction with that contour as the mask gives."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.special import logit

from RadFusionLib.bundle import Bundle
from RadFusionLib.case import Case, MaskKey
from RadFusionLib.cli.demo import BUNDLE
from RadFusionLib.doubt import CONTOURS, plausible_contours
from RadFusionLib.resources import resource
from RadFusionLib.simulation import simulate_case
from RadFusionLib.workflow import predict
from RadFusionLib.workflow.measured_case import MeasuredCase
from RadFusionLib.workflow.prediction import Prediction
from RadFusionLib.workflow.what_if import with_clinical


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.load(resource("Bundles", BUNDLE))


@pytest.fixture(scope="module")
def case(bundle: Bundle) -> Case:
    return simulate_case(813, 0, bundle.recipe.phases).to_case()


@pytest.fixture(scope="module")
def prediction(bundle: Bundle, case: Case) -> Prediction:
    return predict(bundle, case, heatmap=False)


def test_every_contour_has_a_risk_and_the_drawn_one_the_risk_itself(bundle, prediction):
    spread = prediction.explanation["doubt"]["contours"]
    assert spread["count"] == spread["usable"] == CONTOURS
    assert spread["least"] <= prediction.risk <= spread["most"]
    assert spread["tolerance_mm"] == 2.0
    drawn = prediction.contours.table.columns(bundle.ensemble.features)[0]
    own = prediction.features.columns(bundle.ensemble.features)[0]
    assert np.allclose(drawn, own, rtol=0.02)


@pytest.mark.parametrize("number", [1, 5, 12])
def test_a_contours_risk_is_that_of_a_prediction_with_it_as_the_mask(bundle, case, prediction, number):
    tumor = case.masks[MaskKey("tumor")]
    contour = plausible_contours(tumor.array, tumor.geometry.spacing[::-1])[number]
    masks = {**case.masks, MaskKey("tumor"): tumor.with_array(contour.mask)}
    alone = predict(bundle, replace(case, masks=masks), heatmap=False, contours=False)
    told = prediction.explanation["doubt"]["contours"]["risks"][number]
    assert told["kind"] == contour.kind
    # Filters near the border of the cropped image see a little more of it when it holds all contours.
    assert logit(told["risk"]) == pytest.approx(logit(alone.risk), abs=0.02)


def test_it_can_be_switched_off(bundle, case):
    found = predict(bundle, case, heatmap=False, contours=False)
    assert found.contours is None
    assert found.explanation["doubt"]["contours"] == {
        "count": 0,
        "sentence": "The spread over plausible contours was not asked for.",
    }


def test_warnings_are_the_flags_and_silence_is_never_called_safe(prediction):
    doubt = prediction.explanation["doubt"]["domain"]
    assert list(prediction.warnings) == [flag["sentence"] for flag in doubt["flags"]]
    assert doubt["sentence"] == "The absence of a flag does not mean that the model fits this case."


def test_other_clinical_values_move_every_contour(bundle, case, prediction):
    used = [name for name in bundle.ensemble.features if name.startswith("clinical_")]
    changed = dict(case.clinical)
    for name in used:
        changed[name.removeprefix("clinical_")] += 1.0
    again = with_clinical(bundle, MeasuredCase.of(bundle, prediction), changed)
    whole = predict(bundle, replace(case, clinical=changed), heatmap=False)
    found, expected = (p.explanation["doubt"]["contours"]["risks"] for p in (again, whole))
    assert [r["risk"] for r in found] == pytest.approx([r["risk"] for r in expected], abs=1e-12)


def test_the_command_leaves_them_out_when_told(tmp_path: Path):
    import json

    from RadFusionLib.cli import main
    from RadFusionLib.simulation import simulate

    manifest = simulate(("AP", "PP", "HBP"), 1, 813, 1.0, tmp_path / "cohort")
    arguments = ["predict", "--bundle", str(resource("Bundles", BUNDLE)), "--manifest", str(manifest)]
    options = ["--write", "explanation", "--no-contours", "--quiet"]
    assert main([*arguments, "--out", str(tmp_path / "out"), *options]) == 0
    written = json.loads((tmp_path / "out" / "sim813-0000" / "explanation.json").read_text(encoding="utf-8"))
    assert written["doubt"]["contours"]["count"] == 0
    assert "domain" in written["doubt"]
