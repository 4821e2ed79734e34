"""The LASSO against scikit-learn's, and against the conditions of its minimum."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LassoCV, LogisticRegression
from sklearn.model_selection import StratifiedKFold

from RadFusionLib.errors import InputError
from RadFusionLib.selection import LassoSelection
from RadFusionLib.selection.lasso_logistic import logistic_lasso_path


def _cohort(seed: int = 0, patients: int = 120, features: int = 25) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(patients, features))
    X[:, 10] = X[:, 0] + 0.3 * generator.normal(size=patients)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    y = (X[:, :3].sum(axis=1) + 1.5 * generator.normal(size=patients) > 0.7).astype(int)
    return X, y


def test_gaussian_family_equals_lasso_cv():
    X, y = _cohort()
    found = LassoSelection(folds=10, seed=3).fit(X, y)
    splits = list(StratifiedKFold(10, shuffle=True, random_state=3).split(X, y))
    other = LassoCV(cv=splits, alphas=100, eps=1e-3, max_iter=10_000).fit(X, y)
    np.testing.assert_allclose(found.alphas_, other.alphas_, rtol=1e-9)
    assert found.alpha_ == pytest.approx(other.alpha_)
    np.testing.assert_allclose(found.cv_mean_, other.mse_path_.mean(axis=1), rtol=1e-4)
    np.testing.assert_allclose(found.coef_, other.coef_, atol=1e-4)
    assert found.intercept_ == pytest.approx(other.intercept_, abs=1e-4)
    assert found.get_support().tolist() == (other.coef_ != 0).tolist()


@pytest.mark.parametrize("features", [25, 200])
def test_logistic_path_satisfies_the_conditions_of_a_minimum(features):
    X, y = _cohort(features=features)
    alphas = np.geomspace(0.2, 0.02, 12)
    intercepts, coefficients = logistic_lasso_path(X, y, alphas)
    for alpha, b0, b in zip(alphas, intercepts, coefficients, strict=True):
        residual = y - expit(b0 + X @ b)
        slope = X.T @ residual / len(y)
        assert abs(residual.mean()) < 1e-5
        np.testing.assert_allclose(slope[b != 0], alpha * np.sign(b[b != 0]), rtol=1e-3)
        assert (np.abs(slope[b == 0]) <= alpha * (1 + 1e-3)).all()
    assert (coefficients != 0).sum(axis=1).max() > 5


def test_logistic_path_equals_scikit_learns_saga():
    X, y = _cohort()
    alphas = np.array([0.1, 0.03])
    intercepts, coefficients = logistic_lasso_path(X, y, alphas)
    for alpha, b0, b in zip(alphas, intercepts, coefficients, strict=True):
        other = LogisticRegression(C=1 / (alpha * len(y)), l1_ratio=1.0, solver="saga", tol=1e-9, max_iter=100_000)
        other.fit(X, y)
        np.testing.assert_allclose(b, other.coef_[0], atol=1e-5)
        assert b0 == pytest.approx(other.intercept_[0], abs=1e-5)


def test_binomial_error_is_the_deviance_of_the_patients_left_out():
    X, y = _cohort()
    found = LassoSelection(family="binomial", folds=5, seed=1).fit(X, y)
    number = 30
    deviances = []
    for inside, outside in StratifiedKFold(5, shuffle=True, random_state=1).split(X, y):
        strength = 1 / (found.alphas_[number] * len(inside))
        fold = LogisticRegression(C=strength, l1_ratio=1.0, solver="saga", tol=1e-8, max_iter=100_000)
        probability = fold.fit(X[inside], y[inside]).predict_proba(X[outside])[:, 1]
        deviances.append(-2 * np.log(np.where(y[outside] == 1, probability, 1 - probability)).mean())
    assert found.cv_mean_[number] == pytest.approx(np.mean(deviances), rel=1e-4)
    assert found.cv_se_[number] == pytest.approx(np.std(deviances, ddof=1) / np.sqrt(5), rel=1e-3)


@pytest.mark.parametrize("family", ["gaussian", "binomial"])
def test_one_standard_error_takes_the_largest_penalty_within_it(family):
    X, y = _cohort()
    least = LassoSelection(family=family).fit(X, y)
    sparse = LassoSelection(family=family, rule="1se").fit(X, y)
    best = int(np.argmin(least.cv_mean_))
    within = [k for k in range(100) if least.cv_mean_[k] <= least.cv_mean_[best] + least.cv_se_[best]]
    assert least.alpha_ == least.alphas_[best]
    assert sparse.alpha_ == max(least.alphas_[within])
    assert 0 < sparse.get_support().sum() < least.get_support().sum()
    assert sparse.get_support()[[0, 1, 2, 10]].sum() >= 3


@pytest.mark.parametrize("family", ["gaussian", "binomial"])
def test_the_same_seed_gives_the_same_bytes(family):
    X, y = _cohort()
    first, second = (LassoSelection(family=family, seed=9).fit(X, y) for _ in range(2))
    assert first.coefficients_.tobytes() == second.coefficients_.tobytes()
    assert first.cv_mean_.tobytes() == second.cv_mean_.tobytes()
    assert first.coefficients_.shape == (100, X.shape[1])
    assert (first.coefficients_[0] == 0).all()


def test_fewer_patients_of_an_outcome_than_folds_is_said():
    X, _ = _cohort()
    with pytest.raises(InputError, match="4 training patients of one outcome for 10 folds"):
        LassoSelection().fit(X, (np.arange(120) < 4).astype(int))
