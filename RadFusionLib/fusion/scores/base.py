"""What every fitted, pickle-free score has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np

from RadFusionLib.errors import InputError, RecipeError

__all__ = ["Score", "binary_classes"]


class Score(ABC):
    """A fitted classifier as numbers: it scores, and it can be taken apart into JSON and arrays.

    Attributes
    ----------
    kind : str
        What the parts are marked with.
    holds_cases : bool
        Whether the parts contain values of training patients, which who shares a bundle should know.
    """

    kind: ClassVar[str]
    holds_cases: ClassVar[bool] = False

    @property
    @abstractmethod
    def n_features(self) -> int:
        """Number of features it was fitted on."""

    @property
    @abstractmethod
    def scale(self) -> str:
        """``"probability"``, in [0, 1], or ``"decision"``, any number with 0 at the border."""

    def score(self, X: np.ndarray) -> np.ndarray:
        """Score of each case, shape (n,); higher means more likely positive, NaN where a feature is not finite.

        Parameters
        ----------
        X : numpy.ndarray, shape (n, n_features)
            Features in the order and units of the fit.

        Raises
        ------
        InputError
            When the number of features differs.
        """
        X = np.asarray(X, dtype=np.float64)
        if X.ndim != 2 or X.shape[1] != self.n_features:
            raise InputError(f"The model needs a table of {self.n_features} features; it has the shape {X.shape}.")
        known = np.isfinite(X).all(axis=1)
        found = np.full(len(X), np.nan)
        if known.any():
            found[known] = self._score(X[known])
        return found

    @abstractmethod
    def _score(self, X: np.ndarray) -> np.ndarray:
        """Score of each row of a finite table."""

    @abstractmethod
    def to_parts(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """A description that JSON can hold, with its ``kind``, and arrays by name."""

    @classmethod
    @abstractmethod
    def from_parts(cls, description: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Self:
        """The score again.

        Raises
        ------
        BundleError
            When anything is missing, too much, of a wrong type or shape, not finite or out of its bounds.
        """

    @classmethod
    @abstractmethod
    def from_estimator(cls, estimator: Any) -> Self:
        """From the fitted scikit-learn estimator, whose second class is the positive one.

        Raises
        ------
        RecipeError
            When the estimator has an option that the score cannot express, or not two classes.
        """


def binary_classes(estimator: Any) -> None:
    """Refuse an estimator that was not fitted on two classes."""
    if len(estimator.classes_) != 2:
        raise RecipeError(
            f"{type(estimator).__name__} was fitted on {len(estimator.classes_)} classes; needed are two."
        )
