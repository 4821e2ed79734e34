"""Node-positive patients, from the rows of a staging table (intrahepatic cholangiocarcinoma, AJCC/UICC 8th edition)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from RadFusionLib.errors import InputError

__all__ = ["NodeCounts", "node_counts"]


@dataclass(frozen=True)
class NodeCounts:
    """Node-positive patients by T category, and the most and fewest there can be in all.

    Attributes
    ----------
    by_category : tuple of int
        Of T1a, T1b and T2, and of T3 where its stage is listed apart (IIIA).
    fewest, most : int
        In all; equal where the last category's patients are fixed by the last stage.
    """

    by_category: tuple[int, ...]
    fewest: int
    most: int


def node_counts(categories: Sequence[int], stages: Sequence[int]) -> NodeCounts:
    """Node-positive patients implied by counts of T categories and of stages.

    Stage IA is T1a N0, IB is T1b N0, II is T2 N0, IIIA is T3 N0, IIIB is T4 N0 or any N1. What a category has more
    than its stage is node-positive.

    Parameters
    ----------
    categories : sequence of int
        Patients with T1a, T1b, T2, T3 and, if listed, T4.
    stages : sequence of int
        Patients in IA, IB, II, and III; or in IA, IB, II, IIIA and IIIB.

    Raises
    ------
    InputError
        When the rows contradict each other.
    """
    own = len(stages) - 1
    if own not in (3, 4) or len(categories) not in (4, 5) or len(categories) <= own:
        raise InputError(
            "Give patients of four or five T categories, and of stages IA, IB, II and III or IIIA and IIIB."
        )
    extra = tuple(have - staged for have, staged in zip(categories[:own], stages[:own], strict=True))
    rest = sum(categories[own:])
    # The last stage holds all node-positive patients and the node-negative ones of the last categories.
    if sum(categories) != sum(stages) or min(extra) < 0 or stages[-1] != sum(extra) + rest:
        raise InputError(f"T categories {tuple(categories)} and stages {tuple(stages)} contradict each other.")
    return NodeCounts(extra, sum(extra), sum(extra) + rest)
