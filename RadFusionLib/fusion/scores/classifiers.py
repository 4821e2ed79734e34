"""The classifiers a recipe may name: their estimators, unfitted and reproducible, and their fitted scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np

from RadFusionLib.errors import BundleError, RecipeError
from RadFusionLib.fusion.scores.base import Score
from RadFusionLib.fusion.scores.kernel import GaussianKernelScore
from RadFusionLib.fusion.scores.linear import LinearScore
from RadFusionLib.fusion.scores.naive_bayes import GaussianNaiveBayesScore
from RadFusionLib.fusion.scores.neighbours import NeighboursScore
from RadFusionLib.fusion.scores.perceptron import PerceptronScore
from RadFusionLib.fusion.scores.trees import TreesScore, out_of_bag

__all__ = ["CLASSIFIERS", "FittedScore", "classifier", "fit_score", "score_from_parts", "score_of"]


@dataclass(frozen=True)
class _Kind:
    module: str
    name: str
    score: Callable[[Any], type[Score]]
    defaults: Mapping[str, Any] = field(default_factory=dict)


def _of_machine(estimator: Any) -> type[Score]:
    return LinearScore if estimator.kernel == "linear" else GaussianKernelScore


_KINDS: dict[str, _Kind] = {
    "svm": _Kind("sklearn.svm", "SVC", _of_machine, {"kernel": "linear", "C": 1.0}),
    # Unpenalised maximum likelihood, as a paper's "logistic regression" is; a finite C penalises.
    "logistic": _Kind(
        "sklearn.linear_model",
        "LogisticRegression",
        lambda _: LinearScore,
        {"C": np.inf, "solver": "newton-cholesky", "tol": 1e-8},
    ),
    "firth": _Kind("RadFusionLib.fusion.scores.firth", "FirthLogisticRegression", lambda _: LinearScore),
    "linear_discriminant": _Kind("sklearn.discriminant_analysis", "LinearDiscriminantAnalysis", lambda _: LinearScore),
    "naive_bayes": _Kind("sklearn.naive_bayes", "GaussianNB", lambda _: GaussianNaiveBayesScore),
    # The tree's distances are exact; those by brute force round identical patients apart.
    "nearest_neighbours": _Kind(
        "sklearn.neighbors", "KNeighborsClassifier", lambda _: NeighboursScore, {"algorithm": "kd_tree"}
    ),
    # With out-of-bag scores, so that a training case can be scored by trees that did not see it.
    "random_forest": _Kind(
        "sklearn.ensemble",
        "RandomForestClassifier",
        lambda _: TreesScore,
        {"n_estimators": 500, "min_samples_leaf": 5, "oob_score": True},
    ),
    "extra_trees": _Kind(
        "sklearn.ensemble",
        "ExtraTreesClassifier",
        lambda _: TreesScore,
        {"n_estimators": 500, "min_samples_leaf": 5, "bootstrap": True, "oob_score": True},
    ),
    "multilayer_perceptron": _Kind(
        "sklearn.neural_network",
        "MLPClassifier",
        lambda _: PerceptronScore,
        {"hidden_layer_sizes": (16,), "alpha": 1.0, "solver": "lbfgs", "max_iter": 2000},
    ),
}

CLASSIFIERS = tuple(_KINDS)
"""The names a recipe may use."""

_SCORES: dict[str, type[Score]] = {
    score.kind: score
    for score in (
        LinearScore,
        GaussianKernelScore,
        GaussianNaiveBayesScore,
        NeighboursScore,
        TreesScore,
        PerceptronScore,
    )
}


@dataclass(frozen=True, eq=False)
class FittedScore:
    """A fitted score, and how it scores its own training cases.

    Parameters
    ----------
    score : Score
        Ready for new cases.
    out_of_bag : numpy.ndarray, shape (n,), or None
        For trees grown on bootstrap samples, each training case by the trees that did not see it (NaN where
        all did); else None.
    """

    score: Score
    out_of_bag: np.ndarray | None


def classifier(name: str, parameters: Mapping[str, Any] | None = None, seed: int = 0) -> Any:
    """The unfitted scikit-learn estimator of a recipe's classifier.

    Parameters
    ----------
    name : str
        One of :data:`CLASSIFIERS`.
    parameters : mapping, optional
        The estimator's own parameters; what is not given has RadFusion's default, or else scikit-learn's.
    seed : int
        Of every random choice.

    Raises
    ------
    RecipeError
        For a name or a parameter that is not known.
    """
    if name not in _KINDS:
        raise RecipeError(f"There is no classifier {name!r}; choose one of {', '.join(CLASSIFIERS)}.")
    kind = _KINDS[name]
    estimator = getattr(import_module(kind.module), kind.name)()
    known = set(estimator.get_params()) - {"random_state", "n_jobs", "verbose", "warm_start"}
    if "probability" in known:
        known.remove("probability")  # its calibration is random, and ours follows
    given = dict(parameters or {})
    for parameter in given:
        if parameter not in known:
            raise RecipeError(
                f"The classifier {name} has no parameter {parameter!r}; it has {', '.join(sorted(known)) or 'none'}."
            )
    settings = {**kind.defaults, **{k: tuple(v) if isinstance(v, list) else v for k, v in given.items()}}
    if settings.get("bootstrap", True) is False and "oob_score" not in given:
        settings["oob_score"] = False
    if "random_state" in estimator.get_params():
        settings["random_state"] = seed
    return estimator.set_params(**settings)


def score_of(estimator: Any) -> Score:
    """The pickle-free score of a fitted estimator that :func:`classifier` made.

    Raises
    ------
    RecipeError
        When there is none for such an estimator or one of its options.
    """
    for kind in _KINDS.values():
        if type(estimator).__name__ == kind.name:
            return kind.score(estimator).from_estimator(estimator)
    raise RecipeError(f"There is no pickle-free score for {type(estimator).__name__}.")


def fit_score(
    name: str, parameters: Mapping[str, Any] | None, X: np.ndarray, y: np.ndarray, seed: int = 0
) -> FittedScore:
    """Fit a recipe's classifier on training cases and keep its score.

    Parameters
    ----------
    name, parameters, seed
        As for :func:`classifier`.
    X : numpy.ndarray, shape (n, n_features)
        Without features, the score is the prevalence for everyone.
    y : numpy.ndarray, shape (n,)
        0 or 1.

    Raises
    ------
    RecipeError
        When the parameters do not fit the classifier or these cases.
    """
    estimator = classifier(name, parameters, seed)
    y = np.asarray(y).astype(int)
    if X.shape[1] == 0:
        positives = y.sum()
        return FittedScore(LinearScore(np.empty(0), float(np.log(positives / (len(y) - positives))), "logistic"), None)
    try:
        estimator.fit(X, y)
    except ValueError as error:
        raise RecipeError(f"The classifier {name} cannot be fitted to {len(y)} training cases: {error}") from error
    return FittedScore(score_of(estimator), out_of_bag(estimator))


def score_from_parts(description: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Score:
    """The score that :meth:`Score.to_parts` took apart.

    Raises
    ------
    BundleError
        For an unknown kind, or parts that do not fit.
    """
    kind = description.get("kind") if isinstance(description, Mapping) else None
    if not isinstance(kind, str) or kind not in _SCORES:
        raise BundleError(f"The bundle has a model of the kind {kind!r:.60}, which is not allowed.")
    return _SCORES[kind].from_parts(description, arrays)
