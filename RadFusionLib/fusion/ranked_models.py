"""Models whose features are ranked by elimination, their number chosen by inner folds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from RadFusionLib.errors import RecipeError
from RadFusionLib.evaluation import auc
from RadFusionLib.fusion.linear_score import LinearScore
from RadFusionLib.fusion.table import FeatureTable
from RadFusionLib.recipe import ModelSpec, Recipe
from RadFusionLib.selection import ClinicalSelection, CorrelationFilter, InformativeFeatures, LinearElimination

__all__ = ["fit_ranked", "is_ranked", "rank_features"]


def is_ranked(model: ModelSpec, recipe: Recipe) -> bool:
    """Whether the model's features are ranked: it aggregates, or its steps are the recipe's with an elimination."""
    if model.aggregate:
        return True
    return bool(model.families) and model.steps is None and any(s.name == "elimination" for s in recipe.steps)


def fit_ranked(
    table: FeatureTable,
    y: np.ndarray,
    recipe: Recipe,
    models: Sequence[str],
    fold: np.ndarray,
    stacked: Sequence[str] = (),
    given: Mapping[str, np.ndarray] | None = None,
) -> tuple[dict[str, LinearScore], dict[str, np.ndarray], dict[str, float]]:
    """Fit models on all of these cases, the number of features of each chosen by inner folds.

    Parameters
    ----------
    table : FeatureTable
        The training cases, n of them.
    y : numpy.ndarray of int, shape (n,)
        0 or 1.
    models : sequence of str
        Names; those they aggregate are ranked too.
    fold : numpy.ndarray of int, shape (n,)
        The inner folds, in each of which the whole selection is repeated.
    stacked : sequence of str
        The models whose out-of-fold scores are wanted.
    given : mapping of str to numpy.ndarray of int, optional
        Columns by model that were ranked before, on more than these cases: for the ``published`` protocol alone.

    Returns
    -------
    scores : dict of str to LinearScore
        Fitted on all cases.
    out_of_fold : dict of str to numpy.ndarray, shape (n,)
        Each case's signature by the fit that did not see its inner fold.
    inner_auc : dict of str to float
        Mean AUC over the inner folds, at the chosen number of features.
    """
    curves: dict[str, list[np.ndarray]] = {name: [] for name in models}
    rankings = []
    for number in np.unique(fold):
        inside, outside = fold != number, fold == number
        ranked = given or rank_features(table.rows(inside), y[inside], recipe, models)
        rankings.append(ranked)
        for name in models:
            curves[name].append(_auc_curve(table, y, inside, outside, ranked[name], recipe))
    best = {name: _best_count(curves[name]) for name in models}
    out_of_fold = {name: np.empty(len(y)) for name in stacked}
    parameters = recipe.classifier.parameters
    for number, ranked in zip(np.unique(fold), rankings, strict=True):
        inside, outside = fold != number, fold == number
        for name in stacked:
            columns = ranked[name][: best[name][0]]
            fitted = _fit_score(table.rows(inside), y[inside], columns, parameters)
            out_of_fold[name][outside] = fitted.signature(table.rows(outside))
    ranked = given or rank_features(table, y, recipe, models)
    scores = {name: _fit_score(table, y, ranked[name][: best[name][0]], parameters) for name in models}
    return scores, out_of_fold, {name: best[name][1] for name in models}


def rank_features(
    table: FeatureTable, y: np.ndarray, recipe: Recipe, models: Sequence[str]
) -> Mapping[str, np.ndarray]:
    """Columns of each model's features, best first, as selected on these cases."""
    most = int(_parameters(recipe, "elimination").get("most", 20))
    known = InformativeFeatures().fit(table.values, y).get_support()
    ranked: dict[str, np.ndarray] = {}

    def rank(name: str) -> np.ndarray:
        if name in ranked:
            return ranked[name]
        model = recipe.model(name)
        if model.families == ("clinical",):
            found = _clinical(table, y, recipe)
        elif model.aggregate:
            clinical = [m for m in model.aggregate if recipe.model(m).families == ("clinical",)]
            images = [rank(m) for m in model.aggregate if m not in clinical]
            joined = np.concatenate(images) if images else np.empty(0, dtype=int)
            found = joined
            if len(images) > 1:
                found = _eliminate(table.values, y, np.unique(joined), recipe, most)
            for m in clinical:
                # Clinical variables that passed their own tests enter first, whatever the number of features.
                found = np.concatenate([rank(m), found])
        else:
            columns = table.of_model(model, recipe)
            found = _eliminate(table.values, y, columns[known[columns]], recipe, most)
        ranked[name] = found
        return found

    return {name: rank(name) for name in models}


