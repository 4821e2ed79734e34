"""Shapley values of the logistic function of a sum, exact to rounding for any number of addends.

A product over features is a game whose Shapley values have a closed form (Owen 1972, as for radial kernels), and so is
``exp(i w s)`` of a sum s. The logistic function is a sum of such terms: repeated with alternating sign every half
period P / 2 it becomes a periodic function whose Fourier series is known,

    1/2 + sum over odd k of 4 pi / (P sinh(2 pi^2 k / P)) sin(2 pi k s / P),

and which differs from the logistic function by less than ``exp(|s| - P / 2)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Block", "logistic_values"]

MARGIN = 34.0
"""Of half the period beyond the largest sum: the series is off by less than exp(-34), 2e-15."""

SMALLEST = 40.0
"""Terms whose coefficient is below exp(-40) of the first are left out."""


@dataclass(frozen=True, eq=False)
class Block:
    """An addend of a few features, for one case and one background row.

    Parameters
    ----------
    columns : tuple of int
        Its q features.
    worth : numpy.ndarray, shape (2**q,)
        Its value when the features of a coalition, numbered by bits from the first column's, are the case's own.
    """

    columns: tuple[int, ...]
    worth: np.ndarray


def logistic_values(blocks: Sequence[Block], intercept: float, width: int) -> np.ndarray:
    """Shapley values of ``1 / (1 + exp(-(intercept + sum of the blocks)))``.

    Parameters
    ----------
    blocks : sequence of Block
        No feature is in two of them.
    intercept : float
    width : int
        Number of features.

    Returns
    -------
    numpy.ndarray, shape (width,)
        0 for a feature in no block.
    """
    values = np.zeros(width)
    if not blocks:
        return values
    lowest = intercept + sum(float(block.worth.min()) for block in blocks)
    highest = intercept + sum(float(block.worth.max()) for block in blocks)
    period = 2 * (max(abs(lowest), abs(highest)) + MARGIN)
    k = np.arange(1, int(np.ceil(SMALLEST * period / (2 * np.pi**2))) + 2, 2)
    weight = 4 * np.pi / (period * np.sinh(2 * np.pi**2 * k / period)) * np.exp(2j * np.pi * k / period * intercept)
    features = sum(len(block.columns) for block in blocks)
    # In t the extension's derivative is a polynomial of one degree less than there are features.
    nodes, shares = np.polynomial.legendre.leggauss((features + 1) // 2)
    t, shares = (nodes + 1) / 2, (shares / 2).astype(complex)
    # Blocks of one size are worked out together; most are single features.
    sizes: dict[int, list[int]] = {}
    for number, block in enumerate(blocks):
        sizes.setdefault(len(block.columns), []).append(number)
    terms = {q: _terms([blocks[n] for n in numbers], k / period) for q, numbers in sizes.items()}
    means = np.empty((len(blocks), len(k), len(t)), dtype=complex)
    for q, numbers in sizes.items():
        means[numbers] = _mean(terms[q], t)
    others = _products_of_others(means)
    for q, numbers in sizes.items():
        columns = np.array([blocks[n].columns for n in numbers])
        for place in range(q):
            inside = (np.arange(2**q) >> place) & 1 == 1
            change = _mean(terms[q][:, :, inside] - terms[q][:, :, ~inside], t)
            values[columns[:, place]] = (((change * others[numbers]) @ shares) @ weight).imag
    return values


def _terms(blocks: Sequence[Block], frequency: np.ndarray) -> np.ndarray:
    """``exp(i w s)`` of each block, frequency and coalition, shape (n, k, 2**q)."""
    worth = np.array([block.worth for block in blocks])
    return np.exp(2j * np.pi * frequency[None, :, None] * worth[:, None, :])


def _mean(term: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Of a term by coalition, (n, k, 2**q), when each feature joins with probability t: shape (n, k, t)."""
    coalitions = term.shape[2]
    q = coalitions.bit_length() - 1
    size = np.array([n.bit_count() for n in range(coalitions)])
    chance = t ** size[:, None] * (1 - t) ** (q - size[:, None])
    return np.asarray(term @ chance)


def _products_of_others(means: np.ndarray) -> np.ndarray:
    """Along the first axis, the product of all but each one; safe where one is 0."""
    before, after = np.ones_like(means), np.ones_like(means)
    np.cumprod(means[:-1], axis=0, out=before[1:])
    after[:-1] = np.cumprod(means[:0:-1], axis=0)[::-1]
    return before * after
