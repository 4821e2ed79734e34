"""Select clinical variables by univariate, then multivariable logistic regression."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.utils.validation import validate_data

from RadFusionLib.selection.selector import OutcomeSelector

__all__ = ["ClinicalSelection"]


class ClinicalSelection(OutcomeSelector):
    """Keep variables significant alone and still significant together (Wald tests, intercept on).

    None may be left, which is a result: no clinical variable adds information.

    Parameters
    ----------
    univariate, multivariable : float
        Largest p-value alone, and in the model of all that passed alone.

    Attributes
    ----------
    p_univariate_, p_multivariable_ : numpy.ndarray, shape (n_features,)
        The p-values; 1 where a model could not be fitted (separation), NaN where a variable did not enter.
    support_ : numpy.ndarray of bool, shape (n_features,)
        Which variables are kept.
    """

    def __init__(self, univariate: float = 0.05, multivariable: float = 0.05) -> None:
        self.univariate = univariate
        self.multivariable = multivariable

    def fit(self, X: np.ndarray, y: np.ndarray) -> ClinicalSelection:
        """Select among the columns of ``X``, shape (n_patients, n_variables), for a binary ``y``."""
        X, y = validate_data(self, X, y, dtype=np.float64, ensure_min_samples=2)
        target = np.unique(y, return_inverse=True)[1].astype(float)
        columns = range(X.shape[1])
        self.p_univariate_ = np.array([_wald_p(X[:, [c]], target)[0] for c in columns])
        entered = np.flatnonzero(self.p_univariate_ < self.univariate)
        self.p_multivariable_ = np.full(X.shape[1], np.nan)
        if entered.size:
            self.p_multivariable_[entered] = _wald_p(X[:, entered], target)
        with np.errstate(invalid="ignore"):
            self.support_ = self.p_multivariable_ < self.multivariable
        return self


def _wald_p(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    from statsmodels.discrete.discrete_model import Logit

    spread = X.std(axis=0)
    if not (spread > 0).all():
        return np.ones(X.shape[1])
    design = np.column_stack([np.ones(len(y)), (X - X.mean(axis=0)) / spread])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            fitted = Logit(y, design).fit(disp=0, maxiter=50)
        except (np.linalg.LinAlgError, ValueError, RuntimeError):
            return np.ones(X.shape[1])
    p = np.asarray(fitted.pvalues)[1:]
    return np.where(np.isfinite(p), p, 1.0)
