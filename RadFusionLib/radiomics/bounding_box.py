"""The smallest box that holds a region."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["Box", "bordered_box", "bounding_box"]

Box = tuple[slice, slice, slice]


def bounding_box(mask: npt.NDArray[np.bool_]) -> Box:
    """Give the slices along K, J, I between which all of a mask (K, J, I), not empty, lies."""
    # Whole planes at once, which memory hands over in order; the rest is small.
    over_k = _any(mask, 0)
    return _extent(_any(mask.reshape(len(mask), -1), 1)), _extent(_any(over_k, 1)), _extent(_any(over_k, 0))


def bordered_box(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Give a copy of what lies within a mask's bounding box, with a border of one voxel outside the mask."""
    inside = mask[bounding_box(mask)]
    result = np.zeros([size + 2 for size in inside.shape], dtype=bool)
    result[1:-1, 1:-1, 1:-1] = inside
    return result


def _any(mask: npt.NDArray[np.bool_], axis: int) -> npt.NDArray[np.bool_]:
    return np.asarray(mask.any(axis=axis))


def _extent(occupied: npt.NDArray[np.bool_]) -> slice:
    return slice(int(occupied.argmax()), len(occupied) - int(occupied[::-1].argmax()))
