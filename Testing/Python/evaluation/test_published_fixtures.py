"""Patients rebuilt from printed margins, and the papers' errors, none of which survives correct statistics."""

from __future__ import annotations

import numpy as np
import pytest

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.confusion import ConfusionMatrix
from RadFusionLib.evaluation.contingency import contingency_test
from RadFusionLib.evaluation.delong import auc_interval
from RadFusionLib.evaluation.design import design
from RadFusionLib.evaluation.implied_matrix import implied_class_sizes, implied_matrices
from RadFusionLib.evaluation.logistic import fit_logistic
from RadFusionLib.evaluation.logistic_table import backward_aic, logistic_table
from RadFusionLib.evaluation.node_counts import node_counts
from RadFusionLib.evaluation.operating_point import auc_bounds
from RadFusionLib.evaluation.published_numbers import column_shift, implied_ratio, rounded_t_test
from RadFusionLib.evaluation.threshold import youden_threshold
from RadFusionLib.evaluation.without_intercept import odds_without_intercept


def cells(*counts: int) -> tuple[np.ndarray, ...]:
    """Poor differentiation, MVI and recurrence of 87 patients: both, poor only, MVI only, neither; ill, then well."""
    return tuple(np.repeat(values, counts) for values in ([1, 1, 0, 0] * 2, [1, 0, 1, 0] * 2, [1, 1, 1, 1, 0, 0, 0, 0]))


def two_by_two(present_ill: int, ill: int, present_well: int, well: int) -> tuple[np.ndarray, np.ndarray]:
    counts = [present_ill, ill - present_ill, present_well, well - present_well]
    return np.repeat([1, 1, 0, 0], counts), np.repeat([1, 0, 1, 0], counts)


def rounded(*values: float) -> list[float]:
    return [round(value, 3) for value in values]


def test_clinical_model_of_early_recurrence_in_every_digit():
    poor, mvi, recurrence = cells(16, 20, 7, 12, 1, 11, 5, 15)
    variables = design({"poor": poor, "MVI": mvi})
    model = fit_logistic(recurrence, variables, "r-confint")
    assert rounded(model["poor"].ratio, model["poor"].low, model["poor"].high, model["poor"].p) == [
        3.213, 1.283, 8.413, 0.014]  # fmt: skip
    assert rounded(model["MVI"].ratio, model["MVI"].low, model["MVI"].high, model["MVI"].p) == [
        3.180, 1.138, 10.012, 0.035]  # fmt: skip
    assert round(model.aic, 2) == 109.11
    risk = np.round(model.probability(variables.columns), 9)
    area = auc_interval(recurrence, risk)
    assert rounded(area.value, area.low, area.high) == [0.697, 0.592, 0.802]
    matrix = ConfusionMatrix.of_scores(recurrence, risk, youden_threshold(recurrence, risk))
    assert rounded(*(matrix.rate(name) for name in ("sensitivity", "specificity", "accuracy"))) == [
        0.655, 0.625, 0.644]  # fmt: skip


def test_backward_elimination_ends_at_the_published_pair():
    poor, mvi, recurrence = cells(16, 20, 7, 12, 1, 11, 5, 15)
    generator = np.random.default_rng(0)
    noise = {f"noise {number}": generator.normal(size=87) for number in range(4)}
    table = logistic_table(recurrence, {"poor": poor, "MVI": mvi, **noise}, entry=1.0, backward=True)
    assert table.multivariable is not None
    assert {term.name for term in table.multivariable.terms} >= {"poor", "MVI"}
    assert all(later.aic < earlier.aic for earlier, later in zip(table.steps, table.steps[1:], strict=False))
    # Of the two alone, neither leaves.
    assert len(backward_aic(recurrence, design({"poor": poor, "MVI": mvi}))) == 1


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ((3, 36, 72, 142), (0.088, 0.021, 0.261)),
        ((20, 36, 11, 142), (14.886, 6.196, 37.923)),
        ((8, 36, 50, 142), (0.526, 0.210, 1.193)),
        ((29, 35, 72, 143), (4.766, 1.983, 13.344)),
        ((20, 35, 11, 143), (16.000, 6.609, 41.159)),
        ((5, 35, 97, 143), (0.079, 0.026, 0.201)),
    ],
)
def test_profile_intervals_of_imaging_findings_as_r_prints_them(table, expected):
    outcome, finding = two_by_two(*table)
    term = fit_logistic(outcome, {"finding": finding}, "r-confint")["finding"]
    assert rounded(term.ratio, term.low, term.high) == list(expected)


def test_odds_ratios_without_an_intercept_do_not_reproduce():
    outcome, male = two_by_two(29, 58, 50, 89)
    wrong = odds_without_intercept(outcome, male, "male")
    assert rounded(wrong.ratio, wrong.low, wrong.high, wrong.p) == [0.580, 0.395, 0.851, 0.020]
    right = fit_logistic(outcome, {"male": male}, "wald")["male"]
    assert rounded(right.ratio, right.low, right.high) == [0.780, 0.402, 1.514]
    assert round(right.p, 2) == 0.46
    assert right.low < wrong.ratio < right.high


@pytest.mark.parametrize(
    ("ratio", "low", "high", "p", "agrees"),
    [
        (0.994, 0.989, 0.998, 0.025, True),  # near 1 three decimals cannot tell the two levels apart
        (0.580, 0.395, 0.851, 0.020, False),
        (0.987, 0.980, 0.994, 0.003, False),
        (0.976, 0.956, 0.996, 0.047, False),
        (0.762, 0.424, 1.372, 0.447, False),
        (0.998, 0.957, 1.040, 0.923, True),
    ],
)
def test_intervals_called_95_percent_that_are_90_percent(ratio, low, high, p, agrees):
    assert implied_ratio(ratio, low, high, level=0.90).p.holds(p, 0.0005)
    assert implied_ratio(ratio, low, high, level=0.95).p.holds(p, 0.0005) is agrees


