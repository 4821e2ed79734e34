"""Logistic regression against statsmodels, R's logistf and step, and direct maximisation."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import chi2
from statsmodels.discrete.discrete_model import Logit

from RadFusionLib.selection import ClinicalSelection, backward_by_aic, fit_logistic
from RadFusionLib.selection.backward import independent_columns
from RadFusionLib.selection.logistic import is_separated, likelihood_ratio_p, profile_interval, wald_p

# Endometrial cancer (Heinze and Schemper, Stat Med 21:2409, 2002): 79 women; NV is 1 only where HG is 1.
# PI, EH, then NV and HG of each.
_ENDOMETRIAL = """
13 1.64 00, 16 2.26 00, 8 3.14 00, 34 2.68 00, 20 1.28 00, 5 2.31 00, 17 1.8 00, 10 1.68 00, 26 1.56 00, 17 2.31 00,
8 2.01 00, 7 1.89 00, 20 3.15 00, 10 1.23 00, 18 1.27 00, 16 1.76 00, 18 2 00, 8 2.64 01, 29 0.88 01, 12 1.27 01,
20 1.37 01, 38 0.97 11, 22 1.14 11, 7 0.88 11, 25 0.91 11, 15 0.58 11, 7 0.97 01, 28 1.5 00, 11 1.33 00, 19 2.37 00,
10 1.82 00, 10 3.13 00, 18 1.31 00, 14 1.92 00, 21 1.64 00, 11 2.01 00, 17 1.88 00, 25 1.93 00, 16 2.11 00, 19 1.29 00,
15 1.72 00, 33 0.75 00, 24 1.92 00, 48 1.84 01, 12 1.11 01, 19 1.61 01, 2 1.18 01, 22 1.44 11, 40 1.18 11, 5 0.93 11,
0 1.17 11, 21 1.19 01, 15 1.06 01, 29 2.02 00, 15 2.29 00, 12 2.33 00, 3 2.9 00, 20 1.7 00, 23 1.41 00, 12 2.25 00,
22 1.54 00, 42 1.97 00, 15 1.75 00, 13 2.16 00, 14 2.57 00, 19 1.37 00, 12 3.61 00, 13 2.04 00, 10 2.17 00, 12 1.69 01,
49 0.27 11, 6 1.84 01, 5 1.3 01, 17 0.96 01, 11 1.01 11, 21 0.98 11, 5 0.35 01, 19 1.02 11, 33 0.85 01
"""


@pytest.fixture(scope="module")
def endometrial():
    rows = [row.split() for row in _ENDOMETRIAL.replace("\n", " ").split(",")]
    X = np.array([[float(flags[0]), float(pi), float(eh)] for pi, eh, flags in rows])
    return X, np.array([int(flags[1]) for _, _, flags in rows])


@pytest.fixture(scope="module")
def recurrence():
    """87 patients rebuilt from a published table: poor differentiation, microvascular invasion, recurrence."""
    counts = {1: (16, 20, 7, 12), 0: (1, 11, 5, 15)}
    patterns = [(1, 1), (1, 0), (0, 1), (0, 0)]
    X = np.array([p for y in (1, 0) for p, n in zip(patterns, counts[y], strict=True) for _ in range(n)], dtype=float)
    return X, np.repeat([1, 0], [55, 32])


def _cohort(seed: int, patients: int = 90, variables: int = 5) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(patients, variables)) * [1, 30, 0.01, 1, 1][:variables] + [0, 500, 0, 3, 0][:variables]
    return X, (X[:, 0] + generator.normal(size=patients) * 2 > 0.4).astype(int)


@pytest.mark.parametrize("seed", range(4))
def test_maximum_likelihood_equals_statsmodels(seed):
    X, y = _cohort(seed)
    other = Logit(y, np.column_stack([np.ones(len(y)), X])).fit(disp=0, tol=1e-12, maxiter=100)
    found = fit_logistic(X, y)
    np.testing.assert_allclose(found.coefficients, other.params, rtol=1e-6)
    np.testing.assert_allclose(np.sqrt(np.diag(found.covariance)), other.bse, rtol=1e-6)
    np.testing.assert_allclose(wald_p(found), other.pvalues[1:], rtol=1e-5)
    assert found.log_likelihood == pytest.approx(other.llf, rel=1e-10)
    assert found.aic == pytest.approx(other.aic, rel=1e-10)


def test_published_odds_ratios_intervals_and_aic_of_recurrence(recurrence):
    X, y = recurrence
    found = fit_logistic(X, y)
    assert np.round(np.exp(found.coefficients[1:]), 3).tolist() == [3.213, 3.180]
    assert np.round(wald_p(found), 3).tolist() == [0.014, 0.035]
    assert round(found.aic, 2) == 109.11
    # R interpolates its profile, which moves the third decimal of large limits.
    for variable, limits in ((1, (1.283, 8.413)), (2, (1.138, 10.012))):
        np.testing.assert_allclose(np.exp(profile_interval(X, y, variable)), limits, rtol=5e-4)


def test_firth_equals_logistf_on_the_endometrial_data(endometrial):
    X, y = endometrial
    assert X.shape == (79, 3)
    assert is_separated(X, y)
    found = fit_logistic(X, y, firth=True)
    np.testing.assert_allclose(found.coefficients, [3.77455951, 2.92927330, -0.03475175, -2.60416387], rtol=1e-5)
    expected = {0: (1.0825371, 7.2092805), 1: (0.6097244, 7.85463171), 2: (-0.1244587, 0.04045547)}
    for variable, limits in expected.items():
        np.testing.assert_allclose(profile_interval(X, y, variable, firth=True), limits, rtol=1e-4)
    np.testing.assert_allclose(profile_interval(X, y, 3, firth=True), (-4.3651832, -1.23272106), rtol=1e-4)


@pytest.mark.parametrize("fixed", [None, {1: 0.0}, {0: 0.2, 2: -0.5}])
def test_firth_maximises_the_penalised_likelihood(fixed):
    generator = np.random.default_rng(1)
    X = generator.normal(size=(30, 2))
    y = (X[:, 0] > 0.1).astype(int)  # separated
    design = np.column_stack([np.ones(30), X])

    def loss(free):
        beta = np.zeros(3)
        beta[[j for j in range(3) if j not in (fixed or {})]] = free
        for j, value in (fixed or {}).items():
            beta[j] = value
        eta = design @ beta
        weight = 1 / (2 + np.exp(eta) + np.exp(-eta))
        information = design.T @ (weight[:, None] * design)
        return -(y @ eta - np.logaddexp(0, eta).sum() + 0.5 * np.linalg.slogdet(information)[1])

    start = np.zeros(3 - len(fixed or {}))
    best = minimize(loss, start, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 20_000})
    found = fit_logistic(X, y, firth=True, fixed=fixed)
    assert found.log_likelihood == pytest.approx(-best.fun, abs=1e-8)
    np.testing.assert_allclose(found.coefficients[[j for j in range(3) if j not in (fixed or {})]], best.x, atol=1e-5)
    for j, value in (fixed or {}).items():
        assert found.coefficients[j] == pytest.approx(value, abs=1e-10)


def test_firth_with_one_binary_variable_adds_half_a_patient_to_each_cell():
    # The known closed form of a saturated model (Firth, 1993): 10 of 10 against 3 of 12.
    x = np.repeat([1.0, 0.0], [10, 12])
    y = np.repeat([1, 1, 0], [10, 3, 9])
    found = fit_logistic(x[:, None], y, firth=True).coefficients
    np.testing.assert_allclose(found, [np.log(3.5 / 9.5), np.log(10.5 / 0.5) - np.log(3.5 / 9.5)], rtol=1e-8)


def test_likelihood_ratio_equals_statsmodels():
    X, y = _cohort(2)
    design = np.column_stack([np.ones(len(y)), X])
    full = Logit(y, design).fit(disp=0).llf
    without = [Logit(y, np.delete(design, j + 1, axis=1)).fit(disp=0).llf for j in range(5)]
    np.testing.assert_allclose(likelihood_ratio_p(X, y), chi2.sf(2 * (full - np.array(without)), 1), rtol=1e-5)


@pytest.mark.parametrize("seed", range(6))
def test_separation_is_found_where_the_likelihood_has_no_maximum(seed):
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(12, 4))
    y = np.arange(12) % 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        large = minimize(
            lambda b: np.logaddexp(0, -(2 * y - 1) * (b[0] + X @ b[1:])).sum(), np.zeros(5), options={"maxiter": 2000}
        )
    assert is_separated(X, y) == (large.fun < 1e-2)


@pytest.mark.parametrize("seed", range(5))
def test_backward_selection_equals_a_loop_over_statsmodels(seed):
    X, y = _cohort(seed)

    def aic(columns):
        return Logit(y, np.column_stack([np.ones(len(y)), X[:, list(columns)]])).fit(disp=0).aic

    kept, path = [0, 1, 2, 3, 4], [aic(range(5))]
    while kept:
        options = list(itertools.combinations(kept, len(kept) - 1))
        best = min(options, key=aic)
        if aic(best) >= path[-1]:
            break
        kept = list(best)
        path.append(aic(best))
    found = backward_by_aic(X, y)
    assert found.kept.tolist() == kept
    np.testing.assert_allclose(found.aic, path, rtol=1e-9)
    assert sorted([*found.dropped, *found.kept]) == [0, 1, 2, 3, 4]


def test_published_backward_model_of_recurrence_is_kept(recurrence):
    X, y = recurrence
    noise = np.random.default_rng(0).normal(size=(87, 3))
    found = ClinicalSelection(univariate=0.1, rule="aic").fit(np.column_stack([noise, X]), y)
    assert found.get_support().tolist()[3:] == [True, True]
    exact = backward_by_aic(X, y)
    assert exact.kept.tolist() == [0, 1]
    assert round(exact.aic[-1], 2) == 109.11


def test_dependent_and_constant_columns_do_not_enter():
    X, y = _cohort(0, variables=3)
    wide = np.column_stack([X[:, 0], np.full(len(y), 0.1), 2 * X[:, 0] + 1e6, X[:, 1], X[:, 0] - X[:, 1] + 7])
    assert independent_columns(wide).tolist() == [0, 3]
    with pytest.raises(np.linalg.LinAlgError):
        fit_logistic(wide, y)
    found = ClinicalSelection(univariate=1.0, rule="aic").fit(wide, y)
    assert set(np.flatnonzero(found.get_support())) <= {0, 3}


def test_a_variable_that_separates_is_kept_with_firths_penalty_and_lost_without():
    generator = np.random.default_rng(3)
    y = np.repeat([0, 1], 25)
    X = np.column_stack([generator.normal(size=50), y * (np.arange(50) % 3 > 0)]).astype(float)
    wald, firth = ClinicalSelection().fit(X, y), ClinicalSelection(firth=True).fit(X, y)
    assert wald.get_support().tolist() == [False, False]
    assert firth.get_support().tolist() == [False, True]
    assert firth.separated_
