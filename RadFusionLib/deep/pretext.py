"""What the compact network is pre-trained to tell from a crop: first-order summaries of its band-pass images.

The summaries are of the kind that conventional radiomics computes on filtered images (energy, percentiles,
skewness). They need no outcome, so a network that has learnt them has seen none.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

__all__ = ["WIDTHS", "summaries", "summary_names"]

WIDTHS = (0.8, 1.2, 1.8, 2.7, 4.0)
"""Widths of the Gaussians, voxels of the cube; each band is the difference of two neighbours."""

_LOCAL = 2.5  # width of the neighbourhood whose texture is local, voxels
_FLOOR = 1e-3  # added before logarithms: less texture than this is none
_WITHIN = ("mean", "deviation", "skewness", "p10", "p90", "gradient")
_BAND = (
    "bright",
    "dark",
    "skewness",
    "kurtosis",
    "p05",
    "p95",
    "local bright",
    "local dark",
    "local balance",
)


def summary_names() -> list[str]:
    """Names of the summaries, in the order :func:`summaries` gives them."""
    bands = [f"{kind} {width}" for kind in ("volume", "plane") for width in WIDTHS[:-1]]
    return [f"image {name}" for name in _WITHIN] + [f"{band} {name}" for band in bands for name in _BAND]


def summaries(cube: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Summarise a region's crop.

    The bands are differences of Gaussians, in three dimensions (``volume``) and within slices (``plane``), each
    Gaussian divided by that of the region, so that nothing outside the region, and no edge of it, has a part in
    them. ``bright`` and ``dark`` are the logarithms of the root mean square of a band's positive and negative
    half; ``local`` ones are the 90th percentile of the same in a neighbourhood, and the sum of the outer deciles
    of their difference. All are unchanged by flips and by quarter turns within the slices.

    Parameters
    ----------
    cube : numpy.ndarray
        Shape (K, J, I), a cube in [0, 1].
    inside : numpy.ndarray
        ``bool``, same shape, not empty.

    Returns
    -------
    numpy.ndarray
        float32, shape ``(len(summary_names()),)``.
    """
    region = inside.astype(np.float32)
    values = cube[inside].astype(np.float32)
    filled = np.where(inside, cube, values.mean()).astype(np.float32)
    gradient = np.sqrt(np.sum([g**2 for g in np.gradient(filled)], axis=0))[inside].mean()
    result = [values.mean(), values.std(), _skewness(values), *np.percentile(values, (10, 90)), gradient]
    near = np.maximum(_smooth(region, _LOCAL, True), 1e-3)
    for volume in (True, False):
        levels = [
            _smooth(region * filled, width, volume) / np.maximum(_smooth(region, width, volume), 1e-3)
            for width in WIDTHS
        ]
        for fine, coarse in zip(levels[:-1], levels[1:], strict=True):
            result += _of_band((fine - coarse) * region, near, inside)
    return np.asarray(result, dtype=np.float32)


def _of_band(band: np.ndarray, near: np.ndarray, inside: np.ndarray) -> list[float]:
    values = band[inside]
    bright, dark = np.maximum(band, 0) ** 2, np.minimum(band, 0) ** 2
    local_bright, local_dark = (
        np.sqrt((_smooth(half, _LOCAL, True) / near)[inside]) for half in (bright, dark)
    )
    centred = values - values.mean()
    kurtosis = np.mean(centred**4) / max(float(np.mean(centred**2)) ** 2, 1e-12)
    return [
        _log(np.sqrt(bright[inside].mean())),
        _log(np.sqrt(dark[inside].mean())),
        _skewness(values),
        float(np.log(kurtosis + 1.0)),
        *(float(v) for v in np.percentile(values, (5, 95))),
        _log(np.percentile(local_bright, 90)),
        _log(np.percentile(local_dark, 90)),
        float(np.percentile(local_bright - local_dark, (10, 90)).sum()),
    ]


def _smooth(image: np.ndarray, width: float, volume: bool) -> np.ndarray:
    """Gaussian along all axes, or within slices (J, I) only; zero is assumed outside the cube."""
    kernel = _gaussian(width, image.shape[0])
    image = kernel @ image @ kernel.T
    # Slice by slice: products this small stay on one core, where a large one would wait for others.
    return np.matmul(kernel, image.transpose(1, 0, 2)).transpose(1, 0, 2) if volume else image


@lru_cache(maxsize=32)
def _gaussian(width: float, size: int) -> np.ndarray:
    """A Gaussian as a matrix, shape (size, size): on a small cube a product is faster than a filter."""
    distance = np.arange(size)[:, None] - np.arange(size)[None, :]
    return np.asarray(np.exp(-0.5 * (distance / width) ** 2) / (width * np.sqrt(2 * np.pi)), dtype=np.float32)


def _log(value: float) -> float:
    return float(np.log(value + _FLOOR))


def _skewness(values: np.ndarray) -> float:
    centred = values - values.mean()
    return float(np.mean(centred**3) / max(float(np.mean(centred**2)) ** 1.5, 1e-9))
