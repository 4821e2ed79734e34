"""Leave out features that cannot tell patients apart."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import validate_data

from RadFusionLib.selection.selector import Selector

__all__ = ["InformativeFeatures"]


class InformativeFeatures(Selector):
    """Keep the features that are known for every training patient and not constant.

    A feature that could not be computed for one patient is left out, never imputed.

    Parameters
    ----------
    tolerance : float
        A feature is constant when its standard deviation is at most ``tolerance`` times its largest
        absolute value.

    Attributes
    ----------
    support_ : numpy.ndarray of bool, shape (n_features,)
        Which features are kept.
    unknown_ : numpy.ndarray of bool, shape (n_features,)
        Which were left out because a training patient has no value.
    """

    def __init__(self, tolerance: float = 1e-9) -> None:
        self.tolerance = tolerance

    def fit(self, X: np.ndarray, y: np.ndarray | None = None) -> InformativeFeatures:
        """Learn which features vary; ``X`` has shape (n_patients, n_features) and may hold NaN."""
        X = validate_data(self, X, ensure_all_finite="allow-nan", dtype=np.float64)
        self.unknown_ = ~np.isfinite(X).all(axis=0)
        filled = np.where(self.unknown_, 0.0, X)
        scale = np.abs(filled).max(axis=0)
        self.support_ = ~self.unknown_ & (filled.std(axis=0) > self.tolerance * scale)
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags
