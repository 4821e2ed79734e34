"""Filters that change each grey value by itself: square, square root, logarithm, exponential.

Each is scaled so that the largest absolute value of the image stays what it is (sign kept, but for square).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from RadFusionLib.radiomics.discretisation import UndefinedImage
from RadFusionLib.radiomics.region import FloatArray

__all__ = ["exponential", "logarithm", "square", "square_root"]


def _largest(image: FloatArray) -> float:
    largest = float(np.max(np.abs(image)))
    if largest == 0:
        raise UndefinedImage("the filter has no scale on an image that is 0 everywhere")
    return largest


def square(image: npt.NDArray[np.generic]) -> FloatArray:
    """Give ``(c x)^2`` with ``c = 1 / sqrt(max |x|)``."""
    x = image.astype(np.float64)
    return ((1 / np.sqrt(_largest(x))) * x) ** 2


def square_root(image: npt.NDArray[np.generic]) -> FloatArray:
    """Give ``sign(x) sqrt(max|x| |x|)``."""
    x = image.astype(np.float64)
    return np.copysign(np.sqrt(np.abs(x) * _largest(x)), x)


def logarithm(image: npt.NDArray[np.generic]) -> FloatArray:
    """Give ``c sign(x) log(|x| + 1)``, c keeping the largest absolute value."""
    x = image.astype(np.float64)
    largest = _largest(x)
    result = np.copysign(np.log(np.abs(x) + 1), x)
    return result * (largest / np.max(np.abs(result)))


def exponential(image: npt.NDArray[np.generic]) -> FloatArray:
    """Give ``exp(c x)`` with ``c = log(max |x|) / max |x|``."""
    x = image.astype(np.float64)
    largest = _largest(x)
    return np.exp((np.log(largest) / largest) * x)
