"""Interventional Shapley values of a model: what each feature adds to a case's output.

The value of a coalition S of features is the model's mean output when the features of S are the case's own and the
others are those of a background row: v(S) = mean over rows b of f(x_S, b_rest). The Shapley value of a feature is its
mean addition to v over all orders in which the features can join (Lundberg and Lee 2017, with the interventional
background of Janzing et al. 2020). They add up: the mean output over the background plus a case's values is the
model's output for the case.

Shapley values are linear in the model, so a model is given as the sum of its parts, each a function of a few of the
features. A part is worked out exactly where its form allows it (linear, trees, a radial kernel, at most
``enumerate_up_to`` features), else by sampled orders, which add up exactly too and come with a standard error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from RadFusionLib.explain.shapley_exact import Function, enumerated, kernel_values
from RadFusionLib.explain.shapley_sampling import sampled
from RadFusionLib.explain.shapley_trees import Tree, evaluate_trees, tree_values, tree_values_by_shap

__all__ = [
    "FunctionPart",
    "KernelPart",
    "LinearPart",
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
        elif len(columns) <= enumerate_up_to:
            found = enumerated(part.evaluate, own, other)
        else:
            found, error = sampled(part.evaluate, own, other, pairs, (seed, number))
            variance[:, columns] += error**2
        values[:, columns] += found
    return ShapleyValues(values, base, output, np.sqrt(variance))
