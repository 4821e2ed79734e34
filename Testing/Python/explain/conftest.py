"""What the tests of explanations share: Shapley values by their definition, with nothing taken from the library."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from math import comb

import numpy as np
import pytest

Function = Callable[[np.ndarray], np.ndarray]


def _by_definition(function: Function, cases: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Shapley's sum over coalitions of 1953, written out feature by feature."""
    n, p = cases.shape

    def worth(case: np.ndarray, members: tuple[int, ...]) -> float:
        rows = background.copy()
        rows[:, list(members)] = case[list(members)]
        return float(np.mean(function(rows)))

    values = np.zeros((n, p))
    for number, case in enumerate(cases):
        known = {s: worth(case, s) for size in range(p + 1) for s in combinations(range(p), size)}
        for feature in range(p):
            others = [f for f in range(p) if f != feature]
            for size in range(p):
                for s in combinations(others, size):
                    with_it = tuple(sorted((*s, feature)))
                    values[number, feature] += (known[with_it] - known[s]) / (p * comb(p - 1, size))
    return values


@pytest.fixture(scope="session")
def by_definition() -> Callable[[Function, np.ndarray, np.ndarray], np.ndarray]:
    """``by_definition(function, cases, background)``: interventional Shapley values, shape (n, p)."""
    return _by_definition
