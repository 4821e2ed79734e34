"""Fit a model's steps and classifier on training cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from RadFusionLib.errors import InputError, RecipeError
from RadFusionLib.fusion.classifier import fit_classifier
from RadFusionLib.fusion.feature_score import FeatureScore
from RadFusionLib.fusion.lasso_path import LassoPath
from RadFusionLib.fusion.table import FeatureTable
from RadFusionLib.fusion.transforms import Harmonised, Projected, Standardised, Transform
from RadFusionLib.recipe import Step
from RadFusionLib.selection import (
    ClinicalSelection,
    CorrelationFilter,
    InformativeFeatures,
    LassoSelection,
    LinearElimination,
    RelevanceRedundancySelection,
    ReproducibilityFilter,
    ScannerHarmonisation,
    UnivariateFilter,
)

__all__ = ["SELECTORS", "Prepared", "fit_prepared", "prepare_features"]

SELECTORS: Mapping[str, type[BaseEstimator]] = {
    "reproducibility": ReproducibilityFilter,
    "univariate": UnivariateFilter,
    "correlation": CorrelationFilter,
    "lasso": LassoSelection,
    "mrmr": RelevanceRedundancySelection,
    "elimination": LinearElimination,
    "clinical_selection": ClinicalSelection,
}
"""The selecting steps by their name in a recipe; beside them there are ``zscore``, ``combat`` and ``pca``."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """Fitted steps: the columns they start from and what they do to them.

    Parameters
    ----------
    columns : numpy.ndarray of int, shape (p,)
        Of the table.
    transforms : tuple of Transform
        From those p columns to what the classifier sees.
    counts : mapping of str to int
        Features left after each step, in order; the first entry is ``known``, those that vary and are never missing.
    path : LassoPath or None
        Of a LASSO among the steps.
    """

    columns: np.ndarray
    transforms: tuple[Transform, ...]
    counts: Mapping[str, int]
    path: LassoPath | None = None

    def apply(self, table: FeatureTable) -> np.ndarray:
        """What the classifier sees of each case, shape (n, q)."""
        X = table.values[:, self.columns]
        for transform in self.transforms:
            X = transform.apply(X, table.scanners)
        return X


def fit_prepared(table: FeatureTable, y: np.ndarray, prepared: Prepared, classifier: Step, seed: int) -> FeatureScore:
    """Fit a classifier to what fitted steps give.

    Parameters
    ----------
    table : FeatureTable
        The training cases, n of them.
    y : numpy.ndarray of int, shape (n,)
        0 or 1.
    prepared : Prepared
        Steps fitted on the same cases; on more than these only for the ``published`` protocol.
    classifier : Step
        As the recipe names it.
    seed : int
        Of whatever is random.
    """
    names = tuple(table.names[c] for c in prepared.columns)
    return FeatureScore(names, prepared.transforms, fit_classifier(classifier, prepared.apply(table), y, seed))


def prepare_features(
    table: FeatureTable, y: np.ndarray, columns: np.ndarray, steps: Sequence[Step], seed: int
) -> Prepared:
    """Fit the steps on these cases.

    Parameters
    ----------
    table : FeatureTable
        The training cases, n of them.
    y : numpy.ndarray of int, shape (n,)
        0 or 1.
    columns : numpy.ndarray of int
        The columns that the model may use.
    steps : sequence of Step
        As the recipe names them.
    seed : int
        Of whatever is random.

    Raises
    ------
    RecipeError
        When a step is not known.
    InputError
        When a step lacks what it needs: repeated contours, or scanners.
    """
    columns = columns[InformativeFeatures().fit(table.values[:, columns]).get_support()]
    state = _State(table, np.asarray(y), columns, seed)
    counts = {"known": int(columns.size)}
    for step in steps:
        if state.X.shape[1]:
            state.take(step)
        counts[step.name] = int(state.X.shape[1])
    return Prepared(state.columns, tuple(state.transforms), counts, state.path)


class _State:
    """Features on their way through the steps."""

    def __init__(self, table: FeatureTable, y: np.ndarray, columns: np.ndarray, seed: int) -> None:
        self.table, self.y, self.seed = table, y, seed
        self.columns = columns
        self.X = table.values[:, columns]
        self.transforms: list[Transform] = []
        self.path: LassoPath | None = None

    @property
    def projected(self) -> bool:
        """Whether what is left are components, no longer columns of the table."""
        return any(isinstance(t, Projected) for t in self.transforms)

    def take(self, step: Step) -> None:
        if step.name == "zscore":
            scaler = StandardScaler().fit(self.X)
            self._transform(Standardised(scaler.mean_, scaler.scale_))
        elif step.name == "combat":
            self._transform(_harmonised(step, self.X, self.table))
        elif step.name == "pca":
            fitted = PCA(step.parameters["components"], svd_solver="full", random_state=self.seed).fit(self.X)
            self._transform(Projected(fitted.mean_, fitted.components_))
        elif step.name in SELECTORS:
            self._select(self._support(step))
        else:
            known = ", ".join(("zscore", "combat", "pca", *SELECTORS))
            raise RecipeError(f"The recipe names the step {step.name!r}, which is not known; use one of {known}.")

    def _transform(self, transform: Transform) -> None:
        self.X = transform.apply(self.X, self.table.scanners)
        self.transforms.append(transform)

    def _support(self, step: Step) -> np.ndarray:
        parameters = dict(step.parameters)
        if step.name == "lasso":
            parameters.setdefault("seed", self.seed)
            # Inner folds of a small cohort hold few of one outcome; as many folds as they allow.
            fewest = int(np.bincount(self.y, minlength=2).min())
            if fewest < 2:
                return np.zeros(self.X.shape[1], dtype=bool)
            parameters["folds"] = min(int(parameters.get("folds", 10)), fewest)
        estimator: Any = SELECTORS[step.name](**parameters)
        if step.name == "reproducibility":
            estimator.fit(self.X, self.y, readings=self._readings())
        else:
            estimator.fit(self.X, self.y)
        if step.name == "lasso":
            self.path = LassoPath.of(estimator, self._names())
        return estimator.get_support()

    def _names(self) -> list[str]:
        """Of the features or components that are left."""
        if self.projected:
            return [f"component {i + 1}" for i in range(self.X.shape[1])]
        return [self.table.names[c] for c in self.columns]

    def _readings(self) -> list[np.ndarray]:
        """Each repeated reading beside the first, shape (2, m, p); as measured, which no z-score changes."""
        if self.projected:
            raise RecipeError("The step reproducibility comes after pca in the recipe; put it before.")
        names = [self.table.names[c] for c in self.columns]
        place = {case: i for i, case in enumerate(self.table.cases)}
        pairs = []
        for reading in self.table.readings.values():
            if len(reading.cases) < 3:
                continue
            rows = np.array([place[case] for case in reading.cases])
            first = self.table.values[np.ix_(rows, self.columns)]
            again = reading.columns(names)
            both = np.isfinite(first).all(axis=1) & np.isfinite(again).all(axis=1)
            pairs.append(np.stack([first[both], again[both]]))
        return pairs

    def _select(self, support: np.ndarray) -> None:
        kept = np.flatnonzero(support)
        self.X = self.X[:, kept]
        # Components need every column that they are made of, so only what follows the last projection is cut.
        last = max((i for i, t in enumerate(self.transforms) if isinstance(t, Projected)), default=None)
        start = 0 if last is None else last
        self.transforms[start:] = [t.keep(kept) for t in self.transforms[start:]]
        if last is None:
            self.columns = self.columns[kept]


def _harmonised(step: Step, X: np.ndarray, table: FeatureTable) -> Harmonised:
    if not table.scanners or not all(table.scanners):
        raise InputError("The recipe harmonises scanners; fill the column scanner of the manifest for every case.")
    fitted = ScannerHarmonisation(**step.parameters).fit(X, batch=np.asarray(table.scanners))
    # Both ends of a line give its slope and offset, whatever the estimator keeps inside.
    scanners = fitted.scanners_
    if not scanners:
        nothing = np.empty((0, X.shape[1]))
        return Harmonised((), nothing, nothing, fitted.unseen)
    batch = np.asarray(scanners)
    shift = fitted.transform(np.zeros((len(scanners), X.shape[1])), batch=batch)
    scale = fitted.transform(np.ones((len(scanners), X.shape[1])), batch=batch) - shift
    return Harmonised(tuple(map(str, scanners)), scale, shift, fitted.unseen)
