"""Grey-level co-occurrence matrix: which grey levels are neighbours, direction by direction."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from RadFusionLib.radiomics.discretisation import GreyLevels
from RadFusionLib.radiomics.kernel import kernel, sequence
from RadFusionLib.radiomics.maximal_correlation import maximal_correlation
from RadFusionLib.radiomics.region import FloatArray
from RadFusionLib.radiomics.tally import tally

__all__ = ["CO_OCCURRENCE_NAMES", "Pairs", "co_occurrence_averages", "co_occurrence_features", "features_of_pairs"]

Pairs = tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], FloatArray]

CO_OCCURRENCE_NAMES: Final = (
    "Autocorrelation", "ClusterProminence", "ClusterShade", "ClusterTendency", "Contrast", "Correlation",
    "DifferenceAverage", "DifferenceEntropy", "DifferenceVariance", "Id", "Idm", "Idmn", "Idn", "Imc1", "Imc2",
    "InverseVariance", "JointAverage", "JointEnergy", "JointEntropy", "MaximumProbability", "SumAverage",
    "SumEntropy", "SumSquares",
)  # fmt: skip
_EPSILON = 2.220446049250313e-16
_LN2 = 0.6931471805599453
_TABLE_SHARE = 8  # the pairs are counted in a square table if its size is at most so many times the region's voxels


@kernel
def _pairs_by_table(flat, voxels, offset, table):  # type: ignore[no-untyped-def]
    """Count unordered pairs of neighbours in `table`, list them and clear it.

    `table` has a row a level, and a column a level after one for neighbours outside the region: so the counting needs
    neither a test nor an order of the pair.
    """
    height, width = table.shape
    flattened = table.reshape(height * width)
    for n in range(len(voxels)):
        flattened[flat[voxels[n]] * width + flat[voxels[n] + offset] + 1] += 1
    most = min(height * (height + 1) // 2, len(voxels)) + 1  # one more, as each is written before it is known to count
    first = np.empty(most, np.int32)
    second = np.empty(most, np.int32)
    counts = np.empty(most, np.float64)
    found = 0
    for i in range(height):
        for j in range(i, height):
            both = table[i, j + 1] + (table[j, i + 1] if i != j else 0)
            first[found] = i
            second[found] = j
            counts[found] = both
            found += both > 0
    flattened[:] = 0
    return first[:found], second[:found], counts[:found]


@kernel
def _pairs_by_tally(flat, voxels, offset, level_count):  # type: ignore[no-untyped-def]
    """List unordered pairs of neighbours; for so many levels that a square table would be mostly empty."""
    lower = np.empty(len(voxels), np.int32)
    higher = np.empty(len(voxels), np.int32)
    found = 0
    for n in range(len(voxels)):
        here = flat[voxels[n]]
        there = flat[voxels[n] + offset]
        if there >= 0:
            lower[found] = min(here, there)
            higher[found] = max(here, there)
            found += 1
    first, second, counts, _ = tally(lower[:found], higher[:found], level_count, level_count)
    return first, second, counts


@kernel
def _normalise(first, second, counts, level_count):  # type: ignore[no-untyped-def]
    """Turn counts of unordered pairs into the symmetric matrix's probabilities; give their marginal."""
    total = 0.0
    for n in range(len(counts)):
        total += 2 * counts[n]
    marginal = np.zeros(level_count, np.float64)
    for n in range(len(counts)):
        counts[n] = (2 * counts[n] if first[n] == second[n] else counts[n]) / total
        marginal[first[n]] += counts[n]
        if first[n] != second[n]:
            marginal[second[n]] += counts[n]
    return marginal


