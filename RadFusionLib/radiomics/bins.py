"""Which bin each value falls into, when the bins are of equal width but for rounding."""

from __future__ import annotations

import numpy as np

from RadFusionLib.radiomics.kernel import kernel

__all__ = ["find_bins"]


@kernel
def find_bins(values, edges):  # type: ignore[no-untyped-def]
    """Give what ``numpy.digitize(values, edges)`` gives, by computing a bin and stepping to the right one.

    Parameters
    ----------
    values : (n,) float64 array
        Not below the first edge, and below the last.
    edges : (m,) float64 array
        Ascending, at nearly equal distances, at least two.

    Returns
    -------
    bins : (n,) int32 array
        Edges at or below each value.
    counts : (m,) int64 array
        Values in each bin.
    """
    bins = np.empty(len(values), np.int32)
    counts = np.zeros(len(edges), np.int64)
    first = edges[0]
    rate = (len(edges) - 1) / (edges[-1] - first)
    last = len(edges) - 1
    for n in range(len(values)):
        value = values[n]
        b = min(max(int((value - first) * rate) + 1, 1), last)
        while b > 1 and value < edges[b - 1]:
            b -= 1
        while b < last and value >= edges[b]:
            b += 1
        bins[n] = b
        counts[b] += 1
    return bins, counts
