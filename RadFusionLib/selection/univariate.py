"""Keep the features that differ between the two outcomes."""

from __future__ import annotations

import numpy as np
from scipy import stats

from RadFusionLib.selection.selector import OutcomeSelector

__all__ = ["UnivariateFilter"]


class UnivariateFilter(OutcomeSelector):
    """Keep features that a t-test or a Mann-Whitney test finds different, one by one.

    A feature that looks normal in both outcome groups (Shapiro-Wilk) is tested by Student's t-test, any other
    by the Mann-Whitney U test. Constant features are dropped.

    Parameters
    ----------
    threshold : float
        Features with a two-sided p below this are kept; no correction for their number.
    normality : float
        A group looks normal when the Shapiro-Wilk p is at least this.
    equal_variance : bool
        Student's t-test with a pooled variance; otherwise Welch's.

    Attributes
    ----------
    p_ : numpy.ndarray, shape (n_features,)
        1 for constant features.
    test_ : numpy.ndarray of str, shape (n_features,)
        ``"t"``, ``"mann-whitney"`` or ``"constant"``.
    support_ : numpy.ndarray of bool, shape (n_features,)
        Which features are kept.
    """

    def __init__(self, threshold: float = 0.05, normality: float = 0.05, equal_variance: bool = True) -> None:
        self.threshold = threshold
        self.normality = normality
        self.equal_variance = equal_variance

    def fit(self, X: np.ndarray, y: np.ndarray) -> UnivariateFilter:
        """Test the columns of ``X``, shape (n_patients, n_features), between the two outcomes ``y``."""
        X, target = self._checked(X, y)
        varies = np.ptp(X, axis=0) > 0
        normal = np.zeros(X.shape[1], dtype=bool)
        normal[varies] = np.logical_and(*(_looks_normal(X[target == v][:, varies], self.normality) for v in (0, 1)))
        ranked = varies & ~normal
        first, second = X[target == 0], X[target == 1]
        self.p_ = np.ones(X.shape[1])
        if normal.any():
            found = stats.ttest_ind(first[:, normal], second[:, normal], equal_var=self.equal_variance)
            self.p_[normal] = found.pvalue
        if ranked.any():
            self.p_[ranked] = stats.mannwhitneyu(first[:, ranked], second[:, ranked]).pvalue
        self.test_ = np.where(normal, "t", np.where(ranked, "mann-whitney", "constant"))
        self.support_ = self.p_ < self.threshold
        return self


def _looks_normal(group: np.ndarray, level: float) -> np.ndarray:
    """Whether each column passes the Shapiro-Wilk test; never with fewer than 3 values or no spread."""
    passes = np.ptp(group, axis=0) > 0
    if group.shape[0] < 3 or not passes.any():
        return np.zeros(group.shape[1], dtype=bool)
    # The statistic is the same for a standardised column, which keeps large offsets from costing digits.
    spread = group[:, passes] - group[:, passes].mean(axis=0)
    passes[passes] = stats.shapiro(spread / np.abs(spread).max(axis=0), axis=0).pvalue >= level
    return passes
