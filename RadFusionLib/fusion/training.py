"""Fit an ensemble on training cases: members, calibration, threshold and interval, all without leakage."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation import within_fold_auc
from RadFusionLib.evaluation.bootstrap import bootstrap_auc
from RadFusionLib.fusion.calibration import PlattCalibration
from RadFusionLib.fusion.ensemble import Ensemble
from RadFusionLib.fusion.folds import assign_folds, stratified_folds
from RadFusionLib.fusion.interval import HalfSampleInterval
from RadFusionLib.fusion.lasso_path import LassoPath
from RadFusionLib.fusion.member import Member, fit_member
from RadFusionLib.fusion.network_fits import PLAIN, NetworkFits
from RadFusionLib.fusion.table import FeatureTable
from RadFusionLib.fusion.threshold import youden_threshold
from RadFusionLib.progress import Stage
from RadFusionLib.recipe import Recipe

__all__ = ["TrainedEnsemble", "fit_ensemble", "fold_members", "out_of_fold_scores"]


@dataclass(frozen=True)
class TrainedEnsemble:
    """An ensemble and what its training measured.

    Parameters
    ----------
    ensemble : Ensemble
        Ready to predict.
    folds : numpy.ndarray of int, shape (n,)
        The fold each training case was held out in.
    held_out : numpy.ndarray, shape (n,)
        Score of each training case by a nested ensemble that never saw its fold; what the calibration is fitted to.
    out_of_fold : numpy.ndarray, shape (n,)
        Cross-fitted probability of each, by that ensemble and a calibration that never saw its fold.
    auc : dict of str to float
        Out-of-fold AUC by model (each fold scored by the member fitted without it), and of the whole
        ensemble under ``ensemble``.
    auc_interval : dict of str to tuple of float
        The 95 % interval of each, training patients resampled; the models stay as they were fitted.
    lasso : dict of str to tuple of LassoPath
        By model with a LASSO among its steps, a path a member.
    """

    ensemble: Ensemble
    folds: np.ndarray
    held_out: np.ndarray
    out_of_fold: np.ndarray
    auc: dict[str, float]
    auc_interval: dict[str, tuple[float, float]]
    lasso: dict[str, tuple[LassoPath, ...]]


def fold_members(
    table: FeatureTable,
    outcome: np.ndarray,
    recipe: Recipe,
    models: Sequence[str],
    seed: int,
    run: Runner | None = None,
) -> tuple[np.ndarray, list[Member]]:
    """Fit one member a fold, each on the other folds alone; return the folds and the members."""
    fold = assign_folds(table.cases, recipe.outer_folds, seed)
    tasks = [(table, outcome, recipe, models, seed, fold != k) for k in range(recipe.outer_folds)]
    return fold, list((run or _serial)(_fit_on, tasks))


def out_of_fold_scores(table: FeatureTable, members: Sequence[Member], fold: np.ndarray, model: str = "") -> np.ndarray:
    """Score each case by the member fitted without its fold, shape (n,); by ``model``, or each member's final."""
    score = np.empty(len(table.cases))
    for number, member in enumerate(members):
        held = table.rows(fold == number)
        score[fold == number] = (member.scores[model] if model else member).score(held)
    return score


