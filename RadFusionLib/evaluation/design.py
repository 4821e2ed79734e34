"""From clinical variables to the columns of a regression."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from RadFusionLib.errors import InputError

__all__ = ["Design", "design", "is_missing"]


@dataclass(frozen=True)
class Design:
    """Columns of a regression and where they come from.

    Attributes
    ----------
    columns : dict of str to numpy.ndarray, each of shape (n,)
        A number is one column; a category one column of 0 and 1 for each level but the reference.
    of_variable : dict of str to tuple of str
        Names of the columns of each variable.
    references : dict of str to str
        Reference level of each category.
    missing : dict of str to int
        Cases without a value, by variable.
    complete : numpy.ndarray of bool, shape (n,)
        Cases with a value of every variable.
    """

    columns: Mapping[str, np.ndarray]
    of_variable: Mapping[str, tuple[str, ...]]
    references: Mapping[str, str]
    missing: Mapping[str, int]
    complete: np.ndarray

    def matrix(self, variables: Iterable[str] | None = None) -> tuple[np.ndarray, tuple[str, ...]]:
        """Matrix of the named (by default all) variables, shape (n, p), NaN where missing, and its columns' names."""
        chosen = self.of_variable if variables is None else variables
        names = tuple(column for variable in chosen for column in self.of_variable[variable])
        if not names:
            return np.empty((self.complete.size, 0)), names
        return np.column_stack([self.columns[name] for name in names]), names


def design(variables: Mapping[str, ArrayLike], references: Mapping[str, Any] | None = None) -> Design:
    """Code clinical variables.

    Parameters
    ----------
    variables : mapping of str to array-like of shape (n,)
        Numbers and booleans stay as they are; anything else, and every variable named in ``references``, is a
        category. None and NaN are missing.
    references : mapping of str to level, optional
        Reference level of a category; by default the first in sorted order.

    Raises
    ------
    InputError
        When lengths differ, a variable does not vary, is infinite, or lacks its reference level.
    """
    references = dict(references or {})
    if not variables:
        raise InputError("There is no variable to put into a regression; name at least one.")
    unknown = set(references) - set(variables)
    if unknown:
        raise InputError(
            f"A reference level is given for {sorted(unknown)}, which are no variables of this regression."
        )
    columns: dict[str, np.ndarray] = {}
    of_variable: dict[str, tuple[str, ...]] = {}
    levels: dict[str, str] = {}
    absent: dict[str, np.ndarray] = {}
    for name, given in variables.items():
        values = np.asarray(given)
        if values.ndim != 1:
            raise InputError(f"The variable {name} has shape {values.shape}; give one value per case.")
        absent[name] = is_missing(values)
        if values.dtype.kind in "biuf" and name not in references:
            coded = {name: _number(name, values)}
        else:
            coded, levels[name] = _indicators(name, values, absent[name], references.get(name))
        columns.update(coded)
        of_variable[name] = tuple(coded)
    lengths = {name: values.size for name, values in absent.items()}
    if len(set(lengths.values())) > 1:
        raise InputError(f"The variables have different numbers of cases ({lengths}); give one value per case.")
    complete = ~np.any(list(absent.values()), axis=0)
    return Design(columns, of_variable, levels, {name: int(gap.sum()) for name, gap in absent.items()}, complete)


def is_missing(values: np.ndarray) -> np.ndarray:
    """Where a value is None, NaN or pandas' NA, as ``bool`` of the same shape."""
    if values.dtype.kind in "biuU":
        return np.zeros(values.shape, dtype=bool)
    if values.dtype.kind == "f":
        return np.isnan(values)
    return np.array([value is None or str(value) in ("nan", "<NA>", "NaT") for value in values], dtype=bool)


def _number(name: str, values: np.ndarray) -> np.ndarray:
    numbers = values.astype(float)
    if np.isinf(numbers).any():
        raise InputError(f"The variable {name} has an infinite value; correct it or leave the case out.")
    known = numbers[~np.isnan(numbers)]
    if known.size == 0 or np.ptp(known) == 0:
        raise InputError(f"The variable {name} is the same for every case; leave it out of the regression.")
    return numbers


def _indicators(name: str, values: np.ndarray, absent: np.ndarray, reference: Any) -> tuple[dict[str, np.ndarray], str]:
    text = np.array([str(value) for value in values], dtype=object)
    levels = sorted(set(text[~absent]))
    if len(levels) < 2:
        raise InputError(f"The variable {name} is the same for every case; leave it out of the regression.")
    first = levels[0] if reference is None else str(reference)
    if first not in levels:
        raise InputError(f"No case has the reference level {first!r} of {name}; its levels are {', '.join(levels)}.")
    return {
        f"{name}: {level}": np.where(absent, np.nan, (text == level).astype(float))
        for level in levels
        if level != first
    }, first
