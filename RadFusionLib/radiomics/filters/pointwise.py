"""Filters that change each grey value by itself: square, square root, logarithm, exponential.

Each is scaled so that the largest absolute value of the image stays what it is (sign kept, but for square). The
filters are given the values of a region and that largest value of the whole image.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from RadFusionLib.radiomics.discretisation import UndefinedImage
from RadFusionLib.radiomics.region import FloatArray

__all__ = ["exponential", "largest_magnitude", "logarithm", "square", "square_root"]


def largest_magnitude(image: npt.NDArray[np.generic]) -> float:
    """Give the largest absolute value of an image.

    Raises
    ------
    UndefinedImage
        If it is 0.
    """
    largest = max(abs(float(image.min())), abs(float(image.max())))
    if largest == 0:
        raise UndefinedImage("the filter has no scale on an image that is 0 everywhere")
    return largest


def square(x: FloatArray, largest: float) -> FloatArray:
    """Give ``(c x)^2`` with ``c = 1 / sqrt(largest)``."""
    return ((1 / np.sqrt(largest)) * x) ** 2


def square_root(x: FloatArray, largest: float) -> FloatArray:
    """Give ``sign(x) sqrt(largest |x|)``."""
    return np.copysign(np.sqrt(np.abs(x) * largest), x)


def logarithm(x: FloatArray, largest: float) -> FloatArray:
    """Give ``c sign(x) log(|x| + 1)``, c keeping the largest absolute value."""
    highest = np.log(np.array([largest]) + 1)[0]
    return np.copysign(np.log(np.abs(x) + 1), x) * (largest / highest)


def exponential(x: FloatArray, largest: float) -> FloatArray:
    """Give ``exp(c x)`` with ``c = log(largest) / largest``."""
    return np.exp((np.log(largest) / largest) * x)
