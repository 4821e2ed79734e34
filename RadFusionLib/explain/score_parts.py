"""A fitted score as parts whose Shapley values are exact wherever its form allows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from RadFusionLib.explain.shapley import FunctionPart, KernelPart, LinearPart, LogisticPart, Part, TreePart
from RadFusionLib.explain.shapley_trees import Tree
from RadFusionLib.fusion.scores.base import Score
from RadFusionLib.fusion.scores.kernel import GaussianKernelScore
from RadFusionLib.fusion.scores.linear import LinearScore
from RadFusionLib.fusion.scores.naive_bayes import GaussianNaiveBayesScore
from RadFusionLib.fusion.scores.trees import TreesScore

__all__ = ["parts_of"]


def parts_of(
    score: Score,
    columns: Sequence[int] | None = None,
    mean: np.ndarray | None = None,
    scale: np.ndarray | None = None,
    *,
    log_odds: bool = False,
) -> tuple[Part, ...]:
    """Take a score apart into addends, for :func:`~RadFusionLib.explain.shapley.shapley_values`.

    Exact for any number of features are linear decision values, Gaussian kernels, trees, logistic models and naive
    Bayes, the last two as probability or, with ``log_odds``, before the logistic function. Nearest neighbours and
    perceptrons are one part of all their features. A fusion that adds scores up takes the parts of each, ``scaled`` by
    its weight.

    Parameters
    ----------
    score : Score
        Of p features.
    columns : sequence of int, optional
        Where the score's features lie in the table that is explained; 0 to p - 1 where not given.
    mean, scale : numpy.ndarray, shape (p,), optional
        Of the z-score that the score was fitted on, if any; the parts then take the features' own units.
    log_odds : bool
        Take the log-odds of a score that is a probability. Trees and neighbours give probabilities of 0 and 1, whose
        log-odds are infinite: they are refused.

    Raises
    ------
    ValueError
        When log-odds are asked for and the score has none that are always finite.
    """
    places = tuple(range(score.n_features)) if columns is None else tuple(int(c) for c in columns)
    centre = np.zeros(score.n_features) if mean is None else np.asarray(mean, dtype=float)
    spread = np.ones(score.n_features) if scale is None else np.asarray(scale, dtype=float)

    def standardised(rows: np.ndarray) -> np.ndarray:
        return (rows - centre) / spread

    if isinstance(score, LinearScore):
        weight = score.weight / spread
        linear = LinearPart(places, weight, score.intercept - float(weight @ centre))
        return (linear,) if log_odds or score.link == "identity" else (LogisticPart((linear,)),)
    if isinstance(score, GaussianNaiveBayesScore):
        addends = _bayes_parts(score, places, centre, spread)
        return addends if log_odds else (LogisticPart(addends),)
    if log_odds and score.scale == "probability":
        raise ValueError(f"The log-odds of a {score.kind} score are not always finite; explain its probability.")
    if isinstance(score, GaussianKernelScore):
        support = score.vectors * spread + centre
        return (KernelPart(places, support, score.weight, score.gamma / spread**2, score.intercept),)
    if isinstance(score, TreesScore):
        return (TreePart(places, _trees(score), standardised),)
    return (FunctionPart(places, lambda rows: score.score(standardised(rows))),)


def _bayes_parts(
    score: GaussianNaiveBayesScore, places: Sequence[int], centre: np.ndarray, spread: np.ndarray
) -> tuple[Part, ...]:
    """The log-odds of naive Bayes: a parabola of each feature, and the prior's."""
    prior = float(np.log(score.prior) - np.log1p(-score.prior))
    parts: list[Part] = [LinearPart((), np.empty(0), prior)]

    def parabola(feature: int, rows: np.ndarray) -> np.ndarray:
        z = (rows[:, :1] - centre[feature]) / spread[feature]
        mean, variance = score.mean[:, feature], score.variance[:, feature]
        density = -0.5 * ((z - mean) ** 2 / variance + np.log(variance))
        return density[:, 1] - density[:, 0]

    for feature, place in enumerate(places):
        parts.append(FunctionPart((place,), partial(parabola, feature)))
    return tuple(parts)


def _trees(score: TreesScore) -> tuple[Tree, ...]:
    """Each tree of the mean, its nodes counted from its own root."""
    ends = [*score.root[1:].tolist(), len(score.feature)]
    trees = []
    for start, end in zip(score.root.tolist(), ends, strict=True):
        nodes = slice(start, end)
        inner = score.left[nodes] >= 0
        left = np.where(inner, score.left[nodes] - start, -1)
        right = np.where(inner, score.right[nodes] - start, -1)
        value = score.value[nodes] / len(ends)
        trees.append(Tree(left, right, score.feature[nodes], score.threshold[nodes], value))
    return tuple(trees)
