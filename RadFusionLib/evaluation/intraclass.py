"""Intraclass correlation between readers (Shrout and Fleiss, Psychological Bulletin 1979;86:420-428).

Names after McGraw and Wong (Psychological Methods 1996;1:30-46) stand beside Shrout and Fleiss's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import f as f_distribution

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.checks import check_level
from RadFusionLib.evaluation.estimate import Estimate

__all__ = ["FORMS", "ICC", "intraclass_correlation", "intraclass_correlations"]

Form = Literal["1,1", "2,1", "3,1", "A,1", "1,k", "2,k", "3,k", "A,k"]

FORMS = {
    "1,1": "one-way random, single reading",
    "2,1": "two-way random, absolute agreement, single reader",
    "3,1": "two-way mixed, consistency, single reader",
    "A,1": "two-way mixed, absolute agreement, single reader",
    "1,k": "one-way random, mean of the readings",
    "2,k": "two-way random, absolute agreement, mean of the readers",
    "3,k": "two-way mixed, consistency, mean of the readers",
    "A,k": "two-way mixed, absolute agreement, mean of the readers",
}
"""What each form says. ``A`` and ``2`` are one estimator under two models of the readers."""


@dataclass(frozen=True)
class ICC:
    """One form with its interval and its F test against zero.

    Attributes
    ----------
    form : str
        A name in :data:`FORMS`.
    estimate : Estimate
        The coefficient; at most 1, negative when readings of one case differ more than cases do.
    f, p : float
        F of the cases and its upper tail.
    degrees_of_freedom : tuple of int
        Of F, numerator and denominator.
    cases, readers : int
        Shape of the ratings.
    """

    form: str
    estimate: Estimate
    f: float
    p: float
    degrees_of_freedom: tuple[int, int]
    cases: int
    readers: int


@dataclass(frozen=True)
class _MeanSquares:
    cases: int
    readers: int
    between: np.ndarray
    within: np.ndarray
    reader: np.ndarray
    error: np.ndarray


def intraclass_correlations(ratings: ArrayLike, form: Form = "2,1") -> np.ndarray:
    """Coefficients alone, of many features at once.

    Parameters
    ----------
    ratings : array-like, shape (n_cases, n_readers, ...)
        Two cases and two readers at least. A missing reading makes its feature NaN.
    form : str
        A name in :data:`FORMS`.

    Returns
    -------
    numpy.ndarray, shape (...)
        NaN for a feature without any variance.
    """
    return _coefficient(_mean_squares(np.asarray(ratings, dtype=float)), form)


def intraclass_correlation(ratings: ArrayLike, form: Form = "2,1", level: float = 0.95) -> ICC:
    """One coefficient with its F-based interval.

    Parameters
    ----------
    ratings : array-like, shape (n_cases, n_readers)
        Complete: every reader read every case.
    form : str
        A name in :data:`FORMS`.
    level : float
        Confidence level.

    Raises
    ------
    InputError
        When a reading is missing, or all are equal.

    Notes
    -----
    Intervals of the absolute-agreement forms use Satterthwaite's degrees of freedom (McGraw and Wong, table 7, in
    their corrected form of 1996).
    """
    check_level(level)
    values = np.asarray(ratings, dtype=float)
    if values.ndim != 2:
        raise InputError(f"The ratings have shape {values.shape}; give one row per case and one column per reader.")
    missing = int((~np.isfinite(values)).sum())
    if missing:
        raise InputError(f"{missing} of {values.size} readings are missing; an ICC needs every reader on every case.")
    squares = _mean_squares(values)
    value = float(_coefficient(squares, form))
    if not np.isfinite(value):
        raise InputError("All readings are equal; an ICC needs cases that differ.")
    one_way = form[0] == "1"
    n, k = squares.cases, squares.readers
    freedom = (n - 1, n * (k - 1) if one_way else (n - 1) * (k - 1))
    below = float(squares.within if one_way else squares.error)
    f = float(squares.between) / below if below > 0 else float("inf")
    tail = (1 - level) / 2
    single = _agreement_limits(squares, tail) if form[0] in "2A" else _ratio_limits(f, freedom, k, tail)
    low, high = (_of_mean(limit, k) for limit in single) if form.endswith("k") else single
    estimate = Estimate(value, low, high, level, f"F-based, ICC({form}): {FORMS[form]}")
    return ICC(form, estimate, f, float(f_distribution.sf(f, *freedom)), freedom, n, k)


def _mean_squares(ratings: np.ndarray) -> _MeanSquares:
    if ratings.ndim < 2 or ratings.shape[0] < 2 or ratings.shape[1] < 2:
        raise InputError(f"Ratings of shape {ratings.shape} cannot agree; give at least two cases and two readers.")
    n, k = ratings.shape[:2]
    # About the mean, so that large values with small differences keep their digits.
    centred = ratings - ratings.mean(axis=(0, 1))
    of_case, of_reader = centred.mean(axis=1), centred.mean(axis=0)
    between = k * (of_case**2).sum(axis=0)
    reader = n * (of_reader**2).sum(axis=0)
    within = ((centred - of_case[:, None]) ** 2).sum(axis=(0, 1))
    error = ((centred - of_case[:, None] - of_reader[None]) ** 2).sum(axis=(0, 1))
    return _MeanSquares(n, k, between / (n - 1), within / (n * (k - 1)), reader / (k - 1), error / ((n - 1) * (k - 1)))


def _coefficient(squares: _MeanSquares, form: str) -> np.ndarray:
    if form not in FORMS:
        raise InputError(f"There is no ICC({form}); choose one of {', '.join(FORMS)}.")
    n, k, between, error = squares.cases, squares.readers, squares.between, squares.error
    of_reader = (squares.reader - error) / n
    mean = form.endswith("k")
    with np.errstate(invalid="ignore", divide="ignore"):
        if form[0] == "1":
            above, noise = between - squares.within, squares.within
            return above / (between if mean else between + (k - 1) * noise)
        above = between - error
        if form[0] == "3":
            return above / (between if mean else between + (k - 1) * error)
        return above / (between + of_reader if mean else between + (k - 1) * error + k * of_reader)


def _ratio_limits(f: float, freedom: tuple[int, int], k: int, tail: float) -> tuple[float, float]:
    low = f / float(f_distribution.isf(tail, *freedom))
    high = f * float(f_distribution.isf(tail, freedom[1], freedom[0]))
    return tuple(1.0 if np.isinf(x) else (x - 1) / (x + k - 1) for x in (low, high))  # type: ignore[return-value]


def _agreement_limits(squares: _MeanSquares, tail: float) -> tuple[float, float]:
    n, k = squares.cases, squares.readers
    between, reader, error = float(squares.between), float(squares.reader), float(squares.error)
    rho = float(_coefficient(squares, "2,1"))
    if rho >= 1:
        return 1.0, 1.0
    a = k * rho / (n * (1 - rho))
    b = 1 + k * rho * (n - 1) / (n * (1 - rho))
    weight = (a * reader) ** 2 / (k - 1) + (b * error) ** 2 / ((n - 1) * (k - 1))
    v = (a * reader + b * error) ** 2 / weight
    upper, lower = float(f_distribution.isf(tail, n - 1, v)), float(f_distribution.isf(tail, v, n - 1))
    rest = k * reader + (n * k - n - k) * error
    low = n * (between - upper * error) / (upper * rest + n * between)
    high = n * (lower * between - error) / (rest + n * lower * between)
    return low, high


def _of_mean(single: float, k: int) -> float:
    """Spearman and Brown: the coefficient of the mean of ``k`` readings."""
    return k * single / (1 + (k - 1) * single)
