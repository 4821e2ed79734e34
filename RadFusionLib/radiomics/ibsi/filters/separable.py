"""Filters that are a product of one kernel an axis, and their right-angled rotations."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from scipy import ndimage

from RadFusionLib.errors import InputError
from RadFusionLib.radiomics.ibsi.filters.boundary import BOUNDARIES, NDIMAGE_MODES
from RadFusionLib.radiomics.region import FloatArray

__all__ = ["Kernels", "convolve", "orientations", "pooled", "rotated"]

Kernels = tuple[FloatArray, ...]
"""One kernel an axis, x first: three, or two for a filter within slices."""


def convolve(image: FloatArray, kernels: Kernels, boundary: str) -> FloatArray:
    """Convolve an image (K, J, I) with kernels of odd length for x, y and perhaps z."""
    if boundary not in NDIMAGE_MODES:
        raise InputError(f"Unknown boundary {boundary!r}: choose from {', '.join(BOUNDARIES)}.")
    result = image
    for axis, kernel in zip((2, 1, 0), kernels, strict=False):
        result = ndimage.convolve1d(result, kernel, axis=axis, mode=NDIMAGE_MODES[boundary])
    return result


def orientations(kernels: Kernels) -> list[Kernels]:
    """Give the kernels under all rotations by right angles (24, or 4 within slices), each that differs once.

    Every one that differs occurs equally often among the rotations, so averages and maxima are the same.
    """
    found: dict[tuple[bytes, ...], Kernels] = {}
    count = len(kernels)
    for order in itertools.permutations(range(count)):
        swaps = sum(order[i] > order[j] for i in range(count) for j in range(i + 1, count))
        for flips in itertools.product((False, True), repeat=count):
            if (swaps + sum(flips)) % 2:
                continue  # a reflection, no rotation
            turned = tuple(
                np.ascontiguousarray(kernels[axis][::-1] if flip else kernels[axis])
                for axis, flip in zip(order, flips, strict=True)
            )
            found.setdefault(tuple(np.round(kernel, 12).tobytes() for kernel in turned), turned)
    return list(found.values())


def pooled(responses: Iterable[FloatArray], pooling: str) -> FloatArray:
    """Give the voxel-wise ``max`` or ``average`` of responses, holding one at a time."""
    result: FloatArray | None = None
    count = 0
    for response in responses:
        count += 1
        if result is None:
            result = response.copy()
        elif pooling == "max":
            np.maximum(result, response, out=result)
        else:
            result += response
    assert result is not None
    return result if pooling == "max" else result / count


def rotated(kernels: Kernels, invariant: bool, pooling: str, respond: Callable[[Kernels], FloatArray]) -> FloatArray:
    """Give the response of kernels, or its pooling over their orientations when it shall not depend on rotation."""
    turns: Sequence[Kernels] = orientations(kernels) if invariant else [kernels]
    return pooled((respond(turned) for turned in turns), pooling)
