"""Interventional Shapley values of a model: what each feature adds to a case's output.

The value of a coalition S of features is the model's mean output when the features of S are the case's own and the
others are those of a background row: v(S) = mean over rows b of f(x_S, b_rest). The Shapley value of a feature is its
mean addition to v over all orders in which the features can join (Lundberg and Lee 2017, with the interventional
background of Janzing et al. 2020). They add up: the mean output over the background plus a case's values is the
model's output for the case.

Shapley values are linear in the model, so a model is given as the sum of its parts, each a function of a few of the
features. A part is worked out exactly where its form allows it (linear, trees, a radial kernel, the logistic function
of a sum, at most ``enumerate_up_to`` features), else by sampled orders, which add up exactly too and come with a
standard error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np
from scipy.special import expit

from RadFusionLib.explain.shapley_exact import Function, enumerated, kernel_values
from RadFusionLib.explain.shapley_logistic import Block, logistic_values
from RadFusionLib.explain.shapley_sampling import sampled
from RadFusionLib.explain.shapley_trees import Tree, evaluate_trees, tree_values, tree_values_by_shap

__all__ = [
    "FunctionPart",
    "KernelPart",
    "LinearPart",
    "LogisticPart",
    "Part",
    "ShapleyValues",
    "TreePart",
    "shapley_values",
]

ENUMERATED = 12
"""Features up to which a part of any form is worked out exactly, with 2 to their number coalitions."""

PAIRS = 8
"""Orders, and as many reversed ones, sampled for each background row where a part has more features."""


class Part(Protocol):
    """An addend of a model: a function of the columns that it names."""

    @property
    def columns(self) -> tuple[int, ...]:
        """Which of the model's features it depends on."""

    def evaluate(self, rows: np.ndarray) -> np.ndarray:
        """Its output, shape (n,), for rows of its own columns, shape (n, q)."""

    def scaled(self, factor: float) -> Part:
        """The part times a number."""


@dataclass(frozen=True, eq=False)
class LinearPart:
    """``intercept + rows @ weight``.

    Parameters
    ----------
    columns : tuple of int
        Length q.
    weight : numpy.ndarray, shape (q,)
        In the features' own units.
    intercept : float
        At zero.
    """

    columns: tuple[int, ...]
    weight: np.ndarray
    intercept: float = 0.0

    def evaluate(self, rows: np.ndarray) -> np.ndarray:
        """Output, shape (n,)."""
        return self.intercept + rows @ self.weight

    def scaled(self, factor: float) -> LinearPart:
        """The part times a number."""
        return replace(self, weight=factor * self.weight, intercept=factor * self.intercept)


@dataclass(frozen=True, eq=False)
class FunctionPart:
    """Any function of a few features.

    Parameters
    ----------
    columns : tuple of int
        Length q.
    function : callable
        From rows, shape (n, q), to outputs, shape (n,).
    factor : float
        Multiplies the function.
    """

    columns: tuple[int, ...]
    function: Function
    factor: float = 1.0

    def evaluate(self, rows: np.ndarray) -> np.ndarray:
        """Output, shape (n,)."""
        return self.factor * np.asarray(self.function(rows), dtype=float)

    def scaled(self, factor: float) -> FunctionPart:
        """The part times a number."""
        return replace(self, factor=factor * self.factor)


@dataclass(frozen=True, eq=False)
class TreePart:
    """``factor`` times the sum of decision trees.

    Parameters
    ----------
    columns : tuple of int
        Length q; the trees number these columns from 0.
    trees : tuple of Tree
        Their leaves' values add up.
    transform : callable, optional
        Changes each column by itself before the trees see it, as a z-score does; (n, q) to (n, q).
    factor : float
        Multiplies the sum.
    """

    columns: tuple[int, ...]
    trees: tuple[Tree, ...]
    transform: Function | None = None
    factor: float = 1.0

    def prepared(self, rows: np.ndarray) -> np.ndarray:
        """Rows as the trees see them: single precision, as scikit-learn's trees do."""
        rows = rows if self.transform is None else self.transform(rows)
        return np.asarray(rows, dtype=np.float32).astype(np.float64)

    def evaluate(self, rows: np.ndarray) -> np.ndarray:
        """Output, shape (n,)."""
        return self.factor * evaluate_trees(self.trees, self.prepared(rows))

    def scaled(self, factor: float) -> TreePart:
        """The part times a number."""
        return replace(self, factor=factor * self.factor)


