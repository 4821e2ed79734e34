"""First-order statistics of a region's grey values."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from RadFusionLib.radiomics.discretisation import GreyLevels

__all__ = ["first_order"]

_EPSILON = np.spacing(1.0)
_NEEDS_LEVELS = frozenset(["Entropy", "Uniformity"])


def first_order(
    values: npt.NDArray[np.generic],
    levels: GreyLevels | None,
    voxel_volume: float,
    shift: float,
    wanted: Collection[str],
) -> dict[str, float]:
    """Compute first-order features.

    Parameters
    ----------
    values : (n,) array
        Grey values of the region.
    levels : GreyLevels or None
        Their discretisation; needed for Entropy and Uniformity only.
    voxel_volume : float
        Volume of a voxel, mm3, for TotalEnergy.
    shift : float
        Added to the values in the three energies.
    wanted : collection of str
        Names of the features to give (cheap ones may come unasked).

    Returns
    -------
    dict of str to float
        Values by PyRadiomics' feature names. Moments are the population's; Kurtosis is not in excess.
    """
    x = values.astype(np.float64)
    result: dict[str, float] = {}
    if _NEEDS_LEVELS & set(wanted):
        assert levels is not None
        p = levels.counts / levels.counts.sum()
        result["Entropy"] = -float(np.sum(p * np.log2(p + _EPSILON)))
        result["Uniformity"] = float(np.sum(p**2))

    energy = float(np.sum((x + shift) ** 2))
    result["Energy"] = energy
    result["TotalEnergy"] = energy * voxel_volume
    result["RootMeanSquared"] = float(np.sqrt(energy / x.size))

    lowest, highest = float(x.min()), float(x.max())
    result["Minimum"], result["Maximum"], result["Range"] = lowest, highest, highest - lowest
    p10, p25, p75, p90 = np.percentile(x, (10, 25, 75, 90))
    result["10Percentile"], result["90Percentile"] = float(p10), float(p90)
    result["InterquartileRange"] = float(p75 - p25)
    result["Median"] = float(np.median(x))
    within = x[(x >= p10) & (x <= p90)]
    result["RobustMeanAbsoluteDeviation"] = float(np.mean(np.abs(within - within.mean())))

    mean = x.mean()
    centred = x - mean
    squared = centred * centred
    m2 = float(squared.mean())
    result["Mean"] = float(mean)
    result["MeanAbsoluteDeviation"] = float(np.abs(centred).mean())
    result["Variance"] = m2
    flat = m2 == 0  # a flat region has moments of 0, not 0/0
    result["Skewness"] = 0.0 if flat else float((squared * centred).mean() / m2**1.5)
    result["Kurtosis"] = 0.0 if flat else float((squared * squared).mean() / m2**2)
    return result
