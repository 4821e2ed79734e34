"""What the selecting estimators share."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.feature_selection import SelectorMixin
from sklearn.utils import ClassifierTags
from sklearn.utils.validation import check_is_fitted, validate_data

__all__ = ["OutcomeSelector", "Selector"]


class Selector(SelectorMixin, BaseEstimator):
    """An estimator whose ``fit`` learns ``support_``, a ``bool`` array of shape (n_features,)."""

    support_: np.ndarray

    def _get_support_mask(self) -> np.ndarray:
        check_is_fitted(self)
        return self.support_


class OutcomeSelector(Selector):
    """A selector that needs a binary outcome."""

    def _checked(self, X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Features as ``float64`` and the outcome as 0 and 1 (the larger label is 1), or a ``ValueError``."""
        X, y = validate_data(self, X, y, dtype=np.float64, ensure_min_samples=2)
        labels, target = np.unique(y, return_inverse=True)
        if labels.size != 2:
            raise ValueError(
                f"{type(self).__name__} needs an outcome of two classes; the training cases have {labels.size}."
            )
        return X, target

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.classifier_tags = ClassifierTags(multi_class=False)
        return tags