@dataclass(frozen=True, eq=False)
class KernelPart:
    """A sum of radial kernels: ``intercept + sum_j coefficient_j exp(-sum_d gamma_d (x_d - support_jd)^2)``.

    Parameters
    ----------
    columns : tuple of int
        Length q.
    support : numpy.ndarray, shape (s, q)
        In the features' own units.
    coefficient : numpy.ndarray, shape (s,)
        Weight of each support vector.
    gamma : numpy.ndarray, shape (q,)
        Of each feature; one number over the squared scale where the model standardises.
    intercept : float
        Added.
    """

    columns: tuple[int, ...]
    support: np.ndarray
    coefficient: np.ndarray
    gamma: np.ndarray
    intercept: float = 0.0

    def evaluate(self, rows: np.ndarray) -> np.ndarray:
        """Output, shape (n,)."""
        root = np.sqrt(self.gamma)
        squared = ((rows * root)[:, None, :] - (self.support * root)[None]) ** 2
        return self.intercept + np.exp(-squared.sum(axis=2)) @ self.coefficient

    def scaled(self, factor: float) -> KernelPart:
        """The part times a number."""
        return replace(self, coefficient=factor * self.coefficient, intercept=factor * self.intercept)


@dataclass(frozen=True, eq=False)
class LogisticPart:
    """``factor`` times the logistic function of a sum of parts, as a signature that a fusion takes in.

    Parameters
    ----------
    parts : tuple of Part
        The addends.
    factor : float
        Multiplies the logistic function.
    """

    parts: tuple[Part, ...]
    factor: float = 1.0

    @cached_property
    def columns(self) -> tuple[int, ...]:
        """Of all its addends, sorted."""
        return tuple(sorted({column for part in self.parts for column in part.columns}))

    def evaluate(self, rows: np.ndarray) -> np.ndarray:
        """Output, shape (n,)."""
        place = {column: number for number, column in enumerate(self.columns)}
        total = np.zeros(len(rows))
        for part in self.parts:
            total += part.evaluate(rows[:, [place[column] for column in part.columns]])
        return self.factor * expit(total)

    def scaled(self, factor: float) -> LogisticPart:
        """The part times a number."""
        return replace(self, factor=factor * self.factor)

    @cached_property
    def blocks(self) -> tuple[tuple[Part, ...], ...]:
        """The addends, gathered so that no column is in two groups; a linear one is taken apart first."""
        groups: list[tuple[set[int], list[Part]]] = []
        for part in (single for whole in self.parts for single in _singles(whole)):
            columns, together = set(part.columns), [part]
            apart = []
            for group in groups:
                if group[0] & columns:
                    columns |= group[0]
                    together = [*group[1], *together]
                else:
                    apart.append(group)
            groups = [*apart, (columns, together)]
        return tuple(tuple(together) for _, together in groups)


def _singles(part: Part) -> tuple[Part, ...]:
    if not isinstance(part, LinearPart) or len(part.columns) < 2:
        return (part,)
    first = LinearPart(part.columns[:1], part.weight[:1], part.intercept)
    rest = zip(part.columns[1:], part.weight[1:], strict=True)
    return (first, *(LinearPart((column,), np.array([weight])) for column, weight in rest))


@dataclass(frozen=True, eq=False)
class ShapleyValues:
    """Shapley values of several cases.

    Parameters
    ----------
    values : numpy.ndarray, shape (n, p)
        What each feature adds to each case's output, on the model's scale.
    base : float
        Mean output over the background; ``base + values.sum(axis=1)`` is the output.
    output : numpy.ndarray, shape (n,)
        The model's own output.
    standard_error : numpy.ndarray, shape (n, p)
        Of the sampled orders; 0 where a value is exact.
    """

    values: np.ndarray
    base: float
    output: np.ndarray
    standard_error: np.ndarray

    @property
    def exact(self) -> bool:
        """Whether nothing was sampled."""
        return not self.standard_error.any()

    @property
    def residual(self) -> float:
        """Largest distance between a case's output and what its values add up to."""
        return float(np.abs(self.base + self.values.sum(axis=1) - self.output).max(initial=0.0))


