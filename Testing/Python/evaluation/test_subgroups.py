"""Performance in parts of a cohort, and what is missing in it."""

from __future__ import annotations

import numpy as np
import pytest

from RadFusionLib.evaluation import auc
from RadFusionLib.evaluation.missing import missing_table
from RadFusionLib.evaluation.subgroups import Grouping, above_median, subgroup_table


def cohort(cases: int = 400) -> tuple[np.ndarray, np.ndarray, np.random.Generator]:
    rng = np.random.default_rng(11)
    outcome = rng.random(cases) < 0.4
    return outcome, np.clip(0.35 + 0.25 * outcome + rng.normal(0, 0.2, cases), 0, 1), rng


def test_a_part_is_measured_as_if_it_were_alone() -> None:
    outcome, risk, rng = cohort()
    labels = rng.choice(["A", "B", "C"], outcome.size)
    (table,) = subgroup_table(outcome, risk, 0.5, [Grouping("center", tuple(labels))])
    assert [group.level for group in table.groups] == ["A", "B", "C"]
    for group in table.groups:
        inside = labels == group.level
        assert group.auc is not None
        assert group.auc.value == pytest.approx(auc(outcome[inside], risk[inside]))
        assert group.sensitivity.value == pytest.approx((risk[inside & outcome] >= 0.5).mean())
        assert group.specificity.value == pytest.approx((risk[inside & ~outcome] < 0.5).mean())
        assert group.mean_risk == pytest.approx(risk[inside].mean())
        assert (group.cases, group.positive) == (inside.sum(), (inside & outcome).sum())
    assert table.p > 0.05


def test_a_part_where_the_risk_fails_stands_out() -> None:
    outcome, risk, rng = cohort()
    failing = np.arange(outcome.size) < 150
    risk = np.where(failing, rng.random(outcome.size), risk)
    labels = tuple(np.where(failing, "old scanner", "new scanner"))
    (table,) = subgroup_table(outcome, risk, 0.5, [Grouping("scanner", labels)])
    assert table.p < 1e-3
    # With two levels, Cochran's Q is the square of the unpaired z.
    areas, variances = zip(*((g.auc.value, g.variance) for g in table.groups if g.auc), strict=True)
    assert table.heterogeneity == pytest.approx((areas[0] - areas[1]) ** 2 / sum(variances))


def test_one_class_only_is_said_and_does_not_stop_the_rest() -> None:
    outcome, risk, _ = cohort()
    labels = np.where(outcome, "A", "B")
    labels[:50] = "C"
    (table,) = subgroup_table(outcome, risk, 0.5, [Grouping("center", tuple(labels))])
    notes = {group.level: (group.auc is None, group.note) for group in table.groups}
    assert notes["A"] == (True, "only cases with the outcome, so no AUC")
    assert notes["B"] == (True, "only cases without the outcome, so no AUC")
    assert notes["C"] == (False, "")
    assert np.isnan(table.p)


def test_a_perfect_order_has_no_interval() -> None:
    outcome = np.arange(10) < 5
    (table,) = subgroup_table(outcome, np.where(outcome, 0.9, 0.1) + np.arange(10) / 1e3, 0.5, [grouping("A", 10)])
    (group,) = table.groups
    assert group.auc is not None
    assert group.auc.value == 1
    assert np.isnan([group.auc.low, group.auc.high]).all()


def test_one_risk_for_all_is_an_auc_of_a_half_without_interval() -> None:
    outcome = np.arange(10) < 5
    (table,) = subgroup_table(outcome, np.full(10, 0.3), 0.5, [grouping("A", 10)])
    assert table.groups[0].auc is not None
    assert table.groups[0].auc.value == 0.5
    assert np.isnan(table.groups[0].auc.low)


def grouping(level: str, cases: int) -> Grouping:
    return Grouping("center", (level,) * cases)


def test_parts_of_a_measured_variable_and_unknown_values() -> None:
    grouping = above_median("age", np.array([50.0, 60.0, 70.0, np.nan]), "years")
    assert grouping.labels == ("up to 60 years", "up to 60 years", "above 60 years", "")
    outcome, risk, _ = cohort(4)
    (table,) = subgroup_table(outcome, risk, 0.5, [grouping, Grouping("sex", ("",) * 4)])
    assert (table.variable, table.unknown) == ("age", 1)


def test_missing_values_are_counted_by_outcome() -> None:
    outcome = np.array([1, 1, 0, 0, np.nan])
    (found,) = missing_table({"clinical:AFP": np.array([1, 0, 0, 1, 0], bool)}, outcome)
    assert (found.cases, found.missing, found.missing_with, found.missing_without) == (5, 3, 1, 1)
    assert found.share == pytest.approx(0.6)
