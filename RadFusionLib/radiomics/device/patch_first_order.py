"""First-order features of many neighbourhoods at once, as `RadFusionLib.radiomics.firstorder` defines them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from RadFusionLib.radiomics.device.patches import Patches, entropy

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["patch_first_order"]


def patch_first_order(patches: Patches, values: Tensor, volume: float, shift: float) -> dict[str, Tensor]:
    """Compute the eighteen features.

    Parameters
    ----------
    patches : Patches
        The neighbourhoods.
    values : (b, n) float64 tensor
        The image at their voxels, in raster order.
    volume : float
        Of a voxel, mm3.
    shift : float
        Added to the values in the three energies.

    Returns
    -------
    dict of str to (b,) float64 tensor
    """
    inside = patches.inside.flatten(1)
    size = inside.sum(dim=1)
    ordered = torch.where(inside, values, torch.inf).sort(dim=1).values
    lowest = ordered[:, 0]
    highest = torch.gather(ordered, 1, size[:, None] - 1)[:, 0]
    p10, p25, median, p75, p90 = (_percentile(ordered, size, share) for share in (0.1, 0.25, 0.5, 0.75, 0.9))

    def mean_of(terms: Tensor, where: Tensor) -> Tensor:
        return torch.where(where, terms, 0.0).sum(dim=1) / where.sum(dim=1)

    # Differences from the lowest value are added up, so that equal values have exactly their value as mean.
    above = values - lowest[:, None]
    mean = lowest + mean_of(above, inside)
    middle = inside & (values >= p10[:, None]) & (values <= p90[:, None])
    middle_mean = lowest + mean_of(above, middle)
    d = values - mean[:, None]
    m2, m3, m4 = (mean_of(d**power, inside) for power in (2, 3, 4))
    flat = m2 == 0
    spread = torch.where(flat, 1.0, m2)
    energy = torch.where(inside, (values + shift) ** 2, 0.0).sum(dim=1)
    p = patches.counts / size[:, None]
    return {
        "10Percentile": p10,
        "90Percentile": p90,
        "Energy": energy,
        "Entropy": entropy(p),
        "InterquartileRange": p75 - p25,
        "Kurtosis": torch.where(flat, 0.0, m4 / spread**2),
        "Maximum": highest,
        "Mean": mean,
        "MeanAbsoluteDeviation": mean_of(d.abs(), inside),
        "Median": median,
        "Minimum": lowest,
        "Range": highest - lowest,
        "RobustMeanAbsoluteDeviation": mean_of((values - middle_mean[:, None]).abs(), middle),
        "RootMeanSquared": (energy / size).sqrt(),
        "Skewness": torch.where(flat, 0.0, m3 / spread**1.5),
        "TotalEnergy": energy * volume,
        "Uniformity": (p**2).sum(dim=1),
        "Variance": m2,
    }


def _percentile(ordered: Tensor, size: Tensor, share: float) -> Tensor:
    """Interpolate linearly in ascending values, of which the first `size` count, with `numpy.percentile`'s rounding."""
    place = share * (size - 1).double()
    below = place.long()
    low = torch.gather(ordered, 1, below[:, None])[:, 0]
    high = torch.gather(ordered, 1, torch.minimum(below + 1, size - 1)[:, None])[:, 0]
    t = place - below
    return torch.where(t < 0.5, low + (high - low) * t, high - (high - low) * (1 - t))
