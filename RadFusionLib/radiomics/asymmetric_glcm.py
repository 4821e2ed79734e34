"""Co-occurrence features when pairs are counted in one sense only (``symmetricalGLCM: false``).

Rarely asked for, so written for clarity: the formulas as they stand, with marginals of rows and columns that differ.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from RadFusionLib.radiomics.discretisation import GreyLevels
from RadFusionLib.radiomics.region import FloatArray

__all__ = ["asymmetric_co_occurrence_features"]

_EPSILON = np.spacing(1.0)
Integers = npt.NDArray[np.int64]


def asymmetric_co_occurrence_features(
    flat: npt.NDArray[np.int32],
    voxels: npt.NDArray[np.int64],
    offsets: npt.NDArray[np.int64],
    levels: GreyLevels,
    weights: FloatArray | None,
    wanted: Collection[str],
) -> dict[str, float]:
    """Compute what `glcm.co_occurrence_features` does, of matrices that are not made symmetric."""
    count = len(levels.levels)
    matrices = []
    for number, offset in enumerate(offsets):
        here, there = flat[voxels].astype(np.int64), flat[voxels + offset].astype(np.int64)
        inside = there >= 0
        matrix = np.bincount(here[inside] * count + there[inside], minlength=count * count).astype(np.float64)
        matrices.append(matrix.reshape(count, count) * (1.0 if weights is None else weights[number]))
    if weights is not None:
        matrices = [np.sum(matrices, axis=0)]
    found = [_features(matrix / matrix.sum(), levels, wanted) for matrix in matrices if matrix.any()]
    return {name: float(np.mean([f[name] for f in found])) for name in found[0]} if found else {}


def _features(p: FloatArray, levels: GreyLevels, wanted: Collection[str]) -> dict[str, float]:
    grey = levels.levels
    highest = levels.highest
    i, j = grey[:, None], grey[None, :]
    px, py = p.sum(axis=1), p.sum(axis=0)
    mean_x, mean_y = float(grey @ px), float(grey @ py)
    variance_x, variance_y = float((grey - mean_x) ** 2 @ px), float((grey - mean_y) ** 2 @ py)
    centred = i + j - mean_x - mean_y
    step = np.abs(i - j)
    by_step: FloatArray = np.bincount(step.astype(np.int64).ravel(), weights=p.ravel(), minlength=highest).astype(
        np.float64
    )
    by_sum: FloatArray = np.bincount((i + j).astype(np.int64).ravel(), weights=p.ravel()).astype(np.float64)
    k = np.arange(len(by_step), dtype=np.float64)
    average = float(k @ by_step)
    product = px[:, None] * py[None, :]
    entropy = _entropy(p, p)
    entropy_1, entropy_2 = _entropy(p, product), _entropy(product, product)
    largest = max(_entropy(px, px), _entropy(py, py))
    deviations = np.sqrt(variance_x) * np.sqrt(variance_y)
    covariance = float(np.sum(p * (i - mean_x) * (j - mean_y)))
    result = {
        "Autocorrelation": np.sum(p * i * j),
        "ClusterProminence": np.sum(p * centred**4),
        "ClusterShade": np.sum(p * centred**3),
        "ClusterTendency": np.sum(p * centred**2),
        "Contrast": np.sum(p * step**2),
        "Correlation": covariance / (deviations + _EPSILON) if deviations != 0 else 1.0,
        "DifferenceAverage": average,
        "DifferenceEntropy": _entropy(by_step, by_step),
        "DifferenceVariance": (k - average) ** 2 @ by_step,
        "Id": np.sum(by_step / (1 + k)),
        "Idm": np.sum(by_step / (1 + k**2)),
        "Idmn": np.sum(by_step / (1 + k**2 / highest**2)),
        "Idn": np.sum(by_step / (1 + k / highest)),
        "Imc1": (entropy - entropy_1) / largest if largest != 0 else 0.0,
        # Mutual information is not negative; what falls below 0 is rounding.
        "Imc2": np.sqrt(1 - np.exp(-2 * max(entropy_2 - entropy, 0.0))),
        "InverseVariance": np.sum(by_step[1:] / k[1:] ** 2),
        "JointAverage": mean_x,
        "JointEnergy": np.sum(p**2),
        "JointEntropy": entropy,
        "MaximumProbability": p.max(),
        "SumAverage": np.arange(len(by_sum)) @ by_sum,
        "SumEntropy": _entropy(by_sum, by_sum),
        "SumSquares": variance_x,
    }
    if "MCC" in wanted:
        result["MCC"] = _maximal_correlation(p, product)
    return {name: float(value) for name, value in result.items()}


def _entropy(p: FloatArray, of: FloatArray) -> float:
    return float(-np.sum(p * np.log2(of + _EPSILON)))


def _maximal_correlation(p: FloatArray, product: FloatArray) -> float:
    if len(p) < 2:
        return 1.0
    eigenvalues = np.sort(np.linalg.eigvals((p / (product + _EPSILON)) @ p.T))
    return float(np.sqrt(complex(eigenvalues[-2])).real)
