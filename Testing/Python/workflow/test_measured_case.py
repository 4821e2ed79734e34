"""What a scene keeps of a prediction gives the same what-if as the prediction itself, and is small."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from RadFusionLib.bundle import Bundle
from RadFusionLib.case import Case
from RadFusionLib.errors import InputError
from RadFusionLib.resources import resource
from RadFusionLib.simulation import simulate_case
from RadFusionLib.workflow import predict
from RadFusionLib.workflow.measured_case import MeasuredCase
from RadFusionLib.workflow.what_if import with_clinical


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.load(resource("Bundles", "hcc-mvi-demonstration.radfusion"))


@pytest.fixture(scope="module")
def case(bundle: Bundle) -> Case:
    return simulate_case(813, 0, bundle.recipe.phases).to_case()


@pytest.fixture(scope="module")
def measured(bundle: Bundle, case: Case) -> MeasuredCase:
    return MeasuredCase.of(bundle, predict(bundle, case, heatmap=False))


def _through_text(measured: MeasuredCase) -> MeasuredCase:
    return MeasuredCase.from_json(json.loads(json.dumps(measured.to_json(), allow_nan=False)))


def test_it_comes_back_as_it_was_and_is_small(measured: MeasuredCase) -> None:
    again = _through_text(measured)
    assert again.explanation["risk"] == measured.explanation["risk"]
    assert again.features.names == measured.features.names
    assert np.array_equal(again.features.values, measured.features.values, equal_nan=True)
    assert again.contours.kinds == measured.contours.kinds
    assert np.array_equal(again.contours.table.values, measured.contours.table.values, equal_nan=True)
    assert again.signatures == pytest.approx(measured.signatures, nan_ok=True, abs=0)
    assert len(json.dumps(measured.to_json())) < 200_000


def test_a_feature_that_could_not_be_computed_stays_one(measured: MeasuredCase) -> None:
    values = np.array(measured.features.values)
    values[0, 0] = np.nan
    again = _through_text(replace(measured, features=replace(measured.features, values=values)))
    assert np.isnan(again.features.values[0, 0])
    assert np.array_equal(again.features.values[0, 1:], values[0, 1:], equal_nan=True)


def test_other_clinical_values_give_what_a_whole_prediction_gives(
    bundle: Bundle, case: Case, measured: MeasuredCase
) -> None:
    changed = {name: 10.0 * (value + 1.0) for name, value in case.clinical.items()}
    again = with_clinical(bundle, _through_text(measured), changed).explanation
    whole = predict(bundle, replace(case, clinical=changed), heatmap=False).explanation
    assert set(again) == set(whole)
    for number in ("risk", "risk_low", "risk_high", "model_spread", "logit", "base"):
        assert again[number] == pytest.approx(whole[number], abs=1e-9), number
    # On which of these the risk itself depends is the bundle's; its interval does.
    assert abs(again["risk_high"] - measured.explanation["risk_high"]) > 1e-6
    assert [term["feature"] for term in again["terms"]] == [term["feature"] for term in whole["terms"]]
    for part in ("warnings", "notices", "clipped_fraction", "group", "case"):
        assert again[part] == whole[part], part


def test_networks_that_look_at_images_ask_for_a_new_prediction(measured: MeasuredCase) -> None:
    """What they see of the images is not kept."""
    seeing = SimpleNamespace(ensemble=SimpleNamespace(images=("network",)))
    with pytest.raises(InputError, match="look at the images"):
        with_clinical(seeing, measured, {})


@pytest.mark.parametrize("record", [{}, {"features": 1}, {"explanation": {}, "features": {}, "contours": None}, []])
def test_what_is_none_is_said_in_a_sentence(record: object) -> None:
    with pytest.raises(InputError, match="predict the case again"):
        MeasuredCase.from_json(record)