def shapley_values(
    model: Function | Sequence[Part],
    cases: np.ndarray,
    background: np.ndarray,
    *,
    enumerate_up_to: int = ENUMERATED,
    pairs: int = PAIRS,
    seed: int = 0,
    trees_by_shap: bool = False,
) -> ShapleyValues:
    """Work out the Shapley values of a model's output.

    Parameters
    ----------
    model : callable or sequence of Part
        A function from rows, shape (n, p), to outputs, shape (n,); or parts that add up to one.
    cases : numpy.ndarray, shape (n, p)
        The cases to explain.
    background : numpy.ndarray, shape (m, p)
        The cases to compare with, as the training cases. A part of q features that is enumerated is evaluated on
        ``n * m * 2**q`` rows.
    enumerate_up_to : int
        Most features of a part that is enumerated.
    pairs : int
        Orders, each with its reverse, for each background row where a part is sampled; at least 2.
    seed : int
        Of the sampled orders.
    trees_by_shap : bool
        Work trees out by the shap library: faster for a cohort, and in single precision.

    Raises
    ------
    ValueError
        When there is no background row, or its columns are not the cases'.
    MissingPackageError
        When shap is asked for and not set up.
    """
    cases, background = np.atleast_2d(np.asarray(cases, float)), np.atleast_2d(np.asarray(background, float))
    if background.size == 0 or background.shape[1] != cases.shape[1]:
        raise ValueError(f"Background of shape {background.shape} for cases of shape {cases.shape}.")
    parts: Sequence[Part] = [FunctionPart(tuple(range(cases.shape[1])), model)] if callable(model) else model
    values, variance = np.zeros(cases.shape), np.zeros(cases.shape)
    base, output = 0.0, np.zeros(len(cases))
    for number, part in enumerate(parts):
        columns = list(part.columns)
        own, other = cases[:, columns], background[:, columns]
        base += float(part.evaluate(other).mean())
        output += part.evaluate(own)
        if not columns:
            continue
        if isinstance(part, LinearPart):
            found = part.weight * (own - other.mean(axis=0))
        elif isinstance(part, TreePart):
            by_trees = tree_values_by_shap if trees_by_shap else tree_values
            found = part.factor * by_trees(part.trees, part.prepared(own), part.prepared(other))
        elif isinstance(part, KernelPart):
            found = kernel_values(part.support, part.coefficient, part.gamma, own, other)
        elif isinstance(part, LogisticPart) and max(map(_width, part.blocks)) <= enumerate_up_to:
            found = _of_logistic(part, own, other)
        elif len(columns) <= enumerate_up_to:
            found = enumerated(part.evaluate, own, other)
        else:
            found, error = sampled(part.evaluate, own, other, pairs, (seed, number))
            variance[:, columns] += error**2
        values[:, columns] += found
    return ShapleyValues(values, base, output, np.sqrt(variance))


def _width(block: tuple[Part, ...]) -> int:
    return len({column for part in block for column in part.columns})


def _of_logistic(part: LogisticPart, cases: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Shapley values of a logistic part, shape (n, q), its addends worked out for every coalition."""
    values = np.zeros(cases.shape)
    place = {column: number for number, column in enumerate(part.columns)}
    for number, case in enumerate(cases):
        intercept, worths = 0.0, []
        for block in part.blocks:
            columns = tuple(sorted({place[column] for one in block for column in one.columns}))
            worth = _worth(block, columns, place, case, background)
            if columns:
                worths.append((columns, worth))
            else:
                intercept += float(worth[0, 0])
        for row in range(len(background)):
            blocks = [Block(columns, worth[row]) for columns, worth in worths]
            values[number] += logistic_values(blocks, intercept, cases.shape[1])
    return part.factor * values / len(background)


def _worth(
    block: tuple[Part, ...], columns: tuple[int, ...], place: dict[int, int], case: np.ndarray, background: np.ndarray
) -> np.ndarray:
    """Value of a block for each background row and coalition of its columns, shape (m, 2**q)."""
    q = len(columns)
    inside = (np.arange(2**q)[:, None] >> np.arange(q)) & 1 == 1
    rows = np.repeat(background[:, None, :], 2**q, axis=1)
    rows[:, :, list(columns)] = np.where(inside, case[list(columns)], rows[:, :, list(columns)])
    flat = rows.reshape(-1, rows.shape[2])
    total = np.zeros(len(flat))
    for part in block:
        total += part.evaluate(flat[:, [place[column] for column in part.columns]])
    return total.reshape(len(background), 2**q)
