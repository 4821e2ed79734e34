"""What the compact network is pre-trained to tell from a crop: first-order summaries of its band-pass images.

The summaries are of the kind that conventional radiomics computes on filtered images (energy, percentiles,
skewness). They need no outcome, so a network that has learnt them has seen none.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

import numpy as np

__all__ = ["MAP_SIZE", "WIDTHS", "local_maps", "summaries", "summary_names"]

WIDTHS = (0.0, 0.6, 1.0, 1.6, 2.5)
"""Widths of the Gaussians, voxels of the cube; each band is the difference of two neighbours."""

MAP_SIZE = 8
"""Edge of the local maps of a cube of 32 voxels, where the compact network has maps of that size too."""

_NEAR = (2.0, 4.0)  # widths of the neighbourhoods whose texture is local, voxels
_FEWEST = 50  # voxels that must be left of a region without its outermost layer
_FLOOR = 1e-3  # added before logarithms: less texture than this is none
_WITHIN = ("mean", "deviation", "skewness", "p10", "p90", "gradient")
_BAND = (
    "deviation",
    "skewness",
    "asymmetry",
    "p01",
    "p99",
    "local deviation p90",
    *(f"asymmetry within {width:g} {percentile}" for width in _NEAR for percentile in ("p02", "p98")),
)


def summary_names() -> list[str]:
    """Names of the summaries, in the order :func:`summaries` gives them."""
    bands = [f"{kind} {width:g}" for kind in ("volume", "plane") for width in WIDTHS[:-1]]
    return [f"image {name}" for name in _WITHIN] + [f"{band} {name}" for band in bands for name in _BAND]


def summaries(cube: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Summarise a region's crop.

    The bands are differences of Gaussians, in three dimensions (``volume``) and within slices (``plane``),
    each Gaussian divided by that of the region, so that nothing outside the region has a part in them; the
    region's outermost layer, where the edge of the tissue shows, is left out of the statistics.
    ``deviation`` is the logarithm of a band's standard deviation; ``asymmetry`` is the cube root of its
    third central moment, over the region or within a Gaussian neighbourhood of a width, whose percentiles
    tell where bright or dark foci are gathered. All are unchanged by flips and by quarter turns within the
    slices.

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
    values = cube[inside].astype(np.float32)
    filled = np.where(inside, cube, values.mean()).astype(np.float32)
    core = _core(inside)
    gradient = np.sqrt(np.sum([g**2 for g in np.gradient(filled)], axis=0))[core].mean()
    result = [values.mean(), values.std(), _skewness(values), *np.percentile(values, (10, 90)), gradient]
    weights = [np.maximum(_smooth(core.astype(np.float32), width, True), 1e-2) for width in _NEAR]
    for volume in (True, False):
        for band in _bands(cube, inside, volume):
            result += _of_band(band * core, core, weights)
    return np.asarray(result, dtype=np.float32)


def local_maps(cube: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Tell the texture place by place: deviation and asymmetry of each band in the neighbourhood of a block.

    Parameters
    ----------
    cube, inside : numpy.ndarray
        As in :func:`summaries`, with an edge that is a multiple of ``MAP_SIZE``.

    Returns
    -------
    numpy.ndarray
        float32, shape (1 + 2 bands, MAP_SIZE, MAP_SIZE, MAP_SIZE): first the share of the block that lies in the
        region, then for each band (of three dimensions) the root mean square and the cube root of the mean cube.
    """
    core = _core(inside)
    share = _blocks(core.astype(np.float32))
    weight = np.maximum(_blocks(_smooth(core.astype(np.float32), _NEAR[0], True)), 1e-2)
    maps = [share]
    for band in _bands(cube, inside, True):
        band = band * core
        maps.append(np.sqrt(_blocks(_smooth(band * band, _NEAR[0], True)) / weight))
        maps.append(np.cbrt(_blocks(_smooth(band * band * band, _NEAR[0], True)) / weight))
    return np.asarray(maps, dtype=np.float32)


def _bands(cube: np.ndarray, inside: np.ndarray, volume: bool) -> Iterator[np.ndarray]:
    """The band-pass images, from fine to coarse."""
    region = inside.astype(np.float32)
    filled = np.where(inside, cube, 0.0).astype(np.float32)
    levels = [_smooth(filled, width, volume) / np.maximum(_smooth(region, width, volume), 1e-3) for width in WIDTHS]
    for fine, coarse in pairwise(levels):
        yield fine - coarse


def _core(inside: np.ndarray) -> np.ndarray:
    """The region without its outermost layer, unless too little would be left."""
    from scipy.ndimage import binary_erosion

    core = binary_erosion(inside)
    return core if core.sum() >= _FEWEST else inside


def _blocks(image: np.ndarray) -> np.ndarray:
    """Means over the blocks of a map."""
    edge = image.shape[0] // MAP_SIZE
    return image.reshape(MAP_SIZE, edge, MAP_SIZE, edge, MAP_SIZE, edge).mean(axis=(1, 3, 5))


def _of_band(band: np.ndarray, core: np.ndarray, weights: list[np.ndarray]) -> list[float]:
    """The summaries named in ``_BAND``; ``band`` is 0 outside ``core``."""
    values = band[core]
    centred = values - values.mean()
    deviation = np.sqrt((_smooth(band * band, _NEAR[1], True) / weights[1])[core])
    result = [
        _log(centred.std()),
        _skewness(values),
        float(np.cbrt(np.mean(centred * centred * centred))),
        *(float(v) for v in np.percentile(values, (1, 99))),
        _log(np.percentile(deviation, 90)),
    ]
    cubed = band * band * band
    for width, weight in zip(_NEAR, weights, strict=True):
        result += [float(v) for v in np.percentile(np.cbrt((_smooth(cubed, width, True) / weight)[core]), (2, 98))]
    return result


def _smooth(image: np.ndarray, width: float, volume: bool) -> np.ndarray:
    """Gaussian along all axes, or within slices (J, I) only; zero is assumed outside the cube."""
    if width == 0:
        return image
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
    return float(np.mean(centred * centred * centred) / max(float(centred.std()) ** 3, 1e-9))
