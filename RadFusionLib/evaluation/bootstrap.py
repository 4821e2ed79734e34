"""Intervals that resample patients, for scores whose rows are not independent."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.checks import check_level, check_outcome, check_scores
from RadFusionLib.evaluation.estimate import Estimate

__all__ = ["bootstrap_auc", "patient_bootstrap", "patient_samples"]


def patient_samples(
    patients: ArrayLike, outcome: ArrayLike, resamples: int = 1000, seed: int = 0, *, stratified: bool = True
) -> list[np.ndarray]:
    """Rows of each bootstrap sample: patients drawn with replacement, each with all its rows.

    Parameters
    ----------
    patients : array-like, shape (n,)
        Whom each row (a case, a lesion, a patch) belongs to.
    outcome : array-like, shape (n,)
        0 or 1 of each row.
    resamples : int
        How many samples.
    seed : int
        Of the generator; the same seed gives the same samples.
    stratified : bool
        Whether patients with and without a positive row are drawn apart, in their own numbers, so that no sample
        lacks a class; right for what does not depend on the prevalence, such as an AUC.

    Returns
    -------
    list of numpy.ndarray of int
        One array of row numbers a sample.
    """
    positive = check_outcome(outcome)
    _, patient = np.unique(np.asarray(patients), return_inverse=True)
    if patient.shape != positive.shape:
        raise InputError(f"There are {patient.size} patient names for {positive.size} outcomes; give one per row.")
    if resamples < 1:
        raise InputError(f"{resamples} bootstrap samples are too few; ask for 1,000.")
    rows = np.argsort(patient, kind="stable")
    members = np.split(rows, np.cumsum(np.bincount(patient))[:-1])
    ever = np.array([positive[member].any() for member in members])
    everybody = np.arange(len(members))
    groups = [everybody[ever], everybody[~ever]] if stratified else [everybody]
    if len(members) < 3:
        raise InputError(f"The rows belong to {len(members)} patients; resampling needs at least three.")
    generator = np.random.default_rng(seed)
    samples = []
    for _ in range(resamples):
        drawn = np.concatenate([generator.choice(group, len(group)) for group in groups if len(group)])
        samples.append(np.concatenate([members[number] for number in drawn]))
    return samples


def patient_bootstrap(
    statistic: Callable[[np.ndarray], float],
    patients: ArrayLike,
    outcome: ArrayLike,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
    *,
    stratified: bool = True,
) -> Estimate:
    """Percentile interval of any statistic, patients resampled.

    What was fitted stays fitted: the interval holds for these models, not for the making of new ones.

    Parameters
    ----------
    statistic : callable
        Takes row numbers, gives a number; NaN where a sample does not define it.
    patients, outcome, resamples, seed, stratified
        As for :func:`patient_samples`.
    level : float
        Confidence level.

    Raises
    ------
    InputError
        When the statistic is undefined in more than one sample of ten.
    """
    check_level(level)
    samples = patient_samples(patients, outcome, resamples, seed, stratified=stratified)
    drawn = np.array([statistic(sample) for sample in samples])
    return _percentile(statistic(np.arange(np.size(outcome))), drawn, level)


def bootstrap_auc(
    outcome: ArrayLike,
    score: ArrayLike,
    patients: ArrayLike,
    fold: ArrayLike | None = None,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Estimate:
    """AUC of cross-validated or patch scores with an interval by patients.

    Parameters
    ----------
    outcome, score : array-like, shape (n,)
        Of each row.
    patients : array-like, shape (n,)
        Whom each row belongs to.
    fold : array-like of int, shape (n,), optional
        Given, only rows scored by the same member are compared
        (:func:`~RadFusionLib.evaluation.discrimination.within_fold_auc`).
    resamples, level, seed
        As for :func:`patient_bootstrap`.
    """
    check_level(level)
    positive = check_outcome(outcome)
    values = check_scores(positive, score)
    folds = np.zeros(positive.size, dtype=int) if fold is None else np.asarray(fold)
    if folds.shape != positive.shape:
        raise InputError(f"There are {folds.size} fold numbers for {positive.size} outcomes; give one per row.")
    samples = [np.arange(positive.size), *patient_samples(patients, positive, resamples, seed)]
    areas = _aucs_of_samples(positive, values, folds, samples)
    return _percentile(areas[0], areas[1:], level)


def _aucs_of_samples(
    positive: np.ndarray, score: np.ndarray, fold: np.ndarray, samples: Sequence[np.ndarray]
) -> np.ndarray:
    """AUC within folds of each sample of rows; NaN where it has no pair. The scores are put in order only once."""
    won, pairs = np.zeros(len(samples)), np.zeros(len(samples))
    parts = []
    for number in np.unique(fold):
        inside = np.flatnonzero(fold == number)
        ordered = inside[np.argsort(score[inside], kind="stable")]
        starts = np.flatnonzero(np.diff(score[ordered], prepend=np.nan) != 0)
        parts.append((ordered, starts, positive[ordered]))
    for row, sample in enumerate(samples):
        drawn = np.bincount(sample, minlength=positive.size).astype(float)
        for ordered, starts, ill in parts:
            times = drawn[ordered]
            with_it = np.add.reduceat(np.where(ill, times, 0.0), starts)
            without = np.add.reduceat(np.where(ill, 0.0, times), starts)
            won[row] += with_it @ (np.cumsum(without) - without / 2)
            pairs[row] += with_it.sum() * without.sum()
    return np.divide(won, pairs, out=np.full(len(samples), np.nan), where=pairs > 0)


def _percentile(value: float, drawn: np.ndarray, level: float) -> Estimate:
    defined = drawn[np.isfinite(drawn)]
    if defined.size < 0.9 * drawn.size:
        raise InputError(
            f"Only {defined.size} of {drawn.size} bootstrap samples define the statistic; there are too few patients."
        )
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(float(value), float(low), float(high), level, f"percentile of {defined.size} samples of patients")