def fit_ensemble(
    table: FeatureTable,
    outcome: np.ndarray,
    recipe: Recipe,
    seed: int = 1,
    jobs: int = 1,
    progress: Stage | None = None,
    fits: NetworkFits = PLAIN,
) -> TrainedEnsemble:
    """Fit the recipe's ensemble.

    Parameters
    ----------
    table : FeatureTable
        Training cases only, n of them.
    outcome : numpy.ndarray, shape (n,)
        0 or 1.
    recipe : Recipe
        The method.
    seed : int
        Of the folds and halves.
    jobs : int
        Processes; the result does not depend on it.
    progress : Stage, optional
        Reports and may cancel; with one process, each step of a network too.
    fits : NetworkFits
        Whether and where the fits of networks are kept and written down.

    Raises
    ------
    InputError
        When the cases are too few for the recipe's folds, or have one outcome only.
    """
    outcome = np.asarray(outcome).astype(int)
    _check(table, outcome, recipe)
    progress = progress or Stage()
    fitting = _Fitting(jobs, fits, progress)
    models = [m.name for m in recipe.models]
    final = [m for m in models if m in recipe.final_candidates]
    fold, members = fold_members(table, outcome, recipe, models, seed, fitting.runner("members", 0.0, 0.2))
    scores = {m: out_of_fold_scores(table, members, fold, m) for m in models}
    lasso = {m: tuple(one.paths[m] for one in members) for m in models if all(m in one.paths for one in members)}
    members = [_only(member, _kept(recipe)) for member in members]

    nested = _nested_scores(table, outcome, recipe, final, fold, seed, fitting.runner("nested members", 0.2, 0.6))
    scores["ensemble"] = nested.held_out
    auc = {name: within_fold_auc(outcome, score, fold) for name, score in scores.items()}
    intervals = {name: _auc_interval(outcome, score, fold) for name, score in scores.items()}
    calibration = PlattCalibration.fit(nested.held_out, outcome)
    crossed = _cross_fitted(nested, outcome, fold)
    threshold = youden_threshold(outcome, crossed)
    interval = _halves(table, outcome, recipe, final, seed, fitting.runner("interval", 0.6, 1.0))
    ensemble = Ensemble(tuple(members), calibration, interval, threshold)
    return TrainedEnsemble(ensemble, fold, nested.held_out, crossed, auc, intervals, lasso)


@dataclass(frozen=True, eq=False)
class _Nested:
    """Scores by ensembles fitted on the other folds.

    Parameters
    ----------
    held_out : numpy.ndarray, shape (n,)
        Mean score of the ensemble that never saw the case's fold.
    inside : numpy.ndarray, shape (folds, n)
        For each of these ensembles, the score of its own cases by the member that did not see them; NaN for the fold
        it was fitted without.
    """

    held_out: np.ndarray
    inside: np.ndarray


def _nested_scores(
    table: FeatureTable, y: np.ndarray, recipe: Recipe, models: Sequence[str], fold: np.ndarray, seed: int, run: Runner
) -> _Nested:
    """Fit a whole ensemble on the other folds of each fold, and score those it did not see."""
    tasks, unseen = [], []
    for number in range(recipe.outer_folds):
        inside = np.flatnonzero(fold != number)
        # All of these outcomes are training data to this fold, so the parts may be balanced by them.
        inner = stratified_folds([table.cases[i] for i in inside], y[inside], recipe.outer_folds, seed + 1)
        for part in range(recipe.outer_folds):
            used = np.zeros(len(table.cases), dtype=bool)
            used[inside[inner != part]] = True
            tasks.append((table, y, recipe, models, seed, used))
            unseen.append(inside[inner == part])
    members = list(run(_fit_on, tasks))
    found = _Nested(np.empty(len(y)), np.full((recipe.outer_folds, len(y)), np.nan))
    for number in range(recipe.outer_folds):
        held = table.rows(fold == number)
        own = slice(number * recipe.outer_folds, (number + 1) * recipe.outer_folds)
        found.held_out[fold == number] = np.mean([m.score(held) for m in members[own]], axis=0)
        for member, cases in zip(members[own], unseen[own], strict=True):
            found.inside[number, cases] = member.score(table.rows(cases))
    return found


