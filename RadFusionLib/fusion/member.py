"""A member: one complete fitted pipeline, from features to score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from RadFusionLib.errors import InputError, RecipeError
from RadFusionLib.evaluation import auc
from RadFusionLib.fusion.folds import stratified_folds
from RadFusionLib.fusion.table import FeatureTable
from RadFusionLib.recipe import Recipe
from RadFusionLib.selection import ClinicalSelection, CorrelationFilter, InformativeFeatures, LinearElimination

__all__ = ["LinearScore", "Member", "fit_member"]


@dataclass(frozen=True, eq=False)
class LinearScore:
    """A linear score of standardised features: ``intercept + sum(weight * (x - mean) / scale)``.

    Parameters
    ----------
    features : tuple of str
        Names, length p (0 for a model that found nothing: a constant score).
    mean, scale, weight : numpy.ndarray, shape (p,)
        Training mean and standard deviation of each feature, and its weight.
    intercept : float
        The score of a case at the training mean.
    """

    features: tuple[str, ...]
    mean: np.ndarray
    scale: np.ndarray
    weight: np.ndarray
    intercept: float

    def terms(self, table: FeatureTable) -> np.ndarray:
        """Each feature's addend to the score, shape (n, p)."""
        return self.weight * (table.columns(self.features) - self.mean) / self.scale

    def score(self, table: FeatureTable) -> np.ndarray:
        """Score of each case, shape (n,); higher means more likely positive."""
        return self.intercept + self.terms(table).sum(axis=1)


@dataclass(frozen=True)
class Member:
    """A fitted pipeline: the models it was asked for, and which of them is final.

    Parameters
    ----------
    scores : mapping of str to LinearScore
        The fitted score by the model's name.
    final : str
        The model that the inner folds chose.
    inner_auc : mapping of str to float
        Each model's AUC over the inner folds, at its chosen number of features.
    """

    scores: Mapping[str, LinearScore]
    final: str
    inner_auc: Mapping[str, float]

    def score(self, table: FeatureTable) -> np.ndarray:
        """Score of each case by the final model, shape (n,)."""
        return self.scores[self.final].score(table)

    @property
    def features(self) -> tuple[str, ...]:
        """The features of the final model."""
        return self.scores[self.final].features


def fit_member(table: FeatureTable, outcome: np.ndarray, recipe: Recipe, models: Sequence[str], seed: int) -> Member:
    """Fit every step of the recipe on these cases alone.

    The number of features of each model and the final model are those with the highest mean AUC over inner
    folds of the same cases, in which the whole selection is repeated.

    Parameters
    ----------
    table : FeatureTable
        The training cases, n of them.
    outcome : numpy.ndarray, shape (n,)
        0 or 1.
    recipe : Recipe
        Steps, classifier, models and folds.
    models : sequence of str
        The models to fit; those they aggregate are ranked too.
    seed : int
        Of the inner folds.

    Raises
    ------
    InputError
        When there are fewer cases of one outcome than inner folds.
    """
    outcome = np.asarray(outcome).astype(int)
    count = min(int(outcome.sum()), int((1 - outcome).sum()))
    if count < recipe.inner_folds:
        raise InputError(
            f"The training folds leave {count} cases of one outcome, fewer than the {recipe.inner_folds} inner folds; "
            "add cases or lower folds.inner in the recipe."
        )
    fold = stratified_folds(table.cases, outcome, recipe.inner_folds, seed)
    curves: dict[str, list[np.ndarray]] = {name: [] for name in models}
    for number in range(recipe.inner_folds):
        inside, outside = fold != number, fold == number
        ranked = _rank(table.rows(inside), outcome[inside], recipe, models)
        for name in models:
            curve = _auc_curve(table, outcome, inside, outside, ranked[name], recipe)
            curves[name].append(curve)
    best = {name: _best_count(curves[name]) for name in models}
    ranked = _rank(table, outcome, recipe, models)
    scores = {
        name: _fit_score(table, outcome, ranked[name][: best[name][0]], recipe.classifier.parameters) for name in models
    }
    inner_auc = {name: best[name][1] for name in models}
    candidates = [name for name in recipe.final_candidates if name in models]
    final = max(candidates, key=lambda name: inner_auc[name])
    return Member(scores, final, inner_auc)


def _rank(table: FeatureTable, y: np.ndarray, recipe: Recipe, models: Sequence[str]) -> dict[str, np.ndarray]:
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
