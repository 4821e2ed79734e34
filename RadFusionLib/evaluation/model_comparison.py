"""The models of a recipe beside each other: the area of each, and whether they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.delong import AUCComparison, compare_aucs
from RadFusionLib.evaluation.estimate import Estimate
from RadFusionLib.evaluation.subgroups import auc_estimate

__all__ = ["ModelArea", "ModelComparison", "ModelFacts", "ModelTest", "compare_models"]


@dataclass(frozen=True)
class ModelFacts:
    """What a model is made of.

    Parameters
    ----------
    parts : tuple of str
        Names of the models inside it.
    modality : str
        ``CT``, ``MRI`` or ``CT and MRI``; empty where it uses no image or it is not known.
    kind : str
        What it is fitted to, such as ``clinical``; two modalities are compared by models of one kind.
    """

    parts: tuple[str, ...] = ()
    modality: str = ""
    kind: str = ""


@dataclass(frozen=True, eq=False)
class ModelArea:
    """One model: its area, and false and true positive rates along its curve."""

    name: str
    modality: str
    auc: Estimate
    roc: tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class ModelTest:
    """Two models of the same cases.

    Parameters
    ----------
    first, second : str
        Names.
    relation : str
        ``part and fusion`` where one is inside the other; ``within CT``; ``CT against MRI`` of models of one kind; else
        empty.
    comparison : AUCComparison
        DeLong's, paired.
    adjusted : float
        Its p after Holm, over all pairs of the set.
    """

    first: str
    second: str
    relation: str
    comparison: AUCComparison
    adjusted: float


@dataclass(frozen=True, eq=False)
class ModelComparison:
    """The models of a set.

    Parameters
    ----------
    models : tuple of ModelArea
        In the order given.
    tests : tuple of ModelTest
        One a pair; none among training cases.
    notes : tuple of str
        What could not be tested, and why.
    """

    models: tuple[ModelArea, ...]
    tests: tuple[ModelTest, ...]
    notes: tuple[str, ...]


def compare_models(
    outcome: np.ndarray,
    scores: Mapping[str, np.ndarray],
    facts: Mapping[str, ModelFacts] | None = None,
    *,
    untouched: bool,
    notes: Sequence[str] = (),
) -> ModelComparison:
    """Measure several scores of the same cases, and test each pair where the cases had no part in training.

    Parameters
    ----------
    outcome : numpy.ndarray, shape (n,)
        0 or 1, two cases of each class at least.
    scores : mapping of str to numpy.ndarray, shape (n,) each
        By the model's name, higher means more likely positive.
    facts : mapping of str to ModelFacts, optional
        What each is made of.
    untouched : bool
        Whether no score was fitted on any of these cases; DeLong's test is valid only then.
    notes : sequence of str
        What is known beforehand not to be compared.
    """
    from sklearn.metrics import roc_curve

    known = facts or {}
    models = tuple(
        ModelArea(
            name,
            known.get(name, ModelFacts()).modality,
            auc_estimate(outcome, score),
            tuple(roc_curve(outcome, score, drop_intermediate=False)[:2]),
        )
        for name, score in scores.items()
    )
    if not untouched:
        fitted = "No model is tested against another, since these cases had a part in fitting them."
        return ModelComparison(models, (), (fitted, *notes))
    said = list(notes)
    constant = [name for name, score in scores.items() if np.ptp(score) == 0]
    if constant:
        said.append(f"Not tested, since every case has the same score: {', '.join(constant)}.")
    pairs: list[tuple[str, str, AUCComparison]] = []
    for first, second in combinations([name for name in scores if name not in constant], 2):
        try:
            pairs.append((first, second, compare_aucs(outcome, scores[first], scores[second])))
        except InputError as error:
            said.append(f"{first} against {second}: {error}")
    adjusted = _holm([found.p for _, _, found in pairs])
    tests = tuple(
        ModelTest(first, second, _relation(first, second, known), found, p)
        for (first, second, found), p in zip(pairs, adjusted, strict=True)
    )
    return ModelComparison(models, tests, tuple(said))


def _holm(p: list[float]) -> list[float]:
    from statsmodels.stats.multitest import multipletests

    return [float(value) for value in multipletests(p, method="holm")[1]] if p else []


def _relation(first: str, second: str, facts: Mapping[str, ModelFacts]) -> str:
    one, other = facts.get(first, ModelFacts()), facts.get(second, ModelFacts())
    if first in other.parts or second in one.parts:
        return "part and fusion"
    if not one.modality or not other.modality:
        return ""
    if one.modality == other.modality:
        return f"within {one.modality}"
    return f"{one.modality} against {other.modality}" if one.kind == other.kind else ""
