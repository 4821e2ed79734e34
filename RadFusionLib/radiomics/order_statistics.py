"""Values of given rank, without sorting all of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from RadFusionLib.radiomics.kernel import kernel
from RadFusionLib.radiomics.region import FloatArray

__all__ = ["order_statistics"]

_BUCKETS = 1024
_FEW = 8192  # so few values are sorted at once


@kernel
def _count(values, lowest, rate, counts):  # type: ignore[no-untyped-def]
    for n in range(len(values)):
        counts[min(int((values[n] - lowest) * rate), len(counts) - 1)] += 1


@kernel
def _gather(values, lowest, rate, place, found):  # type: ignore[no-untyped-def]
    """Copy the values of the buckets whose `place` is not negative to `found`, from there on."""
    for n in range(len(values)):
        bucket = min(int((values[n] - lowest) * rate), len(place) - 1)
        if place[bucket] >= 0:
            found[place[bucket]] = values[n]
            place[bucket] += 1


def order_statistics(
    values: FloatArray, ranks: Sequence[int], lowest: float, highest: float
) -> npt.NDArray[np.float64]:
    """Give the values that would stand at `ranks` (from 0) if the values were sorted.

    Parameters
    ----------
    values : (n,) float64 array
        Finite values.
    ranks : sequence of int
        Places in ascending order.
    lowest, highest : float
        The extremes of `values`.
    """
    rate = _BUCKETS / (highest - lowest) if highest > lowest else 0.0
    if len(values) <= _FEW or not np.isfinite(rate) or rate == 0:
        return np.asarray(np.sort(values)[list(ranks)], dtype=np.float64)
    counts = np.zeros(_BUCKETS, dtype=np.int64)
    _count(values, lowest, rate, counts)
    ends = np.cumsum(counts)
    bucket_of = np.searchsorted(ends, ranks, side="right")
    place = np.full(_BUCKETS, -1, dtype=np.int64)
    start = {}
    total = 0
    for bucket in sorted(set(bucket_of.tolist())):
        start[bucket] = place[bucket] = total
        total += int(counts[bucket])
    found = np.empty(total)
    _gather(values, lowest, rate, place, found)
    for bucket, first in start.items():
        found[first : first + counts[bucket]].sort()
    return np.array(
        [found[start[b] + rank - (ends[b] - counts[b])] for b, rank in zip(bucket_of.tolist(), ranks, strict=True)]
    )
