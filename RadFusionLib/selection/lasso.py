"""Keep the features to which the LASSO gives a weight (Tibshirani, JRSS B 58:267, 1996)."""

from __future__ import annotations

import numpy as np
from scipy.special import expit
from sklearn.linear_model import lasso_path
from sklearn.model_selection import StratifiedKFold

from RadFusionLib.errors import InputError
from RadFusionLib.selection.lasso_logistic import logistic_lasso_path
from RadFusionLib.selection.selector import OutcomeSelector

__all__ = ["LassoSelection"]


class LassoSelection(OutcomeSelector):
    """Keep the features with a non-zero coefficient at a penalty that cross-validation chooses.

    The loss is ``||y - b0 - X b||^2 / (2 n) + alpha |b|`` (gaussian, with the outcome as 0 and 1) or the mean
    negative log-likelihood ``+ alpha |b|`` (binomial). Features should be standardised before.

    Parameters
    ----------
    family : {"gaussian", "binomial"}
        Which of the two losses.
    rule : {"min", "1se"}
        The penalty with the least mean error over the folds, or the largest whose mean error is within one
        standard error of it.
    folds : int
        Number of folds, stratified by outcome.
    n_alphas : int
        Number of penalties, evenly spaced on a logarithmic scale.
    ratio : float
        The smallest penalty over the largest, at which every coefficient is zero.
    seed : int
        Of the folds.

    Attributes
    ----------
    support_ : numpy.ndarray of bool, shape (n_features,)
        Which features are kept; none may be.
    coef_ : numpy.ndarray, shape (n_features,)
        Coefficients at ``alpha_``, fitted on all training patients.
    intercept_ : float
        The intercept at ``alpha_``.
    alpha_ : float
        The chosen penalty.
    alphas_ : numpy.ndarray, shape (n_alphas,)
        All penalties, falling.
    coefficients_ : numpy.ndarray, shape (n_alphas, n_features)
        The path: coefficients on all training patients at each penalty.
    cv_mean_, cv_se_ : numpy.ndarray, shape (n_alphas,)
        Mean over folds of the mean squared error or the deviance per patient, and its standard error.
    """

    def __init__(
        self,
        family: str = "gaussian",
        rule: str = "min",
        folds: int = 10,
        n_alphas: int = 100,
        ratio: float = 1e-3,
        seed: int = 0,
    ) -> None:
        self.family = family
        self.rule = rule
        self.folds = folds
        self.n_alphas = n_alphas
        self.ratio = ratio
        self.seed = seed

    def fit(self, X: np.ndarray, y: np.ndarray) -> LassoSelection:
        """Select among the columns of ``X``, shape (n_patients, n_features), for a binary ``y``.

        Raises
        ------
        InputError
            When there are fewer patients of one outcome than folds.
        """
        if self.family not in ("gaussian", "binomial") or self.rule not in ("min", "1se"):
            raise InputError(
                f"Family {self.family!r} with rule {self.rule!r} is not known; they are 'gaussian' or 'binomial', "
                "and 'min' or '1se'."
            )
        X, target = self._checked(X, y)
        rarest = int(np.bincount(target).min())
        if rarest < self.folds:
            raise InputError(
                f"The LASSO has {rarest} training patients of one outcome for {self.folds} folds; lower its folds."
            )
        outcome = target.astype(np.float64)
        largest = np.abs((outcome - outcome.mean()) @ (X - X.mean(axis=0))).max() / len(outcome)
        # A hair above, so that rounding leaves no coefficient at the first penalty.
        largest = max(float(largest) * (1 + 1e-12), 1e-12)
        self.alphas_ = largest * np.geomspace(1.0, self.ratio, self.n_alphas)
        errors = []
        splits = StratifiedKFold(self.folds, shuffle=True, random_state=self.seed)
        for inside, outside in splits.split(X, target):
            intercepts, coefficients = self._path(X[inside], outcome[inside])
            errors.append(self._error(intercepts + X[outside] @ coefficients.T, outcome[outside]))
        self.cv_mean_ = np.mean(errors, axis=0)
        self.cv_se_ = np.std(errors, axis=0, ddof=1) / np.sqrt(self.folds)
        chosen = int(np.argmin(self.cv_mean_))
        if self.rule == "1se":
            chosen = int(np.argmax(self.cv_mean_ <= self.cv_mean_[chosen] + self.cv_se_[chosen]))
        intercepts, self.coefficients_ = self._path(X, outcome)
        self.alpha_ = float(self.alphas_[chosen])
        self.coef_ = self.coefficients_[chosen]
        self.intercept_ = float(intercepts[chosen])
        self.support_ = self.coef_ != 0
        return self

    def _path(self, X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Intercepts, shape (n_alphas,), and coefficients, shape (n_alphas, n_features)."""
        if self.family == "binomial":
            return logistic_lasso_path(X, y, self.alphas_)
        centre = X.mean(axis=0)
        _, coefficients, _ = lasso_path(X - centre, y - y.mean(), alphas=self.alphas_, max_iter=10_000)
        return y.mean() - centre @ coefficients, coefficients.T

    def _error(self, linear: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Mean over patients of ``linear``, shape (n, n_alphas)."""
        if self.family == "gaussian":
            return ((linear - y[:, None]) ** 2).mean(axis=0)
        probability = np.clip(expit(linear), 1e-5, 1 - 1e-5)  # as glmnet bounds the deviance of one patient
        return -2 * np.log(np.where(y[:, None] > 0, probability, 1 - probability)).mean(axis=0)
