"""A member: one complete fitted pipeline, from features and images to score."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation import within_fold_auc
from RadFusionLib.fusion.case_score import CaseScore
from RadFusionLib.fusion.classifier import fit_classifier, signature
from RadFusionLib.fusion.folds import stratified_folds
from RadFusionLib.fusion.lasso_path import LassoPath
from RadFusionLib.fusion.network_fits import PLAIN, NetworkFits
from RadFusionLib.fusion.pipeline import Prepared, fit_prepared, prepare_features
from RadFusionLib.fusion.ranked_models import fit_ranked, is_ranked
from RadFusionLib.fusion.stacked_score import StackedScore
from RadFusionLib.fusion.table import CLINICAL, FeatureTable
from RadFusionLib.recipe import ModelSpec, Recipe, Step

__all__ = ["Member", "Published", "fit_member", "needed_models"]

LOGISTIC = Step("logistic")
"""What fuses a stack that names no classifier of its own."""


@dataclass(frozen=True)
class Member:
    """A fitted pipeline: the models it was asked for, and which of them is final.

    Parameters
    ----------
    scores : mapping of str to CaseScore
        The fitted score by the model's name.
    final : str
        The model that the inner folds chose.
    inner_auc : mapping of str to float
        Each model's AUC over the inner folds.
    paths : mapping of str to LassoPath
        Of the models with a LASSO among their steps, for the training's record; a bundle's members have none.
    """

    scores: Mapping[str, CaseScore]
    final: str
    inner_auc: Mapping[str, float]
    paths: Mapping[str, LassoPath] = field(default_factory=dict)

    def score(self, table: FeatureTable) -> np.ndarray:
        """CaseScore of each case by the final model, shape (n,)."""
        return self.scores[self.final].score(table)

    @property
    def features(self) -> tuple[str, ...]:
        """The features of the final model."""
        return self.scores[self.final].features

    @property
    def images(self) -> tuple[str, ...]:
        """The networks whose images the final model needs."""
        return self.scores[self.final].images


@dataclass(frozen=True)
class Published:
    """What a paper's own protocol lets a member see that it must not; for comparison only.

    Parameters
    ----------
    prepared : mapping of str to Prepared
        Steps that were fitted on the whole cohort, by model.
    ranked : mapping of str to numpy.ndarray of int
        Columns that were ranked on the whole cohort, by ranked model; empty to rank on the member's cases.
    in_sample : bool
        Whether a stack is fitted on signatures of the cases that fitted them.
    """

    prepared: Mapping[str, Prepared] = field(default_factory=dict)
    ranked: Mapping[str, np.ndarray] = field(default_factory=dict)
    in_sample: bool = False


STRICT = Published()
"""Nothing: every step is fitted on the member's cases, every stacked signature out of fold."""


def fit_member(
    table: FeatureTable,
    outcome: np.ndarray,
    recipe: Recipe,
    models: Sequence[str],
    seed: int,
    published: Published = STRICT,
    fits: NetworkFits = PLAIN,
) -> Member:
    """Fit every step of the recipe on these cases alone.

    Whatever has to be chosen (the number of features of a ranked model, the final model) and whatever is stacked
    (signatures) comes from inner folds of the same cases, in which the whole selection is repeated.

    Parameters
    ----------
    table : FeatureTable
        The training cases, n of them.
    outcome : numpy.ndarray, shape (n,)
        0 or 1.
    recipe : Recipe
        Steps, classifier, models and folds.
    models : sequence of str
        The models to fit; those they need are fitted too.
    seed : int
        Of the inner folds and whatever is random.
    published : Published
        Leaks of a paper's own protocol; none by default.
    fits : NetworkFits
        How its networks are fitted; told how far they are.

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
    needed = needed_models(recipe, models)
    work = _MemberFit(table, outcome, recipe, seed, published, fits, sum(bool(model.network) for model in needed))
    work.fit(needed)
    wanted = [name for name in (m.name for m in recipe.models) if name in models]
    candidates = [name for name in recipe.final_candidates if name in wanted] or wanted
    final = candidates[0]
    if len(candidates) > 1:
        final = max(candidates, key=lambda name: work.inner_auc[name])
    return Member({m: work.scores[m] for m in wanted}, final, {m: work.inner_auc[m] for m in wanted}, work.paths)


def needed_models(recipe: Recipe, models: Collection[str]) -> list[ModelSpec]:
    """The models of these names and those they need, in the recipe's order."""
    needed = set(models)
    for model in reversed(recipe.models):
        if model.name in needed:
            needed |= set(model.inputs)
    return [model for model in recipe.models if model.name in needed]