@kernel
def _statistics(first, second, p, px, levels, highest, result):  # type: ignore[no-untyped-def]
    """Add the features, in the order of `CO_OCCURRENCE_NAMES`, of one symmetric matrix to `result`.

    ``p[n]`` is the matrix's value at (first[n], second[n]), first <= second, and at its mirror image; `highest` is the
    number of bins, by which some features are normalised.
    """
    span = int(levels[-1] - levels[0]) + 1
    least = int(2 * levels[0])
    by_difference = np.zeros(span, np.float64)
    by_sum = np.zeros(2 * span, np.float64)
    mean = 0.0
    for i in range(len(levels)):
        mean += levels[i] * px[i]
    variance = 0.0
    entropy_x = 0.0
    for i in range(len(levels)):
        variance += px[i] * (levels[i] - mean) ** 2
        entropy_x -= px[i] * np.log2(px[i] + _EPSILON)

    autocorrelation = covariance = tendency = shade = prominence = contrast = 0.0
    energy = entropy = cross = largest = 0.0
    for n in range(len(p)):
        a = levels[first[n]]
        b = levels[second[n]]
        q = p[n]
        w = q if first[n] == second[n] else 2 * q  # the mirror image counts too
        autocorrelation += w * a * b
        covariance += w * (a - mean) * (b - mean)
        c = a + b - mean - mean
        tendency += w * c * c
        shade += w * c * c * c
        prominence += w * c * c * c * c
        contrast += w * (b - a) * (b - a)
        energy += w * q
        entropy -= w * np.log2(q + _EPSILON)
        cross += w / (px[first[n]] * px[second[n]])
        largest = max(largest, q)
        by_difference[int(b - a)] += w
        by_sum[int(a + b) - least] += w

    average = difference_entropy = inverse_variance = 0.0
    inverse = inverse_moment = inverse_normalised = inverse_moment_normalised = 0.0
    for k in range(span):
        d = by_difference[k]
        if d == 0:
            continue
        average += k * d
        difference_entropy -= d * np.log2(d + _EPSILON)
        inverse += d / (1 + k)
        inverse_moment += d / (1 + float(k) * k)
        inverse_normalised += d / (1 + k / highest)
        inverse_moment_normalised += d / (1 + (float(k) * k) / (float(highest) * highest))
        if k > 0:
            inverse_variance += d / (float(k) * k)
    difference_variance = 0.0
    for k in range(span):
        difference_variance += by_difference[k] * (k - average) ** 2
    sum_average = sum_entropy = 0.0
    for k in range(2 * span):
        if by_sum[k] != 0:
            sum_average += (k + least) * by_sum[k]
            sum_entropy -= by_sum[k] * np.log2(by_sum[k] + _EPSILON)

    # Sums of p(i) p(j) log2(p(i) p(j) + eps) over all pairs of levels, to first order in eps (1e-12 and better).
    occurring = 0.0
    for i in range(len(levels)):
        if px[i] > 0:
            occurring += 1
    plain = 0.0
    for i in range(len(levels)):
        if px[i] > 0:
            plain -= px[i] * np.log2(px[i])
    entropy_1 = 2 * plain - _EPSILON * cross / _LN2
    entropy_2 = 2 * plain - _EPSILON * occurring * occurring / _LN2

    deviation = np.sqrt(variance) * np.sqrt(variance)
    result[0] += autocorrelation
    result[1] += prominence
    result[2] += shade
    result[3] += tendency
    result[4] += contrast
    result[5] += 1.0 if deviation == 0 else covariance / (deviation + _EPSILON)
    result[6] += average
    result[7] += difference_entropy
    result[8] += difference_variance
    result[9] += inverse
    result[10] += inverse_moment
    result[11] += inverse_moment_normalised
    result[12] += inverse_normalised
    if occurring > 1:
        result[13] += (entropy - entropy_1) / entropy_x
        # Mutual information is not negative; what falls below 0 is rounding.
        result[14] += np.sqrt(1 - np.exp(-2 * max(entropy_2 - entropy, 0.0)))
    result[15] += inverse_variance
    result[16] += mean
    result[17] += energy
    result[18] += entropy
    result[19] += largest
    result[20] += sum_average
    result[21] += sum_entropy
    result[22] += variance


def co_occurrence_features(
    flat: npt.NDArray[np.int32],
    voxels: npt.NDArray[np.int64],
    offsets: npt.NDArray[np.int64],
    levels: GreyLevels,
    weights: FloatArray | None,
    wanted: Collection[str],
) -> dict[str, float]:
    """Compute the co-occurrence features of the symmetric matrices (Haralick et al. 1973).

    Parameters
    ----------
    flat : (v,) int32 array
        Level positions in the flattened bordered box, -1 outside the region.
    voxels : (n,) int64 array
        Positions of the region in `flat`.
    offsets : (m,) int64 array
        Steps in `flat`, one of each pair of opposite directions.
    levels : GreyLevels
        The discretisation.
    weights : (m,) float64 array, optional
        Merge the directions' counts with these weights; otherwise features are averaged over the directions.
    wanted : collection of str
        Features to give; MCC is computed only when it is among them.

    Returns
    -------
    dict of str to float
        Empty when no voxel has a neighbour in the region.
    """
    if weights is not None:
        pairs = (_pairs_by_tally(flat, voxels, offset, len(levels.levels)) for offset in offsets)
        return features_of_pairs(pairs, levels, weights, wanted)
    with_mcc, with_rest = _parts(wanted)
    means, mcc, matrices = co_occurrence_averages(
        flat, voxels, offsets, levels.levels, levels.highest, with_rest, with_mcc
    )
    return _named(means, mcc, matrices, with_rest, with_mcc)


