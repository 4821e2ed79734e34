"""Logistic tables against statsmodels, R's logistf, closed forms and plain maximisation."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.interpolate import CubicSpline
from scipy.optimize import minimize
from scipy.special import expit, log_expit
from scipy.stats import chi2

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.design import design
from RadFusionLib.evaluation.firth import fit_firth
from RadFusionLib.evaluation.logistic import fit_logistic, maximum_log_likelihood
from RadFusionLib.evaluation.logistic_table import backward_aic, logistic_table
from RadFusionLib.evaluation.profile_likelihood import fmm_spline
from RadFusionLib.evaluation.separation import separating_direction
from RadFusionLib.evaluation.without_intercept import odds_without_intercept

# Heinze and Schemper 2002, endometrial cancer: neovasculation, pulsatility index, endometrium height, histology.
NV = "0" * 21 + "1" * 5 + "0" * 21 + "1" * 4 + "0" * 19 + "1" + "0" * 3 + "1" * 2 + "0" + "1" + "0"
PI = (
    "13 16 8 34 20 5 17 10 26 17 8 7 20 10 18 16 18 8 29 12 20 38 22 7 25 15 7 28 11 19 10 10 18 14 21 11 17 25 16 19 "
    "15 33 24 48 12 19 2 22 40 5 0 21 15 29 15 12 3 20 23 12 22 42 15 13 14 19 12 13 10 12 49 6 5 17 11 21 5 19 33"
)
EH = (
    "1.64 2.26 3.14 2.68 1.28 2.31 1.8 1.68 1.56 2.31 2.01 1.89 3.15 1.23 1.27 1.76 2 2.64 0.88 1.27 1.37 0.97 1.14 "
    "0.88 0.91 0.58 0.97 1.5 1.33 2.37 1.82 3.13 1.31 1.92 1.64 2.01 1.88 1.93 2.11 1.29 1.72 0.75 1.92 1.84 1.11 "
    "1.61 1.18 1.44 1.18 0.93 1.17 1.19 1.06 2.02 2.29 2.33 2.9 1.7 1.41 2.25 1.54 1.97 1.75 2.16 2.57 1.37 3.61 "
    "2.04 2.17 1.69 0.27 1.84 1.3 0.96 1.01 0.98 0.35 1.02 0.85"
)
HG = "0" * 17 + "1" * 10 + "0" * 16 + "1" * 10 + "0" * 16 + "1" * 10


def endometrial() -> tuple[np.ndarray, dict[str, np.ndarray]]:
    outcome, nv = (np.array([int(digit) for digit in digits]) for digits in (HG, NV))
    pi, eh = (np.array([float(number) for number in numbers.split()]) for numbers in (PI, EH))
    return outcome, {"NV": nv, "PI": pi, "EH": eh}


def simulated(cases: int = 200, seed: int = 0) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    generator = np.random.default_rng(seed)
    age, size, sex = generator.normal(60, 9, cases), generator.gamma(3, 12, cases), generator.integers(0, 2, cases)
    odds = -0.5 + 0.04 * (age - 60) + 0.03 * (size - 36) + 0.5 * sex
    return (generator.random(cases) < expit(odds)).astype(int), {"age": age, "size": size, "sex": sex}


def test_wald_table_is_statsmodels():
    import statsmodels.api as sm

    outcome, variables = simulated()
    reference = sm.Logit(outcome, sm.add_constant(np.column_stack(list(variables.values())))).fit(disp=0)
    model = fit_logistic(outcome, variables, "wald")
    found = [(t.coefficient, t.standard_error, t.p, np.log(t.low), np.log(t.high)) for t in model.terms]
    expected = np.column_stack([reference.params, reference.bse, reference.pvalues, reference.conf_int()])[1:]
    assert np.allclose(found, expected, rtol=1e-6)
    assert model.intercept == pytest.approx(reference.params[0], rel=1e-6)
    assert model.aic == pytest.approx(reference.aic)
    assert model.likelihood_ratio == pytest.approx(reference.llr)
    assert model.p == pytest.approx(reference.llr_pvalue, rel=1e-6)
    assert np.allclose(model.probability(variables), reference.predict())


def test_profile_limits_are_where_the_likelihood_has_fallen():
    outcome, variables = simulated(80, 1)
    model = fit_logistic(outcome, variables, "profile", level=0.9)
    matrix = np.column_stack([np.ones(80), *variables.values()])

    def best_at(column: int, value: float) -> float:
        rest = np.delete(np.arange(4), column)

        def loss(beta: np.ndarray) -> tuple[float, np.ndarray]:
            odds = matrix[:, rest] @ beta + matrix[:, column] * value
            return -float(log_expit(np.where(outcome == 1, odds, -odds)).sum()), matrix[:, rest].T @ (
                expit(odds) - outcome
            )

        return -float(minimize(loss, np.zeros(3), jac=True, method="BFGS", options={"gtol": 1e-7}).fun)

    for column, term in enumerate(model.terms, start=1):
        for limit in (term.low, term.high):
            fallen = 2 * (model.log_likelihood - best_at(column, float(np.log(limit))))
            assert fallen == pytest.approx(chi2.ppf(0.9, 1), abs=1e-3)


def test_forsythe_malcolm_and_molers_spline():
    # A cubic is its own spline; through few points it is that of the end conditions, not of not-a-knot.
    x = np.array([0.0, 0.7, 1.5, 2.0, 3.1, 4.0])
    at = np.linspace(0, 4, 50)
    cubic = np.polynomial.Polynomial([1.0, -2.0, 0.5, 0.3])
    assert fmm_spline(x, cubic(x), at) == pytest.approx(cubic(at), abs=1e-12)
    y = np.sin(3 * x)
    found = fmm_spline(x, y, at)
    assert fmm_spline(x, y, x) == pytest.approx(y, abs=1e-12)
    # Its third derivative at the first knot is that of the cubic through the first four.
    through = np.polyfit(x[:4], y[:4], 3)[0] * 6
    near = np.linspace(0.0, 0.6, 4)
    assert np.polyfit(near, fmm_spline(x, y, near), 3)[0] * 6 == pytest.approx(through, rel=1e-8)
    # Between its knots it is as smooth as any cubic spline: that of scipy with the same ends.
    slopes = [np.polyder(np.polyfit(part, fmm_spline(x, y, part), 3)) for part in (near, np.linspace(3.2, 4, 4))]
    same = CubicSpline(x, y, bc_type=((1, np.polyval(slopes[0], 0.0)), (1, np.polyval(slopes[1], 4.0))))
    assert found == pytest.approx(same(at), abs=1e-9)


def test_firth_is_rs_logistf():
    outcome, variables = endometrial()
    model = fit_logistic(outcome, variables)
    assert model.method == "Firth's penalised likelihood"
    assert any("NV separates the outcome" in note for note in model.notes)
    coefficients = [term.coefficient for term in model.terms]
    assert coefficients == pytest.approx([2.92927330, -0.03475175, -2.60416387], abs=2e-6)
    assert model.intercept == pytest.approx(3.77455951, abs=2e-6)
    limits = [(np.log(term.low), np.log(term.high)) for term in model.terms]
    expected = [(0.6097244, 7.85463171), (-0.1244587, 0.04045547), (-4.3651832, -1.23272106)]
    assert np.allclose(limits, expected, atol=2e-5)


def test_firth_of_a_two_by_two_adds_a_half_to_each_cell():
    counts = [7, 0, 11, 9]
    outcome, exposed = np.repeat([1, 0, 1, 0], counts), np.repeat([1, 1, 0, 0], counts)
    a, b, c, d = (count + 0.5 for count in counts)
    term = fit_logistic(outcome, {"exposed": exposed})["exposed"]
    assert term.ratio == pytest.approx(a * d / (b * c), rel=1e-7)
    assert term.low > 0
    assert np.isfinite(term.high)


def test_firth_is_a_plain_maximisation_of_the_penalised_likelihood():
    outcome, variables = simulated(40, 2)
    matrix = np.column_stack([np.ones(40), *((v - v.mean()) / v.std() for v in variables.values())])

    def loss(beta: np.ndarray) -> float:
        odds = matrix @ beta
        p = expit(odds)
        information = (matrix * (p * (1 - p))[:, None]).T @ matrix
        likelihood = log_expit(np.where(outcome == 1, odds, -odds)).sum()
        return -float(likelihood + np.linalg.slogdet(information)[1] / 2)

    best = minimize(loss, np.zeros(4), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 9999})
    found = fit_firth(matrix, outcome == 1)
    assert found.coefficients == pytest.approx(best.x, abs=1e-5)
    assert found.log_likelihood == pytest.approx(-best.fun, abs=1e-9)


@pytest.mark.parametrize(
    ("x", "separated"),
    [
        ([1, 2, 3, 4, 5, 6], True),  # completely
        ([1, 2, 3, 3, 4, 5], True),  # but for a tie
        ([1, 2, 4, 3, 5, 6], False),
        ([0, 0, 0, 0, 1, 1], True),  # a level of one class only
        ([0, 0, 1, 0, 1, 1], False),
    ],
)
def test_separation_is_found(x, separated):
    outcome = np.array([0, 0, 0, 1, 1, 1], dtype=bool)
    matrix = np.column_stack([np.ones(6), x])
    assert (separating_direction(matrix, outcome) is not None) is separated


def test_separation_by_two_together_is_found_and_can_be_refused():
    generator = np.random.default_rng(3)
    a, b = generator.normal(size=(2, 60))
    outcome = a + b > 0
    assert separating_direction(np.column_stack([np.ones(60), a]), outcome) is None
    with pytest.raises(InputError, match="a and b separate the outcome"):
        fit_logistic(outcome, {"a": a, "b": b}, penalty="none")
    model = fit_logistic(outcome, {"a": a, "b": b})
    assert all(1 < term.low < term.ratio < term.high < np.inf for term in model.terms)


@pytest.mark.parametrize("seed", range(6))
def test_firths_limits_are_where_its_likelihood_has_fallen(seed):
    generator = np.random.default_rng(seed)
    a, b = generator.normal(size=(2, 40))
    outcome = a + b + 0.1 * seed * generator.normal(size=40) > 0
    model = fit_logistic(outcome, {"a": a, "b": b}, penalty="firth")

    def at(value: float) -> float:
        """Best penalised likelihood with the first coefficient held, by a search from many starts."""

        def loss(rest: np.ndarray) -> float:
            matrix = np.column_stack([a, np.ones(40), b])
            odds = matrix @ np.array([value, *rest])
            p = expit(odds)
            sign, determinant = np.linalg.slogdet((matrix * (p * (1 - p))[:, None]).T @ matrix)
            return 1e9 if sign <= 0 else -float(log_expit(np.where(outcome, odds, -odds)).sum() + determinant / 2)

        starts = [(0.0, value * slope) for slope in (0.3, 0.6, 1.0, 1.5, 2.0)]
        return max(-float(minimize(loss, start, method="Nelder-Mead", options={"fatol": 1e-9}).fun) for start in starts)

    term = model["a"]
    top = at(term.coefficient)
    for limit in (term.low, term.high):
        assert 2 * (top - at(float(np.log(limit)))) == pytest.approx(chi2.ppf(0.95, 1), abs=2e-3)


def test_categories_are_compared_with_their_reference():
    generator = np.random.default_rng(4)
    stage = generator.choice(["I", "II", "III"], 300)
    outcome = generator.random(300) < np.select([stage == "I", stage == "II"], [0.2, 0.4], 0.6)
    model = fit_logistic(outcome, {"stage": stage}, "wald", references={"stage": "II"})
    assert [term.name for term in model.terms] == ["stage: I", "stage: III"]
    odds = {
        level: outcome[stage == level].mean() / (1 - outcome[stage == level].mean()) for level in ("I", "II", "III")
    }
    assert model["stage: III"].ratio == pytest.approx(odds["III"] / odds["II"], rel=1e-6)
    assert model.degrees_of_freedom == 2


def test_missing_values_are_left_out_and_told():
    outcome, variables = simulated(100, 5)
    gaps = {**variables, "age": np.where(np.arange(100) < 8, np.nan, variables["age"])}
    model = fit_logistic(outcome, gaps, "wald")
    assert (model.cases, model.left_out) == (92, 8)
    assert "8 of 100 cases lack a value and were left out (age 8)." in model.notes
    complete = fit_logistic(outcome[8:], {name: values[8:] for name, values in variables.items()}, "wald")
    assert model.terms == complete.terms


def test_events_per_coefficient_are_counted_and_few_are_told():
    outcome = np.arange(100) % 5 == 0
    generator = np.random.default_rng(6)
    variables = {name: generator.normal(size=100) for name in "abcd"}
    model = fit_logistic(outcome, variables, "wald")
    assert model.events_per_coefficient == 5
    assert any("20 cases of the rarer class for 4 coefficients" in note for note in model.notes)
    assert fit_logistic(outcome, {"a": variables["a"]}, "wald").notes == ()


def test_table_takes_in_what_is_below_the_threshold():
    outcome, variables = simulated(400, 7)
    generator = np.random.default_rng(8)
    noise = generator.normal(size=400)
    table = logistic_table(outcome, {**variables, "noise": noise, "same": np.ones(400)}, entry=0.05, interval="wald")
    assert "does not vary" in table.left_out["same"] or "same for every case" in table.left_out["same"]
    expected = [name for name, model in table.univariate.items() if model.terms[0].p < 0.05]
    assert list(table.entered) == expected
    assert {"age", "size"} <= set(expected)
    assert table.multivariable is not None
    assert [term.name for term in table.multivariable.terms] == expected


def test_backward_elimination_is_an_exhaustive_descent():
    import statsmodels.api as sm

    outcome, variables = simulated(120, 9)
    generator = np.random.default_rng(10)
    variables |= {f"noise {n}": generator.normal(size=120) for n in range(4)}
    variables["stage"] = generator.choice(["I", "II", "III"], 120)
    coded = design(variables)

    def aic(names: tuple[str, ...]) -> float:
        matrix = coded.matrix(names)[0]
        return float(sm.Logit(outcome, np.column_stack([np.ones(120), matrix])).fit(disp=0).aic)

    steps = backward_aic(outcome, coded)
    assert len(steps) > 3
    for earlier, later in pairwise(steps):
        tried = {name: aic(tuple(n for n in earlier.variables if n != name)) for name in earlier.variables}
        assert later.dropped == min(tried, key=tried.__getitem__)
        assert later.aic == pytest.approx(min(tried.values()), abs=1e-6)
    last = steps[-1]
    assert all(aic(tuple(n for n in last.variables if n != name)) > last.aic for name in last.variables)


def test_the_likelihood_of_separated_data_rises_to_a_limit():
    outcome = np.array([0, 0, 0, 1, 1, 1])
    assert maximum_log_likelihood(outcome, np.arange(6.0)[:, None]) == pytest.approx(0, abs=1e-4)
    # One of two levels is of one class only: the limit is that of the other.
    outcome, level = np.array([1, 1, 1, 1, 0, 0]), np.array([1, 1, 0, 0, 0, 0])
    assert maximum_log_likelihood(outcome, level[:, None]) == pytest.approx(4 * np.log(0.5), abs=1e-4)


def test_the_published_mistake_depends_on_the_unit_and_the_right_table_does_not():
    outcome, variables = simulated(300, 11)
    age = variables["age"]
    assert odds_without_intercept(outcome, age, "age").p < 1
    shifted = odds_without_intercept(outcome, age - 60, "age").coefficient
    assert abs(shifted - odds_without_intercept(outcome, age, "age").coefficient) > 0.01
    one, other = (fit_logistic(outcome, {"age": values}, "wald")["age"] for values in (age, age - 60))
    assert one.coefficient == pytest.approx(other.coefficient, rel=1e-9)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"x": [1, 1, 1, 1, 1, 1]}, "x is the same for every case"),
        ({"x": [1, 2, 3, 4, 5]}, "6 outcomes for 5 cases"),
        ({"x": [1, 5, 2, 4, 3, 6], "y": [2, 10, 4, 8, 6, 12]}, "one follows from the others"),
        ({"x": [1, 5, np.inf, 4, 3, 6]}, "infinite value"),
        ({"x": [1, 2, 3, 4, 5, 6], "y": [1, 2]}, "different numbers of cases"),
        ({}, "no variable"),
        ({"x": [1, 2, 3, np.nan, np.nan, np.nan]}, "both classes are needed"),
    ],
)
def test_bad_input_is_one_sentence(variables, said):
    with pytest.raises(InputError, match=said):
        fit_logistic([0, 0, 0, 1, 1, 1], variables)


def test_unknown_choices_are_refused():
    with pytest.raises(InputError, match="choose one of these"):
        fit_logistic([0, 1, 0, 1], {"x": [1, 2, 4, 3]}, "bootstrap")
    with pytest.raises(InputError, match="reference level 'IV'"):
        fit_logistic([0, 1, 0, 1], {"s": ["I", "II", "I", "I"]}, references={"s": "IV"})
