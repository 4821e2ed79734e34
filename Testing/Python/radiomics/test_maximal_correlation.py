"""MCC by Lanczos steps equals the eigenvalues of the definition's matrix, eps and all."""

from __future__ import annotations

import numpy as np
import pytest

from RadFusionLib.radiomics.maximal_correlation import maximal_correlation


def _by_definition(matrix: np.ndarray) -> float:
    p = matrix.sum(axis=1)
    with np.errstate(divide="ignore"):
        quotient = matrix / (np.outer(p, p) + np.spacing(1.0))
    return float(np.sqrt(np.sort(np.linalg.eigvals(quotient @ matrix).real)[-2]))


def _computed(matrix: np.ndarray) -> float:
    first, second = np.nonzero(np.triu(matrix))
    px = matrix.sum(axis=1)
    return maximal_correlation(first.astype(np.int32), second.astype(np.int32), matrix[first, second], px)


def _symmetric(counts: np.ndarray) -> np.ndarray:
    counts = counts + counts.T
    return counts / counts.sum()


@pytest.mark.parametrize("levels", [2, 3, 7, 40, 150])
@pytest.mark.parametrize("spread", [1.0, 5.0, 60.0])
def test_equals_the_definition(levels: int, spread: float) -> None:
    rng = np.random.default_rng(levels)
    i, j = np.indices((levels, levels))
    counts = rng.poisson(400 * np.exp(-((i - j) ** 2) / (2 * spread**2) - (i - levels / 2) ** 2 / levels**1.5))
    counts[0, 0] += 1
    counts[0, 1] += 1
    matrix = _symmetric(counts.astype(float))
    assert _computed(matrix) == pytest.approx(_by_definition(matrix), rel=1e-7)


def test_levels_that_only_know_each_other_and_eps() -> None:
    """Rare pairs apart from the rest repeat the eigenvalue 1; eps, visible at this size, says which is second."""
    counts = np.zeros((9, 9))
    counts[:4, :4] = np.random.default_rng(1).integers(1, 9, (4, 4)) * 20_000
    counts[4, 5] = 2  # two-coloured: -1 is an eigenvalue too
    counts[6, 6] = counts[6, 7] = counts[7, 7] = 3
    matrix = _symmetric(counts)
    expected = _by_definition(matrix)
    assert 1e-7 < 1 - expected < 1e-2
    assert _computed(matrix) == pytest.approx(expected, rel=1e-6)


def test_one_level_and_independent_levels() -> None:
    assert maximal_correlation(np.zeros(1, np.int32), np.zeros(1, np.int32), np.ones(1), np.ones(1)) == 1.0
    p = np.array([0.2, 0.3, 0.5])
    assert _computed(np.outer(p, p)) == pytest.approx(0, abs=1e-7)