def features_of_pairs(
    pairs: Iterable[Pairs], levels: GreyLevels, weights: FloatArray | None, wanted: Collection[str]
) -> dict[str, float]:
    """Compute the co-occurrence features of pairs that are counted already.

    Parameters
    ----------
    pairs : iterable of (first, second, counts)
        For each direction the pairs of level positions, (n,) int32 arrays, first <= second, and how often each
        occurs, (n,) float64 array.
    levels, weights, wanted
        As in `co_occurrence_features`.
    """
    with_mcc, with_rest = _parts(wanted)
    if weights is not None:
        means, mcc, matrices = _merged(pairs, weights, levels.levels, with_rest, with_mcc)
        return _named(means, mcc, matrices, with_rest, with_mcc)
    means, mcc, matrices = np.zeros(len(CO_OCCURRENCE_NAMES)), 0.0, 0
    for first, second, counts in pairs:
        if len(counts) > 0:
            mcc += _of_matrix(first, second, counts, levels.levels, levels.highest, with_rest, with_mcc, means)
            matrices += 1
    return _named(means / max(matrices, 1), mcc / max(matrices, 1), matrices, with_rest, with_mcc)


def _parts(wanted: Collection[str]) -> tuple[bool, bool]:
    return "MCC" in wanted, any(name != "MCC" for name in wanted)


def _named(means: FloatArray, mcc: float, matrices: int, with_rest: bool, with_mcc: bool) -> dict[str, float]:
    if matrices == 0:
        return {}
    result = dict(zip(CO_OCCURRENCE_NAMES, means.tolist(), strict=True)) if with_rest else {}
    if with_mcc:
        result["MCC"] = float(mcc)
    return result


@sequence
def co_occurrence_averages(flat, voxels, offsets, levels, highest, with_rest, with_mcc):  # type: ignore[no-untyped-def]
    """Average over the matrices that are not empty.

    Parameters are those of `co_occurrence_features`; `levels` are the grey levels, `highest` the number of bins.

    Returns
    -------
    means : (23,) float64 array
        In the order of `CO_OCCURRENCE_NAMES`, if `with_rest`.
    mcc : float
        MCC, if `with_mcc`.
    matrices : int
        How many there are.
    """
    count = len(levels)
    by_table = count * (count + 1) <= _TABLE_SHARE * len(voxels)
    table = np.zeros((count, count + 1) if by_table else (0, 1), np.int32)
    totals = np.zeros(len(CO_OCCURRENCE_NAMES))
    mcc = 0.0
    matrices = 0
    for a in range(len(offsets)):
        if by_table:
            first, second, counts = _pairs_by_table(flat, voxels, offsets[a], table)
        else:
            first, second, counts = _pairs_by_tally(flat, voxels, offsets[a], count)
        if len(counts) > 0:
            mcc += _of_matrix(first, second, counts, levels, highest, with_rest, with_mcc, totals)
            matrices += 1
    return totals / max(matrices, 1), mcc / max(matrices, 1), matrices


@sequence
def _of_matrix(first, second, counts, levels, highest, with_rest, with_mcc, totals):  # type: ignore[no-untyped-def]
    """Add `_statistics` of one matrix to `totals`; give its MCC. `counts` become probabilities."""
    px = _normalise(first, second, counts, len(levels))
    if with_rest:
        _statistics(first, second, counts, px, levels, highest, totals)
    return maximal_correlation(first, second, counts, px) if with_mcc else 0.0


def _merged(
    pairs: Iterable[Pairs], weights: FloatArray, levels: FloatArray, with_rest: bool, with_mcc: bool
) -> tuple[FloatArray, float, int]:
    """Give what `co_occurrence_averages` does of the one matrix that sums all directions with their weights."""
    count, highest = len(levels), int(levels[-1])
    codes, counts = [np.empty(0, np.int64)], [np.empty(0)]
    for (first, second, found), weight in zip(pairs, weights, strict=True):
        codes.append(first.astype(np.int64) * count + second)
        counts.append(found * weight)
    occurring, inverse = np.unique(np.concatenate(codes), return_inverse=True)
    if len(occurring) == 0:
        return np.zeros(len(CO_OCCURRENCE_NAMES)), 0.0, 0
    merged = np.bincount(inverse, weights=np.concatenate(counts)).astype(np.float64)
    totals = np.zeros(len(CO_OCCURRENCE_NAMES))
    first, second = (occurring // count).astype(np.int32), (occurring % count).astype(np.int32)
    return totals, _of_matrix(first, second, merged, levels, highest, with_rest, with_mcc, totals), 1
