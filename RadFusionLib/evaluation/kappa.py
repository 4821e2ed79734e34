"""Agreement of two readers on categories (Cohen, Educational and Psychological Measurement 1960;20:37-46)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.checks import check_level
from RadFusionLib.evaluation.estimate import Estimate

__all__ = ["Kappa", "cohen_kappa"]


@dataclass(frozen=True)
class Kappa:
    """Cohen's kappa.

    Attributes
    ----------
    estimate : Estimate
        At most 1; 0 is agreement by chance.
    agreement : float
        Share of cases with the same category, in [0, 1].
    categories : tuple
        In the order that weights go by.
    table : numpy.ndarray of int, shape (c, c)
        Cases by category of the first reader (rows) and of the second (columns).
    weights : str
        ``none``, ``linear`` or ``quadratic``.
    """

    estimate: Estimate
    agreement: float
    categories: tuple[Any, ...]
    table: np.ndarray
    weights: str


def cohen_kappa(
    first: Sequence[Any] | np.ndarray,
    second: Sequence[Any] | np.ndarray,
    weights: Literal["none", "linear", "quadratic"] = "none",
    categories: Sequence[Any] | None = None,
    level: float = 0.95,
) -> Kappa:
    """Kappa of two readers, plain or weighted, with its large-sample interval.

    Parameters
    ----------
    first, second : sequence, shape (n,)
        Category of each case by each reader.
    weights : str
        How near misses count: not at all, by steps, or by squared steps.
    categories : sequence, optional
        All categories in their order; by default the sorted ones that occur.
    level : float
        Confidence level of the interval (Fleiss, Cohen and Everitt 1969, by statsmodels).

    Raises
    ------
    InputError
        When lengths differ, a category is missing, or both readers use one category only.
    """
    check_level(level)
    if weights not in ("none", "linear", "quadratic"):
        raise InputError(f"There are no weights called {weights!r}; choose 'none', 'linear' or 'quadratic'.")
    pairs = list(zip(first, second, strict=False))
    if len(first) != len(second) or not pairs:
        raise InputError(
            f"The readers read {len(first)} and {len(second)} cases; give both readings of the same cases."
        )
    missing = sum(any(value is None or value != value for value in pair) for pair in pairs)
    if missing:
        raise InputError(f"{missing} of {len(pairs)} cases lack a reading; leave them out or complete them.")
    names = tuple(categories) if categories is not None else tuple(sorted({value for pair in pairs for value in pair}))
    place = {name: index for index, name in enumerate(names)}
    unknown = {value for pair in pairs for value in pair} - set(place)
    if unknown:
        raise InputError(f"The category {next(iter(unknown))!r} is not among {names}; name every category.")
    table = np.zeros((len(names), len(names)), dtype=int)
    for one, other in pairs:
        table[place[one], place[other]] += 1
    if (table.sum(axis=0) > 0).sum() == (table.sum(axis=1) > 0).sum() == 1:
        raise InputError("Each reader uses one category for every case; kappa needs categories that vary.")

    from statsmodels.stats.inter_rater import cohens_kappa

    kind = {"none": None, "linear": "linear", "quadratic": "quadratic"}[weights]
    found = cohens_kappa(table, wt=kind, return_results=True)
    from scipy.stats import norm

    half = float(norm.isf((1 - level) / 2)) * float(found.std_kappa)
    value = float(found.kappa)
    estimate = Estimate(value, max(value - half, -1.0), min(value + half, 1.0), level, "Wald, Fleiss-Cohen-Everitt")
    return Kappa(estimate, float(np.trace(table) / table.sum()), names, table, weights)
