"""Calibration against a simulated truth, closed forms and other libraries."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit, logit
from sklearn.metrics import brier_score_loss

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.brier import brier
from RadFusionLib.evaluation.calibration import calibration, calibration_curve


def simulated(cases: int, seed: int, intercept: float = 0.0, slope: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Risks whose log-odds are right after a line of the given intercept and slope."""
    generator = np.random.default_rng(seed)
    odds = generator.normal(size=cases) - 0.5
    return generator.random(cases) < expit(intercept + slope * odds), expit(odds)


@pytest.mark.parametrize(("intercept", "slope"), [(0.0, 1.0), (0.7, 0.5), (-0.4, 1.6)])
def test_the_line_that_was_put_in_is_found(intercept, slope):
    outcome, risk = simulated(40_000, 0, intercept, slope)
    found = calibration(outcome, risk)
    assert found.slope.value == pytest.approx(slope, abs=0.05)
    assert found.intercept.value == pytest.approx(intercept, abs=0.05)


def test_numbers_are_those_of_a_plain_maximisation():
    outcome, risk = simulated(300, 1, 0.3, 0.7)
    odds = logit(risk)

    def loss(line: np.ndarray) -> float:
        predicted = line[0] + line[1] * odds
        return float(np.logaddexp(0, predicted).sum() - predicted[outcome].sum())

    best = minimize(loss, [0.0, 1.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12}).x
    large = minimize(lambda a: loss(np.array([a[0], 1.0])), [0.0], method="Nelder-Mead", options={"xatol": 1e-9}).x
    found = calibration(outcome, risk)
    assert [found.intercept.value, found.slope.value] == pytest.approx(best, abs=1e-5)
    assert found.in_the_large.value == pytest.approx(large[0], abs=1e-5)
    assert found.observed_to_expected.value == pytest.approx(outcome.sum() / risk.sum())


def test_intervals_cover():
    covered = np.zeros(3)
    for seed in range(300):
        outcome, risk = simulated(250, 100 + seed)
        found = calibration(outcome, risk)
        parts = ((found.slope, 1.0), (found.intercept, 0.0), (found.in_the_large, 0.0))
        covered += [part.low <= truth <= part.high for part, truth in parts]
    assert (np.abs(covered / 300 - 0.95) < 3 * np.sqrt(0.95 * 0.05 / 300)).all()


def test_risks_of_zero_and_one_are_told():
    outcome, risk = simulated(200, 2)
    risk[:2] = 0, 1
    assert calibration(outcome, risk).clipped == 2


def test_curve_follows_a_known_line_within_its_band():
    outcome, risk = simulated(3000, 3, 0.7, 0.5)
    curve = calibration_curve(outcome, risk, resamples=100, points=41)
    truth = expit(0.7 + 0.5 * logit(curve.risk))
    inner = (curve.risk > np.quantile(risk, 0.05)) & (curve.risk < np.quantile(risk, 0.95))
    assert np.abs(curve.observed - truth)[inner].max() < 0.05
    # Well away from the diagonal, which is where the risks said it would be.
    assert np.abs(curve.observed - curve.risk)[inner].max() > 0.1
    assert ((curve.low <= curve.observed) & (curve.observed <= curve.high))[inner].mean() > 0.95
    assert sum(
        found.low <= expit(0.7 + 0.5 * logit(mean)) <= found.high
        for mean, found in zip(curve.group_risk, curve.group_observed, strict=True)
    ) >= 8  # fmt: skip


def test_band_is_that_of_a_plain_bootstrap():
    from statsmodels.nonparametric.smoothers_lowess import lowess

    outcome, risk = simulated(150, 4)
    curve = calibration_curve(outcome, risk, resamples=1000, points=5)
    generator = np.random.default_rng(99)
    drawn = []
    for _ in range(600):
        rows = generator.integers(0, 150, 150)
        drawn.append(lowess(outcome[rows].astype(float), risk[rows], frac=0.75, it=0, xvals=curve.risk[1:4]))
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    assert curve.low[1:4] == pytest.approx(low, abs=0.04)
    assert curve.high[1:4] == pytest.approx(high, abs=0.04)


def test_a_few_distinct_risks_give_their_own_shares():
    risk = np.repeat([0.2, 0.6], 50)
    outcome = np.concatenate([np.arange(50) < 15, np.arange(50) < 30])
    curve = calibration_curve(outcome, risk, resamples=50, span=0.4, points=2)
    assert curve.observed == pytest.approx([0.3, 0.6])


def test_patients_with_many_rows_widen_the_band():
    generator = np.random.default_rng(5)
    odds = np.repeat(generator.normal(size=40), 20)
    outcome = np.repeat(generator.random(40) < 0.5, 20)
    by_row = calibration_curve(outcome, expit(odds), resamples=100, points=5)
    by_patient = calibration_curve(outcome, expit(odds), np.repeat(np.arange(40), 20), resamples=100, points=5)
    assert np.nanmean(by_patient.high - by_patient.low) > 2 * np.nanmean(by_row.high - by_row.low)


def test_brier_is_scikit_learns_and_scaled_by_the_prevalence():
    outcome, risk = simulated(200, 6)
    found = brier(outcome, risk)
    assert found.score == pytest.approx(brier_score_loss(outcome, risk), abs=1e-15)
    assert brier(outcome, np.full(200, outcome.mean())).scaled == pytest.approx(0)
    assert brier(outcome, outcome.astype(float)).scaled == 1


@pytest.mark.parametrize(
    ("outcome", "risk", "said"),
    [
        ([0, 1, 0, 1], [0.1, 0.2, 0.3, 1.4], "between 0 and 1"),
        ([0, 1, 0, 1], [0.1, np.nan, 0.3, 0.4], "missing or infinite"),
        ([0, 0, 0, 0], [0.1, 0.2, 0.3, 0.4], "both classes"),
        ([0, 1, 0, 1], [0.2, 0.2, 0.2, 0.2], "risks that differ"),
        ([0, 1, 0, 1], [0.2, 0.3], "2 values of risk for 4"),
        ([0, 1, 0, 1], [0.1, 0.9, 0.2, 0.8], "separates the two classes"),
    ],
)
def test_bad_input_is_one_sentence(outcome, risk, said):
    with pytest.raises(InputError, match=said):
        calibration(outcome, risk)


def test_a_curve_of_a_constant_risk_is_refused():
    with pytest.raises(InputError, match="risks that differ"):
        calibration_curve([0, 1, 0, 1], [0.2] * 4)
