"""Table 1: what the groups of a cohort look like, and whether they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.contingency import Method as TableMethod
from RadFusionLib.evaluation.contingency import contingency_test
from RadFusionLib.evaluation.design import is_missing
from RadFusionLib.evaluation.group_difference import Choice, group_difference, is_normal
from RadFusionLib.evaluation.summary import percentage

__all__ = ["BaselineRow", "BaselineTable", "LevelCounts", "Spread", "baseline_table"]

FEW_LEVELS = 2
"""Numbers with at most this many different values are taken as categories."""


@dataclass(frozen=True)
class Spread:
    """A measurement in one group."""

    cases: int
    mean: float
    deviation: float
    median: float
    lower_quartile: float
    upper_quartile: float

    def text(self, normal: bool) -> str:
        """Mean and SD where values look normal, else median and quartiles."""
        if self.cases == 0:
            return "no value"
        if normal:
            return f"{self.mean:.2f} ± {self.deviation:.2f}"
        return f"{self.median:.2f} ({self.lower_quartile:.2f} to {self.upper_quartile:.2f})"


@dataclass(frozen=True)
class LevelCounts:
    """Cases of one level in each group, and the cases with a value there."""

    level: str
    counts: tuple[int, ...]
    known: tuple[int, ...]

    def text(self, group: int) -> str:
        """Count and percentage of those with a value."""
        known = self.known[group]
        return f"{self.counts[group]} ({percentage(self.counts[group], known):.1f})" if known else "no value"


@dataclass(frozen=True)
class BaselineRow:
    """One variable.

    Attributes
    ----------
    variable : str
    spread : tuple of Spread
        By group; empty for a category.
    levels : tuple of LevelCounts
        By level; empty for a measurement.
    missing : tuple of int
        Cases without a value, by group.
    test : str
        In words, with the reason where none was possible.
    p : float
        Two-sided; NaN where none was possible.
    normal : bool
        Whether a measurement looks normal in every group.
    """

    variable: str
    spread: tuple[Spread, ...]
    levels: tuple[LevelCounts, ...]
    missing: tuple[int, ...]
    test: str
    p: float
    normal: bool


@dataclass(frozen=True)
class BaselineTable:
    """Rows by variable, columns by group."""

    groups: tuple[str, ...]
    cases: tuple[int, ...]
    rows: tuple[BaselineRow, ...]


def baseline_table(
    group: ArrayLike,
    variables: Mapping[str, ArrayLike],
    continuous: Choice = "by-distribution",
    categorical: TableMethod | None = None,
    convention: Literal["r", "spss"] = "r",
    categories: Sequence[str] = (),
) -> BaselineTable:
    """Describe variables by group, and test each.

    Parameters
    ----------
    group : array-like, shape (n,)
        Group of each case (train or test, outcome, centre), none missing.
    variables : mapping of str to array-like of shape (n,)
        Numbers of more than two values are measurements; all else is categories. None and NaN are missing: counted,
        and left out of their own row only.
    continuous : str
        Test of measurements, as for :func:`~RadFusionLib.evaluation.group_difference.group_difference`.
    categorical : str, optional
        Test of categories, as for :func:`~RadFusionLib.evaluation.contingency.contingency_test`.
    convention : str
        ``r`` (Yates for 2x2) or ``spss`` (none).
    categories : sequence of str
        Numeric variables that are categories all the same.

    Raises
    ------
    InputError
        When a case has no group, there are fewer than two groups, or lengths differ.
    """
    labels = np.asarray(group)
    if labels.ndim != 1 or is_missing(labels).any():
        raise InputError("Every case of a baseline table needs a group; name it or leave the case out.")
    names = sorted({str(label) for label in labels})
    if len(names) < 2:
        raise InputError(
            f"All cases are in the group {names[0] if names else ''!r}; a baseline table compares two or more."
        )
    members = [np.array([str(label) == name for label in labels]) for name in names]
    rows = []
    for variable, given in variables.items():
        values = np.asarray(given)
        if values.shape != labels.shape:
            raise InputError(
                f"The variable {variable} has {values.size} values for {labels.size} cases; give one each."
            )
        absent = is_missing(values)
        missing = tuple(int((absent & member).sum()) for member in members)
        parts = [values[~absent & member] for member in members]
        numeric = values.dtype.kind in "iuf" and variable not in categories
        if numeric and np.unique(values[~absent]).size > FEW_LEVELS:
            numbers = [part.astype(float) for part in parts]
            rows.append(_measurement(variable, numbers, missing, continuous, convention))
        else:
            rows.append(_category(variable, parts, missing, categorical, convention))
    return BaselineTable(tuple(names), tuple(int(member.sum()) for member in members), tuple(rows))


def _measurement(
    variable: str, parts: list[np.ndarray], missing: tuple[int, ...], test: Choice, convention: Literal["r", "spss"]
) -> BaselineRow:
    spread = tuple(_spread(part) for part in parts)
    try:
        found = group_difference(parts, test, convention)
        return BaselineRow(variable, spread, (), missing, found.name, found.p, found.normal)
    except InputError as error:
        normal = all(is_normal(part) for part in parts)
        return BaselineRow(variable, spread, (), missing, f"none: {error}", float("nan"), normal)


def _category(
    variable: str,
    parts: list[np.ndarray],
    missing: tuple[int, ...],
    test: TableMethod | None,
    convention: Literal["r", "spss"],
) -> BaselineRow:
    texts = [[_label(value) for value in part] for part in parts]
    known = tuple(len(part) for part in texts)
    levels = tuple(
        LevelCounts(level, tuple(part.count(level) for part in texts), known)
        for level in sorted({value for part in texts for value in part})
    )
    try:
        found = contingency_test([level.counts for level in levels] or [[0]], test, convention)
        return BaselineRow(variable, (), levels, missing, found.name, found.p, False)
    except InputError as error:
        return BaselineRow(variable, (), levels, missing, f"none: {error}", float("nan"), False)


def _spread(values: np.ndarray) -> Spread:
    if values.size == 0:
        return Spread(0, *[float("nan")] * 5)
    deviation = float(values.std(ddof=1)) if values.size > 1 else float("nan")
    lower, median, upper = (float(value) for value in np.quantile(values, [0.25, 0.5, 0.75]))
    return Spread(values.size, float(values.mean()), deviation, median, lower, upper)


def _label(value: Any) -> str:
    # A column with a gap turns 1 into 1.0; the level is the same.
    return str(int(value)) if isinstance(value, float | np.floating) and value == int(value) else str(value)
