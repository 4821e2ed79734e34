"""Correlations against SciPy, and the order of the map."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.correlation_map import correlation_map


def test_every_cell_is_spearmans_with_ties():
    rng = np.random.default_rng(1)
    values = np.round(rng.normal(size=(40, 5)) @ rng.normal(size=(5, 5)), 0)
    names = tuple("abcde")
    found = correlation_map(names, values)
    assert sorted(found.names) == list(names)
    expected = spearmanr(values).statistic
    place = [names.index(name) for name in found.names]
    np.testing.assert_allclose(found.matrix, expected[np.ix_(place, place)], atol=1e-12)


def test_features_that_go_together_stand_side_by_side_whatever_their_sign():
    rng = np.random.default_rng(2)
    one, other = rng.normal(size=(2, 60))
    noise = rng.normal(0, 0.1, (60, 4))
    values = np.column_stack([one, other, -one, other]) + noise
    order = correlation_map(("a", "b", "-a", "b again"), values).names
    assert {frozenset(order[:2]), frozenset(order[2:])} == {frozenset(("a", "-a")), frozenset(("b", "b again"))}


def test_a_constant_feature_is_left_out_and_named():
    values = np.column_stack([np.arange(5.0), np.ones(5), [2, 1, 4, 3, 5]])
    found = correlation_map(("x", "one", "y"), values)
    assert found.constant == ("one",)
    assert found.matrix[0, 1] == pytest.approx(0.8)
    with pytest.raises(InputError, match="Fewer than two features vary"):
        correlation_map(("x", "one"), values[:, :2])
    with pytest.raises(InputError, match="at least 3 cases"):
        correlation_map(("x", "y"), values[:2, [0, 2]])