def _eliminate(values: np.ndarray, y: np.ndarray, columns: np.ndarray, recipe: Recipe, most: int) -> np.ndarray:
    if columns.size == 0:
        return columns
    X = StandardScaler().fit_transform(values[:, columns])
    for step in recipe.steps:
        if step.name == "zscore":
            continue
        if step.name == "correlation":
            kept = CorrelationFilter(**step.parameters).fit(X, y).get_support()
            X, columns = X[:, kept], columns[kept]
        elif step.name == "elimination":
            order = LinearElimination(**step.parameters).fit(X, y).order_
            X, columns = X[:, order], columns[order]
        else:
            raise RecipeError(f"Recipe {recipe.name} names the step {step.name!r}, which is not known.")
    return columns[:most]


def _clinical(table: FeatureTable, y: np.ndarray, recipe: Recipe) -> np.ndarray:
    spec = next(m for m in recipe.models if m.families == ("clinical",))
    columns = table.of_model(spec, recipe)
    if columns.size == 0:
        return columns
    selection = ClinicalSelection(**recipe.document["clinical_selection"]).fit(table.values[:, columns], y)
    kept = selection.get_support()
    return columns[kept][np.argsort(selection.p_multivariable_[kept], kind="stable")]


def _fit_score(
    table: FeatureTable, y: np.ndarray, columns: np.ndarray, parameters: Mapping[str, object]
) -> LinearScore:
    names = tuple(table.names[c] for c in columns)
    if columns.size == 0:
        return LinearScore(names, np.empty(0), np.empty(0), np.empty(0), 0.0)
    scaler = StandardScaler().fit(table.values[:, columns])
    machine = SVC(**parameters).fit(scaler.transform(table.values[:, columns]), y)  # type: ignore[arg-type]
    return LinearScore(names, scaler.mean_, scaler.scale_, machine.coef_[0], float(machine.intercept_[0]))


def _auc_curve(
    table: FeatureTable, y: np.ndarray, inside: np.ndarray, outside: np.ndarray, columns: np.ndarray, recipe: Recipe
) -> np.ndarray:
    """AUC on the held-out cases with 1, 2, ... of the ranked features, shape (number of features,)."""
    train, test = table.rows(inside), table.rows(outside)
    curve = []
    for count in range(1, columns.size + 1):
        score = _fit_score(train, y[inside], columns[:count], recipe.classifier.parameters).score(test)
        curve.append(auc(y[outside], np.where(np.isfinite(score), score, 0.0)))
    return np.asarray(curve)


def _best_count(curves: Sequence[np.ndarray]) -> tuple[int, float]:
    """Number of features with the highest mean AUC (the smallest of equals), and that AUC."""
    shortest = min(len(c) for c in curves)
    if shortest == 0:
        return 0, 0.5
    mean = np.mean([c[:shortest] for c in curves], axis=0)
    count = int(np.argmax(mean))
    return count + 1, float(mean[count])


def _parameters(recipe: Recipe, name: str) -> Mapping[str, Any]:
    return next((step.parameters for step in recipe.steps if step.name == name), {})
