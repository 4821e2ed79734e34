"""Mispredicted cases counted by hand, and compared as SciPy compares them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest, mannwhitneyu, norm, ttest_ind

from RadFusionLib.evaluation.misprediction import RIGHT, WRONG, fold_rates, misprediction

#                   fold 0          fold 1          fold 2
OUTCOME = np.array([1, 1, 0, 0, 0,  1, 1, 1, 0, 0,  1, 0, 0, 0, 0])  # fmt: skip
CALLED = np.array([1, 0, 0, 1, 0,   1, 0, 0, 0, 0,  1, 1, 1, 1, 0])  # fmt: skip
FOLD = np.repeat([0, 1, 2], 5)


def member_risk() -> np.ndarray:
    """A member calls the cases of its own fold as above, and all others wrongly."""
    return np.column_stack([np.where(k == FOLD, CALLED, 1 - OUTCOME) for k in range(3)]) * 0.6 + 0.2


def test_rates_over_the_folds_are_those_counted_by_hand():
    rates = fold_rates(OUTCOME, member_risk(), 0.5, FOLD)
    assert rates["fnr"].values == pytest.approx((1 / 2, 2 / 3, 0))
    assert rates["fpr"].values == pytest.approx((1 / 3, 0, 3 / 4))
    assert rates["fnr"].mean == pytest.approx((1 / 2 + 2 / 3) / 3)
    # Deviations from 7/18 are 2/18, 5/18 and -7/18; their squares add up to 78/324.
    assert rates["fnr"].deviation == pytest.approx((78 / 324 / 2) ** 0.5)


def test_without_folds_every_member_calls_every_case():
    risk = np.column_stack([OUTCOME, 1 - OUTCOME, CALLED]).astype(float)
    rates = fold_rates(OUTCOME, risk, 0.5)
    assert rates["fnr"].values == pytest.approx((0, 1, 3 / 6))
    assert rates["fpr"].values == pytest.approx((0, 1, 4 / 9))


def test_a_fold_without_a_class_is_left_out_of_its_rate_and_said():
    outcome, fold = np.array([0, 0, 1, 0, 1, 0]), np.array([0, 0, 1, 1, 2, 2])
    risk = np.tile(np.array([0.9, 0.1, 0.9, 0.1, 0.1, 0.9])[:, None], (1, 3))
    found = misprediction(outcome, risk[:, 0], 0.5, {}, risk, fold)
    assert np.isnan(found.folds["fnr"].values[0])
    assert found.folds["fnr"].values[1:] == (0.0, 1.0)
    assert found.folds["fnr"].mean == 0.5
    assert found.folds["fpr"].values == (0.5, 0.0, 1.0)
    assert any("1 of 3 folds lack" in note for note in found.notes)
    assert any("no characteristic" in note for note in found.notes)


def test_groups_rates_and_tests_are_scipys():
    rng = np.random.default_rng(8)
    outcome = rng.integers(0, 2, 80)
    risk = np.clip(0.5 + 0.15 * (2 * outcome - 1) + rng.normal(0, 0.2, 80), 0, 1)
    wrong = (risk >= 0.45) != (outcome == 1)
    skewed, size = rng.lognormal(1, 1, 80), np.empty(80)
    for group, mean in ((wrong, 41), (~wrong, 50)):
        # Evenly spaced quantiles look normal for certain.
        size[group] = mean + 8 * norm.ppf((rng.permutation(group.sum()) + 0.5) / group.sum())
    found = misprediction(outcome, risk, 0.45, {"size": size, "skewed": skewed})
    assert (found.wrong, found.right) == (int(wrong.sum()), int((~wrong).sum()))
    missed, positive = int((wrong & (outcome == 1)).sum()), int(outcome.sum())
    exact = binomtest(missed, positive).proportion_ci(method="exact")
    assert (found.fnr.value, found.fnr.low, found.fnr.high) == pytest.approx((missed / positive, exact.low, exact.high))
    false_alarms, negative = int((wrong & (outcome == 0)).sum()), int((outcome == 0).sum())
    exact = binomtest(false_alarms, negative).proportion_ci(method="exact")
    assert (found.fpr.low, found.fpr.high) == pytest.approx((exact.low, exact.high))
    table = found.characteristics
    assert table is not None
    assert table.groups == (WRONG, RIGHT)
    p = {row.variable: row.p for row in table.rows}
    assert p["size"] == pytest.approx(ttest_ind(size[wrong], size[~wrong]).pvalue)
    rank = mannwhitneyu(skewed[wrong], skewed[~wrong], method="asymptotic")
    assert p["skewed"] == pytest.approx(rank.pvalue)
    assert found.folds == {}
    assert any("no members" in note for note in found.notes)


def test_nothing_is_compared_where_no_case_is_wrong():
    outcome = np.array([0, 0, 1, 1])
    found = misprediction(outcome, outcome * 0.8, 0.5, {"size": np.arange(4.0)})
    assert found.characteristics is None
    assert found.wrong == 0
    assert any("All cases are rightly predicted" in note for note in found.notes)
