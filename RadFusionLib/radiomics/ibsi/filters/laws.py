"""Laws' kernels, their texture energy and its pooling over rotations (IBSI code JTXT)."""

from __future__ import annotations

import re

import numpy as np

from RadFusionLib.errors import InputError
from RadFusionLib.radiomics.ibsi.filters.mean import mean_filter
from RadFusionLib.radiomics.ibsi.filters.separable import Kernels, convolve, rotated
from RadFusionLib.radiomics.region import FloatArray

__all__ = ["laws_filter"]

_KERNELS = {
    "L3": (1, 2, 1),
    "L5": (1, 4, 6, 4, 1),
    "E3": (-1, 0, 1),
    "E5": (-1, -2, 0, 2, 1),
    "S3": (-1, 2, -1),
    "S5": (-1, 0, 2, 0, -1),
    "W5": (-1, 2, 0, -2, 1),
    "R5": (1, -4, 6, -4, 1),
}


def laws_filter(
    image: FloatArray,
    names: str,
    boundary: str = "mirror",
    invariant: bool = False,
    pooling: str = "max",
    energy: int | None = None,
) -> FloatArray:
    """Give the response of Laws' kernels.

    Parameters
    ----------
    image : (K, J, I) array
        Intensities.
    names : str
        Kernels for x, y and z such as ``"E5L5S5"``, or for x and y (by slice) such as ``"L5S5"``; each is scaled to
        length 1.
    boundary : str
        One of ``zero``, ``nearest``, ``periodic``, ``mirror``.
    invariant : bool
        Pool over the rotations by right angles.
    pooling : {'max', 'average'}
        How.
    energy : int, optional
        Give the texture energy: the mean of the (pooled) response's absolute value within this Chebyshev distance.

    Raises
    ------
    InputError
        If a kernel is not known.
    """
    parts = re.findall(r"[A-Z]\d", names)
    if len(parts) not in (2, 3) or "".join(parts) != names or set(parts) - set(_KERNELS):
        raise InputError(f"Unknown Laws kernels {names!r}: write two or three of {', '.join(_KERNELS)} in a row.")
    kernels: Kernels = tuple(np.array(_KERNELS[p]) / np.linalg.norm(_KERNELS[p]) for p in parts)

    response = rotated(kernels, invariant, pooling, lambda turned: convolve(image, turned, boundary))
    if energy is None:
        return response
    return mean_filter(np.abs(response), 2 * energy + 1, boundary, by_slice=len(kernels) == 2)