class _MemberFit:
    """The fitted models of one member, and their out-of-fold scores while it is fitted."""

    def __init__(
        self,
        table: FeatureTable,
        outcome: np.ndarray,
        recipe: Recipe,
        seed: int,
        published: Published,
        fits: NetworkFits,
        networks: int,
    ) -> None:
        self.table, self.y, self.recipe, self.seed, self.published = table, outcome, recipe, seed, published
        self.fits, self.begun, self.wanted = fits, 0, networks * (recipe.inner_folds + 1)
        self.fold = stratified_folds(table.cases, outcome, recipe.inner_folds, seed)
        self.scores: dict[str, CaseScore] = {}
        self.out_of_fold: dict[str, np.ndarray] = {}
        self.inner_auc: dict[str, float] = {}
        self.paths: dict[str, LassoPath] = {}

    def fit(self, models: Sequence[ModelSpec]) -> None:
        ranked = [m.name for m in models if is_ranked(m, self.recipe)]
        stacked = {name for m in models for name in m.stack}
        if ranked:
            scores, out_of_fold, inner = fit_ranked(
                self.table,
                self.y,
                self.recipe,
                ranked,
                self.fold,
                [name for name in ranked if name in stacked],
                self.published.ranked,
            )
            self.scores |= scores
            self.out_of_fold |= out_of_fold
            self.inner_auc |= inner
        for model in models:
            if model.name not in self.scores:
                (self._stack if model.stack else self._single)(model)

    def _single(self, model: ModelSpec) -> None:
        everybody = np.ones(len(self.y), dtype=bool)
        self.scores[model.name] = self._fit_on(model, everybody)
        held_out = np.empty(len(self.y))
        for number in np.unique(self.fold):
            outside = self.fold == number
            held_out[outside] = self._signature(model, outside, int(number))
        self._keep(model, held_out)

    def _signature(self, model: ModelSpec, outside: np.ndarray, number: int) -> np.ndarray:
        """Of the cases outside, by the model fitted to the others."""
        unseen = self.table.rows(outside)
        if not model.network:
            return self._fit_on(model, ~outside).signature(unseen)
        section = self.recipe.networks[model.network]
        fits = self._next(f"inner fold {number + 1}/{self.recipe.inner_folds}")
        return fits.held_out(self.table.rows(~outside), self.y[~outside], model.network, section, self.seed, unseen)

    def _next(self, fit: str) -> NetworkFits:
        """The fit of a network that is now due."""
        self.begun += 1
        return self.fits.at(self.begun - 1, self.wanted, fit=fit)

    def _fit_on(self, model: ModelSpec, used: np.ndarray) -> CaseScore:
        table, y = (self.table, self.y) if used.all() else (self.table.rows(used), self.y[used])
        if model.network:
            section = self.recipe.networks[model.network]
            return self._next("all").fit(table, y, model.network, section, self.seed)
        prepared = self.published.prepared.get(model.name)
        if prepared is None:
            steps = self.recipe.steps if model.steps is None else model.steps
            prepared = prepare_features(table, y, table.of_model(model, self.recipe), steps, self.seed)
        if used.all() and prepared.path is not None:
            self.paths[model.name] = prepared.path
        return fit_prepared(table, y, prepared, model.classifier or self.recipe.classifier, self.seed)

    def _stack(self, model: ModelSpec) -> None:
        signatures = {name: self.scores[name] for name in model.stack}
        clinical = self._selected(model)
        values = self.table.columns(clinical)
        if self.published.in_sample:
            inputs = [score.signature(self.table) for score in signatures.values()]
        else:
            inputs = [self.out_of_fold[name] for name in model.stack]
        X = np.column_stack([*inputs, values])
        classifier = model.classifier or LOGISTIC

        def fitted(used: np.ndarray) -> StackedScore:
            meta = fit_classifier(classifier, X[used], self.y[used], self.seed)
            return StackedScore(signatures, clinical, meta)

        self.scores[model.name] = fitted(np.ones(len(self.y), dtype=bool))
        held_out = np.empty(len(self.y))
        for number in np.unique(self.fold):
            outside = self.fold == number
            held_out[outside] = signature(fitted(~outside).classifier, X[outside])
        self._keep(model, held_out)

    def _selected(self, model: ModelSpec) -> tuple[str, ...]:
        """The clinical columns of a stack: those it names, or those its clinical model selected."""
        named = tuple(CLINICAL + name for name in model.variables)
        return named + (self.scores[model.clinical].features if model.clinical else ())

    def _keep(self, model: ModelSpec, held_out: np.ndarray) -> None:
        self.out_of_fold[model.name] = held_out
        self.inner_auc[model.name] = within_fold_auc(self.y, held_out, self.fold)
