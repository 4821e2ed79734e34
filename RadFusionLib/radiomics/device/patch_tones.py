"""Tone-difference features of many neighbourhoods at once, as `RadFusionLib.radiomics.ngtdm` defines them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from RadFusionLib.radiomics.device.patches import Patches, beside
from RadFusionLib.radiomics.ngtdm import TONE_DIFFERENCE_NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

__all__ = ["patch_tone_differences"]


def patch_tone_differences(patches: Patches, steps: Sequence[tuple[int, int, int]]) -> Tensor:
    """Give the features (b, 5) in the order of `TONE_DIFFERENCE_NAMES`; `steps` has both senses of every direction."""
    shape, ranks = patches.rank.shape, patches.rank.flatten(1)
    grey = torch.gather(patches.levels, 1, ranks.clamp(min=0)).reshape(shape) * patches.inside
    total, neighbours = torch.zeros_like(grey), torch.zeros_like(grey)
    for step in steps:
        beside(total, step)[0].add_(beside(grey, step)[1])
        beside(neighbours, step)[0].add_(beside(patches.inside, step)[1])
    mean = total / neighbours.clamp(min=1)
    difference = torch.where(patches.inside & (neighbours > 0), (grey - mean).abs(), 0.0).flatten(1)
    # What lies outside differs by 0 and may count with any level.
    s = torch.zeros_like(patches.counts).scatter_add_(1, ranks.clamp(min=0), difference)
    n, m = patches.counts.sum(dim=1), patches.present
    p, g = patches.counts / n[:, None], patches.levels
    p_i, p_j, both = p[:, :, None], p[:, None, :], p[:, :, None] + p[:, None, :]
    occur = (p_i > 0) & (p_j > 0)
    step_ij = torch.where(occur, (g[:, :, None] - g[:, None, :]).abs(), 0.0)
    contrast = (p_i * p_j * step_ij**2).sum(dim=(1, 2))
    busyness = torch.where(occur, (g[:, :, None] * p_i - g[:, None, :] * p_j).abs(), 0.0).sum(dim=(1, 2))
    weighted_pair = (p * s)[:, :, None] + (p * s)[:, None, :]
    complexity = (step_ij * weighted_pair / torch.where(occur, both, 1.0)).sum(dim=(1, 2))
    strength = (both * step_ij**2).sum(dim=(1, 2))
    weighted, summed = (p * s).sum(dim=1), s.sum(dim=1)
    features = {
        "Busyness": torch.where(busyness != 0, weighted / busyness, 0.0),
        "Coarseness": torch.where(weighted != 0, 1 / weighted, 1e6),
        "Complexity": complexity / n,
        "Contrast": torch.where(m > 1, contrast * summed / n / (m * (m - 1)), 0.0),
        "Strength": torch.where(summed != 0, strength / summed, 0.0),
    }
    return torch.stack([features[name] for name in TONE_DIFFERENCE_NAMES], dim=1)
