"""Firth's penalised logistic regression as a classifier."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from RadFusionLib.selection.backward import independent_columns
from RadFusionLib.selection.logistic import fit_logistic

__all__ = ["FirthLogisticRegression"]


class FirthLogisticRegression(ClassifierMixin, BaseEstimator):
    """Logistic regression whose coefficients stay finite when a variable splits the classes.

    A column that is constant or follows linearly from earlier ones has the coefficient 0.

    Attributes
    ----------
    classes_ : numpy.ndarray, shape (2,)
        The second is the positive one.
    coef_ : numpy.ndarray, shape (1, n_features)
    intercept_ : numpy.ndarray, shape (1,)
    """

    def fit(self, X: np.ndarray, y: np.ndarray) -> FirthLogisticRegression:
        """Fit to ``X``, shape (n, n_features), and two classes ``y``; fewer independent columns than patients."""
        X, y = validate_data(self, X, y, dtype=np.float64, ensure_min_samples=2)
        check_classification_targets(y)
        self.classes_, target = np.unique(y, return_inverse=True)
        if len(self.classes_) != 2:
            raise ValueError(
                "Only binary classification is supported: Firth's logistic regression needs two classes and was given "
                f"{len(self.classes_)} class{'es' if len(self.classes_) > 1 else ''}."
            )
        columns = independent_columns(X)
        if len(columns) + 1 >= len(X):
            raise ValueError(
                f"Firth's logistic regression cannot weigh {len(columns)} features with {len(X)} patients; give fewer."
            )
        found = fit_logistic(X[:, columns], target, firth=True).coefficients
        self.coef_ = np.zeros((1, X.shape[1]))
        self.coef_[0, columns] = found[1:]
        self.intercept_ = found[:1]
        return self

    def decision_function(self, X: np.ndarray) -> np.ndarray:
        """Log odds of the positive class, shape (n,)."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return X @ self.coef_[0] + self.intercept_[0]

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Probability of each class, shape (n, 2)."""
        positive = expit(self.decision_function(X))
        return np.column_stack([1 - positive, positive])

    def predict(self, X: np.ndarray) -> np.ndarray:
        """The likelier class, shape (n,)."""
        positive = self.decision_function(X) > 0
        return self.classes_[positive.astype(int)]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags
