"""Gabor filters, modulus of the response in planes (IBSI code Q88H)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy import fft

from RadFusionLib.radiomics.ibsi.filters.boundary import pad
from RadFusionLib.radiomics.ibsi.filters.separable import pooled
from RadFusionLib.radiomics.region import FloatArray

__all__ = ["gabor_filter"]

_REACH = 5  # the kernel ends where its envelope has fallen to exp(-12.5), 4e-6


def gabor_filter(
    image: FloatArray,
    spacing: tuple[float, float, float],
    sigma: float,
    wavelength: float,
    gamma: float,
    angles: tuple[float, ...],
    boundary: str = "mirror",
    pooling: str = "average",
    all_planes: bool = False,
) -> FloatArray:
    """Give the modulus of the Gabor response, pooled over angles and perhaps the three orthogonal planes.

    Parameters
    ----------
    image : (K, J, I) array
        Intensities.
    spacing : tuple of 3 floats
        Millimetres ``(x, y, z)``; within a plane voxels must be square.
    sigma, wavelength : float
        Width of the Gaussian envelope and length of the wave, mm.
    gamma : float
        Ratio of the envelope's width along the wave to that across it.
    angles : tuple of float
        Directions of the wave, degrees; together with each its opposite has the same modulus and is left out, so
        give both or neither of every pair.
    boundary : str
        One of ``zero``, ``nearest``, ``periodic``, ``mirror``.
    pooling : {'max', 'average'}
        Over angles and planes.
    all_planes : bool
        Also the planes across y and across x; otherwise axial slices only.
    """

    def responses() -> Iterator[FloatArray]:
        for across in (0, 1, 2) if all_planes else (0,):
            planes = np.moveaxis(image, across, 0)
            step = spacing[0] if across != 2 else spacing[1]
            # A wave that runs the other way has the conjugate response: the same modulus.
            distinct = tuple(sorted({round(angle % 180, 9) for angle in angles}))
            for response in _in_planes(planes, sigma / step, wavelength / step, gamma, distinct, boundary):
                yield np.moveaxis(response, 0, across)

    return pooled(responses(), pooling)


def _in_planes(
    planes: FloatArray, sigma: float, wavelength: float, gamma: float, angles: tuple[float, ...], boundary: str
) -> Iterator[FloatArray]:
    """Give the modulus for each angle; lengths in voxels, planes (P, R, C) filtered along their last two axes."""
    reach = int(np.ceil(_REACH * sigma * max(1.0, 1 / gamma)))
    extended = pad(planes, (0, reach, reach), boundary)
    size = [fft.next_fast_len(length, real=True) for length in extended.shape[1:]]
    rows, columns = planes.shape[1:]
    spectra = [fft.fft2(_kernel(sigma, wavelength, gamma, angle, reach), size) for angle in angles]
    result = [np.empty(planes.shape) for _ in angles]
    for number, plane in enumerate(extended):  # one plane at a time bounds the memory
        spectrum = fft.fft2(plane, size)
        for response, kernel in zip(result, spectra, strict=True):
            # The kernel's centre is at (reach, reach), so the plane's first voxel is at twice that.
            whole = fft.ifft2(spectrum * kernel)
            response[number] = np.abs(whole[2 * reach : 2 * reach + rows, 2 * reach : 2 * reach + columns])
    return iter(result)


def _kernel(sigma: float, wavelength: float, gamma: float, angle: float, reach: int) -> npt.NDArray[np.complex128]:
    y, x = np.meshgrid(np.arange(-reach, reach + 1), np.arange(-reach, reach + 1), indexing="ij")
    turn = np.deg2rad(angle)
    along = x * np.cos(turn) + y * np.sin(turn)
    across = -x * np.sin(turn) + y * np.cos(turn)
    envelope = np.exp(-(along**2 + (gamma * across) ** 2) / (2 * sigma**2))
    return np.asarray(envelope * np.exp(2j * np.pi * along / wavelength))
