"""The Hosmer-Lemeshow test against published values, under both grouping rules, and under simulation."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2, kstest

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.design import design
from RadFusionLib.evaluation.hosmer_lemeshow import hosmer_lemeshow
from RadFusionLib.evaluation.logistic import fit_logistic


@pytest.fixture(scope="module")
def folder(reference_data):
    return reference_data / "stats" / "hosmer_lemeshow"


def fitted(frame: pd.DataFrame, outcome: str, numbers: list[str], category: str) -> tuple[np.ndarray, np.ndarray, dict]:
    columns = {name: frame[name].to_numpy() for name in numbers}
    coded = design({**columns, category: frame[category].astype(str).to_numpy(dtype=object)})
    model = fit_logistic(frame[outcome], coded, "wald")
    ratios = {term.name: term.ratio for term in model.terms}
    return frame[outcome].to_numpy(), model.probability(coded.columns), {**ratios, "": model.log_likelihood}


def test_quantile_groups_give_the_published_value(folder):
    expected = json.loads((folder / "expected.json").read_text())["example1"]
    frame = pd.read_csv(folder / "help_homeless.csv")
    outcome, risk, _ = fitted(frame, "homeless", ["female", "i1", "cesd", "age"], "substance")
    found = hosmer_lemeshow(outcome, risk, grouping="quantile", apparent=True)
    assert found.statistic == pytest.approx(expected["chisq"], abs=5e-7)
    assert found.p == pytest.approx(expected["p"], abs=5e-8)
    assert found.degrees_of_freedom == expected["df"]


def test_both_rules_on_low_birth_weight(folder):
    expected = json.loads((folder / "expected.json").read_text())["example2"]
    frame = pd.read_csv(folder / "birthwt.csv")
    outcome, risk, model = fitted(frame, "low", ["age", "lwt", "smoke", "ptl", "ht", "ui"], "race")
    named = {"race: 2": "black", "race: 3": "other"}
    for name, ratio in model.items():
        if name:
            assert ratio == pytest.approx(expected["odds_ratios"][named.get(name, name)], abs=5e-7)
    assert model[""] == pytest.approx(expected["loglik"], abs=1e-8)
    ranks = hosmer_lemeshow(outcome, risk, grouping="rank", apparent=True)
    assert ranks.statistic == pytest.approx(expected["chisq_recomputed"], abs=1e-8)
    assert ranks.p == pytest.approx(expected["p_recomputed"], abs=1e-9)
    assert list(ranks.observed) == expected["observed_per_group"]
    assert list(ranks.cases) == expected["n_per_group"]
    quantiles = hosmer_lemeshow(outcome, risk, grouping="quantile", apparent=True)
    assert [quantiles.statistic, quantiles.p] == pytest.approx(expected["type7_quantile_grouping_gives"], abs=1e-8)


@pytest.mark.parametrize("grouping", ["quantile", "rank"])
def test_p_is_uniform_when_the_risks_are_right(grouping):
    generator = np.random.default_rng(0)
    found = []
    for _ in range(300):
        risk = generator.uniform(0.1, 0.9, 400)
        found.append(hosmer_lemeshow(generator.random(400) < risk, risk, grouping=grouping).p)
    assert kstest(found, "uniform").pvalue > 0.01


def test_ties_stay_together_in_quantile_groups_and_the_table_adds_up():
    risk = np.repeat([0.1, 0.3, 0.5, 0.7], [30, 30, 30, 30])
    outcome = np.tile([1, 0, 0], 40)
    found = hosmer_lemeshow(outcome, risk)
    assert found.cases == (30, 30, 30, 30)
    assert found.observed == (10, 10, 10, 10)
    assert found.expected == pytest.approx((3, 9, 15, 21))
    statistic = sum((10 - 30 * p) ** 2 / (30 * p * (1 - p)) for p in (0.1, 0.3, 0.5, 0.7))
    assert found.statistic == pytest.approx(statistic)
    assert found.p == pytest.approx(chi2.sf(statistic, 4))
    assert hosmer_lemeshow(outcome, risk, apparent=True).degrees_of_freedom == 2
    assert "type-7" in found.grouping


def test_a_risk_of_zero_that_came_true_is_infinitely_wrong():
    risk = np.repeat([0.0, 0.4, 0.6], 10)
    outcome = np.tile([0, 1], 15)
    assert hosmer_lemeshow(outcome, risk, groups=3).statistic == np.inf
    outcome[:10] = 0
    assert np.isfinite(hosmer_lemeshow(outcome, risk, groups=3).statistic)


@pytest.mark.parametrize(
    ("risk", "options", "said"),
    [
        ([0.1, 0.2, 0.3, 1.3], {}, "between 0 and 1"),
        ([0.1, 0.2, 0.3, 0.4], {"groups": 10}, "10 groups of 4 cases"),
        ([0.2, 0.2, 0.3, 0.3], {"groups": 4}, "only 2 groups"),
        ([0.1, 0.2, 0.3, 0.4], {"groups": 3, "grouping": "deciles"}, "no grouping called 'deciles'"),
    ],
)
def test_bad_input_is_one_sentence(risk, options, said):
    with pytest.raises(InputError, match=said):
        hosmer_lemeshow([0, 1, 0, 1], risk, **options)
