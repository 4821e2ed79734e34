"""Selection against scikit-learn, plain loops and hand-made tables."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.feature_selection import RFE
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from RadFusionLib.selection import (
    ClinicalSelection,
    CorrelationFilter,
    InformativeFeatures,
    LassoSelection,
    LinearElimination,
    RelevanceRedundancySelection,
    ReproducibilityFilter,
    ScannerHarmonisation,
    UnivariateFilter,
)


@parametrize_with_checks(
    [
        ClinicalSelection(),
        ClinicalSelection(rule="aic", univariate=0.1),
        ClinicalSelection(firth=True),
        CorrelationFilter(),
        CorrelationFilter(keep="auc"),
        InformativeFeatures(),
        # The checks' tables are small: fewer patients of a class than ten folds.
        LassoSelection(folds=2),
        LassoSelection(family="binomial", rule="1se", folds=2),
        LinearElimination(),
        RelevanceRedundancySelection(n_features=3),
        # Without readings and scanners these learn nothing, but the contract is the same.
        ReproducibilityFilter(missing="pass"),
        ScannerHarmonisation(missing="pass"),
        UnivariateFilter(),
    ],
)
def test_estimator_contract(estimator, check):
    check(estimator)


def _two_classes(seed: int, patients: int = 60, features: int = 80) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    y = np.arange(patients) % 2
    X = generator.normal(size=(patients, features)) @ np.diag(generator.uniform(0.5, 2.0, features))
    X[:, :5] += 0.8 * y[:, None]
    return (X - X.mean(axis=0)) / X.std(axis=0), y


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("count", [1, 4, 10, 20])
def test_elimination_keeps_what_scikit_learns_rfe_keeps(seed, count):
    X, y = _two_classes(seed)
    # Down to 20 in steps of 5 %, then one at a time: RFE twice.
    coarse = RFE(SVC(kernel="linear", C=1.0), n_features_to_select=20, step=0.05).fit(X, y).get_support(indices=True)
    fine = RFE(SVC(kernel="linear", C=1.0), n_features_to_select=count, step=1).fit(X[:, coarse], y)
    expected = coarse[fine.get_support(indices=True)]
    found = LinearElimination(n_features=count, step=0.05, most=20).fit(X, y)
    assert sorted(found.get_support(indices=True)) == sorted(expected)


def test_elimination_is_a_cloneable_transformer():
    X, y = _two_classes(0)
    estimator = clone(LinearElimination(n_features=3))
    assert estimator.fit_transform(X, y).shape == (60, 3)
    assert estimator.get_feature_names_out().shape == (3,)


def test_correlation_filter_equals_a_plain_loop():
    generator = np.random.default_rng(3)
    base = generator.normal(size=(50, 40))
    X = np.repeat(base, 20, axis=1) + 0.3 * generator.normal(size=(50, 800))
    y = (base[:, 0] + generator.normal(size=50) > 0).astype(int)
    correlation = np.abs(np.corrcoef(X.T))
    relevance = np.abs([np.corrcoef(column, y)[0, 1] for column in X.T])
    kept: list[int] = []
    for feature in np.argsort(-relevance, kind="stable"):
        if all(correlation[feature, other] <= 0.9 for other in kept):
            kept.append(int(feature))
    found = CorrelationFilter(0.9).fit(X, y).get_support(indices=True)
    assert sorted(kept) == found.tolist()
    assert 40 <= len(kept) < 800


def test_of_a_correlated_pair_the_one_nearer_to_the_outcome_stays():
    y = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    near = y + np.array([0.1, -0.1, 0.0, 0.05, 0.0, 0.1, -0.05, -0.1])
    far = near + np.array([0.0, 0.2, 0.0, 0.0, -0.2, 0.0, 0.0, 0.0])
    assert CorrelationFilter(0.9).fit(np.column_stack([far, near]), y).get_support().tolist() == [False, True]


def test_constant_and_unknown_features_are_left_out_not_imputed():
    X = np.array([[1.0, 2.0, np.nan], [1.0, 3.0, 4.0], [1.0, 4.0, 5.0]])
    selection = InformativeFeatures().fit(X)
    assert selection.get_support().tolist() == [False, True, False]
    assert selection.unknown_.tolist() == [False, False, True]


def test_clinical_selection_finds_the_variable_that_matters_and_no_other():
    generator = np.random.default_rng(11)
    X = generator.normal(size=(300, 4))
    X[:, 1] = X[:, 0] + 0.5 * generator.normal(size=300)  # follows the outcome only through the first
    y = (generator.random(300) < 1 / (1 + np.exp(-1.5 * X[:, 0]))).astype(int)
    selection = ClinicalSelection().fit(X, y)
    assert selection.p_univariate_[1] < 0.05
    assert selection.get_support().tolist() == [True, False, False, False]


def test_clinical_p_values_equal_those_of_a_logistic_regression_by_hand():
    # 2 x 2 table 10/20 against 20/10: log odds ratio 2 ln 2, variance the sum of the four reciprocals.
    x = np.repeat([0.0, 0.0, 1.0, 1.0], [20, 10, 10, 20])
    y = np.repeat([0, 1, 0, 1], [20, 10, 10, 20])
    from scipy.stats import norm

    z = 2 * np.log(2) / np.sqrt(1 / 20 + 1 / 10 + 1 / 10 + 1 / 20)
    assert ClinicalSelection().fit(x[:, None], y).p_univariate_[0] == pytest.approx(2 * norm.sf(z), rel=1e-6)


def test_perfectly_separated_clinical_variable_does_not_crash():
    y = np.array([0] * 10 + [1] * 10)
    selection = ClinicalSelection().fit(y[:, None] * 2.0 + 1.0, y)
    assert selection.p_univariate_.shape == (1,)


def test_of_correlated_features_the_one_with_the_better_auc_stays():
    from sklearn.metrics import roc_auc_score

    generator = np.random.default_rng(7)
    y = np.arange(80) % 2
    base = generator.normal(size=(80, 30)) + 0.7 * y[:, None] * generator.choice([-1, 1], 30)
    X = np.round(np.repeat(base, 5, axis=1) + 0.4 * generator.normal(size=(80, 150)), 1)
    X[:, ::4] = np.sign(X[:, ::4]) * np.abs(X[:, ::4]) ** 3  # heavy tails: AUC and correlation disagree
    area = np.array([max(a, 1 - a) for a in (roc_auc_score(y, column) for column in X.T)])
    correlation = np.abs(np.corrcoef(X.T))
    kept: list[int] = []
    for feature in np.argsort(-np.round(area, 12), kind="stable"):
        if all(correlation[feature, other] <= 0.7 for other in kept):
            kept.append(int(feature))
    found = CorrelationFilter(0.7, keep="auc").fit(X, y)
    np.testing.assert_allclose(found.relevance_, area, atol=1e-12)
    assert found.get_support(indices=True).tolist() == sorted(kept)
    assert found.get_support().tolist() != CorrelationFilter(0.7).fit(X, y).get_support().tolist()


def test_an_outcome_of_one_or_three_classes_is_refused():
    X = np.random.default_rng(0).normal(size=(30, 3))
    for outcome in (np.zeros(30), np.arange(30) % 3):
        with pytest.raises(ValueError, match="two classes"):
            UnivariateFilter().fit(X, outcome)
