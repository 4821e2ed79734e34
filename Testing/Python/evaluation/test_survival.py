"""Kaplan-Meier, log-rank, concordance and Cox against values of R and others (shared/data, stats/survival)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.concordance import harrell_c, uno_c
from RadFusionLib.evaluation.cox import cox_table, fit_cox
from RadFusionLib.evaluation.follow_up import FollowUp
from RadFusionLib.evaluation.risk_groups import HIGH_RISK, group_survival
from RadFusionLib.evaluation.survival import kaplan_meier, log_rank, median_follow_up


@pytest.fixture(scope="session")
def folder(reference_data: Path) -> Path:
    return reference_data / "stats" / "survival"


@pytest.fixture(scope="session")
def expected(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "expected.json").read_text(encoding="utf-8"))


def columns(frame: pd.DataFrame, names: list[str]) -> dict[str, np.ndarray]:
    return {name: frame[name].to_numpy(dtype=float) for name in names}


@pytest.fixture(scope="session")
def lung(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "lung.csv")


def of_lung(frame: pd.DataFrame) -> FollowUp:
    return FollowUp(frame["time"].to_numpy(), (frame["status"] == 2).to_numpy())


def test_medians_and_their_intervals(lung: pd.DataFrame, expected: dict[str, Any]) -> None:
    wanted = expected["lung_km_by_ecog"]
    for level in wanted["n"]:
        curve = kaplan_meier(of_lung(lung[lung["ph.ecog"] == int(level)]), "log")
        assert (curve.cases, curve.count) == (wanted["n"][level], wanted["events"][level])
        assert curve.median == wanted["median"][level]
        assert curve.quantile(0.25) == wanted["q25"][level]
        assert curve.quantile(0.75) == wanted["q75"][level]
        if level in wanted["median_ci95_log"]:
            assert [curve.median_low, curve.median_high] == wanted["median_ci95_log"][level]


def test_curve_and_its_interval(folder: Path, expected: dict[str, Any]) -> None:
    frame = pd.read_csv(folder / "ovarian.csv")
    wanted = expected["ovarian_km"]["overall"]
    curve = kaplan_meier(FollowUp(frame["futime"].to_numpy(), frame["fustat"].to_numpy()), "log")
    steps = curve.events > 0
    assert curve.times[steps].tolist() == wanted["time"]
    assert curve.at_risk[steps].tolist() == wanted["n_risk"]
    for mine, theirs in ((curve.survival, "survival"), (curve.low, "lower95"), (curve.high, "upper95")):
        np.testing.assert_allclose(mine[steps], wanted[theirs], atol=5.1e-4)
    assert curve.at(300).value == pytest.approx(0.846, abs=5e-4)
    assert np.isnan(curve.at(1e6).value)
    assert curve.still_followed(431) == 17


def test_log_log_interval_is_that_of_lifelines(lung: pd.DataFrame) -> None:
    from lifelines import KaplanMeierFitter

    data = of_lung(lung)
    theirs = KaplanMeierFitter().fit(data.times, data.events).confidence_interval_.to_numpy()
    mine = kaplan_meier(data)
    np.testing.assert_allclose(np.stack([mine.low, mine.high], axis=1), theirs, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "file", "time", "event", "group", "tolerance"),
    [
        ("ovarian_logrank_rx", "ovarian.csv", "futime", "fustat", "rx", 5e-4),
        ("aml_logrank", "aml.csv", "time", "status", "x", 5e-2),
        ("lymphoma_logrank", "lymphoma.csv", "Time", "Censor", "Stage_group", 5e-6),
    ],
)
def test_log_rank(
    folder: Path, expected: dict[str, Any], name: str, file: str, time: str, event: str, group: str, tolerance: float
) -> None:
    frame = pd.read_csv(folder / file)
    found = log_rank(FollowUp(frame[time].to_numpy(), frame[event].to_numpy()), frame[group].to_numpy())
    assert found.statistic == pytest.approx(expected[name]["chisq"], abs=tolerance)
    assert found.p == pytest.approx(expected[name]["p"], abs=5e-3)


def test_log_rank_of_the_short_tables(expected: dict[str, Any]) -> None:
    for table in expected["logrank_inline"]:
        if "T" in table:
            times, events, groups = table["T"], table["E"], table["G"]
        else:
            times, events = table["A_T"] + table["B_T"], table["A_E"] + table["B_E"]
            groups = [0] * len(table["A_T"]) + [1] * len(table["B_T"])
        found = log_rank(FollowUp(np.array(times), np.array(events)), np.array(groups))
        assert found.statistic == pytest.approx(table["chisq"], rel=2e-3)
        assert found.p == pytest.approx(table["p"], rel=2e-2)


def test_concordance_of_predictions(folder: Path, expected: dict[str, Any]) -> None:
    frame = pd.read_csv(folder / "whas500_predictions.csv", header=None)
    data, risk = FollowUp(frame[1].to_numpy(), frame[0].to_numpy()), frame[2].to_numpy()
    wanted = expected["whas500_predictions"]
    assert harrell_c(data, risk).value == pytest.approx(wanted["harrell_c"], abs=5e-8)
    assert uno_c(data, risk).value == pytest.approx(wanted["uno_c_ipcw_tau_none"], abs=1e-12)


def test_interval_of_concordance_against_the_bootstrap(folder: Path) -> None:
    frame = pd.read_csv(folder / "whas500_predictions.csv", header=None).iloc[::2]
    data, risk = FollowUp(frame[1].to_numpy(), frame[0].to_numpy()), frame[2].to_numpy()
    rng = np.random.default_rng(7)
    draws = [rng.integers(0, len(data), len(data)) for _ in range(150)]
    for measure in (harrell_c, uno_c):
        mine = measure(data, risk)
        spread = np.std([measure(data.of(draw), risk[draw]).value for draw in draws], ddof=1)
        assert (mine.high - mine.low) / 3.92 == pytest.approx(spread, rel=0.2)


def test_uno_equals_harrell_without_censoring() -> None:
    rng = np.random.default_rng(1)
    data, risk = FollowUp(rng.exponential(10, 60) + 0.1, np.ones(60)), rng.random(60)
    assert uno_c(data, risk).value == pytest.approx(harrell_c(data, risk).value, abs=1e-12)


def test_cox_with_its_tests(lung: pd.DataFrame, expected: dict[str, Any]) -> None:
    wanted = expected["lung_cox_age_sex"]
    model = fit_cox(of_lung(lung), columns(lung, ["age", "sex"]))
    for term in model.terms:
        assert term.coefficient == pytest.approx(wanted["coef"][term.name], abs=1e-5)
        assert term.standard_error == pytest.approx(wanted["se"][term.name], abs=1e-5)
        assert term.ratio == pytest.approx(wanted["exp_coef"][term.name], abs=1e-5)
        assert term.p == pytest.approx(wanted["p"][term.name], abs=1e-5)
        assert [term.low, term.high] == pytest.approx(wanted["hr_ci95"][term.name], abs=1e-4)
    assert model.likelihood_ratio == pytest.approx(wanted["lr_test"], abs=5e-3)
    assert model.concordance.value == pytest.approx(wanted["concordance"], abs=5e-4)
    error = (model.concordance.high - model.concordance.low) / (2 * 1.959964)
    assert error == pytest.approx(wanted["concordance_se"], abs=5.1e-4)
    assert (model.cases, model.events) == (228, 165)

    wanted = expected["lung_cox_ecog_age"]
    known = lung.dropna(subset=["ph.ecog"])
    model = fit_cox(of_lung(known), columns(known, ["ph.ecog", "age"]))
    for term in model.terms:
        assert term.coefficient == pytest.approx(wanted["coef"][term.name], abs=1e-5)
        assert term.standard_error == pytest.approx(wanted["se"][term.name], abs=1e-5)
    assert model.p == pytest.approx(wanted["lr_p"], rel=1e-3)


def test_cox_of_many_variables_and_with_strata(folder: Path, expected: dict[str, Any]) -> None:
    frame, wanted = pd.read_csv(folder / "rossi.csv"), expected["rossi_cox"]
    data = FollowUp(frame["week"].to_numpy(), frame["arrest"].to_numpy())
    names = list(wanted["coef"])
    model = fit_cox(data, columns(frame, names))
    for term in model.terms:
        assert term.coefficient == pytest.approx(wanted["coef"][term.name], abs=1e-6)
        assert term.standard_error == pytest.approx(wanted["se"][term.name], abs=6e-6)
        assert term.coefficient / term.standard_error == pytest.approx(wanted["z"][term.name], abs=1e-3)
    assert model.log_likelihood == pytest.approx(wanted["partial_loglik"], abs=5e-3)
    assert model.likelihood_ratio == pytest.approx(wanted["lr_test"], abs=5e-3)
    others = [name for name in names if name != "race"]
    model = fit_cox(data, columns(frame, others), strata=frame["race"].to_numpy())
    stratified = wanted["strata_race"]["coef [fin,age,wexp,mar,paro,prio]"]
    assert [term.coefficient for term in model.terms] == pytest.approx(stratified, abs=6e-5)


def test_likelihoods_of_nested_models(folder: Path, expected: dict[str, Any]) -> None:
    frame, wanted = pd.read_csv(folder / "ovarian.csv"), expected["ovarian_cox_anova"]
    data = FollowUp(frame["futime"].to_numpy(), frame["fustat"].to_numpy())
    three = columns(frame, ["resid.ds", "rx", "ecog.ps"])
    model = fit_cox(data, three)
    assert model.log_likelihood == pytest.approx(wanted["model resid.ds+rx+ecog.ps"], abs=1e-3)
    assert model.log_likelihood - model.likelihood_ratio / 2 == pytest.approx(wanted["loglik_null"], abs=1e-3)
    product = fit_cox(data, {**three, "product": three["resid.ds"] * three["rx"]})
    assert product.log_likelihood == pytest.approx(wanted["model resid.ds*rx+ecog.ps"], abs=1e-3)


def test_proportional_hazards_against_residuals_of_statsmodels(folder: Path) -> None:
    from statsmodels.duration.hazard_regression import PHReg

    frame = pd.read_csv(folder / "rossi.csv")
    names = ["fin", "age", "race", "wexp", "mar", "paro", "prio"]
    data = FollowUp(frame["week"].to_numpy(), frame["arrest"].to_numpy())
    mine = fit_cox(data, columns(frame, names)).proportional
    fitted = PHReg(frame["week"], frame[names].astype(float), status=frame["arrest"], ties="efron").fit(disp=0)
    events = data.events
    residuals = np.asarray(fitted.schoenfeld_residuals)[events]
    curve = kaplan_meier(data)
    # Grambsch and Therneau 1994, with the share that had the event just before each time.
    place = np.searchsorted(curve.times, data.times[events]) - 1
    moment = 1 - curve.survival[place]
    moment = moment - moment.mean()
    scaled = residuals @ fitted.cov_params() * events.sum()
    statistic = (moment @ scaled) ** 2 / (np.diag(fitted.cov_params()) * events.sum() * (moment**2).sum())
    # The two libraries share ties out differently in the residuals.
    np.testing.assert_allclose([test.statistic for test in mine], statistic, rtol=0.05, atol=0.05)
    assert [test.name for test in mine if test.p < 0.05] == ["age", "wexp"]


def test_cox_table_keeps_what_passes(folder: Path) -> None:
    frame = pd.read_csv(folder / "rossi.csv")
    data = FollowUp(frame["week"].to_numpy(), frame["arrest"].to_numpy())
    table = cox_table(data, {**columns(frame, ["age", "race", "prio"]), "constant": np.ones(len(frame))})
    assert [model.terms[0].name for model in table.univariate] == ["age", "race", "prio"]
    assert table.multivariable is not None
    assert [term.name for term in table.multivariable.terms] == ["age", "prio"]
    assert table.left_out == {"constant": "constant is the same for all cases, so it has no hazard ratio."}


def test_scale_of_a_variable_does_not_matter(lung: pd.DataFrame) -> None:
    plain = fit_cox(of_lung(lung), {"age": lung["age"].to_numpy()}).terms[0]
    large = fit_cox(of_lung(lung), {"age": 1e6 * lung["age"].to_numpy()}).terms[0]
    assert large.coefficient == pytest.approx(plain.coefficient / 1e6, rel=1e-8)
    assert large.p == pytest.approx(plain.p, rel=1e-6)


def test_events_parted_perfectly_are_said() -> None:
    data = FollowUp(np.arange(1.0, 21.0), np.arange(20) < 10)
    with pytest.raises(InputError, match="no finite hazard ratio"):
        fit_cox(data, {"x": (np.arange(20) < 10).astype(float)})
    with pytest.raises(InputError, match="No case had the event"):
        fit_cox(FollowUp(np.arange(1.0, 5.0), np.zeros(4)), {"x": np.arange(4.0)})


def test_median_follow_up_is_the_median_of_the_censoring() -> None:
    data = FollowUp(np.array([1.0, 2.0, 3.0, 4.0, 5.0]), np.array([0, 0, 0, 0, 0]))
    assert median_follow_up(data) == 3.0


@pytest.mark.parametrize(
    ("time", "event", "sentence"),
    [
        (0.0, 1.0, "Case b has time:DFS 0; a time must be above 0 months"),
        (-3.0, 1.0, "Case b has time:DFS -3"),
        (np.nan, 1.0, "Case b has event:DFS but no time:DFS"),
        (4.0, np.nan, "Case b has time:DFS but no event:DFS"),
    ],
)
def test_bad_times_are_named(time: float, event: float, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        FollowUp.from_columns(["a", "b"], [1.0, time], [0.0, event], "DFS")


def test_cases_not_followed_are_left_out() -> None:
    data, known = FollowUp.from_columns(["a", "b", "c"], [1.0, np.nan, 2.0], [0.0, np.nan, 1.0], "OS")
    assert known.tolist() == [True, False, True]
    assert (data.times.tolist(), data.events.tolist()) == ([1.0, 2.0], [False, True])


def test_groups_of_a_risk_and_an_empty_group() -> None:
    rng = np.random.default_rng(3)
    risk = rng.random(300)
    data = FollowUp(rng.exponential(20 / (0.3 + 2 * risk)) + 0.1, rng.random(300) < 0.8)
    high = risk >= 0.5
    found = group_survival("DFS", data, risk, high, {"age": rng.normal(60, 9, 300)})
    assert found.low is not None
    assert found.high is not None
    assert found.low.median > found.high.median
    assert found.log_rank is not None
    assert found.log_rank.p < 1e-4
    assert found.cox is not None
    assert found.cox.term(HIGH_RISK).low > 1
    assert found.table is not None
    assert [model.terms[0].name for model in found.table.univariate] == [HIGH_RISK, "age"]
    empty = group_survival("DFS", data, risk, np.zeros(300, bool))
    assert empty.high is None
    assert empty.log_rank is None
    assert "No case in the high-risk group" in empty.notes[0]
