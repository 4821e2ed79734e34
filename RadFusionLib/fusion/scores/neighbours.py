"""The score of k nearest neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from scipy.spatial.distance import cdist

from RadFusionLib.errors import RecipeError
from RadFusionLib.fusion.scores.base import Score, binary_classes
from RadFusionLib.fusion.scores.parts import array_part, check_names, choice_part, damaged, integer_part

__all__ = ["NeighboursScore"]

WEIGHTS = ("uniform", "distance")
BLOCK = 512


@dataclass(frozen=True, eq=False)
class NeighboursScore(Score):
    """Share of positives among the nearest training patients by Euclidean distance.

    Of equally distant patients the one that came first in training counts as nearer.

    Parameters
    ----------
    cases : numpy.ndarray, shape (n_cases, n_features)
        Features of the training patients.
    positive : numpy.ndarray of uint8, shape (n_cases,)
        1 for positives, else 0.
    neighbours : int
        How many are asked, at most ``n_cases``.
    weights : {"uniform", "distance"}
        Each counts the same, or by the inverse of its distance (identical patients alone, if there are any).
    """

    kind: ClassVar[str] = "nearest-neighbours"
    holds_cases: ClassVar[bool] = True
    cases: np.ndarray
    positive: np.ndarray
    neighbours: int
    weights: str

    @property
    def n_features(self) -> int:
        return self.cases.shape[1]

    @property
    def scale(self) -> str:
        return "probability"

    def _score(self, X: np.ndarray) -> np.ndarray:
        return np.concatenate([self._of_block(X[start : start + BLOCK]) for start in range(0, len(X), BLOCK)])

    def _of_block(self, X: np.ndarray) -> np.ndarray:
        distance = cdist(X, self.cases)
        nearest = np.argsort(distance, axis=1, kind="stable")[:, : self.neighbours]
        positive = self.positive[nearest].astype(np.float64)
        if self.weights == "uniform":
            return positive.mean(axis=1)
        near = np.take_along_axis(distance, nearest, axis=1)
        same = near == 0
        with np.errstate(divide="ignore"):
            weight = np.where(same.any(axis=1, keepdims=True), same.astype(float), 1 / near)
        return (weight * positive).sum(axis=1) / weight.sum(axis=1)

    def to_parts(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        description = {"kind": self.kind, "neighbours": self.neighbours, "weights": self.weights}
        return description, {"cases": self.cases, "positive": self.positive}

    @classmethod
    def from_parts(cls, description: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Self:
        check_names(cls.kind, description, arrays, ("neighbours", "weights"), ("cases", "positive"))
        cases = array_part(cls.kind, arrays, "cases", (None, None))
        positive = array_part(cls.kind, arrays, "positive", (len(cases),), np.uint8)
        if (positive > 1).any():
            raise damaged(cls.kind, "an outcome is neither 0 nor 1")
        neighbours = integer_part(cls.kind, description, "neighbours", 1, len(cases))
        return cls(cases, positive, neighbours, choice_part(cls.kind, description, "weights", WEIGHTS))

    @classmethod
    def from_estimator(cls, estimator: Any) -> Self:
        binary_classes(estimator)
        euclidean = estimator.metric == "euclidean" or (estimator.metric == "minkowski" and estimator.p == 2)
        if not euclidean or estimator.weights not in WEIGHTS:
            raise RecipeError("Nearest neighbours are by Euclidean distance, with weights 'uniform' or 'distance'.")
        # scikit-learn keeps its training table under private names only.
        cases = np.array(estimator._fit_X, dtype=np.float64)
        return cls(cases, np.array(estimator._y, dtype=np.uint8), int(estimator.n_neighbors), estimator.weights)
