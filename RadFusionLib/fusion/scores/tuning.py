"""Choose a classifier and its parameters by cross-validation within the training cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from RadFusionLib.errors import InputError, RecipeError
from RadFusionLib.evaluation import auc
from RadFusionLib.fusion.scores.classifiers import fit_score

__all__ = ["Candidate", "Choice", "tuned"]


@dataclass(frozen=True)
class Candidate:
    """A classifier with parameters, and its AUC over the folds.

    Parameters
    ----------
    name : str
        As in a recipe.
    parameters : mapping
        All that were set.
    auc : float
        Mean over the folds.
    auc_by_fold : tuple of float
    """

    name: str
    parameters: Mapping[str, Any]
    auc: float
    auc_by_fold: tuple[float, ...]


@dataclass(frozen=True)
class Choice:
    """The best candidate, and all of them in the order in which they were tried."""

    best: Candidate
    tried: tuple[Candidate, ...]


def tuned(
    X: np.ndarray,
    y: np.ndarray,
    candidates: Mapping[str, Mapping[str, Any]],
    grid: Mapping[str, Mapping[str, Sequence[Any]]] | None = None,
    folds: int | np.ndarray = 5,
    groups: Sequence[Any] | np.ndarray | None = None,
    seed: int = 0,
) -> Choice:
    """Try every candidate with every combination of its grid; the highest mean AUC wins, the first of equals.

    Parameters
    ----------
    X : numpy.ndarray, shape (n, n_features)
        Training cases only.
    y : numpy.ndarray, shape (n,)
        0 or 1.
    candidates : mapping of str to mapping
        Fixed parameters by the classifier's name.
    grid : mapping of str to mapping of str to sequence, optional
        Values to try by the classifier's name and the parameter's.
    folds : int or numpy.ndarray of int, shape (n,)
        Number of stratified folds, or the fold of each case.
    groups : sequence, length n, optional
        Rows of the same group (patches of a patient) stay in one fold.
    seed : int
        Of the folds and of the classifiers.

    Raises
    ------
    InputError
        When a fold lacks an outcome, or a group lies in two folds.
    RecipeError
        When a classifier or parameter is not known, or cannot be fitted to a fold.
    """
    from sklearn.model_selection import ParameterGrid

    y = np.asarray(y).astype(int)
    fold = _folds(y, folds, groups, seed)
    unknown = set(grid or {}) - set(candidates)
    if unknown or not candidates:
        raise RecipeError(f"The grid names {sorted(unknown)}, which is no candidate; candidates: {sorted(candidates)}.")
    tried = []
    for name, fixed in candidates.items():
        for combination in ParameterGrid({k: list(v) for k, v in (grid or {}).get(name, {}).items()}):
            parameters = {**fixed, **combination}
            areas = []
            for number in np.unique(fold):
                inside, outside = fold != number, fold == number
                score = fit_score(name, parameters, X[inside], y[inside], seed).score
                areas.append(auc(y[outside], score.score(X[outside])))
            tried.append(Candidate(name, parameters, float(np.mean(areas)), tuple(areas)))
    return Choice(max(tried, key=lambda candidate: candidate.auc), tuple(tried))


def _folds(y: np.ndarray, folds: int | np.ndarray, groups: Sequence[Any] | np.ndarray | None, seed: int) -> np.ndarray:
    if isinstance(folds, int):
        from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

        if np.bincount(y, minlength=2).min() < folds:
            raise InputError(
                f"There are {y.sum()} training cases with the outcome and {(1 - y).sum()} without, too few for "
                f"{folds} folds; lower them."
            )
        splitter = (StratifiedKFold if groups is None else StratifiedGroupKFold)(folds, shuffle=True, random_state=seed)
        fold = np.empty(len(y), dtype=int)
        for number, (_, outside) in enumerate(splitter.split(np.zeros(len(y)), y, groups)):
            fold[outside] = number
    else:
        fold = np.asarray(folds)
    if groups is not None:
        pairs = {(group, int(number)) for group, number in zip(np.asarray(groups).tolist(), fold, strict=True)}
        if len(pairs) != len({group for group, _ in pairs}):
            raise InputError("Rows of one patient lie in several folds; give each patient one fold.")
    for number in np.unique(fold):
        if len(np.unique(y[fold == number])) < 2 or len(np.unique(y[fold != number])) < 2:
            raise InputError(f"Fold {number} leaves cases of one outcome only; lower the number of folds.")
    return fold
