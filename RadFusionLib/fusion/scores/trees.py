"""The score of an ensemble of decision trees: random forest, extra trees, or a single tree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from RadFusionLib.errors import RecipeError
from RadFusionLib.fusion.scores.base import Score, binary_classes
from RadFusionLib.fusion.scores.parts import array_part, check_names, damaged, integer_part

__all__ = ["TreesScore", "out_of_bag"]

ARRAYS = ("root", "feature", "threshold", "left", "right", "value")
MOST_FEATURES = 10_000_000
BLOCK = 1024


@dataclass(frozen=True, eq=False)
class TreesScore(Score):
    """Mean over trees of the share of positives in the leaf that a case falls into.

    The nodes of all trees lie one after the other, each parent before its children. A case goes left where its
    feature, in single precision as scikit-learn has it, is at most the threshold.

    Parameters
    ----------
    features : int
        Number of features.
    root : numpy.ndarray of int32, shape (n_trees,)
        Where each tree begins; the first at 0.
    feature : numpy.ndarray of int32, shape (n_nodes,)
        What a node asks for; -1 in a leaf.
    threshold : numpy.ndarray, shape (n_nodes,)
        0 in a leaf.
    left, right : numpy.ndarray of int32, shape (n_nodes,)
        The children, among all nodes; -1 in a leaf.
    value : numpy.ndarray, shape (n_nodes,)
        Share of positives, in [0, 1].
    """

    kind: ClassVar[str] = "trees"
    features: int
    root: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray

    @property
    def n_features(self) -> int:
        return self.features

    @property
    def scale(self) -> str:
        return "probability"

    def _score(self, X: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore"):
            single = X.astype(np.float32)
        return np.concatenate([self._of_block(single[start : start + BLOCK]) for start in range(0, len(X), BLOCK)])

    def _of_block(self, X: np.ndarray) -> np.ndarray:
        node = np.broadcast_to(self.root, (len(X), len(self.root))).copy()
        case = np.arange(len(X))[:, None]
        while True:
            asked = self.feature[node]
            inner = asked >= 0
            if not inner.any():
                return self.value[node].mean(axis=1)
            left = X[case, np.maximum(asked, 0)] <= self.threshold[node]
            node = np.where(inner, np.where(left, self.left[node], self.right[node]), node)

    def to_parts(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        return {"kind": self.kind, "features": self.features}, {name: getattr(self, name) for name in ARRAYS}

    @classmethod
    def from_parts(cls, description: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Self:
        check_names(cls.kind, description, arrays, ("features",), ARRAYS)
        features = integer_part(cls.kind, description, "features", 0, MOST_FEATURES)
        root = array_part(cls.kind, arrays, "root", (None,), np.int32)
        feature = array_part(cls.kind, arrays, "feature", (None,), np.int32)
        nodes = (len(feature),)
        threshold = array_part(cls.kind, arrays, "threshold", nodes)
        left = array_part(cls.kind, arrays, "left", nodes, np.int32)
        right = array_part(cls.kind, arrays, "right", nodes, np.int32)
        value = array_part(cls.kind, arrays, "value", nodes)
        if len(root) == 0 or root[0] != 0 or (np.diff(root.astype(np.int64)) <= 0).any() or root[-1] >= len(feature):
            raise damaged(cls.kind, "its trees do not follow each other")
        leaf = feature == -1
        if (feature < -1).any() or (feature >= features).any():
            raise damaged(cls.kind, "a node asks for a feature that there is not")
        number = np.arange(len(feature))
        end = np.append(root[1:], len(feature))[np.searchsorted(root, number, side="right") - 1]
        for child in (left, right):
            # A child lies behind its parent and in the same tree, so that every walk ends.
            if (child[leaf] != -1).any() or (child[~leaf] <= number[~leaf]).any() or (child >= end).any():
                raise damaged(cls.kind, "a node leads out of its tree or back")
        if (value < 0).any() or (value > 1).any():
            raise damaged(cls.kind, "a leaf's share is not between 0 and 1")
        return cls(features, root, feature, threshold, left, right, value)

    @classmethod
    def from_estimator(cls, estimator: Any) -> Self:
        binary_classes(estimator)
        if getattr(estimator, "init_", None) is not None:
            raise RecipeError("Boosted trees are not an ensemble of equal trees.")
        trees = [tree.tree_ for tree in getattr(estimator, "estimators_", [estimator])]
        starts = np.cumsum([0, *(tree.node_count for tree in trees)])
        parts: dict[str, list[np.ndarray]] = {name: [] for name in ARRAYS[1:]}
        for tree, start in zip(trees, starts, strict=False):
            leaf = tree.children_left < 0
            counts = tree.value[:, 0, :]
            parts["feature"].append(np.where(leaf, -1, tree.feature))
            parts["threshold"].append(np.where(leaf, 0.0, tree.threshold))
            parts["left"].append(np.where(leaf, -1, tree.children_left + start))
            parts["right"].append(np.where(leaf, -1, tree.children_right + start))
            parts["value"].append(np.clip(counts[:, 1] / counts.sum(axis=1), 0.0, 1.0))
        whole = {name: np.concatenate(values) for name, values in parts.items()}
        for name in ("feature", "left", "right"):
            whole[name] = whole[name].astype(np.int32)
        return cls(int(estimator.n_features_in_), starts[:-1].astype(np.int32), **whole)


def out_of_bag(estimator: Any) -> np.ndarray | None:
    """Probability of each training case by the trees that did not see it, shape (n,).

    NaN for a case that every tree saw; None for an estimator without out-of-bag scores.
    """
    found = getattr(estimator, "oob_decision_function_", None)
    if found is None:
        return None
    # scikit-learn gives a case without trees two zeros, or NaN.
    known = found.sum(axis=1) > 0
    return np.where(known, found[:, 1], np.nan)