TABLE_4_TRAIN = [
    (0.476, 0.961, 0.879, 0.714, 0.900, 0.571),
    (0.905, 0.825, 0.839, 0.514, 0.977, 0.655),
    (0.810, 0.883, 0.871, 0.586, 0.958, 0.680),
    (0.952, 0.971, 0.968, 0.870, 0.990, 0.909),
]
TABLE_4_TEST = [
    (0.467, 0.795, 0.704, 0.467, 0.795, 0.467),
    (0.867, 0.667, 0.722, 0.500, 0.929, 0.634),
    (0.667, 0.821, 0.778, 0.588, 0.865, 0.625),
    (0.733, 0.769, 0.759, 0.550, 0.882, 0.629),
    (0.800, 0.872, 0.852, 0.706, 0.919, 0.750),
]
COLUMNS = ("sensitivity", "specificity", "accuracy", "ppv", "npv", "f1")


@pytest.mark.parametrize(
    ("rows", "cases", "implied", "printed"),
    [(TABLE_4_TRAIN, 124, (21, 103), (28, 96)), (TABLE_4_TEST, 54, (15, 39), (11, 43))],
)
def test_only_one_split_into_classes_gives_the_table_and_it_is_not_the_printed_one(rows, cases, implied, printed):
    named = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    assert implied_class_sizes(named, cases, 0.0005) == [implied]
    assert not any(implied_matrices(row, *printed, 0.0005) for row in named)


def test_a_test_table_out_of_step_by_one_row():
    # Printed sensitivity, specificity and accuracy of 30 and 58 patients, in percent; 56.897 is printed as 57.0.
    rows = [(63.3, 65.5, 71.6), (46.7, 84.5, 62.5), (73.3, 57.0, 72.7), (50.0, 84.5, 65.9), (66.7, 65.5, 72.7)]
    for sensitivity, specificity, accuracy in rows:
        given = {"sensitivity": sensitivity / 100, "specificity": specificity / 100}
        assert len(implied_matrices(given, 30, 58, 0.0011)) == 1
        assert not implied_matrices({**given, "accuracy": accuracy / 100}, 30, 58, 0.0011)
    recomputed = [62.5, 64.8, 71.6, 62.5, 72.7, 65.9, 72.7, 64.8, 72.7, 73.9]
    printed = [64.8, 71.6, 62.5, 72.7, 65.9, 72.7, 64.8, 72.7, 73.9, 62.5]
    assert column_shift(printed, recomputed, 0.05) == 1


def test_the_validation_row_of_the_clinical_model_belongs_to_another_model():
    poor, mvi, recurrence = cells(5, 9, 6, 2, 2, 6, 1, 6)
    area = auc_interval(recurrence, poor * np.log(3.213) + mvi * np.log(3.180))
    assert rounded(area.value, area.low, area.high) == [0.621, 0.434, 0.808]
    matrix = ConfusionMatrix.of_scores(recurrence, poor, 0.5)
    assert rounded(matrix.rate("sensitivity"), matrix.rate("accuracy")) == [0.636, 0.568]
    printed = {"sensitivity": 0.773, "specificity": 0.467, "accuracy": 0.649}
    (implied,) = implied_matrices(printed, 22, 15, 0.0005)
    # It calls 25 patients positive, and only 22 are poorly differentiated.
    assert implied.called == 25 > poor.sum() == 22


def test_an_operating_point_that_youdens_rule_cannot_have_chosen():
    bounds = auc_bounds(0.476, 0.961)
    assert bounds.allow(0.875)
    assert not bounds.allow_youden(0.875)
    assert round(bounds.youden_upper, 3) == 0.842


def test_an_interval_that_its_ratio_and_p_contradict():
    printed = implied_ratio(2.440, 0.047, 15.422)
    assert not printed.p.holds(0.305, 0.0005)
    assert not printed.centre.holds(2.440, 0.0005)
    likely = implied_ratio(2.440, 0.447, 15.422)
    assert likely.p.value == pytest.approx(0.305, abs=0.03)


def test_a_reversed_odds_ratio():
    # 39 of 90 with, 19 of 126 without invasion have a high AFP; printed is 0.32 for having it.
    outcome, high = two_by_two(39, 90, 19, 126)
    term = fit_logistic(outcome, {"AFP": high}, "wald")["AFP"]
    assert round(term.ratio, 2) == 4.31
    assert term.low > 1


def test_pearsons_test_where_counts_are_too_few_for_it():
    stages = [[2, 1], [2, 1], [12, 5], [2, 1], [3, 12]]
    assert round(contingency_test(stages, "pearson").p, 3) == 0.055
    chosen = contingency_test(stages)
    assert chosen.name == "Fisher-Freeman-Halton exact"
    assert round(chosen.p, 3) == 0.023


def test_students_t_on_skewed_markers():
    arguments = (3.84, 7.91), (8.90, 14.63), (96, 28)
    assert rounded_t_test(*arguments).holds(0.072, 0.0005)
    assert not rounded_t_test(*arguments, welch=True).holds(0.072, 0.0005)


def test_stages_and_categories_fix_the_node_positive():
    assert node_counts([2, 2, 14, 2, 1], [2, 2, 12, 2, 3]).fewest == 2
    assert node_counts([29, 15, 41, 2], [26, 8, 15, 38]).by_category == (3, 7, 26)
    with pytest.raises(InputError, match="contradict"):
        node_counts([2, 2, 14, 2, 1], [3, 2, 12, 2, 2])
