"""Shapley values by sampled orders: for functions of more features than coalitions can be counted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from RadFusionLib.explain.shapley_exact import Function

__all__ = ["sampled"]


def sampled(
    function: Function, cases: np.ndarray, background: np.ndarray, pairs: int, seed: int | Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Shapley values by walks from each background row to the case, one feature at a time.

    Each walk's steps add up to the difference of its ends, and every background row starts as many walks, so the
    values add up exactly however few the walks are. Each order is walked in reverse too (antithetic; Mitchell et al.
    2022), which removes the error of interactions between two features. All cases share the orders, so that equal
    cases get equal values.

    Parameters
    ----------
    function : callable
        Rows, shape (n, p), to outputs, shape (n,).
    cases : numpy.ndarray, shape (n, p)
        To explain.
    background : numpy.ndarray, shape (m, p)
        To compare with.
    pairs : int
        Orders for each background row, each walked both ways; at least 2.
    seed : int or sequence of int
        Of the orders.

    Returns
    -------
    values, standard_error : numpy.ndarray, shape (n, p)
        The error is that of the sampled orders for this background.

    Raises
    ------
    ValueError
        When there are fewer than two pairs, from which no error can be told.
    """
    if pairs < 2:
        raise ValueError(f"{pairs} pairs of orders were asked for; the standard error needs at least 2.")
    p = cases.shape[1]
    rng = np.random.default_rng(seed)
    # Rank of each feature in each order, shape (m, pairs, 2, p).
    rank = np.argsort(rng.random((len(background), pairs, p)), axis=2)
    rank = np.stack([rank, p - 1 - rank], axis=2)
    values, error = np.empty(cases.shape), np.empty(cases.shape)
    for number, case in enumerate(cases):
        mean, variance = np.zeros(p), np.zeros(p)
        for row, ranks in zip(background, rank, strict=True):
            joined = ranks[:, :, None, :] < np.arange(p + 1)[:, None]
            rows = np.where(joined, case, row)
            output = np.asarray(function(rows.reshape(-1, p)), dtype=float).reshape(pairs, 2, p + 1)
            steps = np.take_along_axis(np.diff(output, axis=2), ranks, axis=2).mean(axis=1)
            mean += steps.mean(axis=0)
            variance += steps.var(axis=0, ddof=1) / pairs
        values[number] = mean / len(background)
        error[number] = np.sqrt(variance) / len(background)
    return values, error
