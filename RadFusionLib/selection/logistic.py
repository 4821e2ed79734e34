"""Logistic regression by maximum likelihood or with Firth's penalty, for few patients and separated variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq, linprog
from scipy.special import expit
from scipy.stats import chi2, norm

__all__ = ["LogisticFit", "fit_logistic", "is_separated", "likelihood_ratio_p", "profile_interval", "wald_p"]

ITERATIONS = 200
SCORE_TOLERANCE = 1e-9
DEVIANCE_TOLERANCE = 1e-11
"""Smallest relative change of the deviance that is pursued; it ends the walk to infinity of a separated fit."""
LONGEST_STEP = 5.0


@dataclass(frozen=True, eq=False)
class LogisticFit:
    """A fitted logistic regression; the intercept comes first.

    Parameters
    ----------
    coefficients : numpy.ndarray, shape (1 + n_variables,)
        Log odds, and log odds ratios per unit.
    covariance : numpy.ndarray, shape (1 + n_variables, 1 + n_variables)
        Inverse of the Fisher information; of infinite diagonal where it has none.
    log_likelihood : float
        With Firth's penalty, the penalised one.
    """

    coefficients: np.ndarray
    covariance: np.ndarray
    log_likelihood: float

    @property
    def aic(self) -> float:
        """Akaike's criterion, ``2 k - 2 ln L``."""
        return 2 * len(self.coefficients) - 2 * self.log_likelihood


def fit_logistic(
    X: np.ndarray, y: np.ndarray, *, firth: bool = False, fixed: Mapping[int, float] | None = None
) -> LogisticFit:
    """Fit by Newton's method with halved steps.

    Firth's penalty adds half the logarithm of the determinant of the Fisher information to the log-likelihood,
    which keeps every coefficient finite (Firth, Biometrika 80:27, 1993; Heinze and Schemper, Stat Med 21:2409,
    2002).

    Parameters
    ----------
    X : numpy.ndarray, shape (n, n_variables)
        Linearly independent columns that are not constant.
    y : numpy.ndarray, shape (n,)
        0 or 1.
    firth : bool
        Penalise the likelihood.
    fixed : mapping of int to float, optional
        Coefficients held at a value (0 is the intercept); the penalty still is that of the whole model.

    Raises
    ------
    numpy.linalg.LinAlgError
        When the columns are linearly dependent.
    """
    y = np.asarray(y, dtype=np.float64)
    centre, spread = X.mean(axis=0), X.std(axis=0)
    if X.shape[1] and not (spread > 0).all():
        raise np.linalg.LinAlgError("A variable is constant.")
    design = np.column_stack([np.ones(len(y)), (X - centre) / spread])
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise np.linalg.LinAlgError("The variables are linearly dependent.")
    # original coefficients = back @ those of the standardised design
    back = np.diag(np.concatenate([[1.0], 1 / spread]))
    back[0, 1:] = -centre / spread
    rows = sorted(fixed or {})
    free, start = _constrained(back, rows, np.array([(fixed or {})[r] for r in rows]))
    log_scale = float(np.log(spread).sum())
    beta, value, information = _newton(design, y, start, free, firth)
    covariance = back @ _inverse(information) @ back.T
    return LogisticFit(back @ beta, covariance, value + (log_scale if firth else 0.0))


def wald_p(fit: LogisticFit) -> np.ndarray:
    """Two-sided p of each variable (without the intercept), shape (n_variables,)."""
    error = np.sqrt(np.diag(fit.covariance)[1:])
    return 2 * norm.sf(np.abs(fit.coefficients[1:]) / error)


def likelihood_ratio_p(X: np.ndarray, y: np.ndarray, *, firth: bool = False) -> np.ndarray:
    """Two-sided p of each variable by the (penalised) likelihood ratio, shape (n_variables,)."""
    full = fit_logistic(X, y, firth=firth).log_likelihood
    without = [fit_logistic(X, y, firth=firth, fixed={j + 1: 0.0}).log_likelihood for j in range(X.shape[1])]
    return chi2.sf(2 * np.maximum(full - np.asarray(without), 0.0), 1)


