"""Filters defined by their frequency response: Simoncelli's wavelet and the Riesz transform (PRT7 and AYRS).

The reference maps follow from frequencies that run from -1 to 1 (half a cycle a voxel) with both ends included, the
centre of the spectrum in their middle: for an even number of voxels that is half a step from the transform's own.
"""

from __future__ import annotations

from collections.abc import Callable
from math import factorial

import numpy as np
import numpy.typing as npt
from scipy import fft

from RadFusionLib.radiomics.ibsi.filters.boundary import pad, unpad
from RadFusionLib.radiomics.region import FloatArray

__all__ = ["riesz_transform", "simoncelli_filter"]

Response = npt.NDArray[np.complex128]


def simoncelli_filter(
    image: FloatArray,
    level: int = 1,
    boundary: str = "mirror",
    by_slice: bool = False,
    riesz: tuple[int, ...] | None = None,
) -> FloatArray:
    """Give the band-pass response of Simoncelli's isotropic wavelet, perhaps with a Riesz transform.

    Parameters
    ----------
    image : (K, J, I) array
        Intensities.
    level : int
        From 1, the highest band; each level halves the frequencies.
    boundary : str
        One of ``zero``, ``nearest``, ``periodic``, ``mirror``. The filter reaches everywhere, so the image is
        extended by half its size on each side unless it is periodic.
    by_slice : bool
        In two dimensions, slice by slice.
    riesz : tuple of int, optional
        Orders of the Riesz transform along x, y (and z).
    """
    highest = 1 / 2 ** (level - 1)

    def response(frequencies: list[FloatArray]) -> FloatArray | Response:
        radius = _radius(frequencies)
        inside = (radius > highest / 4) & (radius <= highest)
        band = np.where(inside, np.cos(np.pi / 2 * np.log2(2 * np.where(inside, radius, 1.0) / highest)), 0.0)
        return band if riesz is None else band * _riesz(frequencies, riesz)

    return _filtered(image, boundary, by_slice, response)


def riesz_transform(
    image: FloatArray, orders: tuple[int, ...], boundary: str = "periodic", by_slice: bool = False
) -> FloatArray:
    """Give the Riesz transform of the given orders along x, y (and z); boundaries as in `simoncelli_filter`."""
    return _filtered(image, boundary, by_slice, lambda frequencies: _riesz(frequencies, orders))


def _filtered(
    image: FloatArray,
    boundary: str,
    by_slice: bool,
    response: Callable[[list[FloatArray]], FloatArray | Response],
) -> FloatArray:
    axes = (1, 2) if by_slice else (0, 1, 2)
    whole = boundary == "periodic"
    k, j, i = (0 if whole or axis not in axes else (image.shape[axis] + 1) // 2 for axis in range(3))
    extended = pad(image, (k, j, i), "periodic" if whole else boundary)
    frequencies = []
    for axis in axes:
        place = [1, 1, 1]
        place[axis] = extended.shape[axis]
        frequencies.append(fft.ifftshift(np.linspace(-1, 1, extended.shape[axis])).reshape(place))
    spectrum = fft.fftn(extended, axes=axes)
    spectrum *= response(frequencies)
    return unpad(np.asarray(fft.ifftn(spectrum, axes=axes).real), (k, j, i))


def _radius(frequencies: list[FloatArray]) -> FloatArray:
    total: FloatArray = np.zeros(())
    for frequency in frequencies:
        total = total + frequency**2
    return np.sqrt(total)


def _riesz(frequencies: list[FloatArray], orders: tuple[int, ...]) -> Response:
    """Give the frequency response ``(-i)^l sqrt(l! / prod l_d!) prod f_d^l_d / |f|^l``."""
    order = sum(orders)
    radius = _radius(frequencies)
    product: FloatArray = np.ones(())
    for frequency, power in zip(frequencies, orders[::-1], strict=True):  # axes K, J, I; orders x, y, z
        product = product * frequency**power
    ratio = product / np.where(radius > 0, radius, np.inf) ** order
    scale = np.sqrt(factorial(order) / np.prod([factorial(power) for power in orders]))
    return np.asarray((-1j) ** order * scale * ratio)
