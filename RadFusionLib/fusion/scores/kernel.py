"""The score of a support vector machine with a Gaussian kernel."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from scipy.spatial.distance import cdist

from RadFusionLib.errors import RecipeError
from RadFusionLib.fusion.scores.base import Score, binary_classes
from RadFusionLib.fusion.scores.parts import array_part, check_names, number_part

__all__ = ["GaussianKernelScore"]


@dataclass(frozen=True, eq=False)
class GaussianKernelScore(Score):
    """``intercept + sum_s weight_s exp(-gamma |x - vector_s|^2)``, a decision value.

    Parameters
    ----------
    vectors : numpy.ndarray, shape (n_vectors, n_features)
        The support vectors: features of training patients.
    weight : numpy.ndarray, shape (n_vectors,)
    intercept : float
    gamma : float
        Above 0.
    """

    kind: ClassVar[str] = "gaussian-kernel"
    holds_cases: ClassVar[bool] = True
    vectors: np.ndarray
    weight: np.ndarray
    intercept: float
    gamma: float

    @property
    def n_features(self) -> int:
        return self.vectors.shape[1]

    @property
    def scale(self) -> str:
        return "decision"

    def _score(self, X: np.ndarray) -> np.ndarray:
        return np.exp(-self.gamma * cdist(X, self.vectors, "sqeuclidean")) @ self.weight + self.intercept

    def to_parts(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        description = {"kind": self.kind, "intercept": self.intercept, "gamma": self.gamma}
        return description, {"vectors": self.vectors, "weight": self.weight}

    @classmethod
    def from_parts(cls, description: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Self:
        check_names(cls.kind, description, arrays, ("intercept", "gamma"), ("vectors", "weight"))
        vectors = array_part(cls.kind, arrays, "vectors", (None, None))
        return cls(
            vectors,
            array_part(cls.kind, arrays, "weight", (len(vectors),)),
            number_part(cls.kind, description, "intercept"),
            number_part(cls.kind, description, "gamma", 0.0, math.inf),
        )

    @classmethod
    def from_estimator(cls, estimator: Any) -> Self:
        binary_classes(estimator)
        if estimator.kernel != "rbf":
            raise RecipeError(f"A support vector machine's kernel is 'linear' or 'rbf', not {estimator.kernel!r}.")
        return cls(
            np.array(estimator.support_vectors_, dtype=np.float64),
            np.array(estimator.dual_coef_[0], dtype=np.float64),
            float(estimator.intercept_[0]),
            # The number that gamma="scale" came to has no public name.
            float(estimator._gamma),
        )
