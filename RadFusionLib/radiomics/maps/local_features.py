"""Features of the neighbourhoods of many voxels: each class by the kernels that compute it for a whole region."""

from __future__ import annotations

import numpy as np

from RadFusionLib.radiomics.equal_neighbours import count_equal_neighbours, equal_neighbours
from RadFusionLib.radiomics.firstorder import central_moments, value_sums
from RadFusionLib.radiomics.glcm import co_occurrence_averages
from RadFusionLib.radiomics.gldm import dependence_statistics, equal_dependence_statistics
from RadFusionLib.radiomics.glrlm import run_length_statistics
from RadFusionLib.radiomics.glszm import size_zone_statistics
from RadFusionLib.radiomics.kernel import inner_kernel, kernel
from RadFusionLib.radiomics.maps.neighbourhood import fill
from RadFusionLib.radiomics.ngtdm import tone_difference_values

__all__ = ["local_co_occurrence", "local_first_order", "local_sizes", "local_tone_differences"]

_EPSILON = 2.220446049250313e-16


@inner_kernel
def _levels(grey, present, count):  # type: ignore[no-untyped-def]
    levels = np.empty(count)
    for n in range(count):
        levels[n] = grey[present[n]]
    return levels


@kernel
def local_co_occurrence(flat, centres, layout, grey, with_rest, with_mcc, result):  # type: ignore[no-untyped-def]
    """Write the 23 features of `CO_OCCURRENCE_NAMES` and MCC of each centre's neighbourhood to `result` (n, 24).

    NaN where no two voxels of the neighbourhood are neighbours.
    """
    position = np.full(len(grey), -1, np.int32)
    patch = np.full(layout.size, -1, np.int32)
    voxels = np.empty(len(layout.places), np.int64)
    present = np.empty(len(layout.places), np.int32)
    highest = int(grey[-1])
    for n in range(len(centres)):
        size, count = fill(flat, centres[n], layout.steps, layout.places, position, patch, voxels, present)
        levels = _levels(grey, present, count)
        means, mcc, matrices = co_occurrence_averages(
            patch, voxels[:size], layout.half, levels, highest, with_rest, with_mcc
        )
        for s in range(23):
            result[n, s] = means[s] if matrices > 0 else np.nan
        # One level among several that the region has: the others' eigenvalues, 0, follow its own.
        result[n, 23] = (0.0 if count == 1 and len(grey) > 1 else mcc) if matrices > 0 else np.nan


@kernel
def local_sizes(flat, centres, layout, grey, alpha, runs, zones, dependences):  # type: ignore[no-untyped-def]
    """Write the 16 statistics of GLRLM, GLSZM and GLDM of each centre's neighbourhood, where the arrays have rows."""
    position = np.full(len(grey), -1, np.int32)
    patch = np.full(layout.size, -1, np.int32)
    voxels = np.empty(len(layout.places), np.int64)
    present = np.empty(len(layout.places), np.int32)
    single = np.ones(len(layout.places), np.int64)
    lines = np.empty(len(layout.lines), np.int64)
    touching = len(layout.both) == len(layout.touching)
    for n in range(len(centres)):
        size, count = fill(flat, centres[n], layout.steps, layout.places, position, patch, voxels, present)
        levels = _levels(grey, present, count)
        inside = voxels[:size]
        equal = equal_neighbours(patch, inside, single[:size], layout.touching)
        if len(zones) > 0:
            zones[n] = size_zone_statistics(patch, inside, equal, layout.touching, layout.apart, levels)
        if len(dependences) > 0 and alpha == 0 and touching:
            dependences[n] = equal_dependence_statistics(patch, inside, equal, len(layout.touching), levels)
        elif len(dependences) > 0:
            dependences[n] = dependence_statistics(patch, inside, layout.both, levels, alpha)
        if len(runs) > 0:
            found = _lines(patch, inside, layout.lines, lines)
            if found > 0:
                runs[n] = run_length_statistics(
                    patch, inside, equal, layout.touching, lines[:found], np.empty(0), levels, layout.longest + 1
                )
            else:
                runs[n] = np.nan


