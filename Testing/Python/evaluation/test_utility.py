"""Decision curves against R's dcurves and the definition."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.logistic import fit_logistic
from RadFusionLib.evaluation.utility import decision_curve, survival_decision_curve

THRESHOLDS = np.arange(100) / 100


@pytest.fixture(scope="module")
def folder(reference_data):
    return reference_data / "stats" / "dca"


@pytest.fixture(scope="module")
def expected(folder):
    return json.loads((folder / "expected.json").read_text())


def as_risk(outcome: pd.Series, marker: pd.Series) -> np.ndarray:
    return fit_logistic(outcome, {"marker": marker}, "wald").probability({"marker": marker})


def by_variable(path, column: str = "net_benefit") -> dict[str, np.ndarray]:
    return {name: part[column].to_numpy() for name, part in pd.read_csv(path).groupby("variable")}


def test_family_history_is_rs_at_every_threshold(folder, expected):
    frame = pd.read_csv(folder / "df_binary.csv")
    known = by_variable(folder / "r_case1_results.csv")
    found = decision_curve(frame["cancer"], {"famhistory": frame["famhistory"]}, THRESHOLDS)
    assert np.allclose(found.net_benefit["famhistory"], known["famhistory"], atol=1e-14)
    assert np.allclose(found.treat_all, known["all"], atol=1e-13)
    assert (found.treat_none == 0).all()
    at_zero = [found.treat_all[0], found.treat_none[0], found.net_benefit["famhistory"][0]]
    assert at_zero == pytest.approx(expected["net_benefit_at_0"]["cancer~famhistory [all,none,model]"], abs=1e-12)


def test_age_made_a_risk_is_rs(folder, expected):
    frame = pd.read_csv(folder / "df_binary.csv")
    known = by_variable(folder / "r_simple_binary_dca_result_df.csv")
    found = decision_curve(frame["cancer"], {"age": as_risk(frame["cancer"], frame["age"])}, THRESHOLDS)
    assert np.allclose(found.net_benefit["age"], known["age"], atol=1e-12)
    at_quarter = [found.treat_all[25], 0, found.net_benefit["age"][25]]
    assert at_quarter == pytest.approx(expected["net_benefit_at_0.25"]["cancer~age as_probability"], abs=5e-8)


def test_marker_at_a_quarter_is_rs(folder, expected):
    frame = pd.read_csv(folder / "df_binary.csv")
    found = decision_curve(frame["cancer"], {"m": frame["cancerpredmarker"]}, [0.25])
    values = [found.treat_all[0], found.treat_none[0], found.net_benefit["m"][0]]
    assert values == pytest.approx(
        expected["net_benefit_at_0.25"]["cancer~cancerpredmarker [all,none,model]"], abs=5e-8
    )
    cases = pd.read_csv(folder / "df_case_control.csv")
    found = decision_curve(cases["casecontrol"], {"m": cases["cancerpredmarker"]}, [0.25], prevalence=0.15)
    values = [found.treat_all[0], found.treat_none[0], found.net_benefit["m"][0]]
    known = expected["net_benefit_at_0.25"]["casecontrol~cancerpredmarker prevalence=0.15"]
    assert values == pytest.approx(known, abs=5e-9)
    assert found.prevalence == 0.15


def test_survival_curves_are_rs(folder, expected):
    frame = pd.read_csv(folder / "df_surv.csv")
    time, event = frame["ttcancer"], frame["cancer"]
    known = by_variable(folder / "r_case2_results.csv")
    found = survival_decision_curve(time, event, {"m": frame["cancerpredmarker"]}, 1.0, THRESHOLDS)
    assert np.allclose(found.net_benefit["m"], known["cancerpredmarker"], atol=1e-13, equal_nan=True)
    assert np.isfinite(known["cancerpredmarker"]).sum() > 70
    assert np.allclose(found.treat_all, known["all"], atol=1e-12)
    values = [found.treat_all[25], 0, found.net_benefit["m"][25]]
    assert values == pytest.approx(expected["net_benefit_at_0.25"]["Surv~cancerpredmarker time=1"], abs=5e-9)
    known = by_variable(folder / "r_simple_surv_dca_result_df.csv")
    found = survival_decision_curve(time, event, {"f": frame["famhistory"]}, 1.5, THRESHOLDS)
    assert np.allclose(found.treat_all, known["all"], atol=1e-12)


def test_net_benefit_is_its_definition():
    generator = np.random.default_rng(0)
    outcome, risk = generator.integers(0, 2, 60), generator.random(60)
    thresholds = np.array([0.1, 0.35, 0.8])
    found = decision_curve(outcome, {"model": risk, "opposite": 1 - risk}, thresholds)
    for name, value in (("model", risk), ("opposite", 1 - risk)):
        for index, pt in enumerate(thresholds):
            treated = value >= pt
            hand = (treated & (outcome == 1)).sum() / 60 - (treated & (outcome == 0)).sum() / 60 * pt / (1 - pt)
            assert found.net_benefit[name][index] == pytest.approx(hand, abs=1e-15)
    prevalence = outcome.mean()
    assert found.treat_all == pytest.approx(prevalence - (1 - prevalence) * thresholds / (1 - thresholds))


def test_a_perfect_model_is_useful_everywhere_and_the_prevalence_nowhere():
    outcome = np.arange(50) % 5 == 0
    found = decision_curve(outcome, {"perfect": np.where(outcome, 0.999, 0.001), "flat": np.full(50, 0.2)})
    assert found.useful("perfect").size == found.thresholds.size
    assert found.useful("flat").size == 0


@pytest.mark.parametrize(
    ("risks", "options", "said"),
    [
        ({"m": [0.1, 0.2, 0.3, 2]}, {}, "risk of m ranges"),
        ({"m": [0.1, 0.2, 0.3]}, {}, "3 values of risk of m for 4"),
        ({"all": [0.1, 0.2, 0.3, 0.4]}, {}, "not called all"),
        ({}, {}, "at least one model"),
        ({"m": [0.1, 0.2, 0.3, 0.4]}, {"thresholds": [0.5, 1.0]}, "below 1"),
        ({"m": [0.1, 0.2, 0.3, 0.4]}, {"prevalence": 1.5}, "prevalence of 1.5"),
    ],
)
def test_bad_input_is_one_sentence(risks, options, said):
    with pytest.raises(InputError, match=said):
        decision_curve([0, 1, 0, 1], risks, **options)


def test_a_horizon_beyond_follow_up_is_refused():
    with pytest.raises(InputError, match="ends at 4"):
        survival_decision_curve([1, 2, 3, 4], [0, 1, 0, 1], {"m": [0.1, 0.2, 0.3, 0.4]}, 5)
    with pytest.raises(InputError, match="above zero"):
        survival_decision_curve([0, 2, 3, 4], [0, 1, 0, 1], {"m": [0.1, 0.2, 0.3, 0.4]}, 3)
