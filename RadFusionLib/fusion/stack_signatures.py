"""What the models inside a stack say of each case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from RadFusionLib.fusion.case_score import CaseScore
from RadFusionLib.fusion.member import Member
from RadFusionLib.fusion.stacked_score import StackedScore
from RadFusionLib.fusion.table import CLINICAL, FeatureTable, phase_of

__all__ = ["signature_parts", "signature_phases", "stack_signatures"]


def stack_signatures(members: Sequence[Member], table: FeatureTable) -> dict[str, np.ndarray]:
    """Score each case by every model inside the members' stacks, nested ones too.

    Parameters
    ----------
    members : sequence of Member
        Of an ensemble.
    table : FeatureTable
        The cases, n of them, with what the members need.

    Returns
    -------
    dict of str to numpy.ndarray, shape (n,) each
        By the model's name, the mean of the members' signatures, in [0, 1]. Only models that every member's final
        holds; empty where the final is no stack.
    """
    shared = _shared(members)
    return {
        name: np.mean([inner[name].signature(table) for inner in shared.values()], axis=0) for name in _names(shared)
    }


def signature_parts(members: Sequence[Member]) -> dict[str, tuple[str, ...]]:
    """The models inside each model that :func:`stack_signatures` scores, as the members know them together."""
    shared = _shared(members)
    return {
        name: tuple(dict.fromkeys(part for inner in shared.values() for part, _ in _inside(inner[name])))
        for name in _names(shared)
    }


def signature_phases(members: Sequence[Member]) -> dict[str, tuple[str, ...]]:
    """The phases of the image features that each of these models uses; a trained network has none."""
    shared = _shared(members)
    found: dict[str, tuple[str, ...]] = {}
    for name in _names(shared):
        features = [feature for inner in shared.values() for feature in inner[name].features]
        found[name] = tuple(sorted({phase_of(f) for f in features if not f.startswith(CLINICAL)}))
    return found


def _shared(members: Sequence[Member]) -> dict[int, Mapping[str, CaseScore]]:
    return {number: dict(_inside(member.scores[member.final])) for number, member in enumerate(members)}


def _names(shared: Mapping[int, Mapping[str, CaseScore]]) -> list[str]:
    first, *others = shared.values()
    return [name for name in first if all(name in other for other in others)]


def _inside(score: CaseScore) -> Iterator[tuple[str, CaseScore]]:
    if isinstance(score, StackedScore):
        for name, part in score.signatures.items():
            yield from _inside(part)
            yield name, part
