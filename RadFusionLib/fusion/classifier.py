"""A recipe's classifier: fitted as it is, over a grid, or chosen among several, on training cases alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.special import expit

from RadFusionLib.errors import RecipeError
from RadFusionLib.fusion.scores import LinearScore, Score, classifier, fit_score, tuned
from RadFusionLib.recipe import Step

__all__ = ["check_classifier", "decision", "fit_classifier", "signature"]

CHOICE = "choose"
"""The name under which a recipe lists several classifiers."""


def check_classifier(step: Step) -> None:
    """Check the names and parameters of what :func:`fit_classifier` would fit, without any case.

    Raises
    ------
    RecipeError
        For a classifier or a parameter that is not known.
    """
    candidates, grid, _ = _parts(step)
    for name, parameters in candidates.items():
        classifier(name, parameters)
        # A grid's values are tried one by one, so only its names can be wrong here.
        tried = _tried(grid, name)
        classifier(name, {**parameters, **{key: values[0] for key, values in tried.items()}})


def fit_classifier(step: Step, X: np.ndarray, y: np.ndarray, seed: int) -> Score:
    """Fit the classifier that a recipe names.

    Parameters
    ----------
    step : Step
        A classifier's name and parameters, ``grid`` and ``folds`` among them where parameters are to be tried; or
        ``choose`` with ``candidates``, ``folds`` and perhaps a ``grid`` by candidate.
    X : numpy.ndarray, shape (n, p)
        Training cases.
    y : numpy.ndarray of int, shape (n,)
        0 or 1.
    seed : int
        Of folds and classifiers.
    """
    candidates, grid, folds = _parts(step)
    fewest = int(np.bincount(y, minlength=2).min())
    if X.shape[1] == 0 or fewest < 2 or (len(candidates) == 1 and grid is None):
        name, found = next(iter(candidates.items()))
        return fit_score(name, found, X, y, seed).score
    best = tuned(X, y, candidates, grid, min(folds, fewest), seed=seed).best
    return fit_score(best.name, best.parameters, X, y, seed).score


def _parts(step: Step) -> tuple[dict[str, Mapping[str, Any]], dict[str, Any] | None, int]:
    """Parameters by classifier, the grid by classifier, and the number of folds."""
    parameters = dict(step.parameters)
    folds = int(parameters.pop("folds", 5))
    grid = parameters.pop("grid", None)
    if step.name == CHOICE:
        return _candidates(parameters), grid, folds
    return {step.name: parameters}, {step.name: grid} if grid else None, folds


def _tried(grid: Any, name: str) -> Mapping[str, list[Any]]:
    """The values that a grid tries of each parameter of a classifier."""
    tried = {} if grid is None else grid.get(name, {}) if isinstance(grid, Mapping) else None
    if not isinstance(tried, Mapping) or not all(isinstance(values, list) and values for values in tried.values()):
        raise RecipeError(f"The grid of the classifier {name} must give a list of values for each parameter.")
    return tried


def _candidates(parameters: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    entries = parameters.get("candidates")
    if not isinstance(entries, list) or not entries or set(parameters) != {"candidates"}:
        raise RecipeError("A choice of classifiers needs a list of candidates, and may have folds and a grid.")
    steps = [Step(entry) if isinstance(entry, str) else Step.from_entry(entry) for entry in entries]
    return {step.name: step.parameters for step in steps}


def decision(score: Score, X: np.ndarray) -> np.ndarray:
    """The log-odds or decision value of a linear score, the score itself of any other, shape (n,)."""
    if isinstance(score, LinearScore):
        return score.intercept + score.terms(X).sum(axis=1)
    return score.score(X)


def signature(score: Score, X: np.ndarray) -> np.ndarray:
    """The score in [0, 1], shape (n,); a decision value goes through the logistic function."""
    found = score.score(X)
    return found if score.scale == "probability" else expit(found)
