"""A fitted pipeline: features, what is done to them, and a classifier."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from RadFusionLib.fusion.classifier import decision, signature
from RadFusionLib.fusion.scores import Score
from RadFusionLib.fusion.table import FeatureTable
from RadFusionLib.fusion.transforms import Transform

__all__ = ["FeatureScore"]


@dataclass(frozen=True, eq=False)
class FeatureScore:
    """The score of a model that was fitted by steps and a classifier.

    Parameters
    ----------
    features : tuple of str
        Names of the columns it needs, length p.
    transforms : tuple of Transform
        Applied in this order.
    classifier : Score
        Of what the transforms give.
    """

    features: tuple[str, ...]
    transforms: tuple[Transform, ...]
    classifier: Score

    @property
    def holds_cases(self) -> bool:
        """Whether it holds feature values of training cases."""
        return self.classifier.holds_cases

    @property
    def images(self) -> tuple[str, ...]:
        """No network's images are needed."""
        return ()

    def transformed(self, table: FeatureTable) -> np.ndarray:
        """What the classifier sees, shape (n, q)."""
        X = table.columns(self.features)
        for transform in self.transforms:
            X = transform.apply(X, table.scanners)
        return X

    def score(self, table: FeatureTable) -> np.ndarray:
        """Score of each case, shape (n,): log-odds of a linear classifier, else a probability."""
        return decision(self.classifier, self.transformed(table))

    def signature(self, table: FeatureTable) -> np.ndarray:
        """The score in [0, 1], shape (n,)."""
        return signature(self.classifier, self.transformed(table))
