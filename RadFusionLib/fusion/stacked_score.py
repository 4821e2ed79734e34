"""A model of models: a classifier of signatures and clinical values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from RadFusionLib.fusion.case_score import CaseScore
from RadFusionLib.fusion.classifier import decision, signature
from RadFusionLib.fusion.scores import Score
from RadFusionLib.fusion.table import FeatureTable

__all__ = ["StackedScore"]


@dataclass(frozen=True, eq=False)
class StackedScore:
    """The score of a stack.

    Parameters
    ----------
    signatures : mapping of str to CaseScore
        By model's name, in the classifier's order.
    clinical : tuple of str
        The clinical columns that follow the signatures.
    classifier : Score
        Of ``len(signatures) + len(clinical)`` values.
    """

    signatures: Mapping[str, CaseScore]
    clinical: tuple[str, ...]
    classifier: Score

    @property
    def features(self) -> tuple[str, ...]:
        """The columns that the signatures and the classifier need."""
        inner = [name for score in self.signatures.values() for name in score.features]
        return tuple(dict.fromkeys([*inner, *self.clinical]))

    @property
    def holds_cases(self) -> bool:
        """Whether it holds feature values of training cases."""
        return self.classifier.holds_cases or any(score.holds_cases for score in self.signatures.values())

    @property
    def images(self) -> tuple[str, ...]:
        """The networks that the signatures need."""
        return tuple(dict.fromkeys(name for score in self.signatures.values() for name in score.images))

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the classifier's inputs."""
        return (*self.signatures, *self.clinical)

    def inputs_of(self, table: FeatureTable) -> np.ndarray:
        """The classifier's inputs of each case, shape (n, number of inputs)."""
        return np.column_stack([*(s.signature(table) for s in self.signatures.values()), table.columns(self.clinical)])

    def score(self, table: FeatureTable) -> np.ndarray:
        """Score of each case, shape (n,): log-odds of a linear classifier, else a probability."""
        return decision(self.classifier, self.inputs_of(table))

    def signature(self, table: FeatureTable) -> np.ndarray:
        """The score in [0, 1], shape (n,)."""
        return signature(self.classifier, self.inputs_of(table))
