"""Fitted scores against scikit-learn's own predictions, and their parts against damage and malice."""

from __future__ import annotations

import copy
import json
import random
import sys
import warnings

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, PredefinedSplit
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from RadFusionLib.errors import BundleError, InputError, RecipeError
from RadFusionLib.fusion.scores import (
    CLASSIFIERS,
    LinearScore,
    classifier,
    fit_score,
    score_from_parts,
    score_of,
    tuned,
)
from RadFusionLib.fusion.scores.firth import FirthLogisticRegression

SETTINGS = [
    ("svm", {"C": 0.3}),
    ("svm", {"kernel": "rbf"}),
    ("svm", {"kernel": "rbf", "gamma": 0.05, "C": 10.0, "class_weight": "balanced"}),
    ("logistic", {}),
    ("logistic", {"C": 0.5, "solver": "saga", "l1_ratio": 1.0, "max_iter": 5000}),
    ("firth", {}),
    ("linear_discriminant", {}),
    ("linear_discriminant", {"solver": "lsqr", "shrinkage": "auto"}),
    ("naive_bayes", {}),
    ("nearest_neighbours", {"n_neighbors": 7}),
    ("nearest_neighbours", {"n_neighbors": 4, "weights": "distance"}),
    ("random_forest", {"n_estimators": 40}),
    ("random_forest", {"n_estimators": 15, "max_leaf_nodes": 6, "min_samples_leaf": 1}),
    ("extra_trees", {"n_estimators": 40}),
    ("extra_trees", {"n_estimators": 20, "bootstrap": False, "min_samples_leaf": 1, "class_weight": "balanced"}),
    ("multilayer_perceptron", {}),
    ("multilayer_perceptron", {"hidden_layer_sizes": [7, 5], "activation": "tanh"}),
    ("multilayer_perceptron", {"hidden_layer_sizes": []}),
]
IDS = [f"{name}-{number}" for number, (name, _) in enumerate(SETTINGS)]


def _cohort(seed: int = 0, patients: int = 90, features: int = 6) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(patients, features)) * generator.uniform(0.5, 3, features)
    return X, (X[:, 0] + 0.5 * X[:, 1] ** 2 + generator.normal(size=patients) > 0.8).astype(int)


def _own_score(estimator, X):
    if hasattr(estimator, "predict_proba"):
        return estimator.predict_proba(X)[:, 1]
    return estimator.decision_function(X)


@pytest.mark.parametrize(("name", "parameters"), SETTINGS, ids=IDS)
def test_score_equals_scikit_learns_before_and_after_a_bundle(name, parameters):
    X, y = _cohort()
    new = np.concatenate([X, _cohort(1, 400)[0], 30 * _cohort(2, 50)[0]])
    estimator = classifier(name, parameters, seed=3).fit(X, y)
    score = score_of(estimator)
    expected = _own_score(estimator, new)
    np.testing.assert_allclose(score.score(new), expected, rtol=1e-12, atol=1e-12)
    assert score.scale == ("probability" if hasattr(estimator, "predict_proba") else "decision")
    assert score.n_features == 6
    description, arrays = score.to_parts()
    again = score_from_parts(json.loads(json.dumps(description)), {k: v.copy() for k, v in arrays.items()})
    assert again.score(new).tobytes() == score.score(new).tobytes()
    assert type(again) is type(score)
    assert all(array.dtype.kind in "fiu" for array in arrays.values())


@pytest.mark.parametrize(
    "estimator",
    [
        LinearSVC(),
        LogisticRegression(),
        LinearDiscriminantAnalysis(),
        DecisionTreeClassifier(random_state=0),
    ],
)
def test_labels_may_be_words_and_the_second_is_positive(estimator):
    X, y = _cohort()
    estimator.fit(X, np.where(y == 1, "present", "absent"))
    if isinstance(estimator, DecisionTreeClassifier):
        from RadFusionLib.fusion.scores import TreesScore

        score = TreesScore.from_estimator(estimator)
    else:
        score = LinearScore.from_estimator(estimator)
    assert estimator.classes_[1] == "present"
    np.testing.assert_allclose(score.score(X), _own_score(estimator, X), rtol=1e-12, atol=1e-12)
    assert roc_auc_score(y, score.score(X)) > 0.6


