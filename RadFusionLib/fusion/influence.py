"""How the ensemble's log-odds follow a small change of a feature, or of what a trained network says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit

from RadFusionLib.errors import InputError
from RadFusionLib.fusion.case_score import CaseScore
from RadFusionLib.fusion.ensemble import Ensemble
from RadFusionLib.fusion.network_score import NetworkScore
from RadFusionLib.fusion.scores import LinearScore
from RadFusionLib.fusion.stacked_score import StackedScore
from RadFusionLib.fusion.table import FeatureTable

__all__ = ["NetworkInfluence", "feature_influence", "network_influences"]

STEP = 1e-4
"""Of a feature's size; large against rounding, small against where a logistic curve bends."""

ROWS = 512
"""Rows scored at a time: a network of one phase may have thousands of features."""


@dataclass(frozen=True, eq=False)
class NetworkInfluence:
    """A member's trained network, and how the ensemble's log-odds change with its probability.

    Parameters
    ----------
    score : NetworkScore
    influence : float
        Log-odds per unit of probability.
    """

    score: NetworkScore
    influence: float


def feature_influence(ensemble: Ensemble, table: FeatureTable, names: Sequence[str]) -> np.ndarray:
    """The derivative of one case's log-odds with respect to each feature, by central differences.

    Parameters
    ----------
    ensemble : Ensemble
    table : FeatureTable
        One case.
    names : sequence of str
        Features; one that the ensemble does not use has no influence.

    Returns
    -------
    numpy.ndarray, shape (len(names),)
        Log-odds per unit of each feature; 0 almost everywhere for trees.
    """
    used = set(ensemble.features)
    places = [n for n, name in enumerate(names) if name in used]
    found = np.zeros(len(names))
    for start in range(0, len(places), ROWS // 2):
        part = places[start : start + ROWS // 2]
        columns = [table.position[names[n]] for n in part]
        step = STEP * np.maximum(np.abs(table.values[0, columns]), 1e-3)
        rows = np.arange(len(part))
        values = np.repeat(table.values[:1], 2 * len(part), axis=0)
        values[rows, columns] += step
        values[len(part) + rows, columns] -= step
        logit = ensemble.logit(_repeated(table, values))
        found[part] = (logit[: len(part)] - logit[len(part) :]) / (2 * step)
    return found


def network_influences(ensemble: Ensemble, table: FeatureTable) -> list[NetworkInfluence]:
    """Every trained network in the members' final models, with its influence on one case's log-odds.

    Raises
    ------
    InputError
        When a fusion of trained networks is not linear, so that it has no derivative.
    """
    share = ensemble.calibration.slope / len(ensemble.members)
    return [
        NetworkInfluence(score, share * slope)
        for member in ensemble.members
        for score, slope in _networks(member.scores[member.final], table)
    ]


def _networks(score: CaseScore, table: FeatureTable) -> list[tuple[NetworkScore, float]]:
    """The networks inside a score, and the derivative of the score with respect to their probability."""
    if isinstance(score, NetworkScore):
        return [(score, 1.0)]
    if not isinstance(score, StackedScore) or not score.images:
        return []
    if not isinstance(score.classifier, LinearScore):
        raise InputError("The fusion of this model is not linear, so it has no activation map; choose contribution.")
    found: list[tuple[NetworkScore, float]] = []
    for inner, weight in zip(score.signatures.values(), score.classifier.weight, strict=False):
        bend = 1.0
        if isinstance(inner, StackedScore):
            probability = float(expit(inner.score(table)[0]))
            bend = probability * (1 - probability)
        found += [(network, float(weight) * bend * slope) for network, slope in _networks(inner, table)]
    return found


def _repeated(table: FeatureTable, values: np.ndarray) -> FeatureTable:
    """One case many times, with these values."""
    count = len(values)
    return replace(
        table,
        cases=tuple(str(n) for n in range(count)),
        values=values,
        scanners=table.scanners * count,
        readings={},
        images={name: images * count for name, images in table.images.items()},
    )
