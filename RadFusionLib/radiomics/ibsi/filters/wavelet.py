"""Separable, undecimated wavelets (IBSI code 25BO)."""

from __future__ import annotations

import numpy as np
import pywt

from RadFusionLib.errors import InputError
from RadFusionLib.radiomics.ibsi.filters.separable import Kernels, convolve, rotated
from RadFusionLib.radiomics.region import FloatArray

__all__ = ["wavelet_filter"]


def wavelet_filter(
    image: FloatArray,
    wavelet: str,
    band: str,
    level: int = 1,
    boundary: str = "mirror",
    invariant: bool = False,
    pooling: str = "average",
) -> FloatArray:
    """Give a band of the stationary wavelet transform.

    Parameters
    ----------
    image : (K, J, I) array
        Intensities.
    wavelet : str
        A discrete wavelet of PyWavelets.
    band : str
        L or H for x, y and z (``"LHL"``), or for x and y, by slice (``"LH"``).
    level : int
        Levels of the decomposition, from 1: the image is smoothed along every axis before the last one.
    boundary : str
        One of ``zero``, ``nearest``, ``periodic``, ``mirror``.
    invariant, pooling
        As in `laws_filter`.

    Raises
    ------
    InputError
        If wavelet or band is not known.
    """
    if wavelet not in pywt.wavelist(kind="discrete"):
        raise InputError(f"Unknown wavelet {wavelet!r}: give the name of a discrete wavelet such as coif1 or db3.")
    if len(band) not in (2, 3) or set(band) - {"L", "H"}:
        raise InputError(f"Unknown band {band!r}: write L or H for x, y and z, or for x and y.")
    bank = pywt.Wavelet(wavelet)
    low, high = np.array(bank.dec_lo), np.array(bank.dec_hi)
    # The steps of an axis are the columns of one kernel, so that a rotation turns all of them.
    kernels: Kernels = tuple(_steps(low, high if letter == "H" else low, level) for letter in band)

    def respond(turned: Kernels) -> FloatArray:
        result = image
        for step in range(level):
            result = convolve(result, tuple(steps[:, step] for steps in turned), boundary)
        return result

    return rotated(kernels, invariant, pooling, respond)


def _steps(low: FloatArray, last: FloatArray, level: int) -> FloatArray:
    """Give an axis' kernels level by level as columns, all of one odd length and centred, so that they can be turned.

    At level l each coefficient is followed by ``2^(l - 1) - 1`` zeros; the centre is right of the middle.
    """
    longest = len(low) * 2 ** (level - 1)
    result = np.zeros((longest + 1, level))
    for step in range(level):
        holes = 2**step
        kernel = np.zeros(len(low) * holes)
        kernel[::holes] = last if step == level - 1 else low
        start = longest // 2 - len(kernel) // 2
        result[start : start + len(kernel), step] = kernel
    return result