@pytest.mark.parametrize(("name", "parameters"), SETTINGS, ids=IDS)
def test_the_same_seed_gives_the_same_bytes(name, parameters):
    X, y = _cohort()
    first, second = (fit_score(name, parameters, X, y, seed=5).score.to_parts() for _ in range(2))
    assert first[0] == second[0]
    assert {k: v.tobytes() for k, v in first[1].items()} == {k: v.tobytes() for k, v in second[1].items()}


@pytest.mark.parametrize(("name", "parameters"), SETTINGS, ids=IDS)
def test_a_case_with_an_unknown_feature_has_no_score_and_changes_no_other(name, parameters):
    X, y = _cohort()
    score = fit_score(name, parameters, X, y).score
    broken = X.copy()
    broken[3, 2] = np.nan
    found = score.score(broken)
    assert np.isnan(found[3])
    np.testing.assert_allclose(np.delete(found, 3), np.delete(score.score(X), 3), rtol=1e-12)
    with pytest.raises(InputError, match="6 features"):
        score.score(X[:, :5])


def test_trees_split_in_single_precision_as_scikit_learn_does():
    # Values that fall to the other side of a threshold when they are not rounded to single precision first.
    generator = np.random.default_rng(0)
    X = np.round(generator.normal(size=(200, 2)), 1) + 0.1
    y = (generator.random(200) < 1 / (1 + np.exp(-X[:, 0]))).astype(int)
    estimator = classifier("random_forest", {"n_estimators": 30, "min_samples_leaf": 1, "oob_score": False}).fit(X, y)
    thresholds = np.unique(np.concatenate([t.tree_.threshold for t in estimator.estimators_]))
    near = np.concatenate([thresholds * (1 + e) for e in (-1e-9, 0.0, 1e-9)])
    cases = np.column_stack([near, near[::-1]])
    np.testing.assert_allclose(score_of(estimator).score(cases), estimator.predict_proba(cases)[:, 1], atol=1e-12)


@pytest.mark.parametrize("name", ["random_forest", "extra_trees"])
def test_out_of_bag_scores_come_from_trees_that_did_not_see_the_case(name):
    X, y = _cohort(patients=40)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = fit_score(name, {"n_estimators": 6}, X, y, seed=1)
        estimator = classifier(name, {"n_estimators": 6}, seed=1).fit(X, y)
    total, count = np.zeros(40), np.zeros(40)
    for tree, sampled in zip(estimator.estimators_, estimator.estimators_samples_, strict=True):
        unseen = np.setdiff1d(np.arange(40), sampled)
        total[unseen] += tree.predict_proba(X[unseen])[:, 1]
        count[unseen] += 1
    assert (count == 0).any()
    assert np.isnan(found.out_of_bag).tolist() == (count == 0).tolist()
    np.testing.assert_allclose(found.out_of_bag[count > 0], (total / np.maximum(count, 1))[count > 0], atol=1e-12)
    assert fit_score("extra_trees", {"bootstrap": False, "n_estimators": 3}, X, y).out_of_bag is None


def test_a_model_without_features_gives_everyone_the_prevalence():
    y = np.array([1, 0, 0, 0])
    score = fit_score("svm", {}, np.empty((4, 0)), y).score
    np.testing.assert_allclose(score.score(np.empty((3, 0))), 0.25)


def test_linear_terms_add_up_to_the_decision():
    X, y = _cohort()
    estimator = SVC(kernel="linear").fit(X, y)
    score = score_of(estimator)
    np.testing.assert_allclose(score.terms(X).sum(axis=1) + score.intercept, estimator.decision_function(X), atol=1e-10)


@parametrize_with_checks([FirthLogisticRegression()])
def test_firth_keeps_the_contract_of_a_classifier(estimator, check):
    check(estimator)


def test_what_has_no_score_is_refused():
    X, y = _cohort()
    with pytest.raises(RecipeError, match="GradientBoosting"):
        score_of(GradientBoostingClassifier(n_estimators=2).fit(X, y))
    with pytest.raises(RecipeError, match="poly"):
        score_of(SVC(kernel="poly").fit(X, y))
    with pytest.raises(RecipeError, match="Euclidean"):
        score_of(KNeighborsClassifier(metric="manhattan").fit(X, y))
    with pytest.raises(RecipeError, match="3 classes"):
        score_of(SVC(kernel="linear").fit(X, np.arange(90) % 3))


