"""Baseline tables: the right test for each variable, and nothing missing in silence."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.baseline import baseline_table
from RadFusionLib.evaluation.group_difference import group_difference, t_test_from_summary
from RadFusionLib.evaluation.published_numbers import rounded_t_test
from RadFusionLib.evaluation.summary import fold_summary, percentage


@pytest.fixture
def cohort():
    generator = np.random.default_rng(0)
    group = np.repeat(["test", "train"], [40, 80])
    age = generator.normal(60, 9, 120)
    afp = np.exp(generator.normal(3, 2, 120))
    afp[[0, 50, 51]] = np.nan
    sex = generator.integers(0, 2, 120)
    stage = generator.choice(["IA", "IB", "II"], 120).astype(object)
    stage[7] = None
    return group, {"age": age, "AFP": afp, "sex": sex, "stage": stage}


def test_each_variable_has_its_test_and_its_gaps(cohort):
    table = baseline_table(*cohort)
    rows = {row.variable: row for row in table.rows}
    assert table.groups == ("test", "train")
    assert table.cases == (40, 80)
    assert rows["age"].test == "Student's t, pooled variance"
    assert rows["AFP"].test.startswith("Mann-Whitney")
    assert rows["sex"].test == "chi-square, Yates-corrected"
    assert rows["stage"].test == "Pearson's chi-square"
    assert [rows[name].missing for name in cohort[1]] == [(0, 0), (1, 2), (0, 0), (1, 0)]
    assert rows["AFP"].spread[1].cases == 78
    assert sum(level.counts[0] for level in rows["stage"].levels) == 39
    assert rows["stage"].levels[0].known == (39, 80)


def test_p_values_are_scipys(cohort):
    group, variables = cohort
    rows = {row.variable: row for row in baseline_table(group, variables).rows}
    test = group == "test"
    assert rows["age"].p == stats.ttest_ind(variables["age"][test], variables["age"][~test]).pvalue
    known = ~np.isnan(variables["AFP"])
    expected = stats.mannwhitneyu(variables["AFP"][known & test], variables["AFP"][known & ~test])
    assert rows["AFP"].p == pytest.approx(expected.pvalue, abs=1e-12)
    sex = variables["sex"]
    counts = [[(test & (sex == s)).sum(), (~test & (sex == s)).sum()] for s in (0, 1)]
    assert rows["sex"].p == pytest.approx(stats.chi2_contingency(counts).pvalue)
    assert rows["age"].spread[0].deviation == pytest.approx(np.std(variables["age"][test], ddof=1))


def test_spss_has_no_correction_and_the_tests_are_as_asked(cohort):
    group, variables = cohort
    rows = {row.variable: row for row in baseline_table(group, variables, "welch", None, "spss").rows}
    assert rows["sex"].test == "Pearson's chi-square"
    assert rows["age"].test == rows["AFP"].test == "Welch's t"
    assert baseline_table(group, {"sex": variables["sex"]}, categorical="fisher").rows[0].test == "Fisher's exact"


def test_three_centres_and_numbers_that_are_categories():
    generator = np.random.default_rng(1)
    centre = np.repeat(["I", "II", "III"], 30)
    age, grade = generator.normal(size=90), generator.integers(1, 4, 90)
    variables = {"age": age, "grade": grade}
    rows = {r.variable: r for r in baseline_table(centre, variables, "student", categories=["grade"]).rows}
    assert rows["age"].test == "analysis of variance"
    assert [level.level for level in rows["grade"].levels] == ["1", "2", "3"]
    parts = [age[centre == name] for name in ("I", "II", "III")]
    assert rows["age"].p == pytest.approx(stats.f_oneway(*parts).pvalue)
    ranks = baseline_table(centre, {"age": age}, "mann-whitney").rows[0]
    assert (ranks.test, ranks.p) == ("Kruskal-Wallis", pytest.approx(stats.kruskal(*parts).pvalue))


def test_a_yes_or_no_with_gaps_keeps_its_levels():
    row = baseline_table(["a", "a", "b", "b", "b"], {"HBV": np.array([1.0, 0.0, np.nan, 1.0, 0.0])}).rows[0]
    assert [level.level for level in row.levels] == ["0", "1"]
    assert row.missing == (0, 1)
    assert row.levels[1].text(1) == "1 (50.0)"


def test_what_cannot_be_tested_says_why():
    rows = baseline_table(
        ["a", "a", "a", "b"], {"lab": np.array([1.0, 2.0, 3.0, np.nan]), "same": np.ones(4)}
    ).rows  # fmt: skip
    assert all(row.test.startswith("none: ") and np.isnan(row.p) for row in rows)
    assert rows[0].spread[1].text(False) == "no value"


@pytest.mark.parametrize("seed", range(5))
def test_mann_whitney_of_r_and_of_spss(seed):
    generator = np.random.default_rng(seed)
    one, other = generator.normal(size=12), generator.normal(0.8, 1, 15)
    exact = group_difference([one, other], "mann-whitney")
    assert exact.name == "Mann-Whitney, exact"
    assert exact.p == pytest.approx(stats.mannwhitneyu(one, other, method="exact").pvalue)
    # SPSS's z by hand, without ties.
    ranks = stats.rankdata(np.concatenate([one, other]))[:12].sum()
    z = (ranks - 12 * 28 / 2) / np.sqrt(12 * 15 * 28 / 12)
    assert group_difference([one, other], "mann-whitney", "spss").p == pytest.approx(2 * stats.norm.sf(abs(z)))
    assert "normal" in group_difference([np.round(one), np.round(other)], "mann-whitney").name


def test_t_of_a_printed_table_is_that_of_the_values():
    generator = np.random.default_rng(2)
    one, other = generator.normal(10, 3, 40), generator.normal(12, 6, 25)
    means, deviations = (one.mean(), other.mean()), (one.std(ddof=1), other.std(ddof=1))
    for welch, name in ((False, "student"), (True, "welch")):
        found = t_test_from_summary(means, deviations, (40, 25), welch)
        assert found.p == pytest.approx(group_difference([one, other], name).p, rel=1e-10)
    span = rounded_t_test(tuple(np.round(means, 1)), tuple(np.round(deviations, 1)), (40, 25), 0.05)
    assert span.low <= group_difference([one, other], "student").p <= span.high


def test_shares_and_folds():
    assert round(percentage(47, 124), 1) == 37.9
    found = fold_summary([99.0, 98.5, 99.0, 99.6, 98.4])
    assert (round(found.mean, 1), round(found.deviation, 1), found.folds) == (98.9, 0.5, 5)
    with pytest.raises(InputError, match="two folds"):
        fold_summary([0.9])
    with pytest.raises(InputError, match="3 of 2"):
        percentage(3, 2)


@pytest.mark.parametrize(
    ("group", "variables", "said"),
    [
        (["a", "a"], {"x": [1, 2]}, "All cases are in the group 'a'"),
        (["a", None], {"x": [1, 2]}, "needs a group"),
        (["a", "b"], {"x": [1, 2, 3]}, "3 values for 2 cases"),
    ],
)
def test_bad_input_is_one_sentence(group, variables, said):
    with pytest.raises(InputError, match=said):
        baseline_table(np.array(group, dtype=object), variables)
