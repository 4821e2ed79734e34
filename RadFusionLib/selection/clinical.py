"""Select clinical variables by univariate, then multivariable logistic regression."""

from __future__ import annotations

import numpy as np

from RadFusionLib.errors import InputError
from RadFusionLib.selection.backward import backward_by_aic, independent_columns
from RadFusionLib.selection.logistic import fit_logistic, is_separated, likelihood_ratio_p, wald_p
from RadFusionLib.selection.selector import OutcomeSelector

__all__ = ["ClinicalSelection"]


class ClinicalSelection(OutcomeSelector):
    """Keep variables that are significant alone and still count together (intercept on).

    None may be left, which is a result: no clinical variable adds information.

    Parameters
    ----------
    univariate : float
        Largest p-value alone; 1 lets every variable that varies enter.
    multivariable : float
        Largest p-value in the model of all that passed alone; for ``rule="significance"``.
    rule : {"significance", "aic"}
        How those that passed are judged together: by their p-values in one model, or by dropping them one by
        one while the AIC falls (:func:`backward_by_aic`).
    firth : bool
        Penalise the likelihood and take p-values from its ratio instead of Wald's test, which keeps variables
        that split the outcomes perfectly or nearly so.

    Attributes
    ----------
    p_univariate_, p_multivariable_ : numpy.ndarray, shape (n_features,)
        The p-values; 1 where a variable is constant or follows from earlier ones, NaN where it did not enter
        the last model.
    separated_ : bool
        Whether the variables that entered split the outcomes, so that an unpenalised model of them all does
        not exist.
    support_ : numpy.ndarray of bool, shape (n_features,)
        Which variables are kept.
    """

    def __init__(
        self, univariate: float = 0.05, multivariable: float = 0.05, rule: str = "significance", firth: bool = False
    ) -> None:
        self.univariate = univariate
        self.multivariable = multivariable
        self.rule = rule
        self.firth = firth

    def fit(self, X: np.ndarray, y: np.ndarray) -> ClinicalSelection:
        """Select among the columns of ``X``, shape (n_patients, n_variables), for a binary ``y``."""
        if self.rule not in ("significance", "aic"):
            raise InputError(f"rule is {self.rule!r}; clinical variables are judged by 'significance' or by 'aic'.")
        X, target = self._checked(X, y)
        self.p_univariate_ = np.concatenate([self._p(X[:, [c]], target) for c in range(X.shape[1])])
        varies = np.isin(np.arange(X.shape[1]), [c for c in range(X.shape[1]) if independent_columns(X[:, [c]]).size])
        entered = np.flatnonzero(varies & ((self.p_univariate_ < self.univariate) | (self.univariate >= 1)))
        self.separated_ = bool(entered.size) and is_separated(X[:, entered], target)
        self.p_multivariable_ = np.full(X.shape[1], np.nan)
        self.support_ = np.zeros(X.shape[1], dtype=bool)
        if not entered.size:
            return self
        if self.rule == "aic":
            entered = entered[backward_by_aic(X[:, entered], target, firth=self.firth).kept]
            self.support_[entered] = True
        self.p_multivariable_[entered] = self._p(X[:, entered], target)
        if self.rule == "significance":
            self.support_[entered] = self.p_multivariable_[entered] < self.multivariable
        return self

    def _p(self, X: np.ndarray, y: np.ndarray) -> np.ndarray:
        columns = independent_columns(X)
        p = np.ones(X.shape[1])
        if columns.size == 0:
            return p
        if self.firth:
            p[columns] = likelihood_ratio_p(X[:, columns], y, firth=True)
        else:
            p[columns] = wald_p(fit_logistic(X[:, columns], y))
        return p
