"""A score that is linear in its features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from RadFusionLib.fusion.table import FeatureTable

__all__ = ["LinearScore"]


@dataclass(frozen=True, eq=False)
class LinearScore:
    """A linear score of standardised features: ``intercept + sum(weight * (x - mean) / scale)``.

    Parameters
    ----------
    features : tuple of str
        Names, length p (0 for a model that found nothing: a constant score).
    mean, scale, weight : numpy.ndarray, shape (p,)
        Training mean and standard deviation of each feature, and its weight.
    intercept : float
        The score of a case at the training mean.
    """

    features: tuple[str, ...]
    mean: np.ndarray
    scale: np.ndarray
    weight: np.ndarray
    intercept: float

    @property
    def holds_cases(self) -> bool:
        """Whether it holds feature values of training cases."""
        return False

    @property
    def images(self) -> tuple[str, ...]:
        """No network's images are needed."""
        return ()

    def terms(self, table: FeatureTable) -> np.ndarray:
        """Each feature's addend to the score, shape (n, p)."""
        return self.weight * (table.columns(self.features) - self.mean) / self.scale

    def score(self, table: FeatureTable) -> np.ndarray:
        """Score of each case, shape (n,); higher means more likely positive."""
        return self.intercept + self.terms(table).sum(axis=1)

    def signature(self, table: FeatureTable) -> np.ndarray:
        """The logistic function of the score, shape (n,)."""
        return expit(self.score(table))
