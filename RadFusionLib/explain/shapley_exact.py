"""Shapley values without sampling: over all coalitions, and in closed form for radial kernels."""

from __future__ import annotations

from collections.abc import Callable
from math import factorial

import numpy as np

__all__ = ["Function", "enumerated", "kernel_values"]

Function = Callable[[np.ndarray], np.ndarray]
"""A model: rows, shape (n, p), to outputs, shape (n,)."""

ROWS = 2**18
"""Rows given to a model at a time."""


def enumerated(function: Function, cases: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Shapley values by the value of every coalition.

    Parameters
    ----------
    function : callable
        Rows, shape (n, p), to outputs, shape (n,).
    cases : numpy.ndarray, shape (n, p)
        To explain.
    background : numpy.ndarray, shape (m, p)
        To compare with.

    Returns
    -------
    numpy.ndarray, shape (n, p)
    """
    p = cases.shape[1]
    inside = (np.arange(2**p)[:, None] >> np.arange(p)) & 1 == 1
    weight = _coalition_weights(inside)
    at_once = max(1, ROWS // len(background))
    values = np.empty(cases.shape)
    for number, case in enumerate(cases):
        worth = np.empty(len(inside))
        for start in range(0, len(inside), at_once):
            chosen = inside[start : start + at_once]
            rows = np.where(chosen[:, None, :], case, background[None])
            output = np.asarray(function(rows.reshape(-1, p)), dtype=float)
            worth[start : start + at_once] = output.reshape(len(chosen), -1).mean(axis=1)
        values[number] = worth @ weight
    return values


def _coalition_weights(inside: np.ndarray) -> np.ndarray:
    """Weight of each coalition's value in each feature's Shapley value, shape (2**p, p)."""
    p = inside.shape[1]
    size = inside.sum(axis=1)
    joined = np.array([0.0] + [factorial(s - 1) * factorial(p - s) / factorial(p) for s in range(1, p + 1)])
    apart = np.array([factorial(s) * factorial(p - s - 1) / factorial(p) for s in range(p)] + [0.0])
    return np.where(inside, joined[size][:, None], -apart[size][:, None])


def kernel_values(
    support: np.ndarray, coefficient: np.ndarray, gamma: np.ndarray, cases: np.ndarray, background: np.ndarray
) -> np.ndarray:
    """Shapley values of ``sum_j coefficient_j prod_d exp(-gamma_d (x_d - support_jd)^2)``.

    A product over features is a game whose Shapley value is the integral over t from 0 to 1 of its multilinear
    extension's derivative (Owen 1972), ``(u_i - w_i) prod_{d != i} (t u_d + (1 - t) w_d)`` with u and w the factors
    of the case and of the background row. That is a polynomial of degree p - 1 in t, which Gauss and Legendre's
    rule of ceil(p / 2) points integrates exactly.

    Parameters
    ----------
    support : numpy.ndarray, shape (s, p)
    coefficient : numpy.ndarray, shape (s,)
    gamma : numpy.ndarray, shape (p,)
    cases : numpy.ndarray, shape (n, p)
    background : numpy.ndarray, shape (m, p)

    Returns
    -------
    numpy.ndarray, shape (n, p)
    """
    p = cases.shape[1]
    nodes, node_weights = np.polynomial.legendre.leggauss((p + 1) // 2)
    nodes, node_weights = (nodes + 1) / 2, node_weights / 2
    other = np.exp(-gamma * (background[:, None, :] - support) ** 2)
    values = np.zeros(cases.shape)
    for number, case in enumerate(cases):
        own = np.exp(-gamma * (case - support) ** 2)
        for t, node_weight in zip(nodes, node_weights, strict=True):
            mixed = t * own[None] + (1 - t) * other
            rest = _product_of_others(mixed)
            change = ((own[None] - other) * rest * coefficient[None, :, None]).sum(axis=1).mean(axis=0)
            values[number] += node_weight * change
    return values


def _product_of_others(factors: np.ndarray) -> np.ndarray:
    """Along the last axis, the product of all factors but each one; safe where a factor is 0."""
    before, after = np.ones_like(factors), np.ones_like(factors)
    np.cumprod(factors[..., :-1], axis=-1, out=before[..., 1:])
    after[..., :-1] = np.cumprod(factors[..., :0:-1], axis=-1)[..., ::-1]
    return before * after
