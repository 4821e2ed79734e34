"""Co-occurrence features of many neighbourhoods at once, as `RadFusionLib.radiomics.glcm` defines them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from RadFusionLib.radiomics.device.patches import Patches, beside, entropy
from RadFusionLib.radiomics.glcm import CO_OCCURRENCE_NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

__all__ = ["patch_co_occurrence"]


def patch_co_occurrence(
    patches: Patches,
    steps: Sequence[tuple[int, int, int]],
    highest: int,
    single_level: float,
    with_rest: bool,
    with_mcc: bool,
) -> Tensor:
    """Average the features over the directions in which a neighbourhood has neighbours.

    Parameters
    ----------
    patches : Patches
        The neighbourhoods.
    steps : sequence of 3 ints
        One of each pair of opposite directions, along K, J, I.
    highest : int
        Number of bins of the region.
    single_level : float
        MCC of a neighbourhood of one level.
    with_rest, with_mcc : bool
        Whether the features of `CO_OCCURRENCE_NAMES`, and whether MCC, are wanted.

    Returns
    -------
    (b, 24) float64 tensor
        In the order of `CO_OCCURRENCE_NAMES`, then MCC; NaN where no two voxels are neighbours.
    """
    batch = len(patches.rank)
    totals = torch.zeros(batch, len(CO_OCCURRENCE_NAMES) + 1, dtype=torch.float64, device=patches.rank.device)
    matrices = torch.zeros(batch, dtype=torch.float64, device=patches.rank.device)
    for step in steps:
        p, found = _probabilities(patches, step)
        if with_rest:
            totals[:, :-1] += torch.where(found[:, None], _statistics(p, patches.levels, highest), 0.0)
        if with_mcc:
            mcc = torch.where(patches.present == 1, single_level, _maximal_correlation(p))
            totals[:, -1] += torch.where(found, mcc, 0.0)
        matrices += found
    return totals / torch.where(matrices > 0, matrices, torch.nan)[:, None]


def _probabilities(patches: Patches, step: tuple[int, int, int]) -> tuple[Tensor, Tensor]:
    """Give the symmetric matrices (b, k, k), and where there are pairs at all."""
    batch, count = len(patches.rank), patches.levels.shape[1]
    here, there = (part.reshape(batch, -1) for part in beside(patches.rank, step))
    code = torch.where((here >= 0) & (there >= 0), here * count + there, count * count)
    table = torch.zeros(batch, count * count + 1, dtype=torch.float64, device=code.device)
    table.scatter_add_(1, code, torch.ones_like(code, dtype=torch.float64))
    square = table[:, :-1].reshape(batch, count, count)
    square = square + square.transpose(1, 2)
    total = square.sum(dim=(1, 2))
    return square / torch.where(total > 0, total, 1.0)[:, None, None], total > 0


def _statistics(p: Tensor, levels: Tensor, highest: int) -> Tensor:
    """Compute the 23 features of each matrix (b, k, k), in the order of `CO_OCCURRENCE_NAMES`."""
    px = p.sum(dim=2)
    i, j = levels[:, :, None], levels[:, None, :]
    mean = (px * levels).sum(dim=1)
    variance = (px * (levels - mean[:, None]) ** 2).sum(dim=1)
    from_mean = levels - mean[:, None]
    centred = from_mean[:, :, None] + from_mean[:, None, :]
    step = (i - j).abs()
    by_difference = _by_number(p, step)
    k = torch.arange(by_difference.shape[1], dtype=torch.float64, device=p.device)
    average = by_difference @ k
    least = levels[:, :1, None]
    by_sum = _by_number(p, (i + j - 2 * least).clamp(min=0))
    sums = 2 * least[:, 0] + torch.arange(by_sum.shape[1], dtype=torch.float64, device=p.device)
    product = px[:, :, None] * px[:, None, :]
    joint, plain = entropy(p), entropy(px)
    several = (px > 0).sum(dim=1) > 1
    # Where no pair is, the logarithm of eps must not be weighed by anything but 0.
    information_1 = torch.where(several, (joint - entropy(p, product)) / torch.where(several, plain, 1.0), 0.0)
    surplus = (entropy(product) - joint).clamp(min=0)
    deviation = variance.sqrt() * variance.sqrt()
    covariance = _total(p * from_mean[:, :, None] * from_mean[:, None, :])
    features = {
        "Autocorrelation": _total(p * i * j),
        "ClusterProminence": _total(p * centred**4),
        "ClusterShade": _total(p * centred**3),
        "ClusterTendency": _total(p * centred**2),
        "Contrast": _total(p * step**2),
        "Correlation": torch.where(deviation == 0, 1.0, covariance / (deviation + torch.finfo(torch.float64).eps)),
        "DifferenceAverage": average,
        "DifferenceEntropy": entropy(by_difference),
        "DifferenceVariance": (by_difference * (k - average[:, None]) ** 2).sum(dim=1),
        "Id": by_difference @ (1 / (1 + k)),
        "Idm": by_difference @ (1 / (1 + k**2)),
        "Idmn": by_difference @ (1 / (1 + k**2 / highest**2)),
        "Idn": by_difference @ (1 / (1 + k / highest)),
        "Imc1": information_1,
        "Imc2": torch.where(several, (1 - torch.exp(-2 * surplus)).sqrt(), 0.0),
        "InverseVariance": by_difference[:, 1:] @ (1 / k[1:] ** 2),
        "JointAverage": mean,
        "JointEnergy": _total(p**2),
        "JointEntropy": joint,
        "MaximumProbability": p.flatten(1).amax(dim=1),
        "SumAverage": (by_sum * sums).sum(dim=1),
        "SumEntropy": entropy(by_sum),
        "SumSquares": variance,
    }
    return torch.stack([features[name] for name in CO_OCCURRENCE_NAMES], dim=1)


def _total(terms: Tensor) -> Tensor:
    return terms.sum(dim=(1, 2))


def _by_number(p: Tensor, number: Tensor) -> Tensor:
    """Add up a matrix's entries that share a whole number, (b, highest number + 1)."""
    # Levels that are not there are 0, far from the others, and have no pairs.
    column = torch.where(p > 0, number, 0.0).long().flatten(1)
    table = torch.zeros(len(p), int(column.max()) + 1, dtype=torch.float64, device=p.device)
    return table.scatter_add_(1, column, p.flatten(1))


def _maximal_correlation(p: Tensor) -> Tensor:
    """Give MCC: the second of the absolute eigenvalues of ``D^-1/2 P D^-1/2``, 0 where there is none."""
    px = p.sum(dim=2)
    scale = torch.where(px > 0, px, 1.0).rsqrt()
    if p.shape[1] < 2:
        return torch.ones(len(p), dtype=torch.float64, device=p.device)
    eigenvalues = torch.linalg.eigvalsh(p * scale[:, :, None] * scale[:, None, :]).abs()
    return eigenvalues.sort(dim=1).values[:, -2]
