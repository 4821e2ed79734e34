"""Every classifier that a recipe may name, explained and compared with the definition of Shapley values."""

from __future__ import annotations

import numpy as np
import pytest

from RadFusionLib.explain.score_parts import parts_of
from RadFusionLib.explain.shapley import LinearPart, Part, shapley_values
from RadFusionLib.fusion.scores import CLASSIFIERS, TreesScore, classifier, score_of
from RadFusionLib.fusion.scores.base import Score

PARAMETERS: dict[str, dict[str, object]] = {"random_forest": {"n_estimators": 20}, "extra_trees": {"n_estimators": 20}}


def fitted(name: str, p: int, seed: int = 0, **parameters: object) -> tuple[Score, np.ndarray, np.ndarray, np.ndarray]:
    """A score of z-scores, the raw features, and the z-score's mean and scale."""
    rng = np.random.default_rng(seed)
    X = (rng.normal(size=(90, p)) @ (np.eye(p) + 0.3 * rng.normal(size=(p, p)))) * np.logspace(-1, 2, p) + 5
    mean, scale = X.mean(axis=0), X.std(axis=0)
    z = (X - mean) / scale
    y = (z[:, 0] + z[:, 1] * z[:, 2] + rng.normal(size=90) > 0).astype(int)
    estimator = classifier(name, {**PARAMETERS.get(name, {}), **parameters})
    return score_of(estimator.fit(z, y)), X, mean, scale


KINDS = [(name, {}) for name in CLASSIFIERS] + [("svm", {"kernel": "rbf"})]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("name", "parameters"), KINDS)
def test_every_classifier_equals_the_definition(name, parameters, by_definition):
    score, X, mean, scale = fitted(name, 7, **parameters)
    function = lambda rows: score.score((rows - mean) / scale)  # noqa: E731
    cases, background = X[:3], X[10:40]
    found = shapley_values(parts_of(score, None, mean, scale), cases, background)
    assert found.exact
    assert found.output == pytest.approx(function(cases), abs=1e-10)
    assert found.residual < 1e-9
    assert found.values == pytest.approx(by_definition(function, cases, background), abs=1e-9)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("svm", {"kernel": "rbf"}), ("extra_trees", {}), ("svm", {})],
)
def test_twelve_features(name, parameters, by_definition):
    score, X, mean, scale = fitted(name, 12, 3, **parameters)
    function = lambda rows: score.score((rows - mean) / scale)  # noqa: E731
    found = shapley_values(parts_of(score, None, mean, scale), X[:1], X[10:14])
    assert found.values == pytest.approx(by_definition(function, X[:1], X[10:14]), abs=1e-9)
    assert found.residual < 1e-9


@pytest.mark.parametrize("name", ["logistic", "firth", "naive_bayes"])
def test_log_odds_are_exact_sums(name, by_definition):
    score, X, mean, scale = fitted(name, 6)

    def log_odds(rows: np.ndarray) -> np.ndarray:
        share = score.score((rows - mean) / scale)
        return np.log(share / (1 - share))

    found = shapley_values(parts_of(score, None, mean, scale, log_odds=True), X[:3], X[10:40])
    assert found.output == pytest.approx(log_odds(X[:3]), abs=1e-7)
    assert found.values == pytest.approx(by_definition(log_odds, X[:3], X[10:40]), abs=1e-7)
    assert found.residual < 1e-9


def test_forty_features_of_a_forest_add_up_exactly():
    score, X, mean, scale = fitted("random_forest", 40)
    found = shapley_values(parts_of(score, None, mean, scale), X[:5], X)
    assert found.exact
    assert found.residual < 1e-10
    assert found.output == pytest.approx(score.score((X[:5] - mean) / scale), abs=1e-12)


def test_a_logistic_fusion_of_several_scores_equals_the_definition(by_definition):
    """As recipes stack: the log-odds add up a forest, a Gaussian kernel and a clinical value, some features shared."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(90, 8))
    y = (X[:, 0] + X[:, 1] * X[:, 2] + rng.normal(size=90) > 0).astype(int)
    groups = {"extra_trees": (0, 1, 2), "svm": (2, 3, 4, 5), "naive_bayes": (5, 6)}
    scores = {
        name: score_of(classifier(name, {"kernel": "rbf"} if name == "svm" else PARAMETERS.get(name)).fit(X[:, c], y))
        for name, c in groups.items()
    }
    inputs = lambda rows: np.column_stack(  # noqa: E731
        [*(scores[name].score(rows[:, c]) for name, c in groups.items()), rows[:, 7]]
    )
    fusion = score_of(classifier("logistic", {"C": 1.0}).fit(inputs(X), y))
    weights, start = fusion.weight, fusion.intercept  # type: ignore[attr-defined]
    parts: list[Part] = [LinearPart((7,), weights[3:], start)]
    for (name, columns), weight in zip(groups.items(), weights[:3], strict=True):
        parts += [part.scaled(float(weight)) for part in parts_of(scores[name], columns)]
    log_odds = lambda rows: inputs(rows) @ weights + start  # noqa: E731
    found = shapley_values(parts, X[:3], X[20:45])
    assert found.values == pytest.approx(by_definition(log_odds, X[:3], X[20:45]), abs=1e-9)
    assert found.output == pytest.approx(log_odds(X[:3]), abs=1e-10)
    share = fusion.score(inputs(X[:3]))
    assert found.base + found.values.sum(axis=1) == pytest.approx(np.log(share / (1 - share)), abs=1e-6)


def test_log_odds_that_may_be_infinite_are_refused():
    score, _, _, _ = fitted("nearest_neighbours", 4)
    with pytest.raises(ValueError, match="explain its probability"):
        parts_of(score, log_odds=True)


def test_a_score_of_no_features_adds_nothing():
    from sklearn.tree import DecisionTreeClassifier

    stump = DecisionTreeClassifier(max_depth=1).fit(np.zeros((4, 2)), [0, 1, 1, 1])
    found = shapley_values(parts_of(TreesScore.from_estimator(stump)), np.ones((2, 2)), np.zeros((3, 2)))
    assert found.base == pytest.approx(0.75)
    assert not found.values.any()