def profile_interval(
    X: np.ndarray, y: np.ndarray, variable: int, *, level: float = 0.95, firth: bool = False
) -> tuple[float, float]:
    """Interval of a coefficient (0 is the intercept) from its profile (penalised) likelihood.

    A side on which the likelihood never falls far enough is infinite.
    """
    fit = fit_logistic(X, y, firth=firth)
    centre = float(fit.coefficients[variable])
    target = fit.log_likelihood - chi2.ppf(level, 1) / 2
    step = float(np.sqrt(fit.covariance[variable, variable]))

    def excess(value: float) -> float:
        return fit_logistic(X, y, firth=firth, fixed={variable: value}).log_likelihood - target

    def limit(side: int) -> float:
        near, far = centre, centre + side * step
        for _ in range(30):
            if excess(far) < 0:
                return float(brentq(excess, near, far, xtol=1e-10))
            near, far = far, far + 2 * (far - near)
        return side * np.inf

    return limit(-1), limit(+1)


def is_separated(X: np.ndarray, y: np.ndarray) -> bool:
    """Whether some combination of the variables splits the outcomes, so that no finite maximum exists.

    Decided by linear programming (Konis, thesis, Oxford, 2007).
    """
    spread = X.std(axis=0)
    design = np.column_stack([np.ones(len(y)), (X - X.mean(axis=0)) / np.where(spread > 0, spread, 1.0)])
    signed = np.where(np.asarray(y) > 0, 1.0, -1.0)[:, None] * design
    found = linprog(-signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(len(y)), bounds=(-1, 1), method="highs")
    return bool(-found.fun > 1e-7)


def _constrained(back: np.ndarray, rows: list[int], values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Directions that leave the fixed coefficients alone (columns), and a start at which they have their values."""
    if not rows:
        return np.eye(len(back)), np.zeros(len(back))
    held = back[rows]
    start = np.linalg.lstsq(held, values, rcond=None)[0]
    free = np.linalg.svd(held)[2][len(rows) :].T
    return free, start


def _newton(
    design: np.ndarray, y: np.ndarray, beta: np.ndarray, free: np.ndarray, firth: bool
) -> tuple[np.ndarray, float, np.ndarray]:
    """Coefficients, (penalised) log-likelihood and information at the maximum over ``beta + free @ anything``."""
    value, score, information = _likelihood(design, y, beta, firth)
    for _ in range(ITERATIONS):
        slope = free.T @ score
        if np.abs(slope).max(initial=0.0) < SCORE_TOLERANCE:
            break
        step = free @ np.linalg.lstsq(free.T @ information @ free, slope, rcond=None)[0]
        step *= min(1.0, LONGEST_STEP / np.abs(step).max())
        before = value
        for _ in range(30):
            value, score, information = _likelihood(design, y, beta + step, firth)
            if value >= before - 1e-12 * abs(before):
                break
            step = step / 2
        beta = beta + step
        if not firth and 2 * abs(value - before) <= DEVIANCE_TOLERANCE * (2 * abs(value) + 0.1):
            break
    return beta, value, information


def _likelihood(
    design: np.ndarray, y: np.ndarray, beta: np.ndarray, firth: bool
) -> tuple[float, np.ndarray, np.ndarray]:
    eta = design @ beta
    probability = expit(eta)
    weight = probability * (1 - probability)
    information = design.T @ (weight[:, None] * design)
    value = float(y @ eta - np.logaddexp(0.0, eta).sum())
    residual = y - probability
    if firth:
        sign, logarithm = np.linalg.slogdet(information)
        if sign <= 0:
            return -np.inf, np.zeros(len(beta)), information
        root = np.sqrt(weight)[:, None] * design
        leverage = (root * np.linalg.solve(information, root.T).T).sum(axis=1)
        residual = residual + leverage * (0.5 - probability)
        value += 0.5 * float(logarithm)
    return value, design.T @ residual, information


def _inverse(information: np.ndarray) -> np.ndarray:
    try:
        return np.linalg.inv(information)
    except np.linalg.LinAlgError:
        return np.diag(np.full(len(information), np.inf))
