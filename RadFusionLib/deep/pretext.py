"""What the compact network is pre-trained to tell from a crop: first-order summaries of its filtered images.

The summaries are of the kind that conventional radiomics computes on filtered images (energy, percentiles,
skewness of band-pass and directional sub-bands). They need no outcome, so a network that has learnt them has
seen none.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

import numpy as np

__all__ = ["MAP_SIZE", "WIDTHS", "local_maps", "map_names", "summaries", "summary_names"]

WIDTHS = (0.0, 0.6, 1.0, 1.6, 2.5)
"""Widths of the Gaussians, voxels of the cube; each band is the difference of two neighbours."""

DIRECTED = (0.5, 0.9, 1.5)
"""Widths of the Gaussians before the directional differences, voxels of the cube."""

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
_DIRECTION = (
    "along",
    "across",
    "balance",
    "local along p90",
    "local across p90",
    "local balance p02",
    "local balance p98",
)


def summary_names() -> list[str]:
    """Names of the summaries, in the order :func:`summaries` gives them."""
    bands = [f"band {width:g} {name}" for width in WIDTHS[:-1] for name in _BAND]
    directions = [f"direction {width:g} {name}" for width in DIRECTED for name in _DIRECTION]
    return [*(f"image {name}" for name in _WITHIN), *bands, *directions]


def map_names() -> list[str]:
    """Names of the local maps, in the order :func:`local_maps` gives them."""
    bands = [f"band {width:g} {name}" for width in WIDTHS[:-1] for name in ("deviation", "asymmetry")]
    return ["share", *bands, *(f"direction {width:g} {name}" for width in DIRECTED for name in ("along", "across"))]


def summaries(cube: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Summarise a region's crop.

    A ``band`` is a difference of Gaussians in three dimensions; ``deviation`` is the logarithm of its standard
    deviation, ``asymmetry`` the cube root of its third moment, over the region or within a Gaussian
    neighbourhood of a width, whose percentiles tell where bright or dark foci are gathered. A ``direction`` is a
    pair of second differences within slices: those ``along`` the axes, less each other, and those ``across``
    them, at 45 degrees; ``balance`` is the logarithm of across over along. Nothing outside the region has a part
    in any of them, and its outermost layer is left out of the statistics. All are unchanged by flips and by
    quarter turns within the slices.

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
    weights = [np.maximum(_smooth(core.astype(np.float32), width), 1e-2) for width in _NEAR]
    for band in _bands(cube, inside):
        result += _of_band(band * core, core, weights)
    for along, across in _directions(cube, inside):
        result += _of_direction(along * core, across * core, core, weights[1])
    return np.asarray(result, dtype=np.float32)


def local_maps(cube: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Tell the texture place by place, in the neighbourhood of each block of the cube.

    Parameters
    ----------
    cube, inside : numpy.ndarray
        As in :func:`summaries`, with an edge that is a multiple of ``MAP_SIZE``.

    Returns
    -------
    numpy.ndarray
        float32, shape ``(len(map_names()), MAP_SIZE, MAP_SIZE, MAP_SIZE)``: first the share of the block that lies
        in the region, then for each band its root mean square and the cube root of its mean cube, then for each
        direction the root mean square along and across the axes.
    """
    core = _core(inside)
    weight = np.maximum(_blocks(_smooth(core.astype(np.float32), _NEAR[0])), 1e-2)

    def near(power: np.ndarray) -> np.ndarray:
        return _blocks(_smooth(power * core, _NEAR[0])) / weight

    maps = [_blocks(core.astype(np.float32))]
    for band in _bands(cube, inside):
        maps += [np.sqrt(near(band * band)), np.cbrt(near(band * band * band))]
    for pair in _directions(cube, inside):
        maps += [np.sqrt(near(difference * difference)) for difference in pair]
    return np.asarray(maps, dtype=np.float32)


def _bands(cube: np.ndarray, inside: np.ndarray) -> Iterator[np.ndarray]:
    """The band-pass images, from fine to coarse; each Gaussian is of the region's voxels only."""
    levels = [_within(cube, inside, width) for width in WIDTHS]
    for fine, coarse in pairwise(levels):
        yield fine - coarse


def _directions(cube: np.ndarray, inside: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Second differences within slices (J, I): along the axes, less each other, and across them."""
    # Beyond the region its smooth continuation is seen, so that its edge is no line.
    filled = np.where(inside, cube, _within(cube, inside, WIDTHS[-1])).astype(np.float32)
    for width in DIRECTED:
        kernel = _gaussian(width, filled.shape[0])
        image = np.pad(kernel @ filled @ kernel.T, ((0, 0), (1, 1), (1, 1)), mode="edge")
        column, row = image[:, :, 1:-1], image[:, 1:-1, :]
        along = (column[:, 2:] + column[:, :-2]) - (row[:, :, 2:] + row[:, :, :-2])
        across = 0.5 * (image[:, 2:, 2:] + image[:, :-2, :-2] - image[:, 2:, :-2] - image[:, :-2, 2:])
        yield along, across


def _within(cube: np.ndarray, inside: np.ndarray, width: float) -> np.ndarray:
    """Gaussian mean of the region's voxels."""
    region = inside.astype(np.float32)
    image = np.where(inside, cube, 0.0).astype(np.float32)
    return _smooth(image, width) / np.maximum(_smooth(region, width), 1e-3)


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
    deviation = np.sqrt((_smooth(band * band, _NEAR[1]) / weights[1])[core])
    result = [
        _log(centred.std()),
        _skewness(values),
        float(np.cbrt(np.mean(centred * centred * centred))),
        *(float(v) for v in np.percentile(values, (1, 99))),
        _log(np.percentile(deviation, 90)),
    ]
    cubed = band * band * band
    for width, weight in zip(_NEAR, weights, strict=True):
        result += [float(v) for v in np.percentile(np.cbrt((_smooth(cubed, width) / weight)[core]), (2, 98))]
    return result


def _of_direction(along: np.ndarray, across: np.ndarray, core: np.ndarray, weight: np.ndarray) -> list[float]:
    """The summaries named in ``_DIRECTION``; both differences are 0 outside ``core``."""
    whole = [_log(np.sqrt(np.mean(difference[core] ** 2))) for difference in (along, across)]
    near = [np.sqrt((_smooth(difference * difference, _NEAR[1]) / weight)[core]) for difference in (along, across)]
    return [
        *whole,
        whole[1] - whole[0],
        *(_log(np.percentile(deviation, 90)) for deviation in near),
        *(float(v) for v in np.percentile(near[1] - near[0], (2, 98))),
    ]


def _smooth(image: np.ndarray, width: float) -> np.ndarray:
    """Gaussian along all axes; zero is assumed outside the cube."""
    if width == 0:
        return image
    kernel = _gaussian(width, image.shape[0])
    # Slice by slice: products this small stay on one core, where a large one would wait for others.
    return np.matmul(kernel, (kernel @ image @ kernel.T).transpose(1, 0, 2)).transpose(1, 0, 2)


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
