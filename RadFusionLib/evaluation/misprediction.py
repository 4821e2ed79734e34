"""Which cases a model gets wrong at its threshold, and how that varies from fold to fold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.baseline import BaselineTable, baseline_table
from RadFusionLib.evaluation.confusion import ConfusionMatrix
from RadFusionLib.evaluation.estimate import Estimate

__all__ = ["RIGHT", "WRONG", "FoldRate", "Misprediction", "fold_rates", "misprediction"]

WRONG, RIGHT = "mispredicted", "rightly predicted"


@dataclass(frozen=True)
class FoldRate:
    """A rate over the folds.

    Parameters
    ----------
    values : tuple of float
        In [0, 1], one a fold; NaN where a fold has no case that could be wrong.
    mean, deviation : float
        Of those that are defined, n - 1 in the denominator; NaN below one and two folds.
    """

    values: tuple[float, ...]
    mean: float
    deviation: float

    @classmethod
    def of(cls, values: np.ndarray) -> FoldRate:
        """Mean and deviation of one value a fold, NaN where a fold has none."""
        defined = values[np.isfinite(values)]
        return cls(
            tuple(float(value) for value in values),
            float(defined.mean()) if defined.size else float("nan"),
            float(defined.std(ddof=1)) if defined.size > 1 else float("nan"),
        )


@dataclass(frozen=True)
class Misprediction:
    """What goes wrong at the threshold.

    Parameters
    ----------
    wrong, right : int
        Cases.
    fnr, fpr : Estimate
        False negatives among cases with the outcome, false positives among those without, with exact intervals.
    characteristics : BaselineTable or None
        Mispredicted beside rightly predicted cases; None with a note where there is nothing to compare.
    folds : mapping of str to FoldRate
        ``fnr`` and ``fpr`` over the folds; empty with a note where the folds cannot be told.
    held_out : bool
        Whether each fold's cases were predicted by the member fitted without them, rather than all by each member.
    notes : tuple of str
        What is not available, and why.
    """

    wrong: int
    right: int
    fnr: Estimate
    fpr: Estimate
    characteristics: BaselineTable | None
    folds: Mapping[str, FoldRate]
    held_out: bool
    notes: tuple[str, ...]


def misprediction(
    outcome: np.ndarray,
    risk: np.ndarray,
    threshold: float,
    variables: Mapping[str, Any],
    member_risk: np.ndarray | None = None,
    fold: np.ndarray | None = None,
) -> Misprediction:
    """Compare the cases on the wrong side of the threshold with the others.

    Parameters
    ----------
    outcome, risk : numpy.ndarray, shape (n,)
        0 or 1, and in [0, 1].
    threshold : float
        Frozen in training; at or above it a case is called positive.
    variables : mapping of str to array-like, shape (n,) each
        Characteristics, as for :func:`~RadFusionLib.evaluation.baseline.baseline_table`.
    member_risk : numpy.ndarray, shape (n, members), optional
        By each member of the ensemble.
    fold : numpy.ndarray of int, shape (n,), optional
        The training fold of each case, which is the number of the member fitted without it; None for cases that no
        member was fitted on.
    """
    confusion = ConfusionMatrix.of_scores(outcome, risk, threshold)
    wrong = (risk >= threshold) != (np.asarray(outcome) == 1)
    notes: list[str] = []
    table = None
    if not variables:
        notes.append("The manifest names no characteristic to compare.")
    else:
        try:
            table = baseline_table(np.where(wrong, WRONG, RIGHT), variables)
        except InputError:
            notes.append(f"All cases are {WRONG if wrong.all() else RIGHT}, so there is nothing to compare.")
    folds: dict[str, FoldRate] = {}
    if member_risk is None or member_risk.shape[1] < 2:
        notes.append("The model has no members, so nothing is said of how the rates vary.")
    else:
        folds = fold_rates(outcome, member_risk, threshold, fold)
        short = max(int(np.isnan(rate.values).sum()) for rate in folds.values())
        if short:
            notes.append(f"Up to {short} of {member_risk.shape[1]} folds lack a class and are left out of its rate.")
    return Misprediction(
        int(wrong.sum()),
        int((~wrong).sum()),
        confusion.estimate("fnr"),
        confusion.estimate("fpr"),
        table,
        folds,
        fold is not None,
        tuple(notes),
    )


def fold_rates(
    outcome: np.ndarray, member_risk: np.ndarray, threshold: float, fold: np.ndarray | None = None
) -> dict[str, FoldRate]:
    """False negative and false positive rates of each member, with mean and standard deviation.

    Parameters
    ----------
    outcome : numpy.ndarray, shape (n,)
        0 or 1.
    member_risk : numpy.ndarray, shape (n, members)
        In [0, 1].
    threshold : float
        At or above it a case is called positive.
    fold : numpy.ndarray of int, shape (n,), optional
        Where given, a member counts the cases of its own fold only.
    """
    positive, called = np.asarray(outcome) == 1, member_risk >= threshold
    counted = np.ones_like(called) if fold is None else np.asarray(fold)[:, None] == np.arange(called.shape[1])
    return {
        "fnr": _rate(counted & positive[:, None], ~called),
        "fpr": _rate(counted & ~positive[:, None], called),
    }


def _rate(counted: np.ndarray, wrong: np.ndarray) -> FoldRate:
    cases = counted.sum(axis=0)
    return FoldRate.of(np.where(cases > 0, (counted & wrong).sum(axis=0) / np.maximum(cases, 1), np.nan))
