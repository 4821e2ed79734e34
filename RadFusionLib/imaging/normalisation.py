"""Put an image's intensities on a common scale."""

from __future__ import annotations

import numpy as np

from RadFusionLib.case import Volume
from RadFusionLib.errors import InputError

__all__ = ["METHODS", "normalise"]

METHODS = ("none", "zscore", "minmax")


def normalise(volume: Volume, method: str = "zscore", scale: float = 1.0, within: np.ndarray | None = None) -> Volume:
    """Normalise intensities.

    Parameters
    ----------
    volume : Volume
        The image.
    method : {'none', 'zscore', 'minmax'}
        ``zscore``: ``scale * (x - mean) / SD`` (PyRadiomics' ``normalize`` with ``normalizeScale``);
        ``minmax``: ``scale * (x - min) / (max - min)``.
    scale : float
        Factor on the result.
    within : numpy.ndarray of bool, optional
        Shape (K, J, I); the voxels that give mean and SD, or minimum and maximum. All by default.

    Raises
    ------
    InputError
        When the image is constant there, or the method is unknown.
    """
    if method == "none":
        return volume
    if method not in METHODS:
        raise InputError(f"There is no normalisation {method!r}; use one of {', '.join(METHODS)}.")
    array = np.asarray(volume.array, dtype=np.float64)
    sample = array if within is None else array[within]
    low, width = (sample.mean(), sample.std()) if method == "zscore" else (sample.min(), np.ptp(sample))
    if not width > 0:
        raise InputError("An image is constant and cannot be normalised; check that it is the right series.")
    return volume.with_array(scale * (array - low) / width)
