"""Tests of counts against R's printed values, hand calculation and enumeration."""

from __future__ import annotations

from itertools import product
from math import factorial, prod

import numpy as np
import pytest
from scipy import stats

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.contingency import contingency_test, fisher_freeman_halton


def by_enumeration(table: np.ndarray) -> float:
    """Exact p by going through every table with these margins, cell by cell."""
    rows, columns = table.sum(axis=1), table.sum(axis=0)

    def chance(cells: np.ndarray) -> float:
        above = prod(factorial(int(n)) for n in (*rows, *columns))
        return above / (factorial(int(table.sum())) * prod(factorial(int(n)) for n in cells.ravel()))

    observed, total = chance(table), 0.0
    ranges = [range(min(r, c) + 1) for r, c in product(rows[:-1], columns[:-1])]
    for cells in product(*ranges):
        inner = np.array(cells).reshape(len(rows) - 1, len(columns) - 1)
        last_column = rows[:-1] - inner.sum(axis=1)
        last_row = columns - np.append(inner.sum(axis=0), last_column.sum())
        if min(last_column.min(), last_row.min()) >= 0:
            whole = np.vstack([np.column_stack([inner, last_column]), last_row])
            p = chance(whole)
            total += p if p <= observed * (1 + 1e-7) else 0.0
    return total


@pytest.mark.parametrize("shape", [(2, 2), (2, 3), (3, 2), (4, 2), (3, 3)])
@pytest.mark.parametrize("seed", range(4))
def test_exact_p_is_that_of_all_tables(shape, seed):
    table = np.random.default_rng(seed).integers(0, 5, shape) + np.eye(*shape, dtype=int)
    assert fisher_freeman_halton(table) == pytest.approx(by_enumeration(table), rel=1e-9)
    if shape == (2, 2):
        assert fisher_freeman_halton(table) == pytest.approx(stats.fisher_exact(table)[1], rel=1e-9)


def test_exact_p_of_r():
    # R's help of fisher.test: the tea taster (Agresti 1990, p. 61).
    assert round(contingency_test([[3, 1], [1, 3]], "fisher").p, 4) == 0.4857


def test_a_table_too_large_to_go_through_is_drawn_at_random():
    # Job satisfaction by income (Agresti 2002, p. 57): R's fisher.test gives 0.7827.
    table = [[1, 2, 1, 0], [3, 3, 6, 1], [10, 10, 14, 9], [6, 7, 12, 11]]
    with pytest.raises(InputError, match="too large"):
        fisher_freeman_halton(table)
    found = contingency_test(table)
    assert found.name == "Fisher-Freeman-Halton, 9999 random tables"
    assert found.p == pytest.approx(0.7827, abs=3 * np.sqrt(0.7827 * 0.2173 / 9999))


@pytest.mark.parametrize(
    ("table", "yates", "pearson"),
    [([[43, 15], [44, 22]], 0.477, 0.364), ([[55, 22], [32, 15]], 0.847, 0.693), ([[17, 11], [4, 9]], 0.147, 0.074)],
)
def test_conventions_for_two_by_two(table, yates, pearson):
    assert round(contingency_test(table, convention="r").p, 3) == yates
    assert round(contingency_test(table, convention="spss").p, 3) == pearson


def test_yates_by_hand_and_never_beyond_the_difference():
    (a, b), (c, d) = table = [[12, 5], [6, 14]]
    n = a + b + c + d
    hand = n * (abs(a * d - b * c) - n / 2) ** 2 / ((a + b) * (c + d) * (a + c) * (b + d))
    assert contingency_test(table, "yates").statistic == pytest.approx(hand)
    # As R: a difference below a half is corrected to zero, not beyond.
    assert contingency_test([[19, 19], [2, 1]], "yates").p == 1


def test_few_expected_cases_ask_for_the_exact_test():
    assert contingency_test([[2, 8], [5, 3]]).name == "Fisher's exact"
    assert contingency_test([[2, 1], [2, 1], [12, 5], [2, 1], [3, 12]]).name == "Fisher-Freeman-Halton exact"
    assert contingency_test([[20, 18], [25, 13]]).name == "chi-square, Yates-corrected"
    assert contingency_test([[20, 18], [25, 13], [14, 12]]).degrees_of_freedom == 2


def test_an_empty_level_changes_nothing():
    assert contingency_test([[20, 18], [0, 0], [25, 13]]).p == contingency_test([[20, 18], [25, 13]]).p


@pytest.mark.parametrize(
    ("table", "method", "said"),
    [
        ([[1, 2], [3, -1]], None, "none negative"),
        ([[1.5, 2], [3, 1]], None, "whole counts"),
        ([[1, 2]], None, "two rows and two columns"),
        ([[1, 2], [0, 0]], None, "two rows and two columns"),
        ([[1, 2], [3, 4], [5, 6]], "yates", "Yates's correction is for"),
        ([[1, 2], [3, 4]], "barnard", "no test called 'barnard'"),
        ([[1, 2], [3]], None, "rows of equal length"),
    ],
)
def test_bad_tables_are_one_sentence(table, method, said):
    with pytest.raises(InputError, match=said):
        contingency_test(table, method)
