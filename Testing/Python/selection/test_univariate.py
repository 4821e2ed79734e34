"""The univariate filter against SciPy's tests, feature by feature."""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy import stats

from RadFusionLib.selection import UnivariateFilter


def _features(seed: int = 4, patients: int = 60, features: int = 200) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    y = (np.arange(patients) % 3 == 0).astype(int)
    X = generator.normal(size=(patients, features))
    X[:, features // 2 :] = np.exp(2 * X[:, features // 2 :])
    X[:, ::7] += 0.8 * y[:, None]
    X[:, 5] = 3.0
    X[:, 6] = np.round(X[:, 6])
    return X, y


@pytest.mark.parametrize("equal_variance", [True, False])
def test_each_p_is_that_of_the_test_which_shapiro_wilk_calls_for(equal_variance):
    X, y = _features()
    found = UnivariateFilter(equal_variance=equal_variance).fit(X, y)
    for column in range(X.shape[1]):
        first, second = X[y == 0, column], X[y == 1, column]
        if column == 5:
            assert (found.test_[column], found.p_[column]) == ("constant", 1.0)
        elif min(stats.shapiro(first).pvalue, stats.shapiro(second).pvalue) >= 0.05:
            assert found.test_[column] == "t"
            assert found.p_[column] == pytest.approx(stats.ttest_ind(first, second, equal_var=equal_variance).pvalue)
        else:
            assert found.test_[column] == "mann-whitney"
            assert found.p_[column] == pytest.approx(stats.mannwhitneyu(first, second).pvalue)
    assert {"t", "mann-whitney"} <= set(found.test_[: X.shape[1]])
    assert found.get_support().tolist() == (found.p_ < 0.05).tolist()


def test_unrelated_features_pass_as_often_as_the_threshold_says():
    generator = np.random.default_rng(8)
    X = np.concatenate([generator.normal(size=(80, 1500)), generator.exponential(size=(80, 1500))], axis=1)
    share = UnivariateFilter(0.05).fit(X, np.arange(80) % 2).get_support().mean()
    assert abs(share - 0.05) < 3 * np.sqrt(0.05 * 0.95 / 3000)


def test_units_and_offsets_do_not_change_which_test_is_used():
    X, y = _features()
    scaled = X * 1e-7 + 12.0
    assert UnivariateFilter().fit(X, y).test_.tolist() == UnivariateFilter().fit(scaled, y).test_.tolist()


def test_ten_thousand_features_take_seconds():
    X = np.random.default_rng(0).normal(size=(150, 10_000))
    start = time.process_time()
    UnivariateFilter().fit(X, np.arange(150) % 2)
    assert time.process_time() - start < 5


def test_groups_too_small_for_shapiro_wilk_are_ranked():
    X = np.array([[1.0], [2.0], [3.0], [4.0], [5.0]])
    assert UnivariateFilter().fit(X, np.array([0, 0, 1, 1, 1])).test_[0] == "mann-whitney"
