"""The steps in one scikit-learn pipeline, each given what it asks for."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn
from sklearn.decomposition import PCA
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from RadFusionLib.selection import (
    CorrelationFilter,
    InformativeFeatures,
    LassoSelection,
    LinearElimination,
    RelevanceRedundancySelection,
    ReproducibilityFilter,
    ScannerHarmonisation,
    UnivariateFilter,
)


def _cohort(patients: int = 120, features: int = 150):
    generator = np.random.default_rng(0)
    y = np.arange(patients) % 2
    X = generator.normal(size=(patients, features))
    X[:, :6] += 1.2 * y[:, None]
    scanner = generator.choice(["A", "B"], patients)
    X[scanner == "B"] = 1.7 * X[scanner == "B"] + 5.0
    return X, y, scanner


def test_a_recipe_is_a_pipeline():
    X, y, scanner = _cohort()
    generator = np.random.default_rng(1)
    noise = np.where(np.arange(150) == 2, 3.0, 0.1)  # the third feature is not reproducible
    rereading = np.stack([X[:25], X[:25] + noise * generator.normal(size=(25, 150))])
    with sklearn.config_context(enable_metadata_routing=True):
        steps = make_pipeline(
            InformativeFeatures(),
            ScannerHarmonisation().set_fit_request(batch=True).set_transform_request(batch=True),
            StandardScaler(),
            ReproducibilityFilter(0.8).set_fit_request(readings=True),
            UnivariateFilter(),
            CorrelationFilter(0.7, keep="auc"),
            LassoSelection(folds=5),
        )
        steps.fit(X, y, batch=scanner, readings=[rereading])
        names = steps[:-1].get_feature_names_out([f"f{i}" for i in range(150)])
        kept = steps[-1].get_feature_names_out(names).tolist()
        assert steps.transform(X[:4], batch=scanner[:4]).shape == (4, len(kept))
    assert {"f0", "f1", "f3", "f4", "f5"} <= set(kept)
    assert "f2" not in kept


@pytest.mark.filterwarnings("ignore:No features were selected", "ignore:Scoring failed", "ignore:.*fits failed")
@pytest.mark.parametrize(
    "steps",
    [
        [UnivariateFilter(), CorrelationFilter(0.7, keep="auc"), LassoSelection(folds=5)],
        [PCA(0.95, svd_solver="full"), LassoSelection(family="binomial", folds=5)],
        [CorrelationFilter(0.9), LinearElimination(8)],
        [RelevanceRedundancySelection(20)],
    ],
    ids=["000", "001", "002", "003"],
)
def test_selection_inside_the_folds_finds_the_signal_and_none_in_noise(steps):
    X, y, _ = _cohort()
    X = np.where((_cohort()[2] == "B")[:, None], (X - 5.0) / 1.7, X)
    pipeline = make_pipeline(StandardScaler(), *steps, SVC(kernel="linear"))
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    assert cross_val_score(pipeline, X, y, cv=folds, scoring="roc_auc").mean() > 0.8
    noise = np.random.default_rng(3).normal(size=X.shape)
    # A LASSO that keeps nothing leaves the machine no feature to fit, which is chance too.
    chance = cross_val_score(pipeline, noise, y, cv=folds, scoring="roc_auc", error_score=0.5)
    # Each fold's AUC has a standard error of about 0.12 at 12 against 12 patients.
    assert abs(chance.mean() - 0.5) < 3 * 0.12 / np.sqrt(5)