def test_names_and_parameters_that_are_not_known_are_named():
    with pytest.raises(RecipeError, match=r"no classifier 'boosting'.*naive_bayes"):
        classifier("boosting")
    with pytest.raises(RecipeError, match="no parameter 'trees'"):
        classifier("random_forest", {"trees": 3})
    with pytest.raises(RecipeError, match="no parameter 'random_state'"):
        classifier("random_forest", {"random_state": 3})
    X, y = _cohort(patients=12)
    with pytest.raises(RecipeError, match="nearest_neighbours cannot be fitted to 12"):
        fit_score("nearest_neighbours", {"n_neighbors": 0}, X, y)
    assert len(CLASSIFIERS) == len({name for name, _ in SETTINGS})


# Parts that are damaged or hostile


def _mutated(value, dice: random.Random):
    """Another value of any kind in the place of one."""
    return dice.choice(
        [
            None,
            True,
            -1,
            0,
            1,
            10**400,
            2**31,
            1.5,
            -0.0,
            float("nan"),
            float("inf"),
            "",
            "linear",
            [],
            {},
            [1.0],
            value,
        ]
    )


def _mutated_array(array: np.ndarray, dice: random.Random):
    array = array.copy()
    way = dice.randrange(9)
    if way == 0:
        with np.errstate(invalid="ignore"):
            return array.astype(dice.choice([np.float32, np.int64, np.complex128, object, "U8"]))
    if way == 1:
        return array[..., None]
    if way == 2:
        return array[: len(array) // 2]
    if way == 3:
        return np.concatenate([array, array])
    if way == 4 and array.size:
        array.flat[dice.randrange(array.size)] = {"f": np.nan, "c": np.nan, "u": 255}.get(array.dtype.kind, -7)
        return array
    if way == 5 and array.size:
        array.flat[dice.randrange(array.size)] = {"f": np.inf, "c": np.inf, "u": 2}.get(array.dtype.kind, 2**31 - 1)
        return array
    if way == 6 and array.size:
        place, other = dice.randrange(array.size), dice.randrange(array.size)
        array.flat[place], array.flat[other] = array.flat[other], array.flat[place]
        return array
    if way == 7 and array.size:
        array.flat[dice.randrange(array.size)] = dice.choice([0, 1, -1, 3]) % 256 if array.dtype.kind == "u" else 0
        return array
    return dice.choice([None, array.tolist(), 3.0, "array"])


@pytest.mark.parametrize(("name", "parameters"), SETTINGS, ids=IDS)
def test_mutated_parts_are_refused_or_score_without_harm(name, parameters):
    X, y = _cohort(patients=60)
    small = {"n_estimators": 4} if "n_estimators" in parameters else {}
    description, arrays = _parts(name, {**parameters, **small}, X, y)
    dice = random.Random(f"{name}{parameters}")
    refused = 0
    for _ in range(400):
        broken, parts = copy.deepcopy(description), dict(arrays)
        for _ in range(dice.randint(1, 2)):
            way = dice.randrange(6)
            if way == 0:
                key = dice.choice(list(broken) or ["kind"])
                broken[key] = _mutated(broken.get(key), dice)
            elif way == 1:
                broken.pop(dice.choice(list(broken) or ["kind"]), None)
            elif way == 2:
                parts.pop(dice.choice(list(parts)), None) if parts else None
            elif way == 3:
                (parts if dice.random() < 0.5 else broken)[dice.choice(["extra", "weight_9", "kind "])] = np.zeros(2)
            elif parts:
                key = dice.choice(list(parts))
                if isinstance(parts[key], np.ndarray):
                    parts[key] = _mutated_array(parts[key], dice)
        try:
            score = score_from_parts(broken, parts)
        except BundleError:
            refused += 1
            continue
        with np.errstate(all="ignore"):
            found = score.score(np.zeros((3, score.n_features)))
        assert found.shape == (3,)
        assert score.scale == "decision" or ((found >= 0) & (found <= 1)).all()
    assert refused > 250


def _parts(name, parameters, X, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fit_score(name, parameters, X, y).score.to_parts()


@pytest.mark.parametrize("broken", [None, [], "linear", {}, {"kind": 3}, {"kind": "pickle"}, {"kind": ["linear"]}])
def test_what_is_no_description_is_refused(broken):
    with pytest.raises(BundleError):
        score_from_parts(broken, {})
    with pytest.raises(BundleError):
        score_from_parts({"kind": "linear", "intercept": 0.0, "link": "identity"}, broken)


def test_trees_that_lead_back_would_never_end_and_are_refused():
    X, y = _cohort()
    description, arrays = _parts("random_forest", {"n_estimators": 3, "min_samples_leaf": 1}, X, y)
    inner = np.flatnonzero(arrays["feature"] >= 0)
    for child, node, target in [
        ("left", inner[0], inner[0]),  # itself
        ("right", inner[2], inner[1]),  # its parent
        ("left", inner[1], arrays["root"][1]),  # another tree
        ("left", inner[1], len(arrays["left"])),  # beyond the end
        ("right", inner[1], -1),
        ("right", inner[1], -(2**31)),
    ]:
        parts = {k: v.copy() for k, v in arrays.items()}
        parts[child][node] = target
        with pytest.raises(BundleError, match="leads out of its tree or back"):
            score_from_parts(description, parts)
    for name, value in (("root", 1), ("feature", 6), ("feature", -2), ("value", 1.0001)):
        parts = {k: v.copy() for k, v in arrays.items()}
        parts[name][0] = value
        with pytest.raises(BundleError):
            score_from_parts(description, parts)


# Choosing


def test_choice_equals_grid_search_on_the_same_folds():
    X, y = _cohort(patients=100)
    fold = np.arange(100) % 4
    grid = {"svm": {"C": [0.01, 1.0], "kernel": ["linear", "rbf"]}, "naive_bayes": {}, "logistic": {"C": [0.1, np.inf]}}
    choice = tuned(X, y, {"svm": {}, "naive_bayes": {}, "logistic": {}}, grid, folds=fold, seed=2)
    assert len(choice.tried) == 4 + 1 + 2
    for name in grid:
        search = GridSearchCV(
            classifier(name), {k: list(v) for k, v in grid[name].items()}, cv=PredefinedSplit(fold), scoring="roc_auc"
        ).fit(X, y)
        of_name = [candidate for candidate in choice.tried if candidate.name == name]
        assert max(candidate.auc for candidate in of_name) == pytest.approx(search.best_score_, abs=1e-12)
        for candidate in of_name:
            row = search.cv_results_["params"].index({k: candidate.parameters[k] for k in grid[name]})
            assert candidate.auc == pytest.approx(search.cv_results_["mean_test_score"][row], abs=1e-12)
    assert choice.best.auc == max(candidate.auc for candidate in choice.tried)


def test_of_equal_candidates_the_first_is_chosen():
    X, y = _cohort()
    X[:, 1:] = 0.0  # one feature: the order of cases is the same for every penalty
    choice = tuned(X, y, {"logistic": {}}, {"logistic": {"C": [3.0, 1.0, 2.0]}}, folds=3)
    assert choice.best.parameters == {"C": 3.0}


def test_rows_of_one_patient_stay_together():
    X, y = _cohort(patients=60)
    patients = np.repeat(np.arange(60), 4)
    seen = []
    score = fit_score

    def spying(name, parameters, inside, outcome, seed):
        seen.append(inside)
        return score(name, parameters, inside, outcome, seed)

    module = sys.modules["RadFusionLib.fusion.scores.tuning"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "fit_score", spying)
        rows = np.repeat(np.arange(60.0), 4)[:, None] + np.zeros((240, 6))
        tuned(rows, y[patients], {"naive_bayes": {}}, folds=3, groups=patients)
    for inside in seen:
        assert set(np.unique(inside[:, 0], return_counts=True)[1]) == {4}
    with pytest.raises(InputError, match="several folds"):
        tuned(X[patients], y[patients], {"naive_bayes": {}}, folds=np.arange(240) % 3, groups=patients)


def test_folds_without_an_outcome_and_grids_without_a_candidate_are_said():
    X, y = _cohort()
    with pytest.raises(InputError, match="too few for 5 folds"):
        tuned(X, (np.arange(90) < 3).astype(int), {"svm": {}})
    with pytest.raises(InputError, match="one outcome only"):
        tuned(X, y, {"svm": {}}, folds=y)
    with pytest.raises(RecipeError, match="'svn'"):
        tuned(X, y, {"svm": {}}, {"svn": {"C": [1.0]}})
