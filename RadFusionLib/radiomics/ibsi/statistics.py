"""Intensity statistics, of the intensities themselves and of the grey levels of the histogram."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["histogram_features", "intensity_statistics"]


def intensity_statistics(values: npt.NDArray[np.floating] | npt.NDArray[np.integer]) -> dict[str, float]:
    """Compute the 18 intensity-based statistics (IBSI family UHIW), names without their prefix ``stat_``."""
    x = values.astype(np.float64)
    result = _common(x)
    energy = float(np.sum(x**2))
    return result | {"energy": energy, "rms": float(np.sqrt(energy / x.size))}


def histogram_features(levels: npt.NDArray[np.int64]) -> dict[str, float]:
    """Compute the 23 features of the intensity histogram (IBSI family ZVCW), names without ``ih_``.

    Parameters
    ----------
    levels : (n,) int64 array
        Grey levels from 1.
    """
    x = levels.astype(np.float64)
    result = _common(x)
    counts = np.bincount(levels)[1:].astype(np.float64)
    present = np.arange(1, len(counts) + 1)
    p = counts[counts > 0] / x.size
    modes = present[counts == counts.max()]
    result["mode"] = float(modes[np.argmin(np.abs(modes - x.mean()))])
    result["entropy"] = float(-np.sum(p * np.log2(p)))
    result["uniformity"] = float(np.sum(p**2))
    # One level has no neighbour to differ from.
    gradient = np.gradient(counts) if len(counts) > 1 else np.zeros(1)
    result["max_grad"], result["min_grad"] = float(gradient.max()), float(gradient.min())
    result["max_grad_g"] = float(present[np.argmax(gradient)])
    result["min_grad_g"] = float(present[np.argmin(gradient)])
    return result


def _common(x: npt.NDArray[np.float64]) -> dict[str, float]:
    """Compute what both families have; a region of one value has skewness and kurtosis 0."""
    mean, variance = x.mean(), x.var()
    centred = x - mean
    p10, p25, median, p75, p90 = np.percentile(x, (10, 25, 50, 75, 90))
    within = x[(x >= p10) & (x <= p90)]
    with np.errstate(divide="ignore", invalid="ignore"):
        quartiles = (p75 - p25) / (p75 + p25)
        variation = np.sqrt(variance) / mean
    result = {
        "mean": mean,
        "var": variance,
        "skew": np.mean(centred**3) / variance**1.5 if variance > 0 else 0.0,
        "kurt": np.mean(centred**4) / variance**2 - 3 if variance > 0 else 0.0,
        "median": median,
        "min": x.min(),
        "p10": p10,
        "p90": p90,
        "max": x.max(),
        "iqr": p75 - p25,
        "range": x.max() - x.min(),
        "mad": np.mean(np.abs(centred)),
        "rmad": np.mean(np.abs(within - within.mean())),
        "medad": np.mean(np.abs(x - median)),
        "cov": variation,
        "qcod": quartiles,
    }
    return {name: float(value) for name, value in result.items()}
