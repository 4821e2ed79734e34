"""Random fields that make tissue look like tissue."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

__all__ = ["bandpass_field", "foci_field", "smooth_field"]


def smooth_field(rng: np.random.Generator, shape: tuple[int, int, int], sigma: float, spacing: float) -> np.ndarray:
    """A Gaussian random field of mean 0 and standard deviation 1.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where the field is drawn from.
    shape : tuple of int
        (K, J, I).
    sigma : float
        Width of the smoothing kernel, mm.
    spacing : float
        Voxel size of the isotropic grid, mm.

    Returns
    -------
    numpy.ndarray
        ``float32``, shape (K, J, I).
    """
    field = ndimage.gaussian_filter(rng.standard_normal(shape, dtype=np.float32), sigma / spacing, mode="wrap")
    return np.asarray((field - field.mean()) / field.std(), dtype=np.float32)


def bandpass_field(
    rng: np.random.Generator, shape: tuple[int, int, int], wavelength: float, along: float, spacing: float
) -> np.ndarray:
    """A Gaussian random field whose variation in plane is centred on one wavelength.

    The difference of two Gaussians of widths *a* and 1.6 *a* passes most at the wavelength
    2 pi sqrt((1.6^2 - 1) a^2 / (2 ln 1.6^2)), that is 5.7 *a*.

    Parameters
    ----------
    rng, shape, spacing
        As in `smooth_field`.
    wavelength : float
        In plane, mm.
    along : float
        Smoothing across the slices, mm.
    """
    inner = wavelength / 5.72
    white = rng.standard_normal(shape, dtype=np.float32)
    white = ndimage.gaussian_filter1d(white, along / spacing, axis=0, mode="wrap")
    fine, coarse = (
        ndimage.gaussian_filter(white, (0.0, a / spacing, a / spacing), mode="wrap") for a in (inner, 1.6 * inner)
    )
    field = fine - coarse
    return np.asarray((field - field.mean()) / field.std(), dtype=np.float32)


def foci_field(field: np.ndarray, inside: np.ndarray, skewness: float) -> np.ndarray:
    """Turn a Gaussian field into bright foci on a darker ground.

    The field becomes exp(k g), with k found so that the values inside have the skewness asked for, then mean 0
    and standard deviation 1 inside. Every draw has thus the same first three moments.

    Parameters
    ----------
    field : numpy.ndarray
        Of mean 0 and standard deviation 1, shape (K, J, I).
    inside : numpy.ndarray
        ``bool``, where the moments are to hold.
    skewness : float
        Third standardised moment; larger makes fewer, brighter foci.
    """
    values = field[inside].astype(np.float64)
    low, high = 0.01, 2.0
    for _ in range(14):
        k = 0.5 * (low + high)
        low, high = (k, high) if _skewness(np.exp(k * values)) < skewness else (low, k)
    moments = np.exp(k * values)
    return np.asarray((np.exp(k * field) - moments.mean()) / moments.std(), dtype=np.float32)


def _skewness(values: np.ndarray) -> float:
    centred = values - values.mean()
    return float(np.mean(centred**3) / np.mean(centred**2) ** 1.5)
