"""How an image goes on beyond its edge while it is filtered."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from RadFusionLib.errors import InputError
from RadFusionLib.radiomics.region import FloatArray

__all__ = ["BOUNDARIES", "NDIMAGE_MODES", "Boundary", "pad", "unpad"]

Boundary = Literal["zero", "nearest", "periodic", "mirror"]
BOUNDARIES: tuple[Boundary, ...] = ("zero", "nearest", "periodic", "mirror")

NDIMAGE_MODES: dict[str, str] = {"zero": "constant", "nearest": "nearest", "periodic": "wrap", "mirror": "reflect"}
"""SciPy's names of the boundaries, for filters of ``scipy.ndimage``; the mirror repeats the edge voxel."""

_PAD_MODES: dict[str, Any] = {"zero": "constant", "nearest": "edge", "periodic": "wrap", "mirror": "symmetric"}


def pad(image: FloatArray, widths: tuple[int, int, int], boundary: str) -> FloatArray:
    """Extend an image by some voxels on both sides of each axis (K, J, I)."""
    if boundary not in _PAD_MODES:
        raise InputError(f"Unknown boundary {boundary!r}: choose from {', '.join(BOUNDARIES)}.")
    return np.pad(image, [(width, width) for width in widths], mode=_PAD_MODES[boundary])


def unpad(image: FloatArray, widths: tuple[int, int, int]) -> FloatArray:
    """Cut off what `pad` added."""
    return image[tuple(slice(width, size - width) for width, size in zip(widths, image.shape, strict=True))]