@inner_kernel
def _lines(patch, voxels, steps, lines):  # type: ignore[no-untyped-def]
    """List the directions along which a straight line meets two voxels; give how many there are."""
    found = 0
    for line in range(len(steps)):
        met = False
        for n in range(len(voxels)):
            for s in range(steps.shape[1]):
                if patch[voxels[n] + steps[line, s]] >= 0:
                    met = True
                    break
            if met:
                break
        if met:
            lines[found] = line
            found += 1
    return found


@kernel
def local_tone_differences(flat, centres, layout, grey, result):  # type: ignore[no-untyped-def]
    """Write the features of `TONE_DIFFERENCE_NAMES` of each centre's neighbourhood to `result` (n, 5)."""
    position = np.full(len(grey), -1, np.int32)
    patch = np.full(layout.size, -1, np.int32)
    inside = np.empty(layout.size, np.int32)
    voxels = np.empty(len(layout.places), np.int64)
    present = np.empty(len(layout.places), np.int32)
    single = np.ones(len(layout.places), np.int64)
    for n in range(len(centres)):
        size, count = fill(flat, centres[n], layout.steps, layout.places, position, patch, voxels, present)
        for place in range(layout.size):
            inside[place] = 0 if patch[place] >= 0 else -1
        neighbours = count_equal_neighbours(inside, voxels[:size], single[:size], layout.both)
        counts = np.zeros(count, np.int64)
        for v in range(size):
            counts[patch[voxels[v]]] += 1
        result[n] = tone_difference_values(
            patch, voxels[:size], single[:size], layout.both, neighbours, _levels(grey, present, count), counts
        )


@kernel
def local_first_order(values, flat, centres, steps, level_count, volume, shift, result):  # type: ignore[no-untyped-def]
    """Write the first-order features, in alphabetical order, of each centre's neighbourhood to `result` (n, 18).

    `values` are the image's in the layout of `flat`.
    """
    found = np.empty(len(steps))
    counts = np.zeros(level_count, np.int64)
    for n in range(len(centres)):
        size = 0
        for s in range(len(steps)):
            place = centres[n] + steps[s]
            if flat[place] >= 0:
                found[size] = values[place]
                counts[flat[place]] += 1
                size += 1
        entropy = uniformity = 0.0
        for s in range(len(steps)):
            level = flat[centres[n] + steps[s]]
            if level >= 0 and counts[level] > 0:
                p = counts[level] / size
                entropy -= p * np.log2(p + _EPSILON)
                uniformity += p * p
                counts[level] = 0
        x = np.sort(found[:size])
        p10, p25, median = _percentile(x, 0.1), _percentile(x, 0.25), _percentile(x, 0.5)
        p75, p90 = _percentile(x, 0.75), _percentile(x, 0.9)
        mean, energy, within = value_sums(x, x[0], shift, p10, p90)
        deviation, m2, m3, m4, robust = central_moments(x, mean, within, p10, p90)
        flat_region = m2 == 0
        row = result[n]
        row[0], row[1], row[2], row[3], row[4] = p10, p90, energy, entropy, p75 - p25
        row[5] = 0.0 if flat_region else m4 / (m2 * m2)
        row[6], row[7], row[8], row[9], row[10] = x[-1], mean, deviation, median, x[0]
        row[11], row[12], row[13] = x[-1] - x[0], robust, np.sqrt(energy / size)
        row[14] = 0.0 if flat_region else m3 / m2**1.5
        row[15], row[16], row[17] = energy * volume, uniformity, m2


@inner_kernel
def _percentile(x, share):  # type: ignore[no-untyped-def]
    """Interpolate linearly in sorted values, with the rounding of `numpy.percentile`."""
    place = share * (len(x) - 1)
    low = x[int(place)]
    high = x[min(int(place) + 1, len(x) - 1)]
    t = place - int(place)
    return low + (high - low) * t if t < 0.5 else high - (high - low) * (1 - t)
