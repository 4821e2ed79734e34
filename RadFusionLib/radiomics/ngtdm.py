"""Neighbouring grey-tone difference matrix: how a voxel differs from the mean of its neighbours."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from RadFusionLib.radiomics.discretisation import GreyLevels
from RadFusionLib.radiomics.kernel import kernel, sequence
from RadFusionLib.radiomics.sixteen import WIDTH, load, same, store

__all__ = ["TONE_DIFFERENCE_NAMES", "tone_difference_features", "tone_difference_values", "values_of_differences"]

TONE_DIFFERENCE_NAMES: Final = ("Busyness", "Coarseness", "Complexity", "Contrast", "Strength")


@kernel
def _differences(flat, starts, lengths, offsets, neighbours, levels):  # type: ignore[no-untyped-def]
    """Sum, for each level, ``|i - mean of the neighbours within the region|``; no neighbour adds 0."""
    grey = np.zeros(len(flat), np.int32)
    for run in range(len(starts)):
        for place in range(starts[run], starts[run] + lengths[run]):
            grey[place] = levels[flat[place]]
    sums = np.zeros(len(levels), np.float64)
    totals = np.empty(WIDTH, np.int32)
    for run in range(len(starts)):
        for place in range(starts[run], starts[run] + lengths[run], WIDTH):
            total = same(grey, 0)
            for a in range(len(offsets)):
                total += load(grey, place + offsets[a])
            store(totals, 0, total)
            for x in range(min(WIDTH, starts[run] + lengths[run] - place)):
                if neighbours[place + x] > 0:
                    mean = totals[x] / neighbours[place + x]
                    sums[flat[place + x]] += abs(grey[place + x] - mean)
    return sums


@kernel
def _pair_sums(p, s, levels):  # type: ignore[no-untyped-def]
    """Sum over all pairs of levels the terms of contrast, busyness, complexity and strength."""
    contrast = busyness = complexity = strength = 0.0
    for i in range(len(levels)):
        for j in range(i):  # the terms are symmetric, those of i = j are 0 (but in complexity: 0 difference too)
            difference = levels[i] - levels[j]
            contrast += p[i] * p[j] * difference * difference
            busyness += abs(levels[i] * p[i] - levels[j] * p[j])
            complexity += difference * (p[i] * s[i] + p[j] * s[j]) / (p[i] + p[j])
            strength += (p[i] + p[j]) * difference * difference
    return 2 * contrast, 2 * busyness, 2 * complexity, 2 * strength


@sequence
def tone_difference_values(flat, starts, lengths, offsets, neighbours, levels, counts):  # type: ignore[no-untyped-def]
    """Give the five features in the order of `TONE_DIFFERENCE_NAMES`; `counts` are the voxels of each level."""
    return values_of_differences(_differences(flat, starts, lengths, offsets, neighbours, levels), levels, counts)


@sequence
def values_of_differences(s, levels, counts):  # type: ignore[no-untyped-def]
    """Give the five features when the sum `s` of the differences of each level is known already."""
    n = counts.sum()
    p = counts / n
    contrast, busyness, complexity, strength = _pair_sums(p, s, levels)
    weighted = (p * s).sum()
    total = s.sum()
    m = len(p)
    result = np.zeros(5)
    if busyness != 0:
        result[0] = weighted / busyness
    result[1] = 1 / weighted if weighted != 0 else 1e6
    result[2] = complexity / n
    if m > 1:
        result[3] = contrast * total / n / (m * (m - 1))
    if total != 0:
        result[4] = strength / total
    return result


def tone_difference_features(
    flat: npt.NDArray[np.int32],
    starts: npt.NDArray[np.int64],
    lengths: npt.NDArray[np.int64],
    offsets: npt.NDArray[np.int64],
    neighbours: npt.NDArray[np.int32],
    levels: GreyLevels,
) -> dict[str, float]:
    """Compute the five tone-difference features (Amadasun and King 1989).

    `flat` is as in `equal_neighbours`; `starts` and `lengths` are the runs of the region's voxels, `offsets` has both
    senses of every direction, and `neighbours` the number of voxels of the region at `offsets`, in the layout of
    `flat`. Where a denominator is 0 the values are PyRadiomics': a region of one level has Coarseness 10^6 and 0
    elsewhere.
    """
    values = tone_difference_values(flat, starts, lengths, offsets, neighbours, levels.levels, levels.counts)
    return dict(zip(TONE_DIFFERENCE_NAMES, values.tolist(), strict=True))
