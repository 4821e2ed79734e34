"""First-order statistics of a region's grey values."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt

from RadFusionLib.radiomics.discretisation import GreyLevels
from RadFusionLib.radiomics.kernel import reordering_kernel
from RadFusionLib.radiomics.order_statistics import order_statistics
from RadFusionLib.radiomics.region import FloatArray

__all__ = ["central_moments", "first_order", "value_sums"]

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
    x = np.ascontiguousarray(values, dtype=np.float64)
    result: dict[str, float] = {}
    if _NEEDS_LEVELS & set(wanted):
        assert levels is not None
        p = levels.counts / levels.counts.sum()
        result["Entropy"] = -float(np.sum(p * np.log2(p + _EPSILON)))
        result["Uniformity"] = float(np.sum(p**2))

    lowest, highest = float(x.min()), float(x.max())
    result["Minimum"], result["Maximum"], result["Range"] = lowest, highest, highest - lowest
    p10, p25, median, p75, p90 = _percentiles(x, (0.1, 0.25, 0.5, 0.75, 0.9), lowest, highest)
    result["10Percentile"], result["90Percentile"] = p10, p90
    result["InterquartileRange"], result["Median"] = p75 - p25, median

    mean, energy, within = value_sums(x, lowest, shift, p10, p90)
    deviation, m2, m3, m4, robust = central_moments(x, mean, within, p10, p90)
    result["Energy"] = energy
    result["TotalEnergy"] = energy * voxel_volume
    result["RootMeanSquared"] = float(np.sqrt(energy / x.size))
    result["RobustMeanAbsoluteDeviation"] = robust
    result["Mean"] = mean
    result["MeanAbsoluteDeviation"] = deviation
    result["Variance"] = m2
    flat = m2 == 0  # a flat region has moments of 0, not 0/0
    result["Skewness"] = 0.0 if flat else m3 / m2**1.5
    result["Kurtosis"] = 0.0 if flat else m4 / m2**2
    return result


def _percentiles(x: FloatArray, shares: Sequence[float], lowest: float, highest: float) -> list[float]:
    """Interpolate linearly between the neighbouring values, with the rounding of `numpy.percentile`."""
    places = [share * (len(x) - 1) for share in shares]
    ranks = [rank for place in places for rank in (int(place), min(int(place) + 1, len(x) - 1))]
    found = order_statistics(x, ranks, lowest, highest).tolist()
    result = []
    for place, low, high in zip(places, found[::2], found[1::2], strict=True):
        t = place - int(place)
        result.append(low + (high - low) * t if t < 0.5 else high - (high - low) * (1 - t))
    return result


@reordering_kernel
def value_sums(x, lowest, shift, p10, p90):  # type: ignore[no-untyped-def]
    """Give the mean, the sum of ``(x + shift)^2``, and the mean of what lies from p10 to p90.

    Differences from the lowest value are added up, so that equal values have exactly their value as mean.
    """
    total = energy = total_within = 0.0
    within = 0
    for n in range(len(x)):
        total += x[n] - lowest
        energy += (x[n] + shift) * (x[n] + shift)
        inside = (x[n] >= p10) & (x[n] <= p90)
        total_within += x[n] - lowest if inside else 0.0
        within += inside
    return lowest + total / len(x), energy, lowest + total_within / within if within else np.nan


@reordering_kernel
def central_moments(x, mean, mean_within, p10, p90):  # type: ignore[no-untyped-def]
    """Give the mean absolute deviation, the central moments 2 to 4, and the robust mean absolute deviation."""
    deviation = m2 = m3 = m4 = robust = 0.0
    within = 0
    for n in range(len(x)):
        d = x[n] - mean
        square = d * d
        deviation += abs(d)
        m2 += square
        m3 += square * d
        m4 += square * square
        inside = (x[n] >= p10) & (x[n] <= p90)
        robust += abs(x[n] - mean_within) if inside else 0.0
        within += inside
    size = len(x)
    return deviation / size, m2 / size, m3 / size, m4 / size, robust / within if within else np.nan
