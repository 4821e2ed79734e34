"""Two contours of one tumour side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from RadFusionLib.case import Volume
from RadFusionLib.evaluation.dice import dice
from RadFusionLib.imaging import mask_on_grid

__all__ = ["ContourPair", "comparison_lines", "pair_contours"]


@dataclass(frozen=True)
class ContourPair:
    """How two contours of one tumour agree.

    Parameters
    ----------
    dice : float
        In [0, 1].
    first_ml, second_ml : float
        Volumes.
    """

    dice: float
    first_ml: float
    second_ml: float


def pair_contours(first: Volume, second: Volume) -> ContourPair:
    """Compare two tumour masks on the first one's grid.

    Raises
    ------
    InputError
        When the second lies outside that grid, or both are empty.
    """
    moved, _ = mask_on_grid(second, first, "second reader's tumor mask")
    voxel = first.geometry.voxel_volume / 1000.0
    volumes = float(first.array.sum()) * voxel, float(moved.array.sum()) * voxel
    return ContourPair(dice(first.array, moved.array), *volumes)


def comparison_lines(reader: str, pair: ContourPair, first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    """Return what the page says: ``first`` and ``second`` are the explanations of the two predictions."""
    change = 100 * (pair.second_ml - pair.first_ml) / pair.first_ml if pair.first_ml else float("nan")
    risks = 100 * first["risk"], 100 * second["risk"]
    lines = [
        f"Dice {pair.dice:.3f}",
        f"volume {pair.first_ml:.1f} ml here, {pair.second_ml:.1f} ml by reading {reader} ({change:+.0f} %)",
        f"risk {risks[0]:.1f} % here, {risks[1]:.1f} % by reading {reader} ({risks[1] - risks[0]:+.1f} points)",
    ]
    if first["group"] != second["group"]:
        lines.append(f"The group changes: {first['group']} here, {second['group']} by reading {reader}.")
    return lines
