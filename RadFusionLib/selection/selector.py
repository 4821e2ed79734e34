"""What the selecting estimators share."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.feature_selection import SelectorMixin
from sklearn.utils.validation import check_is_fitted

__all__ = ["OutcomeSelector", "Selector"]


class Selector(SelectorMixin, BaseEstimator):
    """An estimator whose ``fit`` learns ``support_``, a ``bool`` array of shape (n_features,)."""

    support_: np.ndarray

    def _get_support_mask(self) -> np.ndarray:
        check_is_fitted(self)
        return self.support_


class OutcomeSelector(Selector):
    """A selector that needs the outcome."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags
