"""Random fields that make tissue look like tissue."""

from __future__ import annotations

import numpy as np
from scipy import fft, ndimage

__all__ = ["smooth_field", "woven_field"]

BANDWIDTH = 0.12
"""Relative width of the band of wavelengths."""
FOCUS = 3.0
"""How closely the waves keep to their two directions; 0 would be an isotropic speckle."""


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


def woven_field(
    rng: np.random.Generator,
    shape: tuple[int, int, int],
    wavelength: float,
    angle: float,
    along: float,
    spacing: float,
) -> np.ndarray:
    """A Gaussian random field like a weave: short striae in two directions at right angles in plane.

    Its spectrum lies around one wavelength and around the wave directions ``angle`` and ``angle`` + 90 degrees.
    Two fields that differ in ``angle`` only have the same variance in every round window, the same gradients and
    the same smoothness: one is the other turned.

    Parameters
    ----------
    rng, shape, spacing
        As in `smooth_field`.
    wavelength : float
        In plane, mm.
    angle : float
        Of the waves against the I axis, degrees.
    along : float
        Smoothing across the slices, mm.

    Returns
    -------
    numpy.ndarray
        ``float32``, shape (K, J, I), mean 0 and standard deviation 1.
    """
    size = tuple(fft.next_fast_len(n, real=True) for n in shape)
    kz, ky = (np.fft.fftfreq(n, spacing).astype(np.float32) for n in size[:2])
    kx = np.fft.rfftfreq(size[2], spacing).astype(np.float32)
    frequency = np.hypot(ky[:, None], kx[None, :])
    turn = np.arctan2(ky[:, None], kx[None, :]) - np.float32(np.deg2rad(angle))
    # cos(4 turn) is 1 on the four wave directions and -1 between them.
    in_plane = np.exp(-0.5 * ((frequency * wavelength - 1.0) / BANDWIDTH) ** 2 + FOCUS * (np.cos(4.0 * turn) - 1.0))
    in_plane[frequency == 0] = 0.0
    across = np.exp(-2.0 * (np.pi * along * kz) ** 2)
    white = fft.rfftn(rng.standard_normal(size, dtype=np.float32))
    field = fft.irfftn(white * (across[:, None, None] * in_plane[None]), s=size)
    field = field[: shape[0], : shape[1], : shape[2]]
    return np.asarray((field - field.mean()) / field.std(), dtype=np.float32)
