"""Run-length, size-zone and dependence features of many neighbourhoods at once, as `size_matrix` defines them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from RadFusionLib.radiomics.device.patches import Patches, beside, entropy
from RadFusionLib.radiomics.size_matrix import SIZE_STATISTICS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    Step = tuple[int, int, int]

__all__ = ["patch_dependences", "patch_runs", "patch_zones"]


def patch_runs(patches: Patches, steps: Sequence[Step], longest: int) -> Tensor:
    """Average the statistics of runs over the directions in which a straight line meets two voxels.

    Parameters
    ----------
    patches : Patches
        The neighbourhoods.
    steps : sequence of 3 ints
        One of each pair of opposite directions, at distance 1.
    longest : int
        Longest run that is possible.

    Returns
    -------
    (b, 16) float64 tensor
        In the order of `SIZE_STATISTICS`; NaN where there is no such direction.
    """
    batch = len(patches.rank)
    totals = torch.zeros(batch, len(SIZE_STATISTICS), dtype=torch.float64, device=patches.rank.device)
    lines = torch.zeros(batch, dtype=torch.float64, device=patches.rank.device)
    for step in steps:
        met = torch.zeros(batch, dtype=torch.bool, device=patches.rank.device)
        for times in range(1, longest):
            one, other = beside(patches.inside, (step[0] * times, step[1] * times, step[2] * times))
            met |= (one & other).flatten(1).any(dim=1)
        here, there = beside(patches.rank, step)
        same = (here == there) & (here >= 0)
        length = patches.inside.long()
        for _ in range(longest - 1):
            grown = length.clone()
            at, ahead = beside(grown, step)[0], beside(length, step)[1]
            at.copy_(torch.where(same, ahead + 1, at))
            length = grown
        starts = patches.inside.clone()
        behind = beside(starts, step)[1]
        behind &= ~same
        statistics = _statistics(patches, starts, length, longest)
        totals += torch.where(met[:, None], statistics, 0.0)
        lines += met
    return totals / torch.where(lines > 0, lines, torch.nan)[:, None]


def patch_zones(patches: Patches, steps: Sequence[Step]) -> Tensor:
    """Give the statistics (b, 16) of the zones of equal level that the steps connect."""
    batch, shape = len(patches.rank), patches.rank.shape
    voxels = patches.rank[0].numel()
    own = torch.arange(voxels, device=patches.rank.device).reshape(1, *shape[1:]).expand(shape)
    zone = own.clone()
    equal = {}
    for step in steps:
        here, there = beside(patches.rank, step)
        equal[step] = (here == there) & (here >= 0)
    while True:  # until every voxel knows the first of its zone
        before = zone.clone()
        for step, same in equal.items():
            here, there = beside(zone, step)
            here.copy_(torch.where(same, torch.minimum(here, there), here))
            there.copy_(torch.where(same, torch.minimum(here, there), there))
        if bool((zone == before).all()):
            break
    sizes = torch.zeros(batch, voxels, dtype=torch.int64, device=zone.device)
    sizes.scatter_add_(1, zone.flatten(1), patches.inside.flatten(1).long())
    return _statistics(patches, (zone == own) & patches.inside, sizes.reshape(shape), voxels)


def patch_dependences(patches: Patches, steps: Sequence[Step], alpha: float) -> Tensor:
    """Give the statistics (b, 16) of the neighbours, at all steps, that differ by at most `alpha`."""
    size = patches.inside.long()
    grey = torch.gather(patches.levels, 1, patches.rank.flatten(1).clamp(min=0)).reshape(patches.rank.shape)
    for step in steps:
        one, other = beside(patches.inside, step)
        first, second = beside(grey, step)
        at = beside(size, step)[0]
        at += one & other & ((first - second).abs() <= alpha)
    return _statistics(patches, patches.inside, size, len(steps) + 1)


def _statistics(patches: Patches, chosen: Tensor, size: Tensor, largest: int) -> Tensor:
    """Compute the statistics of the entries at the chosen voxels (b, d, d, d), each of its voxel's level and a size."""
    batch, count = patches.levels.shape
    width = largest + 1
    code = torch.where(chosen, patches.rank * width + size, count * width).flatten(1)
    table = torch.zeros(batch, count * width + 1, dtype=torch.float64, device=code.device)
    table.scatter_add_(1, code, torch.ones_like(code, dtype=torch.float64))
    table = table[:, :-1].reshape(batch, count, width)[:, :, 1:]
    total = table.sum(dim=(1, 2))
    by_level, by_size = table.sum(dim=2), table.sum(dim=1)
    # Ranks beyond a neighbourhood's own levels have no entries; any level but 0 will do for them.
    i = torch.where(patches.levels > 0, patches.levels, 1.0)
    j = torch.arange(1, width, dtype=torch.float64, device=code.device)
    mean_i, mean_j = (by_level * i).sum(dim=1) / total, (by_size @ j) / total
    i2, j2 = i**2, j**2
    over_level = {"low": torch.einsum("bij,bi->bj", table, 1 / i2), "high": torch.einsum("bij,bi->bj", table, i2)}
    statistics = {
        "small": by_size @ (1 / j2),
        "large": by_size @ j2,
        "level_nonuniformity": (by_level**2).sum(dim=1),
        "level_nonuniformity_normalised": (by_level**2).sum(dim=1) / total,
        "size_nonuniformity": (by_size**2).sum(dim=1),
        "size_nonuniformity_normalised": (by_size**2).sum(dim=1) / total,
        "percentage": total**2 / (by_size @ j),
        "level_variance": (by_level * (i - mean_i[:, None]) ** 2).sum(dim=1),
        "size_variance": (by_size * (j - mean_j[:, None]) ** 2).sum(dim=1),
        "entropy": total * entropy(table / total[:, None, None]),
        "low_level": over_level["low"].sum(dim=1),
        "high_level": over_level["high"].sum(dim=1),
        "small_low": over_level["low"] @ (1 / j2),
        "small_high": over_level["high"] @ (1 / j2),
        "large_low": over_level["low"] @ j2,
        "large_high": over_level["high"] @ j2,
    }
    return torch.stack([statistics[name] / total for name in SIZE_STATISTICS], dim=1)
