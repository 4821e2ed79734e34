"""Tests of a table of counts, in the conventions of R and of SPSS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import lgamma
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import MonteCarloMethod, chi2_contingency, fisher_exact

from RadFusionLib.errors import InputError

__all__ = ["ContingencyTest", "contingency_test", "fisher_freeman_halton"]

Convention = Literal["r", "spss"]
Method = Literal["pearson", "yates", "fisher"]

FEW = 5.0
"""Expected count below which chi-square is not trusted."""
LARGEST = 100_000
"""Partial tables that the exact test of a larger table may go through."""
DRAWS = 9_999
"""Random tables drawn where there are more."""


@dataclass(frozen=True)
class ContingencyTest:
    """A test of independence.

    Attributes
    ----------
    name : str
        Which test, in words.
    statistic : float
        Chi-square; NaN for an exact test.
    degrees_of_freedom : int
        Of chi-square; 0 for an exact test.
    p : float
        Two-sided.
    least_expected : float
        Smallest expected count.
    """

    name: str
    statistic: float
    degrees_of_freedom: int
    p: float
    least_expected: float


def contingency_test(table: ArrayLike, method: Method | None = None, convention: Convention = "r") -> ContingencyTest:
    """Test whether rows and columns are independent.

    Parameters
    ----------
    table : array-like of int, shape (r, c)
        Counts; rows and columns without a case are left out.
    method : str, optional
        ``pearson``, ``yates`` (2x2 only), ``fisher`` (two-sided; Fisher-Freeman-Halton beyond 2x2, of random
        tables where there are too many to go through). By default exact where an expected count lies below five,
        chi-square elsewhere.
    convention : str
        Which chi-square a 2x2 table gets by default: ``r`` corrects for continuity (Yates), ``spss`` does not.

    Raises
    ------
    InputError
        When the table does not hold counts, or has fewer than two rows or columns with a case.
    """
    counts = _counts(table)
    if convention not in ("r", "spss"):
        raise InputError(f"There is no convention called {convention!r}; choose 'r' or 'spss'.")
    plain = chi2_contingency(counts, correction=False)
    least = float(plain.expected_freq.min())
    two_by_two = counts.shape == (2, 2)
    if method is None:
        method = "fisher" if least < FEW else "yates" if two_by_two and convention == "r" else "pearson"
    if method == "fisher":
        if two_by_two:
            return ContingencyTest("Fisher's exact", np.nan, 0, float(fisher_exact(counts)[1]), least)
        return _larger(counts, least)
    if method == "yates":
        if not two_by_two:
            raise InputError("Yates's correction is for tables of two rows and two columns; use Pearson's chi-square.")
        plain = chi2_contingency(counts, correction=True)
    elif method != "pearson":
        raise InputError(f"There is no test called {method!r}; choose 'pearson', 'yates' or 'fisher'.")
    name = "chi-square, Yates-corrected" if method == "yates" else "Pearson's chi-square"
    return ContingencyTest(name, float(plain.statistic), int(plain.dof), float(plain.pvalue), least)


def fisher_freeman_halton(table: ArrayLike) -> float:
    """Exact p of a table of any size (Freeman and Halton, Biometrika 1951;38:141-149).

    The probability, margins held, of all tables no more probable than the observed one. Tables are built up column
    by column; what remains of the row totals, with the probability so far, stands for all ways that led there.

    Parameters
    ----------
    table : array-like of int, shape (r, c)
        Counts; rows and columns without a case are left out.

    Raises
    ------
    InputError
        When the table is too large to be enumerated.
    """
    counts = _counts(table)
    # The longer side as columns keeps what remains of the rows short.
    if counts.shape[0] > counts.shape[1]:
        counts = counts.T
    totals = tuple(sorted(int(total) for total in counts.sum(axis=1)))
    logs = [lgamma(number + 1) for number in range(int(counts.sum()) + 1)]
    constant = sum(logs[total] for total in (*totals, *counts.sum(axis=0))) - logs[int(counts.sum())]
    observed = constant - sum(logs[count] for count in counts.ravel())
    # Remaining row totals (their order does not matter to what follows) and the log-probability so far, rounded to
    # serve as a key; to the number of ways that led there.
    states: dict[tuple[tuple[int, ...], float], float] = {(totals, 0.0): 1.0}
    columns = [int(total) for total in sorted(counts.sum(axis=0), reverse=True)]
    visited = 0
    for column in columns[:-1]:
        grown: dict[tuple[tuple[int, ...], float], float] = {}
        for (remaining, weight), ways in states.items():
            for part in _partitions(column, remaining):
                visited += 1
                left = tuple(sorted(have - used for have, used in zip(remaining, part, strict=True)))
                key = (left, round(weight - sum(logs[used] for used in part), 9))
                grown[key] = grown.get(key, 0.0) + ways
            if visited > LARGEST:
                raise InputError("The table is too large to be enumerated; use Pearson's chi-square.")
        states = grown
    logarithms = np.array([constant + weight - sum(logs[left] for left in rest) for rest, weight in states])
    numbers = np.array(list(states.values()))
    # R's tolerance: tables as probable as the observed one but for rounding count as such.
    extreme = logarithms <= observed + 1e-7
    return float(min(np.sum(numbers[extreme] * np.exp(logarithms[extreme])), 1.0))


def _larger(counts: np.ndarray, least: float) -> ContingencyTest:
    try:
        return ContingencyTest("Fisher-Freeman-Halton exact", np.nan, 0, fisher_freeman_halton(counts), least)
    except InputError:
        draw = MonteCarloMethod(n_resamples=DRAWS, batch=10_000, rng=np.random.default_rng(0))
        p = float(fisher_exact(counts, method=draw).pvalue)
        return ContingencyTest(f"Fisher-Freeman-Halton, {DRAWS} random tables", np.nan, 0, p, least)


def _partitions(total: int, most: Sequence[int]) -> list[tuple[int, ...]]:
    """All ways to share ``total`` among rows that can take at most ``most`` each."""
    if len(most) == 1:
        return [(total,)] if total <= most[0] else []
    room = sum(most[1:])
    return [
        (first, *rest)
        for first in range(max(0, total - room), min(total, most[0]) + 1)
        for rest in _partitions(total - first, most[1:])
    ]


def _counts(table: ArrayLike) -> np.ndarray:
    try:
        values = np.asarray(table, dtype=float)
    except (TypeError, ValueError):
        raise InputError("A contingency table must hold counts in rows of equal length.") from None
    if values.ndim != 2 or not np.isfinite(values).all() or (values < 0).any() or (values != values.round()).any():
        raise InputError("A contingency table must hold whole counts, none missing and none negative.")
    counts = values.astype(int)
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    if min(counts.shape) < 2:
        raise InputError("A contingency table needs two rows and two columns with cases in them.")
    return counts
