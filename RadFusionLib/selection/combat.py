"""The mathematics of ComBat.

Johnson, Li and Rabinovic, Biostatistics 8:118, 2007; Fortin et al., NeuroImage 167:104, 2018. Step by step as in
R's neuroCombat, whose results it reproduces: the priors are each scanner's own, over features.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["ScannerEffects", "scanner_effects"]

CONVERGED = 1e-4
BLOCK = 256


@dataclass(frozen=True, eq=False)
class ScannerEffects:
    """How each scanner's values are brought to the common scale.

    Parameters
    ----------
    scale, shift : numpy.ndarray, shape (n_scanners, n_features)
        A value x becomes ``scale * x + shift``, plus what the covariates add.
    covariate : numpy.ndarray, shape (n_scanners, n_covariates, n_features)
        What a unit of each covariate adds.
    """

    scale: np.ndarray
    shift: np.ndarray
    covariate: np.ndarray


def scanner_effects(
    X: np.ndarray,
    scanner: np.ndarray,
    covariates: np.ndarray,
    shrinkage: str,
    mean_only: bool = False,
    reference: int | None = None,
) -> ScannerEffects:
    """Estimate the effects of scanners.

    Parameters
    ----------
    X : numpy.ndarray, shape (n, n_features)
        Features that vary within every scanner.
    scanner : numpy.ndarray of int, shape (n,)
        0, 1, ...; each at least twice.
    covariates : numpy.ndarray, shape (n, n_covariates)
        Kept differences; not a linear function of the scanners.
    shrinkage : {"parametric", "nonparametric", "none"}
        How the estimates of one feature borrow from the others (empirical Bayes).
    mean_only : bool
        Leave the spread as it is.
    reference : int, optional
        The scanner to which the others are brought.
    """
    count = int(scanner.max()) + 1
    member = scanner[:, None] == np.arange(count)
    fitted = np.linalg.lstsq(np.column_stack([member, covariates]).astype(float), X, rcond=None)[0]
    of_scanner, of_covariate = fitted[:count], fitted[count:]
    residual = X - of_scanner[scanner] - covariates @ of_covariate
    if reference is None:
        centre, spread = of_scanner[scanner].mean(axis=0), np.sqrt((residual**2).mean(axis=0))
    else:
        centre, spread = of_scanner[reference], np.sqrt((residual[scanner == reference] ** 2).mean(axis=0))
    standard = (X - centre - covariates @ of_covariate) / spread
    if X.shape[1] < 2:
        shrinkage = "none"  # one feature has no others to borrow from
    location, variance = np.empty((count, X.shape[1])), np.ones((count, X.shape[1]))
    for k in range(count):
        if k == reference:
            location[k] = 0.0
        else:
            location[k], variance[k] = _shrunken(standard[scanner == k], shrinkage, mean_only)
    scale = 1 / np.sqrt(variance)
    rest = 1 - scale
    return ScannerEffects(scale, centre * rest - location * spread * scale, of_covariate * rest[:, None, :])


def _shrunken(values: np.ndarray, shrinkage: str, mean_only: bool) -> tuple[np.ndarray, np.ndarray]:
    """Posterior location and variance of one scanner's standardised ``values``, each of shape (n_features,)."""
    n = len(values)
    location = values.mean(axis=0)
    variance = np.ones_like(location) if mean_only else values.var(axis=0, ddof=1)
    if shrinkage == "none":
        return location, variance
    if shrinkage == "nonparametric":
        found = _integrated(values, location, variance)
        return found[0], variance if mean_only else found[1]
    centre, width = location.mean(), location.var(ddof=1)
    if mean_only:
        return _posterior_location(location, centre, width, 1, variance), variance
    mean = variance.mean()
    spread = max(float(variance.var(ddof=1)), 1e-12 * float(mean) ** 2)
    shape, rate = (2 * spread + mean**2) / spread, (mean * spread + mean**3) / spread
    squares = (values**2).sum(axis=0)
    totals = values.sum(axis=0)
    new_location, new_variance = location, variance
    for _ in range(1000):
        old_location, old_variance = new_location, new_variance
        new_location = _posterior_location(location, centre, width, n, old_variance)
        around = squares - 2 * new_location * totals + n * new_location**2
        new_variance = (around / 2 + rate) / (n / 2 + shape - 1)
        change = np.maximum(
            np.abs(new_location - old_location) / np.maximum(np.abs(old_location), 1e-300),
            np.abs(new_variance - old_variance) / old_variance,
        )
        if change.max() < CONVERGED:
            break
    return new_location, new_variance


def _posterior_location(location: np.ndarray, centre: float, width: float, n: int, variance: np.ndarray) -> np.ndarray:
    return (width * n * location + variance * centre) / (width * n + variance)


def _integrated(values: np.ndarray, location: np.ndarray, variance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means of the other features' estimates, weighted by how likely each makes a feature's values."""
    n, features = values.shape
    squares, totals = (values**2).sum(axis=0), values.sum(axis=0)
    found = np.empty((2, features))
    for start in range(0, features, BLOCK):
        rows = np.arange(start, min(start + BLOCK, features))
        around = squares[rows, None] - 2 * totals[rows, None] * location + n * location**2
        logarithm = -around / (2 * variance) - n / 2 * np.log(2 * np.pi * variance)
        logarithm[np.arange(len(rows)), rows] = -np.inf
        weight = np.exp(logarithm - logarithm.max(axis=1, keepdims=True))
        weight /= weight.sum(axis=1, keepdims=True)
        found[:, rows] = weight @ location, weight @ variance
    return found[0], found[1]
