"""The path of a logistic regression with a LASSO penalty (Friedman, Hastie and Tibshirani, J Stat Softw 33:1, 2010)."""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["logistic_lasso_path"]

DESCENT_TOLERANCE = 1e-14
"""Largest squared step of a coordinate, in units of its curvature, at which the descent ends."""
NEWTON_TOLERANCE = 1e-6
"""Largest change of a patient's log odds at which the Newton steps end."""
SMALLEST_WEIGHT = 1e-5
MOST_EXPLAINED = 0.999
"""Share of the deviance beyond which the path stops: the rest would only follow the patients' noise."""


def logistic_lasso_path(X: np.ndarray, y: np.ndarray, alphas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Minimise ``mean negative log-likelihood + alpha * sum(|b|)`` at each penalty, the intercept free.

    Newton steps on the likelihood, coordinate descent inside each, every penalty starting where the one before
    ended. Once nearly all deviance is explained the coefficients stay as they are for smaller penalties.

    Parameters
    ----------
    X : numpy.ndarray, shape (n, n_features)
        Features.
    y : numpy.ndarray, shape (n,)
        0 or 1.
    alphas : numpy.ndarray, shape (n_alphas,)
        Penalties, falling.

    Returns
    -------
    intercepts : numpy.ndarray, shape (n_alphas,)
    coefficients : numpy.ndarray, shape (n_alphas, n_features)
    """
    # Own copies, since Numba would compile anew for each layout and for read-only memory.
    return _path(np.array(X, dtype=np.float64, order="F"), np.array(y, dtype=np.float64), np.array(alphas, dtype=float))


@njit(cache=True, nogil=True)
def _path(X, y, alphas):  # type: ignore[no-untyped-def]
    n, features = X.shape
    intercepts = np.zeros(len(alphas))
    coefficients = np.zeros((len(alphas), features))
    b = np.zeros(features)
    mean = y.mean()
    b0 = np.log(mean / (1 - mean))
    eta = np.full(n, b0)
    null = _loss(eta, y)
    for k in range(len(alphas)):
        if _loss(eta, y) > (1 - MOST_EXPLAINED) * null:
            b0 = _minimise(X, y, alphas[k], b0, b, eta)
        intercepts[k] = b0
        coefficients[k] = b
    return intercepts, coefficients


@njit(cache=True, nogil=True)
def _minimise(X, y, alpha, b0, b, eta):  # type: ignore[no-untyped-def]
    """Change ``b`` and ``eta`` in place to the minimum at ``alpha``; return the intercept."""
    objective = _loss(eta, y) + alpha * np.abs(b).sum()
    for _ in range(200):
        old, old0, old_eta = b.copy(), b0, eta.copy()
        probability = 1.0 / (1.0 + np.exp(-eta))
        weight = np.maximum(probability * (1 - probability), SMALLEST_WEIGHT)
        b0 = _weighted_lasso(X, weight, (y - probability) / weight, alpha, b0, b)
        eta[:] = b0 + X @ b
        found = _loss(eta, y) + alpha * np.abs(b).sum()
        # A Newton step may go too far, but not if it is halved often enough.
        for _ in range(20):
            if found <= objective + 1e-14:
                break
            b[:] = old + 0.5 * (b - old)
            b0 = old0 + 0.5 * (b0 - old0)
            eta[:] = old_eta + 0.5 * (eta - old_eta)
            found = _loss(eta, y) + alpha * np.abs(b).sum()
        change = np.abs(eta - old_eta).max()
        objective = found
        if change < NEWTON_TOLERANCE:
            break
    return b0


@njit(cache=True, nogil=True)
def _weighted_lasso(X, weight, residual, alpha, b0, b):  # type: ignore[no-untyped-def]
    """Coordinate descent on ``sum(weight * residual^2) / (2 n) + alpha |b|``, in place; return the intercept."""
    n, features = X.shape
    curvature = np.empty(features)
    for j in range(features):
        total = 0.0
        for i in range(n):
            total += weight[i] * X[i, j] * X[i, j]
        curvature[j] = total / n
    mean_weight = weight.mean()
    active = np.ones(features, dtype=np.bool_)
    everything = True
    for _ in range(10_000):
        largest = 0.0
        for j in range(features):
            if not (everything or active[j]) or curvature[j] == 0.0:
                continue
            slope = 0.0
            for i in range(n):
                slope += weight[i] * X[i, j] * residual[i]
            target = slope / n + curvature[j] * b[j]
            new = np.sign(target) * max(abs(target) - alpha, 0.0) / curvature[j]
            step = new - b[j]
            if step != 0.0:
                for i in range(n):
                    residual[i] -= step * X[i, j]
                b[j] = new
                largest = max(largest, curvature[j] * step * step)
            active[j] = new != 0.0
        step = (weight * residual).mean() / mean_weight
        residual -= step
        b0 += step
        largest = max(largest, mean_weight * step * step)
        if largest < DESCENT_TOLERANCE:
            if everything:
                break
            everything = True
        else:
            everything = False
    return b0


@njit(cache=True, nogil=True)
def _loss(eta, y):  # type: ignore[no-untyped-def]
    """Mean negative log-likelihood."""
    total = 0.0
    for i in range(len(y)):
        total += max(eta[i], 0.0) + np.log1p(np.exp(-abs(eta[i]))) - y[i] * eta[i]
    return total / len(y)
