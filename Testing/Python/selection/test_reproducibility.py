"""Intraclass correlation against published tables and a fit by least squares."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from RadFusionLib.errors import InputError
from RadFusionLib.selection import ReproducibilityFilter
from RadFusionLib.selection.reproducibility import absolute_agreement


def test_the_coefficient_equals_the_published_ones(reference_data):
    folder = reference_data / "stats" / "icc"
    expected = json.loads((folder / "expected.json").read_text())
    judges = pd.read_csv(folder / "shrout_fleiss_1979.csv")[["J1", "J2", "J3", "J4"]].to_numpy(float).T
    wine = pd.read_csv(folder / "wine_judges.csv").pivot(index="Judge", columns="Wine", values="Scores").to_numpy(float)
    for table, name in ((judges, "shrout_fleiss_1979"), (wine, "wine_judges")):
        found = absolute_agreement(table[:, :, None])[0]
        assert found == pytest.approx(expected[name]["recomputed_full_precision"]["ICC2"], rel=1e-12)
        assert round(found, 2) == expected[name]["rounded"]["ICC2"]


def test_all_features_at_once_equal_the_variance_components_of_each():
    generator = np.random.default_rng(0)
    readings = generator.normal(size=(3, 20, 1, 6)).sum(axis=2) + generator.normal(size=(1, 20, 6)) * np.arange(6) + 1e6
    for column, found in enumerate(absolute_agreement(readings)):
        # Effects of a two-way layout by ordinary least squares, and their mean squares.
        table = readings[:, :, column] - 1e6
        patient, reading = np.tile(np.arange(20), 3), np.repeat(np.arange(3), 20)
        columns = [np.ones(60)] + [patient == p for p in range(1, 20)] + [reading == r for r in (1, 2)]
        design = np.column_stack(columns).astype(float)

        def left_over(parts, table=table, design=design):
            fitted = design[:, parts] @ np.linalg.lstsq(design[:, parts], table.ravel(), rcond=None)[0]
            return ((table.ravel() - fitted) ** 2).sum()

        whole = left_over(range(22))
        error = whole / 38
        patients = (left_over([0, 20, 21]) - whole) / 19
        columns_square = (left_over(range(20)) - whole) / 2
        of_patients, of_readings = (patients - error) / 3, (columns_square - error) / 20
        assert found == pytest.approx(of_patients / (of_patients + of_readings + error), abs=1e-7)


def test_a_feature_must_be_reproducible_in_every_comparison():
    generator = np.random.default_rng(1)
    truth = generator.normal(size=(20, 4))
    small, large = 0.05, 3.0
    intra = truth + generator.normal(size=(2, 20, 4)) * [small, small, large, small]
    inter = truth + generator.normal(size=(2, 20, 4)) * [small, large, small, small]
    inter[1, :, 3] += 4.0  # the same order of patients, but another level: no absolute agreement
    found = ReproducibilityFilter(0.75).fit(generator.normal(size=(50, 4)), readings=[intra, inter])
    assert found.icc_.shape == (2, 4)
    assert found.get_support().tolist() == [True, False, False, False]


def test_a_feature_unknown_in_a_reading_or_without_spread_is_dropped():
    readings = np.random.default_rng(2).normal(size=(1, 10, 3)).repeat(2, axis=0)
    readings[0, 0, 1] = np.nan
    readings[:, :, 2] = 5.0
    found = ReproducibilityFilter(0.75).fit(np.ones((10, 3)), readings=[readings])
    assert found.get_support().tolist() == [True, False, False]


def test_without_readings_an_error_says_what_to_do():
    X = np.ones((10, 3))
    with pytest.raises(InputError, match="second reader"):
        ReproducibilityFilter().fit(X)
    with pytest.raises(InputError, match="second reader"):
        ReproducibilityFilter().fit(X, readings=[])
    assert ReproducibilityFilter(missing="pass").fit(X).get_support().all()


@pytest.mark.parametrize("shape", [(2, 10), (1, 10, 3), (2, 1, 3), (2, 10, 4)])
def test_readings_of_another_shape_are_refused(shape):
    with pytest.raises(InputError, match="shape"):
        ReproducibilityFilter().fit(np.ones((10, 3)), readings=[np.ones(shape)])
