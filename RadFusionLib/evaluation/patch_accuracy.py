"""How a patch network does by patch, and which cases have most of their patches wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.baseline import BaselineTable, baseline_table
from RadFusionLib.evaluation.bootstrap import bootstrap_auc
from RadFusionLib.evaluation.confusion import RATES, ConfusionMatrix
from RadFusionLib.evaluation.discrimination import auc
from RadFusionLib.evaluation.estimate import Estimate
from RadFusionLib.evaluation.misprediction import FoldRate

__all__ = ["FEW_RIGHT", "LIKELIER", "MANY_RIGHT", "PatchAccuracy", "patch_accuracy"]

LIKELIER = 0.5
"""At or above it a patch is called positive: the likelier of the network's two classes."""
QUARTILE = 0.25
FEW_RIGHT, MANY_RIGHT = "mispredicted", "others"


@dataclass(frozen=True)
class PatchAccuracy:
    """What is right and wrong by patch.

    Parameters
    ----------
    patches : int
        Of all cases.
    accuracy : tuple of float
        Share of each case's patches that are called rightly, in [0, 1].
    median, lowest, highest : float
        Of these shares.
    quartile : float
        Their first quartile; a case at or below it is called mispredicted.
    mispredicted : int
        Cases at or below it.
    characteristics : BaselineTable or None
        Mispredicted beside other cases; None with a note where there is nothing to compare.
    auc : Estimate or None
        By patch, patients resampled with all their patches.
    folds : mapping of str to FoldRate
        Rates by patch over the folds by their short names, and ``auc``.
    held_out : bool
        Whether each case was scored by the member fitted without it.
    notes : tuple of str
        What is not available, and why.
    """

    patches: int
    accuracy: tuple[float, ...]
    median: float
    lowest: float
    highest: float
    quartile: float
    mispredicted: int
    characteristics: BaselineTable | None
    auc: Estimate | None
    folds: Mapping[str, FoldRate]
    held_out: bool
    notes: tuple[str, ...]


def patch_accuracy(
    outcome: np.ndarray,
    patches: Sequence[np.ndarray],
    variables: Mapping[str, Any],
    fold: np.ndarray | None = None,
) -> PatchAccuracy:
    """Call each patch, count by case and by fold, and compare the cases whose patches are most often wrong.

    Patches of a patient are no independent cases: the interval of the AUC resamples patients.

    Parameters
    ----------
    outcome : numpy.ndarray, shape (n,)
        0 or 1 of each case, which is that of its patches.
    patches : sequence of numpy.ndarray, shape (m, members) each
        Probability of each of a case's patches by each member of the ensemble.
    variables : mapping of str to array-like, shape (n,) each
        Characteristics of the cases.
    fold : numpy.ndarray of int, shape (n,), optional
        The training fold of each case, which is the number of the member fitted without it; None for cases that no
        member was fitted on, which get the mean of the members.
    """
    outcome = np.asarray(outcome, dtype=int)
    own = [p.mean(axis=1) if fold is None else p[:, fold[i]] for i, p in enumerate(patches)]
    owner = np.repeat(np.arange(len(patches)), [len(p) for p in patches])
    truth, probability = outcome[owner], np.concatenate(own)
    accuracy = np.array([((p >= LIKELIER) == (y == 1)).mean() for p, y in zip(own, outcome, strict=True)])
    quartile = float(np.quantile(accuracy, QUARTILE))
    few = accuracy <= quartile
    notes: list[str] = []
    table = area = None
    if not variables:
        notes.append("The manifest names no characteristic to compare.")
    else:
        try:
            table = baseline_table(np.where(few, FEW_RIGHT, MANY_RIGHT), variables)
        except InputError:
            notes.append("All cases have as many patches right, so there is nothing to compare.")
    try:
        area = bootstrap_auc(truth, probability, owner)
    except InputError as error:
        notes.append(f"AUC by patch: {error}")
    return PatchAccuracy(
        patches=len(owner),
        accuracy=tuple(float(share) for share in accuracy),
        median=float(np.median(accuracy)),
        lowest=float(accuracy.min()),
        highest=float(accuracy.max()),
        quartile=quartile,
        mispredicted=int(few.sum()),
        characteristics=table,
        auc=area,
        folds=_over_folds(truth, np.concatenate(patches), None if fold is None else np.asarray(fold)[owner]),
        held_out=fold is not None,
        notes=tuple(notes),
    )


def _over_folds(truth: np.ndarray, probability: np.ndarray, fold: np.ndarray | None) -> dict[str, FoldRate]:
    """Each rate by member, of its own fold's patches or of all; ``probability`` of shape (patches, members)."""
    found: dict[str, list[float]] = {name: [] for name in (*RATES, "auc")}
    for member in range(probability.shape[1]):
        counted = np.ones(truth.size, dtype=bool) if fold is None else fold == member
        if not counted.any():
            continue
        matrix = _matrix(truth[counted] == 1, probability[counted, member] >= LIKELIER)
        for name in RATES:
            found[name].append(matrix.rate(name))
        found["auc"].append(auc(truth[counted], probability[counted, member]))
    return {name: FoldRate.of(np.array(values)) for name, values in found.items()}


def _matrix(positive: np.ndarray, called: np.ndarray) -> ConfusionMatrix:
    """Counts also of a fold with one class only."""
    right = positive == called
    return ConfusionMatrix(
        int((right & positive).sum()),
        int((~right & positive).sum()),
        int((right & ~positive).sum()),
        int((~right & ~positive).sum()),
    )
