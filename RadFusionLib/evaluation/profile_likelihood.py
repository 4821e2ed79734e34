"""Profile-likelihood intervals of a logistic coefficient, exact and as R's ``confint`` gives them.

Venables and Ripley, Modern Applied Statistics with S, 4th edition, section 8.4.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import brentq
from scipy.stats import chi2, norm

__all__ = ["fmm_spline", "profile_limits", "r_confint_limits"]

FURTHEST = 100.0
"""Standard errors beyond which a limit that was not met is called infinite."""


def profile_limits(
    log_likelihood: Callable[[float], float], best: float, error: float, level: float = 0.95
) -> tuple[float, float]:
    """Values of a coefficient at which the likelihood ratio against its best value reaches the chi-square quantile.

    Parameters
    ----------
    log_likelihood : callable
        Of a value of the coefficient, all others at their best for it.
    best, error : float
        Estimate and its standard error.
    level : float
        Confidence level.

    Returns
    -------
    tuple of float
        Infinite where the likelihood never falls far enough.
    """
    allowed = float(chi2.ppf(level, 1)) / 2
    top = log_likelihood(best)

    def excess(value: float) -> float:
        return top - log_likelihood(value) - allowed

    limits = []
    for sign in (-1, 1):
        near, step = best, max(error, 1e-8)
        far = best + sign * step
        while excess(far) < 0 and abs(far - best) < FURTHEST * error:
            near, step = far, 1.5 * step
            far += sign * step
        limits.append(float(brentq(excess, near, far, xtol=1e-12)) if excess(far) >= 0 else sign * np.inf)
    return limits[0], limits[1]


def r_confint_limits(
    deviance: Callable[[float], float], best: float, error: float, level: float = 0.95
) -> tuple[float, float]:
    """The same limits as R's ``confint`` of a ``glm`` prints them, which differ in the third decimal of large ratios.

    R walks from the estimate in steps of a fifth of ``z_max``, at most nine to a side, until the signed root of the
    deviance passes ``z_max``, the square root of the chi-square quantile at ``1 - (1 - level) / 4``; draws the fmm
    spline of that root through the steps at three points a step; and interpolates the limits linearly.

    Parameters
    ----------
    deviance : callable
        Of a value of the coefficient, all others at their best for it.
    best, error : float
        Estimate and its standard error.
    level : float
        Confidence level.

    Returns
    -------
    tuple of float
        NaN where the walk ended before the limit.
    """
    z_max = float(np.sqrt(chi2.ppf(1 - (1 - level) / 4, 1)))
    least = deviance(best)
    points = [(best, 0.0)]
    for sign in (-1, 1):
        step, z = 0, 0.0
        while (step := step + 1) < 10 and abs(z) < z_max:
            value = best + sign * step * z_max / 5 * error
            z = sign * float(np.sqrt(max(deviance(value) - least, 0.0)))
            points.append((value, z))
    values, roots = np.array(sorted(points)).T
    fine = np.linspace(values[0], values[-1], 3 * values.size)
    curve = fmm_spline(values, roots, fine)
    order = np.argsort(curve, kind="stable")
    wanted = norm.ppf([(1 - level) / 2, (1 + level) / 2])
    found = np.interp(wanted, curve[order], fine[order], left=np.nan, right=np.nan)
    return float(found[0]), float(found[1])


def fmm_spline(x: np.ndarray, y: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Cubic spline with the end conditions of Forsythe, Malcolm and Moler (1977), R's default.

    The third derivative at each end is that of the cubic through the four points next to it.

    Parameters
    ----------
    x, y : numpy.ndarray, shape (n,)
        Knots by rising ``x``, and values; fewer than four knots give the parabola or line through them.
    at : numpy.ndarray
        Where the spline is wanted, within the knots.
    """
    n = x.size
    if n < 4:
        return np.asarray(np.polynomial.Polynomial.fit(x, y, n - 1)(at))
    width = np.diff(x)
    slope = np.diff(y) / width
    # One unknown a knot, a sixth of the second derivative there.
    matrix = np.zeros((n, n))
    right = np.zeros(n)
    for i in range(1, n - 1):
        matrix[i, i - 1 : i + 2] = width[i - 1], 2 * (width[i - 1] + width[i]), width[i]
        right[i] = slope[i] - slope[i - 1]
    # Third divided differences of the four points at either end; the spline's third derivative is six times these.
    first, last = (_third_difference(x[part], y[part]) for part in (slice(0, 4), slice(n - 4, n)))
    matrix[0, :2], right[0] = (-1.0, 1.0), width[0] * first
    matrix[-1, -2:], right[-1] = (-1.0, 1.0), width[-1] * last
    sixth = np.linalg.solve(matrix, right)
    k = np.clip(np.searchsorted(x, at, side="right") - 1, 0, n - 2)
    t = at - x[k]
    cubic = (sixth[k + 1] - sixth[k]) / width[k]
    linear = slope[k] - width[k] * (sixth[k + 1] + 2 * sixth[k])
    return np.asarray(y[k] + t * (linear + t * (3 * sixth[k] + t * cubic)))


def _third_difference(x: np.ndarray, y: np.ndarray) -> float:
    for order in range(1, 4):
        y = np.diff(y) / (x[order:] - x[:-order])
    return float(y[0])
