"""Minimum redundancy, maximum relevance against the results of Peng's program."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_selection import mutual_info_classif
from sklearn.metrics import mutual_info_score

from RadFusionLib.errors import InputError
from RadFusionLib.selection import RelevanceRedundancySelection
from RadFusionLib.selection.redundancy import rank_by_information


@pytest.fixture(scope="module")
def published(reference_data):
    folder = reference_data / "stats" / "mrmr"
    tables = {name: pd.read_csv(folder / f"test_{name}_s3.csv") for name in ("colon", "lung")}
    return json.loads((folder / "expected.json").read_text()), tables


@pytest.mark.parametrize("name", ["colon", "lung"])
def test_difference_takes_the_published_features(published, name):
    expected, tables = published
    table = tables[name]
    order, _, relevance = rank_by_information(
        table.drop(columns="class").to_numpy(float), table["class"], 10, "discrete", "difference"
    )
    names = np.asarray(table.columns[1:])
    assert names[order].tolist() == expected[f"{name}_MID_top10_ordered_recomputed"]
    assert set(names[order]) == set(expected[f"{name}_MID_top10_set"])
    key = f"{name}_maxrel_top10" if name == "colon" else f"{name}_maxrel_top10_recomputed"
    best = np.argsort(-relevance, kind="stable")[:10]
    assert set(names[best]) == {feature for feature, _ in expected[key]}  # two of colon's are equal
    np.testing.assert_allclose(relevance[best], [value for _, value in expected[key]], atol=6e-4)


def test_quotient_gives_the_published_order_and_scores(published):
    expected, tables = published
    table = tables["colon"]
    found = RelevanceRedundancySelection(10, "discrete", "quotient").fit(table.drop(columns="class"), table["class"])
    assert found.get_feature_names_out().size == 10
    wanted = expected["colon_MIQ_top10_ordered"]
    assert table.columns[1:][found.order_].tolist() == [feature for feature, _ in wanted]
    np.testing.assert_allclose(found.score_, [value for _, value in wanted], atol=6e-4)


def test_discrete_information_is_scikit_learns():
    generator = np.random.default_rng(0)
    X = generator.integers(0, 4, size=(80, 6)).astype(float)
    y = (X[:, 2] + generator.integers(0, 3, 80) > 3).astype(int)
    _, _, relevance = rank_by_information(X, y, 1, "discrete", "difference")
    np.testing.assert_allclose(relevance * np.log(2), mutual_info_classif(X, y, discrete_features=True), atol=1e-12)
    np.testing.assert_allclose(relevance * np.log(2), [mutual_info_score(x, y) for x in X.T], atol=1e-12)


def test_correlation_flavour_equals_a_plain_loop():
    generator = np.random.default_rng(2)
    X = generator.normal(size=(70, 30)) @ generator.normal(size=(30, 30))
    y = (X[:, 0] + 4 * generator.normal(size=70) > 0).astype(int)

    def information(a, b):
        return -0.5 * np.log(1 - np.corrcoef(a, b)[0, 1] ** 2)

    taken = [max(range(30), key=lambda f: information(X[:, f], y))]
    while len(taken) < 12:
        rest = [f for f in range(30) if f not in taken]
        taken.append(
            max(rest, key=lambda f: information(X[:, f], y) - np.mean([information(X[:, f], X[:, s]) for s in taken]))
        )
    found = RelevanceRedundancySelection(12).fit(X, y)
    assert found.order_.tolist() == taken


def test_a_copy_of_a_taken_feature_comes_last():
    generator = np.random.default_rng(5)
    X = generator.normal(size=(60, 4))
    X[:, 3] = X[:, 0]
    y = (X[:, 0] + 0.5 * X[:, 1] > 0).astype(int)
    found = RelevanceRedundancySelection(4).fit(X, y)
    assert found.order_[0] == 0
    assert found.order_[-1] == 3
    assert np.isfinite(found.score_).all()


def test_continuous_features_have_no_frequencies():
    X = np.random.default_rng(0).normal(size=(100, 3))
    with pytest.raises(InputError, match="discretise"):
        RelevanceRedundancySelection(information="discrete").fit(X, np.arange(100) % 2)
