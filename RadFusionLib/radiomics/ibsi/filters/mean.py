"""Mean filter (IBSI code S60F)."""

from __future__ import annotations

import numpy as np

from RadFusionLib.radiomics.ibsi.filters.separable import convolve
from RadFusionLib.radiomics.region import FloatArray

__all__ = ["mean_filter"]


def mean_filter(image: FloatArray, support: int, boundary: str = "mirror", by_slice: bool = False) -> FloatArray:
    """Give the mean over a cube (or, by slice, a square) of `support` voxels a side."""
    kernel = np.full(support, 1 / support)
    return convolve(image, (kernel,) * (2 if by_slice else 3), boundary)
