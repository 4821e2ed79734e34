"""What each model that a bundle keeps says of a case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from RadFusionLib.fusion.case_score import CaseScore
from RadFusionLib.fusion.member import Member
from RadFusionLib.fusion.network_score import NetworkScore
from RadFusionLib.fusion.scores import LinearScore
from RadFusionLib.fusion.stacked_score import StackedScore
from RadFusionLib.fusion.table import FeatureTable

__all__ = ["fused_signatures", "model_signatures", "network_histories", "patch_probabilities", "turned_round"]


def model_signatures(members: Sequence[Member], table: FeatureTable) -> dict[str, np.ndarray]:
    """Score each case by every model of the members: those inside a stack, nested ones too, and those beside it.

    Parameters
    ----------
    members : sequence of Member
        Of an ensemble.
    table : FeatureTable
        The cases, n of them, with what the members' final models need.

    Returns
    -------
    dict of str to numpy.ndarray, shape (n,) each
        By the model's name, the mean of the members' signatures, in [0, 1]; NaN where a feature of it is not known.
        Only models that every member has and whose columns the table holds. Without the final model, whose calibrated
        score is the risk, unless the members have different ones.
    """
    models = [dict(_models(member)) for member in members]
    finals = {member.final for member in members}
    alone = finals if len(finals) == 1 else set()
    first, *others = models
    shared = [name for name in first if name not in alone and all(name in other for other in others)]
    return {
        name: np.mean([_signature(one[name], table) for one in models], axis=0)
        for name in shared
        if all(_can_score(one[name], table) for one in models)
    }


def fused_signatures(members: Sequence[Member], table: FeatureTable) -> dict[str, np.ndarray]:
    """What each signature inside the members' logistic stacks says as the ensemble weighs it.

    Each member has a signature s and a coefficient of its own. The mean of the members' signatures, weighted by the
    size of those coefficients, is but for a factor and a constant what the signature adds to the ensemble's log-odds;
    a member whose coefficient has the other sign than most counts as 1 - s (:func:`turned_round`).

    Parameters
    ----------
    members : sequence of Member
        Of an ensemble.
    table : FeatureTable
        The cases, n of them, with what the members' final models need.

    Returns
    -------
    dict of str to numpy.ndarray, shape (n,) each
        By the signature's name, in [0, 1]; the plain mean where no member uses it. Empty where a final is no linear
        stack, or the stacks' signatures differ.
    """
    stacks: list[tuple[StackedScore, np.ndarray]] = []
    for member in members:
        score = member.scores[member.final]
        if not isinstance(score, StackedScore) or not isinstance(score.classifier, LinearScore):
            return {}
        stacks.append((score, score.classifier.weight))
    names = list(stacks[0][0].signatures)
    if any(list(stack.signatures) != names for stack, _ in stacks):
        return {}
    found = {}
    for number, name in enumerate(names):
        weights = np.array([weight[number] for _, weight in stacks])
        said = np.array([_signature(stack.signatures[name], table) for stack, _ in stacks])
        said = np.where(turned_round(weights)[:, None], 1 - said, said)
        found[name] = np.average(said, axis=0, weights=np.abs(weights)) if weights.any() else said.mean(axis=0)
    return found


def turned_round(weights: np.ndarray) -> np.ndarray:
    """Which members' coefficients of a signature, shape (members,), have the other sign than their sum."""
    return weights < 0 if weights.sum() >= 0 else weights > 0


def patch_probabilities(members: Sequence[Member], table: FeatureTable) -> np.ndarray:
    """What each member's final network says of each patch of the one case of ``table``.

    Returns
    -------
    numpy.ndarray, shape (patches, members)
        In [0, 1]; no row where a final model sees no patches.
    """
    finals = [member.scores[member.final] for member in members]
    networks = [score for score in finals if isinstance(score, NetworkScore) and score.sees_patches]
    if len(networks) < len(finals):
        return np.empty((0, len(members)))
    return np.column_stack([network.probabilities(table.images[network.network][0]) for network in networks])


def network_histories(members: Sequence[Member]) -> dict[str, tuple[tuple[Mapping[str, float | None], ...], ...]]:
    """How the training of each network went: by model, a tuple a member, of the figures of each epoch."""
    found: dict[str, list[tuple[Mapping[str, float | None], ...]]] = {}
    for member in members:
        for name, score in dict(_models(member)).items():
            if isinstance(score, NetworkScore):
                found.setdefault(name, []).append(tuple(score.classifier.history_))
    return {name: tuple(histories) for name, histories in found.items()}


def _models(member: Member) -> Iterator[tuple[str, CaseScore]]:
    for name, score in member.scores.items():
        yield from _inside(score)
        yield name, score


def _inside(score: CaseScore) -> Iterator[tuple[str, CaseScore]]:
    if isinstance(score, StackedScore):
        for name, part in score.signatures.items():
            yield from _inside(part)
            yield name, part


def _can_score(score: CaseScore, table: FeatureTable) -> bool:
    return all(name in table.position for name in score.features) and all(name in table.images for name in score.images)


def _signature(score: CaseScore, table: FeatureTable) -> np.ndarray:
    """NaN where a feature is, since a tree would take it for a number."""
    known = np.isfinite(table.columns(score.features)).all(axis=1)
    found = np.full(len(table.cases), np.nan)
    if known.any():
        found[known] = score.signature(table.rows(known))
    return found
