"""What every fitted model is: a score of cases."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from RadFusionLib.fusion.table import FeatureTable

__all__ = ["CaseScore"]


class CaseScore(Protocol):
    """A fitted model of a member.

    Attributes
    ----------
    features : tuple of str
        The columns of a table that it needs.
    images : tuple of str
        The networks whose images it needs.
    holds_cases : bool
        Whether it holds feature values of training cases, which who shares a bundle must know.
    """

    @property
    def features(self) -> tuple[str, ...]: ...

    @property
    def images(self) -> tuple[str, ...]: ...

    @property
    def holds_cases(self) -> bool: ...

    def score(self, table: FeatureTable) -> np.ndarray:
        """Score of each case, shape (n,); higher means more likely positive. Log-odds where the model has them."""
        ...

    def signature(self, table: FeatureTable) -> np.ndarray:
        """The score in [0, 1], as a stack takes it, shape (n,)."""
        ...
