"""The slice with the largest cross-section of a region, as a two-dimensional network sees it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.deep.sampling import (
    bounding_box,
    carried,
    cropped,
    grid_at,
    intensity_window,
    linear,
    nearest,
    upright,
)
from RadFusionLib.errors import InputError

__all__ = ["SliceInput", "SliceSettings", "largest_slice", "prepare_slice", "slice_input"]


@dataclass(frozen=True)
class SliceSettings:
    """How the slice is cut out.

    Parameters
    ----------
    margin_voxels : int
        Added around the region's bounding rectangle on every side, voxels of the given image.
    size : int
        Edge of the prepared slice, pixels; training crops it at random.
    crop : int
        Edge of the part that a network sees, pixels.
    window : tuple of float, optional
        Intensities that become 0 and 1, clipped.
    percentiles : tuple of float
        Without ``window``: these percentiles of the image within the rectangle become 0 and 1. (0, 100) is min-max.
    """

    margin_voxels: int = 10
    size: int = 256
    crop: int = 224
    window: tuple[float, float] | None = None
    percentiles: tuple[float, float] = (0.0, 100.0)

    def __post_init__(self) -> None:
        if not 1 <= self.crop <= self.size or self.margin_voxels < 0:
            raise InputError(
                f"A slice of {self.size} pixels cannot be cropped to {self.crop} with a margin of "
                f"{self.margin_voxels} voxels; make the crop no larger than the slice, and the margin 0 or more."
            )


@dataclass(frozen=True, eq=False)
class SliceInput:
    """A network's input slice and where its pixels lie.

    Parameters
    ----------
    array : numpy.ndarray
        Shape (size, size), axes JI, float32 in [0, 1].
    grid : Geometry
        Of the slice: one voxel thick.
    window : tuple of float
        The intensities of the image that became 0 and 1.
    inside : numpy.ndarray
        Shape of ``array``, ``bool``: which pixels belong to the region.
    """

    array: np.ndarray
    grid: Geometry
    window: tuple[float, float]
    inside: np.ndarray

    def centre(self, size: int) -> SliceInput:
        """The middle ``size`` x ``size`` pixels: what a network sees outside its training."""
        edge = len(self.array)
        if not 1 <= size <= edge:
            raise InputError(f"A slice of {edge} pixels has no middle of {size}; prepare it larger.")
        first = edge // 2 - size // 2
        part = slice(first, first + size)
        origin = self.grid.index_to_physical(np.array([[first, first, 0]]))[0]
        x, y, z = (float(v) for v in origin)
        grid = replace(self.grid, size=(size, size, 1), origin=(x, y, z))
        return SliceInput(self.array[part, part], grid, self.window, self.inside[part, part])

    def to_geometry(self, values: np.ndarray, geometry: Geometry, outside: float = np.nan) -> Volume:
        """Carry values per input pixel (shape of ``array``) to another grid, linearly within the slice.

        ``outside`` is given to voxels whose centre lies outside the slice's slab.
        """
        return carried(values[None], self.grid, geometry, outside)


def largest_slice(inside: np.ndarray) -> int:
    """Index K of the slice with most voxels of the region, the lowest of equals.

    Parameters
    ----------
    inside : numpy.ndarray
        ``bool``, shape (K, J, I).
    """
    return int(np.argmax(inside.sum(axis=(1, 2))))


def prepare_slice(image: Volume, mask: Volume, settings: SliceSettings | None = None) -> SliceInput:
    """Cut the region's bounding rectangle out of the axial slice with its largest cross-section.

    The rectangle with its margin is stretched to a square; pixels are interpolated linearly, beyond the image its edge
    is continued. Image and mask are first turned so that their axes lie nearest to L, P, S: the slice is the most
    axial one whichever way the image was stored.

    Parameters
    ----------
    image : Volume
        One phase.
    mask : Volume
        The region, ``bool``, on the image's grid.
    settings : SliceSettings, optional
        By default those of paper 000.

    Returns
    -------
    SliceInput
        ``settings.size`` pixels wide; its :meth:`SliceInput.centre` is what a fitted network sees.

    Raises
    ------
    InputError
        When the region is empty, lies on another grid, or the image has no contrast or values that are not finite
        there.
    """
    settings = settings or SliceSettings()
    image, inside = upright(image, mask)
    at = largest_slice(inside)
    flat = image.array[at : at + 1]
    region = inside[at : at + 1]
    low, high = bounding_box(region)
    margin = np.array([settings.margin_voxels, settings.margin_voxels, 0])
    window = intensity_window(cropped(flat, low - margin, high + margin), settings.window, settings.percentiles)

    extent = high - low + 1 + 2 * margin
    count = np.array([settings.size, settings.size, 1])
    step = extent / count
    places = [low[a] - margin[a] - 0.5 + (np.arange(count[a]) + 0.5) * step[a] for a in range(3)]
    array = np.clip((linear(flat, places) - window[0]) / (window[1] - window[0]), 0.0, 1.0)
    within = nearest(region, places)
    grid = grid_at([*places[:2], places[2] + at], step, image.geometry)
    return SliceInput(array[0].astype(np.float32), grid, window, within[0])


def slice_input(image: Volume, mask: Volume, settings: SliceSettings | None = None) -> tuple[np.ndarray, Geometry]:
    """Return the slice as a fitted network sees it and where it lies.

    The parameters are those of :func:`prepare_slice`.

    Returns
    -------
    array : numpy.ndarray
        Shape (crop, crop), axes JI, float32 in [0, 1].
    grid : Geometry
        Of its pixels, one voxel thick.
    """
    settings = settings or SliceSettings()
    seen = prepare_slice(image, mask, settings).centre(settings.crop)
    return seen.array, seen.grid
