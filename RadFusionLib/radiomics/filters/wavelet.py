"""The stationary wavelet transform, computed band by band as needed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pywt

from RadFusionLib.errors import InputError
from RadFusionLib.radiomics.settings import RadiomicsSettings

__all__ = ["WaveletBands"]


class WaveletBands:
    """The bands of one image; each band, and each step on the way to it, is computed once.

    Parameters
    ----------
    image : (K, J, I) array
        The image to transform.
    settings : RadiomicsSettings
        `wavelet`, `wavelet_start`; `force_2d` leaves out one axis.

    Raises
    ------
    InputError
        If the wavelet is not known.

    Notes
    -----
    A band is named by a letter an axis, x first: L for the approximation, H for the detail. Axes of odd length are
    extended by one voxel that repeats their first, as the transform needs even lengths; the result is cut again.
    A further level transforms the approximation of the one before by the same filters: as in PyRadiomics, and unlike
    the usual stationary transform, they are not stretched.
    """

    def __init__(self, image: npt.NDArray[np.generic], settings: RadiomicsSettings) -> None:
        self._shape = image.shape
        if settings.wavelet not in pywt.wavelist(kind="discrete"):
            raise InputError(f"Unknown wavelet {settings.wavelet!r}: give a discrete one of PyWavelets, such as coif1.")
        self._wavelet = pywt.Wavelet(settings.wavelet)
        self._axes = [axis for axis in (2, 1, 0) if not (settings.force_2d and axis == settings.force_2d_dimension)]
        padded = np.pad(image, [(0, size % 2) for size in image.shape], mode="wrap")
        self._steps: dict[str, npt.NDArray[np.floating]] = {"": padded}

        self._start = settings.wavelet_start

    def band(self, name: str, level: int = 1) -> npt.NDArray[np.floating]:
        """Give a band such as ``'LLH'`` of a level, shape (K, J, I)."""
        smoothed = "L" * len(name) * (self._start + level - 1)
        return self._step(smoothed + name)[tuple(slice(size) for size in self._shape)]

    def _step(self, name: str) -> npt.NDArray[np.floating]:
        if name not in self._steps:
            source = self._step(name[:-1])
            axis = self._axes[(len(name) - 1) % len(self._axes)]
            ((low, high),) = pywt.swt(source, self._wavelet, level=1, axis=axis)
            self._steps[name[:-1] + "L"], self._steps[name[:-1] + "H"] = low, high
        return self._steps[name]
