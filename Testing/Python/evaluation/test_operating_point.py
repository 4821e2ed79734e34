"""Bounds of an area, Youden's cut and implied matrices against search over whole curves."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.confusion import RATES, ConfusionMatrix
from RadFusionLib.evaluation.implied_matrix import implied_class_sizes, implied_matrices
from RadFusionLib.evaluation.operating_point import auc_bounds
from RadFusionLib.evaluation.threshold import youden_threshold


@pytest.mark.parametrize("seed", range(20))
def test_every_point_of_every_curve_keeps_to_the_bounds_and_the_cut_is_the_best(seed):
    generator = np.random.default_rng(seed)
    outcome = generator.permutation(np.arange(40) % 3 == 0)
    score = np.round(generator.normal(size=40) + generator.uniform(-0.5, 2) * outcome, 1)
    area = roc_auc_score(outcome, score)
    false, true, _ = roc_curve(outcome, score, drop_intermediate=False)
    for x, y in zip(false, true, strict=True):
        assert auc_bounds(y, 1 - x).allow(area)
    matrix = ConfusionMatrix.of_scores(outcome, score, youden_threshold(outcome, score))
    # The cut lies between observed scores, so calling everybody positive is not among its choices.
    assert matrix.youden == pytest.approx((true - false)[1:-1].max())
    if matrix.youden >= 0:
        assert auc_bounds(matrix.rate("sensitivity"), matrix.rate("specificity")).allow_youden(area)


def test_the_bounds_are_reached():
    # A step curve below and one above the point; and the largest curve under Youden's line.
    bounds = auc_bounds(0.6, 0.7)
    assert bounds.lower == pytest.approx(0.42)
    assert bounds.upper == pytest.approx(1 - 0.4 * 0.3)
    false = np.linspace(0, 1, 100_001)
    assert bounds.youden_upper == pytest.approx(np.trapezoid(np.minimum(false + 0.3, 1), false), abs=1e-9)


def test_of_equal_cuts_the_lowest():
    assert youden_threshold([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4]) == pytest.approx(0.15)
    # Thirds, whose sums in floating point are not equal though the cuts are.
    outcome = [1, 0, 1, 0, 1, 0]
    assert youden_threshold(outcome, [0.2, 0.1, 0.4, 0.3, 0.6, 0.5]) == pytest.approx(0.15)
    assert youden_threshold([0, 1], [0.5, 0.5]) == 0.5


@pytest.mark.parametrize("seed", range(10))
def test_a_printed_row_finds_its_matrix_again(seed):
    generator = np.random.default_rng(seed)
    positives, negatives = (int(size) for size in generator.integers(5, 60, 2))
    found, spared = int(generator.integers(1, positives)), int(generator.integers(1, negatives))
    matrix = ConfusionMatrix(found, positives - found, spared, negatives - spared)
    printed = {name: round(matrix.rate(name), 3) for name in RATES}
    assert implied_matrices(printed, positives, negatives, 0.0005) == [matrix]
    assert (positives, negatives) in implied_class_sizes([printed], positives + negatives, 0.0005)
    printed["ppv"] = (printed["ppv"] + 0.3) % 1
    assert implied_matrices(printed, positives, negatives, 0.0005) == []


def test_bad_input_is_one_sentence():
    with pytest.raises(InputError, match="between 0 and 1"):
        auc_bounds(72.2, 0.5)
    with pytest.raises(InputError, match="unknown"):
        implied_matrices({"kappa": 0.5}, 10, 10, 0.0005)
    with pytest.raises(InputError, match="at least one of each"):
        implied_matrices({"ppv": 0.5}, 0, 10, 0.0005)
