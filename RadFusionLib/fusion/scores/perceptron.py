"""The score of a multilayer perceptron with one logistic output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from scipy.special import expit

from RadFusionLib.errors import RecipeError
from RadFusionLib.fusion.scores.base import Score, binary_classes
from RadFusionLib.fusion.scores.parts import array_part, check_names, choice_part, damaged, integer_part

__all__ = ["PerceptronScore"]

_ACTIVATIONS = {
    "relu": lambda x: np.maximum(x, 0.0),
    "tanh": np.tanh,
    "logistic": expit,
    "identity": lambda x: x,
}
MOST_LAYERS = 32


@dataclass(frozen=True, eq=False)
class PerceptronScore(Score):
    """Probability of the positive class by layers of weighted sums.

    Parameters
    ----------
    weights : tuple of numpy.ndarray, each of shape (n_in, n_out)
        Of each layer; the last has one output.
    biases : tuple of numpy.ndarray, each of shape (n_out,)
    activation : {"relu", "tanh", "logistic", "identity"}
        Of every layer but the last, which is logistic.
    """

    kind: ClassVar[str] = "perceptron"
    weights: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...]
    activation: str

    @property
    def n_features(self) -> int:
        return self.weights[0].shape[0]

    @property
    def scale(self) -> str:
        return "probability"

    def _score(self, X: np.ndarray) -> np.ndarray:
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            X = _ACTIVATIONS[self.activation](X @ weight + bias)
        return expit(X @ self.weights[-1] + self.biases[-1])[:, 0]

    def to_parts(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        arrays = {f"weight_{k}": weight for k, weight in enumerate(self.weights)}
        arrays |= {f"bias_{k}": bias for k, bias in enumerate(self.biases)}
        return {"kind": self.kind, "layers": len(self.weights), "activation": self.activation}, arrays

    @classmethod
    def from_parts(cls, description: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Self:
        names = tuple(arrays) if isinstance(arrays, Mapping) else ()
        check_names(cls.kind, description, arrays, ("layers", "activation"), names)
        layers = integer_part(cls.kind, description, "layers", 1, MOST_LAYERS)
        wanted = [f"{part}_{k}" for k in range(layers) for part in ("weight", "bias")]
        check_names(cls.kind, description, arrays, ("layers", "activation"), wanted)
        width: int | None = None
        weights, biases = [], []
        for k in range(layers):
            weights.append(array_part(cls.kind, arrays, f"weight_{k}", (width, None)))
            width = weights[-1].shape[1]
            biases.append(array_part(cls.kind, arrays, f"bias_{k}", (width,)))
        if width != 1:
            raise damaged(cls.kind, "its last layer has not one output")
        activation = choice_part(cls.kind, description, "activation", tuple(_ACTIVATIONS))
        return cls(tuple(weights), tuple(biases), activation)

    @classmethod
    def from_estimator(cls, estimator: Any) -> Self:
        binary_classes(estimator)
        if estimator.out_activation_ != "logistic" or len(estimator.coefs_) > MOST_LAYERS:
            raise RecipeError(f"A multilayer perceptron has one logistic output and at most {MOST_LAYERS} layers.")
        return cls(
            tuple(np.array(w, dtype=np.float64) for w in estimator.coefs_),
            tuple(np.array(b, dtype=np.float64) for b in estimator.intercepts_),
            estimator.activation,
        )
