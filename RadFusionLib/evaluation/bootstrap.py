"""Intervals that resample patients, for scores whose rows are not independent."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.checks import check_level, check_outcome, check_scores
from RadFusionLib.evaluation.discrimination import auc, within_fold_auc
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
    defined = drawn[np.isfinite(drawn)]
    if defined.size < 0.9 * drawn.size:
        raise InputError(
            f"Only {defined.size} of {drawn.size} bootstrap samples define the statistic; there are too few patients."
        )
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    value = float(statistic(np.arange(np.size(outcome))))
    return Estimate(value, float(low), float(high), level, f"percentile of {defined.size} samples of patients")


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
    positive = check_outcome(outcome)
    values = check_scores(positive, score)
    folds = None if fold is None else np.asarray(fold)
    if folds is not None and folds.shape != positive.shape:
        raise InputError(f"There are {folds.size} fold numbers for {positive.size} outcomes; give one per row.")

    def statistic(rows: np.ndarray) -> float:
        if folds is None:
            return auc(positive[rows], values[rows])
        return within_fold_auc(positive[rows], values[rows], folds[rows])

    return patient_bootstrap(statistic, patients, positive, resamples, level, seed)
