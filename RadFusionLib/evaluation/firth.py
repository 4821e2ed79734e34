"""Logistic regression that stays finite under separation.

Firth, Biometrika 1993;80:27-38; Heinze and Schemper, Statistics in Medicine 2002;21:2409-2419.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, log_expit

from RadFusionLib.errors import InputError

__all__ = ["FirthFit", "fit_firth"]

STEPS = 50
LARGEST_STEP = 2.0
CLOSE = 1e-10
FLAT = 1e-5


@dataclass(frozen=True)
class FirthFit:
    """Maximum of the likelihood penalised by Jeffreys' prior.

    Attributes
    ----------
    coefficients : numpy.ndarray, shape (p,)
    covariance : numpy.ndarray, shape (p, p)
        Inverse of the information at the estimates.
    log_likelihood : float
        Penalised: plus half the log-determinant of the information.
    """

    coefficients: np.ndarray
    covariance: np.ndarray
    log_likelihood: float


def fit_firth(
    matrix: np.ndarray, positive: np.ndarray, fixed: dict[int, float] | None = None, near: FirthFit | None = None
) -> FirthFit:
    """Fit by Newton's method on the modified score.

    Parameters
    ----------
    matrix : numpy.ndarray, shape (n, p)
        Columns with the intercept, of similar scales and full rank.
    positive : numpy.ndarray of bool, shape (n,)
        The outcome.
    fixed : dict of int to float, optional
        Coefficients held at a value; the penalty is that of the whole matrix all the same.
    near : FirthFit, optional
        The free fit. The search starts where its covariance expects the other coefficients, since far from there the
        penalised likelihood of separated data is flat.

    Raises
    ------
    InputError
        When the maximum is not reached.
    """
    held = fixed or {}
    free = np.array([column for column in range(matrix.shape[1]) if column not in held], dtype=int)
    beta = np.zeros(matrix.shape[1])
    if near is not None and held:
        columns = list(held)
        away = np.array(list(held.values())) - near.coefficients[columns]
        covariance = near.covariance
        beta = near.coefficients + covariance[:, columns] @ np.linalg.solve(covariance[np.ix_(columns, columns)], away)
    for column, value in held.items():
        beta[column] = value
    likelihood, information = _penalised(matrix, positive, beta)
    for _ in range(STEPS):
        step = np.zeros_like(beta)
        if free.size:
            score = _score(matrix, positive, beta, information)
            step[free] = np.linalg.solve(information[np.ix_(free, free)], score[free])
        largest = np.abs(step).max()
        if largest < CLOSE:
            return FirthFit(beta, np.linalg.inv(information), likelihood)
        step *= min(1.0, LARGEST_STEP / largest)
        for _ in range(30):
            tried, its_information = _penalised(matrix, positive, beta + step)
            if tried >= likelihood - 1e-12:
                break
            step /= 2
        beta, likelihood, information = beta + step, tried, its_information

    # Far from the estimates the information is a poor stand-in for the curvature, and its steps creep.
    def loss(values: np.ndarray) -> tuple[float, np.ndarray]:
        whole = beta.copy()
        whole[free] = values
        value, curvature = _penalised(matrix, positive, whole)
        if not np.isfinite(value):
            return np.inf, np.zeros(free.size)
        return -value, -_score(matrix, positive, whole, curvature)[free]

    found = minimize(loss, beta[free], jac=True, method="BFGS", options={"gtol": FLAT / 1000})
    if np.abs(found.jac).max() > FLAT:
        raise InputError("Firth's logistic regression did not converge; use fewer variables.")
    beta[free] = found.x
    likelihood, information = _penalised(matrix, positive, beta)
    return FirthFit(beta, np.linalg.inv(information), likelihood)


def _score(matrix: np.ndarray, positive: np.ndarray, beta: np.ndarray, information: np.ndarray) -> np.ndarray:
    p = expit(matrix @ beta)
    leverage = p * (1 - p) * np.einsum("ij,ji->i", matrix, np.linalg.solve(information, matrix.T))
    return np.asarray(matrix.T @ (positive - p + leverage * (0.5 - p)))


def _penalised(matrix: np.ndarray, positive: np.ndarray, beta: np.ndarray) -> tuple[float, np.ndarray]:
    odds = matrix @ beta
    p = expit(odds)
    information = (matrix * (p * (1 - p))[:, None]).T @ matrix
    sign, determinant = np.linalg.slogdet(information)
    if sign <= 0:
        return -np.inf, information
    return float(log_expit(np.where(positive, odds, -odds)).sum() + determinant / 2), information
