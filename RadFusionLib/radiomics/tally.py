"""Counting equal pairs of whole numbers without sorting them and without a table that would be mostly empty."""

from __future__ import annotations

import numpy as np

from RadFusionLib.radiomics.kernel import kernel

__all__ = ["tally"]


@kernel
def tally(rows, values, row_count, highest):  # type: ignore[no-untyped-def]
    """List the different pairs among ``(rows[n], values[n])`` and how often each occurs.

    Parameters
    ----------
    rows : (n,) int32 array
        From 0, below `row_count`.
    values : (n,) int32 array
        From 0 to `highest`.

    Returns
    -------
    rows, values : (p,) int32 arrays
        The pairs, rows ascending.
    counts : (p,) float64 array
        How often.
    bounds : (row_count + 1,) int64 array
        Where each row begins, and the end of the last.
    """
    ends = np.zeros(row_count + 1, np.int64)
    for n in range(len(rows)):
        ends[rows[n] + 1] += 1
    for row in range(row_count):
        ends[row + 1] += ends[row]
    sorted_values = np.empty(len(rows), np.int32)
    place = ends[:-1].copy()
    for n in range(len(rows)):
        sorted_values[place[rows[n]]] = values[n]
        place[rows[n]] += 1
    seen = np.zeros(highest + 1, np.int32)
    out_rows = np.empty(len(rows), np.int32)
    counts = np.empty(len(rows), np.float64)
    bounds = np.zeros(row_count + 1, np.int64)
    found = 0
    for row in range(row_count):
        first, last = ends[row], ends[row + 1]
        for n in range(first, last):
            seen[sorted_values[n]] += 1
        for n in range(first, last):
            value = sorted_values[n]
            if seen[value] > 0:
                out_rows[found] = row
                counts[found] = seen[value]
                sorted_values[found] = value  # never ahead of what is still to be read
                seen[value] = 0
                found += 1
        bounds[row + 1] = found
    return out_rows[:found], sorted_values[:found], counts[:found], bounds
