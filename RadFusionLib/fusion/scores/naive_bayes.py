"""The score of Gaussian naive Bayes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from scipy.special import expit

from RadFusionLib.fusion.scores.base import Score, binary_classes
from RadFusionLib.fusion.scores.parts import array_part, check_names, damaged, number_part

__all__ = ["GaussianNaiveBayesScore"]


@dataclass(frozen=True, eq=False)
class GaussianNaiveBayesScore(Score):
    """Probability of the positive class when features are independent and normal within each class.

    Parameters
    ----------
    mean, variance : numpy.ndarray, shape (2, n_features)
        Of the negative and of the positive class; variances above 0.
    prior : float
        Probability of the positive class before any feature, between 0 and 1.
    """

    kind: ClassVar[str] = "gaussian-naive-bayes"
    mean: np.ndarray
    variance: np.ndarray
    prior: float

    @property
    def n_features(self) -> int:
        return self.mean.shape[1]

    @property
    def scale(self) -> str:
        return "probability"

    def _score(self, X: np.ndarray) -> np.ndarray:
        distance = ((X[:, None, :] - self.mean) ** 2 / self.variance).sum(axis=2)
        logarithm = -0.5 * (distance + np.log(self.variance).sum(axis=1))
        return expit(logarithm[:, 1] - logarithm[:, 0] + np.log(self.prior) - np.log1p(-self.prior))

    def to_parts(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        return {"kind": self.kind, "prior": self.prior}, {"mean": self.mean, "variance": self.variance}

    @classmethod
    def from_parts(cls, description: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Self:
        check_names(cls.kind, description, arrays, ("prior",), ("mean", "variance"))
        mean = array_part(cls.kind, arrays, "mean", (2, None))
        variance = array_part(cls.kind, arrays, "variance", mean.shape)
        if (variance <= 0).any():
            raise damaged(cls.kind, "a variance is not above 0")
        return cls(mean, variance, number_part(cls.kind, description, "prior", 0.0, 1.0))

    @classmethod
    def from_estimator(cls, estimator: Any) -> Self:
        binary_classes(estimator)
        mean, variance = np.array(estimator.theta_, np.float64), np.array(estimator.var_, np.float64)
        return cls(mean, variance, float(estimator.class_prior_[1]))
