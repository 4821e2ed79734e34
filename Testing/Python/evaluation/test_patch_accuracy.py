"""Right and wrong by patch, counted by hand; patients stay together."""

from __future__ import annotations

import numpy as np
import pytest

from RadFusionLib.evaluation.patch_accuracy import FEW_RIGHT, MANY_RIGHT, patch_accuracy

OUTCOME = np.array([1, 0, 1, 0])
FOLD = np.array([0, 0, 1, 1])
OWN = ([0.9, 0.8, 0.7, 0.2], [0.1, 0.6], [0.5, 0.4, 0.4, 0.3, 0.9], [0.0, 0.1, 0.2])
"""Of each case's patches by the member fitted without it; the other member says the reverse."""


def patches() -> list[np.ndarray]:
    found = []
    for own, fold in zip(OWN, FOLD, strict=True):
        both = np.column_stack([own, 1 - np.array(own)])
        found.append(both if fold == 0 else both[:, ::-1])
    return found


def test_cases_and_folds_are_counted_by_hand():
    found = patch_accuracy(OUTCOME, patches(), {"size": [40.0, 50.0, 20.0, 60.0]}, FOLD)
    assert found.patches == 14
    assert found.accuracy == pytest.approx([3 / 4, 1 / 2, 2 / 5, 1.0])
    assert (found.lowest, found.median, found.highest) == pytest.approx((0.4, 0.625, 1.0))
    assert found.quartile == pytest.approx(np.quantile(found.accuracy, 0.25))
    assert found.mispredicted == 1
    # Fold 0: 4 and 2 patches, 3 found and 1 wrongly called; fold 1: 2 of 5 found, none of 3 wrongly called.
    assert found.folds["fnr"].values == pytest.approx([1 / 4, 3 / 5])
    assert found.folds["fpr"].values == pytest.approx([1 / 2, 0.0])
    assert found.folds["fnr"].mean == pytest.approx(0.425)
    assert found.folds["fnr"].deviation == pytest.approx(np.std([0.25, 0.6], ddof=1))
    assert found.folds["ppv"].values == pytest.approx([3 / 4, 1.0])
    # Pairs of an ill and a well patch that are in the right order, of 8 and of 15.
    assert found.folds["auc"].values == pytest.approx([7 / 8, 1.0])
    assert found.characteristics is not None
    assert found.characteristics.groups == (FEW_RIGHT, MANY_RIGHT)
    assert found.held_out


def test_cases_of_a_test_get_the_mean_of_the_members():
    found = patch_accuracy(OUTCOME, [np.column_stack([own, own]) for own in OWN], {}, None)
    assert found.accuracy == pytest.approx([3 / 4, 1 / 2, 2 / 5, 1.0])
    assert len(found.folds["auc"].values) == 2
    assert found.characteristics is None
    assert not found.held_out
    assert found.notes == ("The manifest names no characteristic to compare.",)


def test_the_interval_of_the_area_resamples_patients():
    """Fifty like patches a patient say no more than one: the interval is that of the patients."""
    generator = np.random.default_rng(2)
    outcome = np.arange(30) % 2
    level = generator.normal(0.5, 0.1, 30) + 0.08 * outcome
    many = [np.column_stack([np.clip(v + 0.001 * generator.normal(size=50), 0, 1)] * 2) for v in level]
    one = [np.array([[v, v]]) for v in np.clip(level, 0, 1)]
    wide, narrow = (patch_accuracy(outcome, which, {}).auc for which in (one, many))
    assert wide is not None
    assert narrow is not None
    assert narrow.high - narrow.low == pytest.approx(wide.high - wide.low, rel=0.1)
