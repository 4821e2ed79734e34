"""Riley's criteria against the worked examples published with pmsampsize and pmvalsampsize."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from RadFusionLib.evaluation.sample_size import (
    binary_development,
    binary_validation,
    cox_snell_of_auc,
    largest_cox_snell,
    survival_development,
)


def test_chagas_disease() -> None:
    """Riley 2019, section 5: 24 parameters, prevalence 0.174, R squared 0.288; at least 4.8 events a parameter."""
    found = binary_development(24, 0.174, 0.288)
    assert [criterion.cases for criterion in found.criteria] == [623, 662, 221]
    assert found.cases == 662
    assert found.events_a_parameter == pytest.approx(4.8, abs=0.01)


def test_the_same_from_an_auc() -> None:
    """The second example of pmsampsize, which draws a million cases where we integrate."""
    found = binary_development(24, 0.174, cox_snell_of_auc(0.89, 0.174))
    assert [criterion.cases for criterion in found.criteria] == [615, 660, 221]


def test_r_squared_of_an_auc_against_a_fit_to_simulated_cases() -> None:
    import statsmodels.api as sm

    rng = np.random.default_rng(5)
    outcome = rng.random(100_000) < 0.3
    score = rng.normal(outcome * np.sqrt(2) * norm.ppf(0.75))
    fitted = sm.Logit(outcome.astype(float), sm.add_constant(score)).fit(disp=0)
    wanted = 1 - np.exp(2 * (fitted.llnull - fitted.llf) / outcome.size)
    assert cox_snell_of_auc(0.75, 0.3) == pytest.approx(wanted, abs=0.004)


@pytest.mark.parametrize(
    ("prevalence", "auc", "mean", "spread", "width", "wanted"),
    [(0.018, 0.8, -5.0, 2.5, 1.0, (905, 4544, 4252)), (0.2, 0.78, -1.75, 1.22, 0.2, (1538, 2958, 511))],
)
def test_external_validation(
    prevalence: float, auc: float, mean: float, spread: float, width: float, wanted: tuple[int, int, int]
) -> None:
    """pmvalsampsize: it steps its standard error by 0.0001 and draws a million log-odds, hence the 0.3 %."""
    logit = mean + spread * norm.ppf((np.arange(200_000) + 0.5) / 200_000)
    found = binary_validation(prevalence, auc, logit, ratio_width=width)
    assert [criterion.cases for criterion in found.criteria] == pytest.approx(list(wanted), rel=3e-3)


def test_more_is_asked_for_more_parameters_and_weaker_effects() -> None:
    assert binary_development(48, 0.174, 0.288).cases > binary_development(24, 0.174, 0.288).cases
    assert binary_development(24, 0.174, 0.1).cases > binary_development(24, 0.174, 0.288).cases


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="R squared must lie"):
        binary_development(24, 0.174, largest_cox_snell(0.174) + 0.01)
    with pytest.raises(ValueError, match="An AUC must lie"):
        cox_snell_of_auc(0.5, 0.3)


@pytest.mark.parametrize(
    ("parameters", "rate", "cox_snell", "shrinkage", "gap", "events"),
    [(25, 0.065, 0.051, 4286, 866, 23.07), (25, 0.065, 0.065, 3335, 859, 17.95), (50, 0.065, 0.051, 8572, 1731, 23.07),
     (25, 0.1, 0.051, 4286, 731, 35.49)],
)  # fmt: skip
def test_survival_is_that_of_pmsampsize(parameters, rate, cox_snell, shrinkage, gap, events):
    """The tests that come with R's pmsampsize 1.1: follow-up of 2.07 years, two years ahead."""
    found = survival_development(parameters, rate, 2.07, cox_snell, 2.0)
    assert found.criteria[0].cases == shrinkage
    # R rounds the events among 10,000 patients up before it goes on, which may cost a case.
    assert 0 <= found.criteria[1].cases - gap <= 1
    assert found.cases == shrinkage
    assert found.events_a_parameter == pytest.approx(events, abs=0.005)


def test_the_risk_of_survival_is_known_to_a_twentieth_at_the_third_criterion():
    found = survival_development(1, 0.03, 30.0, 0.2, 24.0)
    cases = found.criteria[2].cases
    generator = np.random.default_rng(1)
    # Exponential times of 0.03 a month, last seen when nine of ten have had the event: 30 months on average.
    last = np.log(10) / 0.03
    risks = []
    for _ in range(2000):
        times = generator.exponential(1 / 0.03, cases)
        rate = (times < last).sum() / np.minimum(times, last).sum()
        risks.append(1 - np.exp(-24 * rate))
    assert np.mean(np.abs(np.array(risks) - (1 - np.exp(-0.72))) < 0.05) == pytest.approx(0.95, abs=0.025)
