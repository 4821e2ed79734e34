"""The path of a LASSO as a training keeps it: scikit-learn's, in the record, in the card."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.linear_model import lasso_path
from sklearn.preprocessing import StandardScaler

from RadFusionLib.fusion.lasso_path import LassoPath
from RadFusionLib.fusion.table import FeatureTable
from RadFusionLib.fusion.training import fit_ensemble
from RadFusionLib.recipe import Recipe

STEPS = [{"zscore": {}}, {"lasso": {"folds": 3}}]
RECIPE = {
    "name": "lasso",
    "imaging": {"phases": ["T2"], "reference_phase": "T2"},
    "regions": {"tumor": {}},
    "models": [
        {"name": "inner", "families": ["cr"], "steps": STEPS, "classifier": {"logistic": {}}},
        {
            "name": "components", "families": ["cr"], "classifier": {"logistic": {}},
            "steps": [{"zscore": {}}, {"pca": {"components": 5}}, {"lasso": {"folds": 3, "family": "binomial"}}],
        },
        {"name": "fusion", "stack": ["inner", "components"], "classifier": {"firth": {}}},
    ],
    "final": {"candidates": ["fusion"]},
    "folds": {"outer": 2, "inner": 2},
    "interval": {"level": 0.9, "refits": 2},
}  # fmt: skip


@pytest.fixture(scope="module")
def trained():
    generator = np.random.default_rng(1)
    outcome = np.arange(60) % 2
    values = generator.normal(size=(60, 12))
    values[:, 2] += 3.0 * outcome
    names = tuple(f"T2_tumor_original_test_F{i}" for i in range(12))
    table = FeatureTable(tuple(f"p{i}" for i in range(60)), names, values)
    return table, outcome, fit_ensemble(table, outcome, Recipe.from_document(RECIPE))


def test_each_member_keeps_the_path_of_its_own_cases(trained):
    table, outcome, result = trained
    assert {name: len(paths) for name, paths in result.lasso.items()} == {"inner": 2, "components": 2}
    for number, path in enumerate(result.lasso["inner"]):
        inside = result.folds != number
        X, y = StandardScaler().fit_transform(table.values[inside]), outcome[inside] - outcome[inside].mean()
        _, wanted, _ = lasso_path(X, y, alphas=path.alphas, max_iter=10_000)
        columns = [table.names.index(name) for name in path.names]
        np.testing.assert_allclose(path.coefficients, wanted[columns].T, atol=1e-9)
        kept = path.chosen_coefficients
        assert next(iter(kept)) == "T2_tumor_original_test_F2"
        inner = result.ensemble.members[number].scores["fusion"].signatures["inner"]
        assert set(inner.features) == set(kept)
    assert result.lasso["components"][0].names[0].startswith("component ")


def test_no_other_outcome_reaches_the_path_of_a_member(trained):
    table, outcome, result = trained
    again = fit_ensemble(table, np.where(result.folds == 0, 1 - outcome, outcome), Recipe.from_document(RECIPE))
    first, other = (one.lasso["inner"][0] for one in (result, again))
    assert first.coefficients.tobytes() == other.coefficients.tobytes()
    changed, before = (one.lasso["inner"][1] for one in (again, result))
    assert changed.chosen_coefficients != before.chosen_coefficients


def test_a_path_goes_into_a_record_and_back(trained):
    path = trained[2].lasso["inner"][0]
    back = LassoPath.from_json(json.loads(json.dumps(path.to_json())))
    assert back.names == path.names
    assert back.chosen == path.chosen
    np.testing.assert_allclose(back.coefficients, path.coefficients, rtol=1e-4)
    assert list(back.chosen_coefficients) == list(path.chosen_coefficients)
    with pytest.raises(ValueError, match="do not fit"):
        LassoPath.from_json({**path.to_json(), "chosen": 400})
    with pytest.raises(ValueError, match="reshape"):
        LassoPath.from_json({**path.to_json(), "names": ["one"] * (len(path.names) + 1)})


def test_out_of_fold_areas_have_an_interval_of_resampled_patients(trained):
    _, _, result = trained
    assert set(result.auc_interval) == set(result.auc)
    for name, (low, high) in result.auc_interval.items():
        assert low <= result.auc[name] <= high
        assert high - low > 0.02
