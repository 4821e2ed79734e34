"""Shapley values against their definition, on every kind of model that the recipes build."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC

from RadFusionLib.explain.shap_library import shap_available
from RadFusionLib.explain.shapley import (
    FunctionPart,
    KernelPart,
    LinearPart,
    Part,
    TreePart,
    shapley_values,
)
from RadFusionLib.explain.shapley_trees import Tree


def cohort(p: int, n: int = 90, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Correlated features on different scales, and an outcome with an interaction."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) @ (np.eye(p) + 0.3 * rng.normal(size=(p, p)))
    y = (X[:, 0] + X[:, 1] * X[:, 2] + rng.normal(size=n) > 0).astype(int)
    return X * np.logspace(-1, 2, p) + 5, y


def standard(X: np.ndarray) -> Callable:
    mean, scale = X.mean(axis=0), X.std(axis=0)
    return lambda rows: (rows - mean) / scale


def logit(q: np.ndarray) -> np.ndarray:
    q = np.clip(q, 1e-6, 1 - 1e-6)
    return np.log(q / (1 - q))


KINDS = {
    "linear": LogisticRegression(),
    "RBF SVM": SVC(gamma=0.2),
    "random forest": RandomForestClassifier(12, random_state=0, n_jobs=1),
    "extra trees": ExtraTreesClassifier(12, random_state=0, n_jobs=1),
    "naive Bayes": GaussianNB(),
    "neighbours": KNeighborsClassifier(5, algorithm="brute"),
    "MLP": MLPClassifier((6,), max_iter=60, random_state=0),
}


def fitted(kind: str, X: np.ndarray, y: np.ndarray) -> Callable:
    z = standard(X)
    model = KINDS[kind].fit(z(X), y)
    if kind == "RBF SVM":
        return lambda rows: model.decision_function(z(rows))
    return lambda rows: model.predict_proba(z(rows))[:, 1]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_any_function_equals_the_definition(kind, by_definition):
    X, y = cohort(6)
    function = fitted(kind, X, y)
    found = shapley_values(function, X[:3], X[10:35])
    assert found.values == pytest.approx(by_definition(function, X[:3], X[10:35]), abs=1e-10)
    assert found.residual < 1e-10
    assert found.output == pytest.approx(function(X[:3]))
    assert found.exact


def test_twelve_features_are_still_exact(by_definition):
    X, y = cohort(12, seed=3)
    function = fitted("RBF SVM", X, y)
    found = shapley_values(function, X[:1], X[20:24])
    assert found.exact
    assert found.values == pytest.approx(by_definition(function, X[:1], X[20:24]), abs=1e-10)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_fusion_stacked_on_other_scores_equals_the_definition(by_definition):
    """A logistic model of a forest's probability, an SVM's score, a linear score and a clinical value."""
    X, y = cohort(9, seed=5)
    groups = {"random forest": (0, 1, 2), "RBF SVM": (2, 3, 4, 5), "linear": (6, 7)}
    scores = {kind: fitted(kind, X[:, columns], y) for kind, columns in groups.items()}

    def inputs(rows: np.ndarray) -> np.ndarray:
        made = [scores[kind](rows[:, columns]) for kind, columns in groups.items()]
        return np.column_stack([*made, rows[:, 8]])

    fusion = LogisticRegression().fit(inputs(X), y)
    weights, start = fusion.coef_[0], float(fusion.intercept_[0])

    def log_odds(rows: np.ndarray) -> np.ndarray:
        return fusion.decision_function(inputs(rows))

    parts: list[Part] = [
        FunctionPart(columns, scores[kind]).scaled(float(weight))
        for (kind, columns), weight in zip(groups.items(), weights[:3], strict=True)
    ]
    parts.append(LinearPart((8,), weights[3:], start))
    expected = by_definition(log_odds, X[:2], X[30:42])
    for model in (parts, log_odds):
        found = shapley_values(model, X[:2], X[30:42])
        assert found.values == pytest.approx(expected, abs=1e-9)
        assert found.output == pytest.approx(log_odds(X[:2]), abs=1e-10)
        assert found.residual < 1e-10
    risk = lambda rows: fusion.predict_proba(inputs(rows))[:, 1]  # noqa: E731
    on_risk = shapley_values(risk, X[:2], X[30:42])
    assert on_risk.values == pytest.approx(by_definition(risk, X[:2], X[30:42]), abs=1e-10)


def test_linear_parts_are_exact_for_any_number_of_features():
    X, y = cohort(40, n=120)
    model = LogisticRegression(max_iter=2000).fit(standard(X)(X), y)
    weight = model.coef_[0] / X.std(axis=0)
    start = float(model.intercept_[0] - weight @ X.mean(axis=0))
    found = shapley_values([LinearPart(tuple(range(40)), weight, start)], X, X)
    assert found.exact
    assert found.output == pytest.approx(model.decision_function(standard(X)(X)), abs=1e-8)
    assert found.values == pytest.approx(weight * (X - X.mean(axis=0)))


def support_vector_part(X: np.ndarray, y: np.ndarray, gamma: float) -> tuple[KernelPart, Callable]:
    z = standard(X)
    machine = SVC(gamma=gamma).fit(z(X), y)
    part = KernelPart(
        tuple(range(X.shape[1])),
        machine.support_vectors_ * X.std(axis=0) + X.mean(axis=0),
        machine.dual_coef_[0],
        gamma / X.var(axis=0),
        float(machine.intercept_[0]),
    )
    return part, lambda rows: machine.decision_function(z(rows))


@pytest.mark.parametrize("p", [3, 4, 8])
def test_radial_kernels_have_a_closed_form(p, by_definition):
    X, y = cohort(p, seed=p)
    part, function = support_vector_part(X, y, 0.3)
    found = shapley_values([part.scaled(-2.0)], X[:3], X[10:30])
    assert found.output == pytest.approx(-2.0 * function(X[:3]), abs=1e-9)
    assert found.values == pytest.approx(-2.0 * by_definition(function, X[:3], X[10:30]), abs=1e-10)


def test_radial_kernels_of_many_features_add_up():
    X, y = cohort(30, seed=1)
    part, function = support_vector_part(X, y, 0.02)
    found = shapley_values([part], X[:4], X[10:50])
    assert found.exact
    assert found.residual < 1e-10
    assert found.output == pytest.approx(function(X[:4]), abs=1e-9)


def forest_part(kind: str, X: np.ndarray, y: np.ndarray) -> tuple[TreePart, Callable]:
    z = standard(X)
    model = KINDS[kind].fit(z(X), y)
    trees = []
    for one in model.estimators_:
        t = one.tree_
        share = t.value[:, 0, 1] / t.value[:, 0].sum(axis=1) / len(model.estimators_)
        trees.append(Tree(t.children_left, t.children_right, t.feature, t.threshold, share))
    return TreePart(tuple(range(X.shape[1])), tuple(trees), z), lambda rows: model.predict_proba(z(rows))[:, 1]


@pytest.mark.parametrize("kind", ["random forest", "extra trees"])
def test_trees_equal_the_definition(kind, by_definition):
    X, y = cohort(7)
    part, function = forest_part(kind, X, y)
    found = shapley_values([part.scaled(3.0)], X[:4], X[10:40])
    assert found.output == pytest.approx(3 * function(X[:4]), abs=1e-12)
    assert found.values == pytest.approx(3 * by_definition(function, X[:4], X[10:40]), abs=1e-10)
    assert found.residual < 1e-10


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_forests_of_many_features_equal_shap():
    if not shap_available():
        pytest.skip("the shap library is not set up; run python -m RadFusionLib.explain.shap_library")
    X, y = cohort(40, n=150)
    part, function = forest_part("extra trees", X, y)
    found = shapley_values([part], X[:5], X[50:])
    assert found.residual < 1e-10
    assert found.output == pytest.approx(function(X[:5]), abs=1e-12)
    by_shap = shapley_values([part], X[:5], X[50:], trees_by_shap=True)
    # shap adds leaves in single precision.
    assert by_shap.values == pytest.approx(found.values, abs=1e-6)
    assert by_shap.residual < 1e-6


def test_a_tree_that_is_a_leaf_adds_its_value_alone():
    leaf = Tree(np.array([-1]), np.array([-1]), np.array([-2]), np.array([-2.0]), np.array([0.25]))
    found = shapley_values([TreePart((0, 1), (leaf,))], np.ones((2, 2)), np.zeros((3, 2)))
    assert not found.values.any()
    assert found.base == 0.25


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_sampled_orders_add_up_and_know_their_error():
    X, y = cohort(14, seed=2)
    part, function = support_vector_part(X, y, 0.5)
    exact = shapley_values([part], X[:6], X[10:22])
    found = shapley_values(function, X[:6], X[10:22], pairs=8, seed=4)
    assert not found.exact
    assert found.residual < 1e-9
    error = (found.values - exact.values) / found.standard_error
    # Standardised errors of honest standard errors: a spread near 1, and hardly one beyond 4.
    assert 0.7 < np.sqrt((error**2).mean()) < 1.4
    assert np.abs(error).max() < 5
    again = shapley_values(function, X[:6], X[10:22], pairs=8, seed=4)
    assert np.array_equal(found.values, again.values)
    finer = shapley_values(function, X[:6], X[10:22], pairs=32, seed=4)
    assert finer.standard_error.mean() < 0.6 * found.standard_error.mean()


def test_interactions_of_two_features_need_no_luck():
    rng = np.random.default_rng(0)
    W = rng.normal(size=(15, 15))
    quadratic = lambda rows: np.einsum("ni,ij,nj->n", rows, W, rows)  # noqa: E731
    X, other = rng.normal(size=(2, 15)), rng.normal(size=(4, 15))
    found = shapley_values(quadratic, X, other, pairs=2)
    difference = X[:, None] - other[None]
    S = (W + W.T) / 2
    expected = (difference * ((X[:, None] + other[None]) @ S)).mean(axis=1)
    assert found.values == pytest.approx(expected, abs=1e-10)


def test_what_cannot_be_explained_is_refused():
    with pytest.raises(ValueError, match="Background of shape"):
        shapley_values(lambda rows: rows[:, 0], np.ones((1, 3)), np.ones((4, 2)))
    with pytest.raises(ValueError, match="at least 2"):
        shapley_values(lambda rows: rows[:, 0], np.ones((1, 13)), np.ones((4, 13)), pairs=1)
