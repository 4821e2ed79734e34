"""The neighbourhoods of many voxels as a stack of small images whose grey levels are numbered anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["EPSILON", "Patches", "beside", "entropy"]

EPSILON = 2.220446049250313e-16
"""Added within logarithms, as the reference does."""


class Patches:
    """The grey levels around each of b centres.

    Parameters
    ----------
    level : (b, d, d, d) int64 tensor
        Positions in `grey`, -1 outside the region; axes of length 1 are left out of neighbourhoods within planes.
    grey : (m,) float64 tensor
        The region's grey levels.

    Attributes
    ----------
    rank : (b, d, d, d) int64 tensor
        Among the levels of its own neighbourhood, ascending from 0; -1 outside.
    levels : (b, k) float64 tensor
        Grey levels by rank; 0 where a neighbourhood has fewer than k.
    counts : (b, k) float64 tensor
        Voxels by rank.
    present : (b,) int64 tensor
        How many levels there are.
    """

    def __init__(self, level: Tensor, grey: Tensor) -> None:
        batch = len(level)
        flat = level.reshape(batch, -1)
        ordered, order = flat.sort(dim=1)
        steps = torch.zeros_like(ordered)
        steps[:, 1:] = (ordered[:, 1:] != ordered[:, :-1]).long()
        outside = (ordered[:, :1] < 0).long()
        ranks = torch.empty_like(flat).scatter_(1, order, steps.cumsum(dim=1) - outside)
        self.present = ranks.amax(dim=1) + 1
        self.rank = ranks.reshape(level.shape)
        self.inside = self.rank >= 0
        count = int(self.present.max())
        # One column more takes what lies outside, and is cut off.
        column = torch.where(ranks >= 0, ranks, count)
        self.counts = torch.zeros(batch, count + 1, dtype=torch.float64, device=level.device)
        self.counts = self.counts.scatter_add_(1, column, torch.ones_like(column, dtype=torch.float64))[:, :count]
        levels = torch.zeros(batch, count + 1, dtype=torch.float64, device=level.device)
        self.levels = levels.scatter_(1, column, grey[flat.clamp(min=0)])[:, :count]


def beside(stack: Tensor, step: tuple[int, int, int]) -> tuple[Tensor, Tensor]:
    """Give a stack (b, d, d, d) where a voxel and the one at a step are both in the image, at the one and the other."""
    here: list[slice] = [slice(None)]
    there: list[slice] = [slice(None)]
    for size, length in zip(stack.shape[1:], step, strict=True):
        here.append(slice(max(-length, 0), max(size - max(length, 0), 0)))
        there.append(slice(max(length, 0), max(size + min(length, 0), 0)))
    return stack[tuple(here)], stack[tuple(there)]


def entropy(p: Tensor, of: Tensor | None = None) -> Tensor:
    """Give ``-sum p log2(of + eps)`` over all but the first axis, `of` being p unless given."""
    return -(p * torch.log2((p if of is None else of) + EPSILON)).flatten(1).sum(dim=1)
