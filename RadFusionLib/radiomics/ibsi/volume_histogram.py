"""Intensity-volume histogram: how much of the region is at least as bright as a level (IBSI family P88C)."""

from __future__ import annotations

import numpy as np

from RadFusionLib.radiomics.ibsi.discretisation import grey_levels
from RadFusionLib.radiomics.ibsi.settings import Discretisation
from RadFusionLib.radiomics.region import FloatArray

__all__ = ["volume_histogram_features"]


def volume_histogram_features(
    values: FloatArray, rule: Discretisation, limits: tuple[float, float] | None = None
) -> dict[str, float]:
    """Compute the six features, names without their prefix ``ivh_``.

    Parameters
    ----------
    values : (n,) float64 array
        Intensities of the intensity mask.
    rule : Discretisation
        A fixed width names a bin by its centre; a fixed count by its number; no bins mean steps of 1.
    limits : tuple of 2 floats, optional
        The re-segmentation range: the histogram's ends, unless bins are counted. By default the region's extremes.
    """
    low, high = limits if limits is not None else (float(values.min()), float(values.max()))
    x: FloatArray
    steps: FloatArray
    if rule.count is not None:
        x = grey_levels(values, rule).astype(np.float64)
        steps = np.arange(1, rule.count + 1, dtype=np.float64)
    elif rule.width is not None:
        x = np.asarray(low + (grey_levels(values, rule, low) - 0.5) * rule.width, dtype=np.float64)
        centres = np.arange(int((high - low) // rule.width) + 1) + 0.5
        steps = np.asarray(low + centres * rule.width, dtype=np.float64)
        steps = steps[steps <= max(high, x.max())]
    else:
        x = values
        steps = np.arange(low, high + 1, dtype=np.float64)
    fraction = (steps - steps[0]) / (steps[-1] - steps[0]) if len(steps) > 1 else np.zeros(1)
    ordered = np.sort(x)
    volume = 1 - np.searchsorted(ordered, steps, side="left") / x.size
    v10, v90 = (_volume_at(fraction, volume, share) for share in (0.1, 0.9))
    i10, i90 = (_intensity_at(steps, volume, share) for share in (0.1, 0.9))
    return {
        "v10": v10, "v90": v90, "i10": i10, "i90": i90, "diff_v10_v90": v10 - v90, "diff_i10_i90": i10 - i90,
    }  # fmt: skip


def _volume_at(fraction: FloatArray, volume: FloatArray, share: float) -> float:
    """Give the largest volume fraction whose intensity fraction is at least the share."""
    return float(volume[np.argmax(np.round(fraction, 9) >= share)])


def _intensity_at(steps: FloatArray, volume: FloatArray, share: float) -> float:
    """Give the lowest intensity that at most this share of the volume reaches; one step more than the last if none."""
    reached = np.flatnonzero(np.round(volume, 9) <= share)
    return (
        float(steps[reached[0]]) if len(reached) else float(steps[-1] + (steps[1] - steps[0] if len(steps) > 1 else 1))
    )
