"""Shapley values of decision trees, exact however many features they have.

As a sum over leaves, in double precision; or by the shap library's interventional TreeSHAP, which is several times
faster for a whole cohort but adds leaves in single precision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import factorial

import numpy as np

__all__ = ["Tree", "evaluate_trees", "tree_values", "tree_values_by_shap"]

PAIRS_AT_ONCE = 2**21
"""Values of a (case, background row, leaf) array held at a time."""


@dataclass(frozen=True, eq=False)
class Tree:
    """A binary decision tree as arrays, as scikit-learn's ``tree_`` holds them.

    A case goes left where its feature is at most the threshold.

    Parameters
    ----------
    left, right : numpy.ndarray of int, shape (nodes,)
        Number of the child; -1 at a leaf.
    feature : numpy.ndarray of int, shape (nodes,)
        Column that decides; anything at a leaf.
    threshold : numpy.ndarray, shape (nodes,)
        See above.
    value : numpy.ndarray, shape (nodes,)
        Output; only the leaves' are used.
    """

    left: np.ndarray
    right: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    value: np.ndarray

    @cached_property
    def leaves(self) -> Leaves:
        """The leaves as boxes."""
        features = np.unique(self.feature[self.left >= 0])
        place = {int(f): column for column, f in enumerate(features)}
        low, high, value = [], [], []
        waiting = [(0, np.full(len(features), -np.inf), np.full(len(features), np.inf))]
        while waiting:
            node, lowest, highest = waiting.pop()
            if self.left[node] < 0:
                low.append(lowest)
                high.append(highest)
                value.append(float(self.value[node]))
                continue
            column, threshold = place[int(self.feature[node])], float(self.threshold[node])
            to_left, to_right = highest.copy(), lowest.copy()
            to_left[column] = min(to_left[column], threshold)
            to_right[column] = max(to_right[column], threshold)
            waiting.append((int(self.left[node]), lowest, to_left))
            waiting.append((int(self.right[node]), to_right, highest))
        return Leaves(features, np.array(low), np.array(high), np.array(value))


@dataclass(frozen=True, eq=False)
class Leaves:
    """Leaves as boxes: a case is in a leaf where ``low < x <= high`` in each of the tree's features.

    Parameters
    ----------
    features : numpy.ndarray of int, shape (d,)
        Columns that the tree looks at.
    low, high : numpy.ndarray, shape (leaves, d)
    value : numpy.ndarray, shape (leaves,)
    """

    features: np.ndarray
    low: np.ndarray
    high: np.ndarray
    value: np.ndarray

    def within(self, rows: np.ndarray) -> np.ndarray:
        """Which features of each row agree with each leaf, ``bool``, shape (n, leaves, d)."""
        chosen = rows[:, None, self.features]
        return (chosen > self.low) & (chosen <= self.high)


def evaluate_trees(trees: Sequence[Tree], rows: np.ndarray) -> np.ndarray:
    """Sum of the trees' outputs, shape (n,), for rows of shape (n, q)."""
    total = np.zeros(len(rows))
    every = np.arange(len(rows))
    for tree in trees:
        node = np.zeros(len(rows), dtype=int)
        while (inner := tree.left[node] >= 0).any():
            goes_left = rows[every, np.where(inner, tree.feature[node], 0)] <= tree.threshold[node]
            node = np.where(inner, np.where(goes_left, tree.left[node], tree.right[node]), node)
        total += tree.value[node]
    return total


def tree_values(trees: Sequence[Tree], cases: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Interventional Shapley values of a sum of trees.

    A hybrid of a case x and a background row b is in a leaf when each feature agrees with it. Features that agree
    in x alone (a of them) must join the coalition, those that agree in b alone (c of them) must stay out, those that
    agree in neither keep every hybrid out. What is left is a game whose Shapley values are known: each of the a
    features gets (a - 1)! c! / (a + c)!, each of the c gets -a! (c - 1)! / (a + c)! of the leaf's value.

    Parameters
    ----------
    trees : sequence of Tree
    cases : numpy.ndarray, shape (n, q)
    background : numpy.ndarray, shape (m, q)

    Returns
    -------
    numpy.ndarray, shape (n, q)
    """
    values = np.zeros(cases.shape)
    for tree in trees:
        leaves = tree.leaves
        if not leaves.features.size:
            continue
        joins, stays = _weights(leaves.features.size)
        there = leaves.within(background)
        at_once = max(1, PAIRS_AT_ONCE // max(1, there.size))
        for start in range(0, len(cases), at_once):
            part = slice(start, start + at_once)
            here = leaves.within(cases[part])
            mine = here[:, None] & ~there[None]
            theirs = there[None] & ~here[:, None]
            alive = (here[:, None] | there[None]).all(axis=3) * leaves.value
            a, c = mine.sum(axis=3), theirs.sum(axis=3)
            gain = np.einsum("nml,nmld->nd", alive * joins[a, c], mine)
            loss = np.einsum("nml,nmld->nd", alive * stays[a, c], theirs)
            values[part, leaves.features] += (gain - loss) / len(background)
    return values


def tree_values_by_shap(trees: Sequence[Tree], cases: np.ndarray, background: np.ndarray) -> np.ndarray:
    """The same by shap's TreeSHAP, to about 1e-6 of the largest leaf.

    Parameters and result are those of :func:`tree_values`.

    Raises
    ------
    MissingPackageError
        When shap is not set up.
    """
    grown = [tree for tree in trees if tree.left[0] >= 0]
    if not grown:
        return np.zeros(cases.shape)
    described = [
        {
            "children_left": tree.left.astype(np.int32),
            "children_right": tree.right.astype(np.int32),
            "children_default": tree.left.astype(np.int32),
            "features": tree.feature.astype(np.int32),
            "thresholds": tree.threshold.astype(np.float64),
            "values": tree.value.astype(np.float64)[:, None],
            "node_sample_weight": np.ones(len(tree.left)),
        }
        for tree in grown
    ]
    # Here, so that set-up can run the file by itself before the package has imported it.
    from RadFusionLib.explain.shap_library import import_shap

    explainer = import_shap().TreeExplainer(
        {"trees": described}, data=background, feature_perturbation="interventional", model_output="raw"
    )
    # Additivity is checked by whoever adds up; shap's own check would evaluate the trees a third time.
    found = explainer.shap_values(cases, check_additivity=False)
    return np.asarray(found, dtype=float).reshape(cases.shape)


def _weights(most: int) -> tuple[np.ndarray, np.ndarray]:
    """Share of a feature that joins and of one that stays out, by their numbers a and c, shape (most + 1,) * 2."""
    joins, stays = np.zeros((most + 1, most + 1)), np.zeros((most + 1, most + 1))
    for a in range(most + 1):
        for c in range(most + 1 - a):
            if a:
                joins[a, c] = factorial(a - 1) * factorial(c) / factorial(a + c)
            if c:
                stays[a, c] = factorial(a) * factorial(c - 1) / factorial(a + c)
    return joins, stays