def _cross_fitted(nested: _Nested, y: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Probability of each case, shape (n,), by an ensemble and a calibration that know nothing of its fold.

    The calibration is fitted to what the ensemble's members say of the ensemble's own cases that they did not see.
    Scores of the other folds' ensembles would not do: those were fitted to this fold's outcomes.
    """
    probability = np.empty(len(y))
    for number, inside in enumerate(nested.inside):
        known = np.isfinite(inside)
        held = fold == number
        calibration = PlattCalibration.fit(inside[known], y[known])
        probability[held] = calibration.probability(nested.held_out[held])
    return probability


def _halves(
    table: FeatureTable, y: np.ndarray, recipe: Recipe, models: Sequence[str], seed: int, run: Runner
) -> HalfSampleInterval:
    halves = []
    for number in range(recipe.interval_refits // 2):
        digest = hashlib.sha256(f"halves:{seed}:{number}".encode()).digest()
        first = _stratified_half(y, np.random.default_rng(int.from_bytes(digest[:8], "big")))
        halves += [first, ~first]
    members = list(run(_fit_on, [(table, y, recipe, models, seed, half) for half in halves]))
    fitted = [_only(member, [member.final]) for member in members]
    pairs = list(zip(fitted[::2], fitted[1::2], strict=True))
    return HalfSampleInterval.fit(pairs, halves[::2], table, y, recipe.interval_level)


def _stratified_half(y: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    half = np.zeros(len(y), dtype=bool)
    for value in (0, 1):
        where = generator.permutation(np.flatnonzero(y == value))
        half[where[: (len(where) + value) // 2]] = True
    return half


def _auc_interval(y: np.ndarray, score: np.ndarray, fold: np.ndarray) -> tuple[float, float]:
    """Of an out-of-fold AUC, patients resampled; NaN where too few samples have both classes in a fold."""
    try:
        found = bootstrap_auc(y, score, np.arange(len(y)), fold)
    except InputError:
        return float("nan"), float("nan")
    return found.low, found.high


def _kept(recipe: Recipe) -> list[str]:
    """The final candidates, and the models beside them, for an evaluation to compare; a stack holds its own parts."""
    inside: set[str] = set()
    for model in reversed(recipe.models):
        if model.name in inside or model.name in recipe.final_candidates:
            inside |= set(model.stack)
    return [m.name for m in recipe.models if m.name in recipe.final_candidates or m.name not in inside]


def _only(member: Member, models: Sequence[str]) -> Member:
    return Member({m: member.scores[m] for m in models}, member.final, member.inner_auc)


def _check(table: FeatureTable, y: np.ndarray, recipe: Recipe) -> None:
    events, rest = int(y.sum()), int((1 - y).sum())
    if min(events, rest) < 2 * recipe.inner_folds:
        raise InputError(
            f"There are {events} training cases with the outcome and {rest} without; recipe {recipe.name} with "
            f"{recipe.outer_folds} outer and {recipe.inner_folds} inner folds needs at least {2 * recipe.inner_folds} "
            "of each. Add cases or lower the folds."
        )


Runner = Callable[[Callable[..., Any], Sequence[tuple[Any, ...]]], Iterable[Any]]


def _fit_on(
    table: FeatureTable,
    y: np.ndarray,
    recipe: Recipe,
    models: Sequence[str],
    seed: int,
    used: np.ndarray,
    fits: NetworkFits = PLAIN,
) -> Member:
    return fit_member(table.rows(used), y[used], recipe, models, seed, fits=fits)


def _serial(function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]) -> Iterable[Any]:
    return (function(*task) for task in tasks)


@dataclass(frozen=True)
class _Fitting:
    """Who fits the members, and what is told of it."""

    jobs: int
    fits: NetworkFits
    progress: Stage

    def runner(self, part: str, start: float, stop: float) -> Runner:
        """Fits the members of a part of the training, which is a share of the whole."""
        progress = self.progress.part(start, stop)
        # What tells a window or a terminal cannot be sent to another process: there, only finished members are told.
        fits = self.fits.told(progress if self.jobs == 1 else Stage())

        def run(function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]) -> Iterable[Any]:
            progress(0.0, f"Fitting {part}")
            count = len(tasks)
            given = [
                (*task, fits.at(number, count, part=part, member=f"{number + 1}/{count}"))
                for number, task in enumerate(tasks)
            ]
            for number, result in enumerate(self._results(function, given), start=1):
                yield result
                progress(number / count, f"Fitting {part}: {number} of {count}")

        return run

    def _results(self, function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]) -> Iterable[Any]:
        if self.jobs == 1:
            yield from _serial(function, tasks)
            return
        from joblib import Parallel, delayed

        with Parallel(n_jobs=self.jobs, return_as="generator") as pool:
            yield from pool(delayed(function)(*task) for task in tasks)
