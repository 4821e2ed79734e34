"""Linear scores: linear support vector machine, logistic regression with any penalty, linear discriminant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from scipy.special import expit

from RadFusionLib.errors import RecipeError
from RadFusionLib.fusion.scores.base import Score, binary_classes
from RadFusionLib.fusion.scores.parts import array_part, check_names, choice_part, number_part

__all__ = ["LinearScore"]

LINKS = ("identity", "logistic")


@dataclass(frozen=True, eq=False)
class LinearScore(Score):
    """``intercept + X @ weight``, or the logistic function of it.

    Parameters
    ----------
    weight : numpy.ndarray, shape (n_features,)
        None for a model that found nothing, whose score is the same for all.
    intercept : float
    link : {"identity", "logistic"}
        Whether the score is the sum itself (a decision value) or a probability.
    """

    kind: ClassVar[str] = "linear"
    weight: np.ndarray
    intercept: float
    link: str = "identity"

    @property
    def n_features(self) -> int:
        return len(self.weight)

    @property
    def scale(self) -> str:
        return "probability" if self.link == "logistic" else "decision"

    def terms(self, X: np.ndarray) -> np.ndarray:
        """Each feature's addend to the sum, shape (n, n_features)."""
        return np.asarray(X, dtype=np.float64) * self.weight

    def _score(self, X: np.ndarray) -> np.ndarray:
        total = X @ self.weight + self.intercept
        return expit(total) if self.link == "logistic" else total

    def to_parts(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        return {"kind": self.kind, "intercept": self.intercept, "link": self.link}, {"weight": self.weight}

    @classmethod
    def from_parts(cls, description: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Self:
        check_names(cls.kind, description, arrays, ("intercept", "link"), ("weight",))
        weight = array_part(cls.kind, arrays, "weight", (None,))
        intercept = number_part(cls.kind, description, "intercept")
        return cls(weight, intercept, choice_part(cls.kind, description, "link", LINKS))

    @classmethod
    def from_estimator(cls, estimator: Any) -> Self:
        binary_classes(estimator)
        if getattr(estimator, "kernel", "linear") != "linear":
            raise RecipeError(f"A support vector machine with the kernel {estimator.kernel!r} is not linear.")
        link = "logistic" if hasattr(estimator, "predict_proba") else "identity"
        weight = np.array(estimator.coef_[0], dtype=np.float64)
        return cls(weight, float(np.ravel(estimator.intercept_)[0]), link)
