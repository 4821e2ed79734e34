"""Square patches over a region, read when asked, and the map of what a network says of them (paper 004).

A slice is thought of as exported at a spacing of its own; patches of a fixed number of its pixels lie on it at a
regular stride. Only the slices' own voxels and the patches' places are kept: 71,081 patches of 128 pixels need no more
memory than the slices they are cut from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.deep.sampling import (
    TIE,
    bounding_box,
    carried,
    cropped,
    grid_at,
    intensity_window,
    linear,
    nearest,
    upright,
)
from RadFusionLib.deep.slices import largest_slice
from RadFusionLib.errors import InputError

__all__ = ["JoinedPatches", "PatchReport", "PatchSettings", "Patches", "extract_patches"]


@dataclass(frozen=True)
class PatchSettings:
    """Which patches there are.

    Parameters
    ----------
    size, stride : int
        Edge of a patch and the way to the next, pixels of the exported slice.
    export_spacing_mm : float, optional
        Pixel size of the exported slice; by default the image's own.
    slices : {"largest", "all"}
        The slice with the largest cross-section of the region, or all that cut it.
    inside_fraction : float
        The least part of a patch that must lie in the region. Where no patch of a region has as much, those whose
        centre lies in it are taken, and the report says so.
    level, width : float, optional
        Middle and width of the intensities shown from 0 to 1, clipped. Without both, the least and greatest intensity
        of the region's box become 0 and 1.
    most : int, optional
        At most so many, spread evenly over all.
    """

    size: int = 128
    stride: int = 32
    export_spacing_mm: float | None = None
    slices: Literal["largest", "all"] = "largest"
    inside_fraction: float = 1.0
    level: float | None = None
    width: float | None = None
    most: int | None = None

    def __post_init__(self) -> None:
        if self.size < 1 or self.stride < 1 or (self.most is not None and self.most < 1):
            raise InputError(f"Patches of {self.size} pixels every {self.stride} cannot be; both must be 1 or more.")
        if not 0 < self.inside_fraction <= 1:
            raise InputError(f"inside_fraction of patches must be above 0 and at most 1, not {self.inside_fraction}.")
        if self.export_spacing_mm is not None and not self.export_spacing_mm > 0:
            raise InputError(f"export_spacing_mm of patches must be above 0, not {self.export_spacing_mm}.")
        if self.slices not in ("largest", "all"):
            raise InputError(f"slices of patches must be largest or all, not {self.slices!r}.")
        if (self.level is None) != (self.width is None) or (self.width is not None and not self.width > 0):
            raise InputError("Patches need level and width of their intensities together, or neither; width above 0.")

    @property
    def window(self) -> tuple[float, float] | None:
        """Intensities that become 0 and 1, where they are given."""
        if self.level is None or self.width is None:
            return None
        return self.level - self.width / 2, self.level + self.width / 2


@dataclass(frozen=True)
class PatchReport:
    """What was done, for the record.

    Parameters
    ----------
    found, kept : int
        Patches by the rule, and those left by ``most``.
    rule : {"inside", "centre"}
        Whether ``inside_fraction`` could be kept, or the centre had to do.
    slices : int
        Slices that patches lie on.
    spacing_mm : tuple of float
        Of the exported slice along (I, J).
    least_inside, mean_inside : float
        Part of a kept patch that lies in the region.
    """

    found: int
    kept: int
    rule: Literal["inside", "centre"]
    slices: int
    spacing_mm: tuple[float, float]
    least_inside: float
    mean_inside: float


@dataclass(frozen=True, eq=False)
class Patches:
    """Patches of one case in one phase: where they lie, and their pixels when asked for.

    ``patches[numbers]`` reads; so they serve where an array of images does.

    Parameters
    ----------
    positions : numpy.ndarray
        int, shape (N, 3): slice K of the upright image, row and column of the first pixel on the exported slice.
    settings : PatchSettings
        How they were chosen.
    report : PatchReport
        What came of it.
    window : tuple of float
        The intensities that become 0 and 1.
    voxels : numpy.ndarray
        The part of the upright image that they lie on, axes KJI.
    first : tuple of int
        Index (I, J, K) of its first voxel in the upright image.
    geometry : Geometry
        Of the upright image.
    """

    positions: np.ndarray
    settings: PatchSettings
    report: PatchReport
    window: tuple[float, float]
    voxels: np.ndarray
    first: tuple[int, int, int]
    geometry: Geometry

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(N, size, size)."""
        return len(self), self.settings.size, self.settings.size

    def __getitem__(self, chosen: np.ndarray) -> np.ndarray:
        """The pixels of patches by number: shape (n, size, size), axes JI, float32 in [0, 1]."""
        numbers = np.arange(len(self))[chosen]
        low, high = self.window
        result = np.empty((len(numbers), *self.shape[1:]), np.float32)
        for row, number in enumerate(numbers):
            i, j, k = self._places(int(number))
            places = [where - start for where, start in zip((i, j, k), self.first, strict=True)]
            result[row] = np.clip((linear(self.voxels, places)[0] - low) / (high - low), 0.0, 1.0)
        return result

    def grid(self, number: int) -> Geometry:
        """Where the pixels of a patch lie: ``size`` x ``size``, one voxel thick."""
        return grid_at(self._places(number), np.array([*self._step, 1.0]), self.geometry)

    def heatmap(self, probabilities: np.ndarray, geometry: Geometry, within: Volume | None = None) -> Volume:
        """Paint the mean probability of the patches that cover a voxel.

        Parameters
        ----------
        probabilities : numpy.ndarray, shape (N,)
            One for each patch.
        geometry : Geometry
            Where the map is wanted, such as the phase's own.
        within : Volume, optional
            A mask in ``geometry``; nothing is painted outside it.

        Returns
        -------
        Volume
            float32 in ``geometry``; NaN where no patch lies.
        """
        probabilities = np.asarray(probabilities, np.float64)
        if probabilities.shape != (len(self),):
            raise ValueError(f"{len(self)} patches need as many probabilities, not {probabilities.shape}.")
        low, high = self._covered()
        base = np.concatenate([low.min(axis=0), [self.positions[:, 0].min()]])
        size = np.concatenate([high.max(axis=0), [self.positions[:, 0].max() + 1]]) - base
        total, count = np.zeros(size[::-1]), np.zeros(size[::-1])
        for number, value in enumerate(probabilities):
            (i, j), (i_end, j_end) = low[number] - base[:2], high[number] - base[:2]
            part = self.positions[number, 0] - base[2], slice(j, j_end), slice(i, i_end)
            total[part] += value
            count[part] += 1
        mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
        grid = grid_at([base[a] + np.arange(size[a]) for a in range(3)], np.ones(3), self.geometry)
        painted = carried(mean, grid, geometry, order=0)
        if within is None:
            return painted
        return painted.with_array(np.where(within.array, painted.array, np.float32(np.nan)))

    @property
    def _step(self) -> np.ndarray:
        """Voxels a pixel of the exported slice, along (I, J)."""
        return np.asarray(self.report.spacing_mm) / np.asarray(self.geometry.spacing[:2])

    def _places(self, number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Indices (I, J, K) of the upright image at a patch's pixels."""
        k, row, column = self.positions[number]
        i, j = (
            _places(np.arange(s, s + self.settings.size), w) for s, w in zip((column, row), self._step, strict=True)
        )
        return i, j, np.array([float(k)])

    def _covered(self) -> tuple[np.ndarray, np.ndarray]:
        """First and last plus one index (I, J) of the voxels whose centre each patch covers, inside the image."""
        starts = self.positions[:, :0:-1]
        ends = [starts * self._step - 0.5, (starts + self.settings.size) * self._step - 0.5]
        low, high = (np.clip(np.ceil(end - TIE).astype(int), 0, self.geometry.size[:2]) for end in ends)
        return low, np.maximum(high, low)


class JoinedPatches:
    """The patches of several cases one after another, read when asked.

    Parameters
    ----------
    parts : sequence of Patches
        All of one size.
    """

    def __init__(self, parts: Sequence[Patches]) -> None:
        if len({part.shape[1:] for part in parts}) != 1:
            raise InputError("Patches of different sizes cannot be joined; cut all with the same settings.")
        self.parts = list(parts)
        self.starts = np.cumsum([0, *(len(part) for part in parts)])

    def __len__(self) -> int:
        return int(self.starts[-1])

    @property
    def shape(self) -> tuple[int, int, int]:
        """(N, size, size)."""
        return len(self), *self.parts[0].shape[1:]

    def __getitem__(self, chosen: np.ndarray) -> np.ndarray:
        numbers = np.arange(len(self))[chosen]
        result = np.empty((len(numbers), *self.shape[1:]), np.float32)
        of = np.searchsorted(self.starts, numbers, side="right") - 1
        for part in np.unique(of):
            result[of == part] = self.parts[part][numbers[of == part] - self.starts[part]]
        return result

    def owners(self, names: Sequence[str]) -> np.ndarray:
        """The name of the case of each patch, from one name for each part."""
        return np.repeat(np.asarray(names), [len(part) for part in self.parts])


def extract_patches(image: Volume, mask: Volume, settings: PatchSettings | None = None) -> Patches:
    """Find the patches over a region; the same input gives the same patches in the same order.

    Rows and columns of patches start at the corner of the region's box on the exported slice. Image and mask are
    first turned so that their axes lie nearest to L, P, S.

    Parameters
    ----------
    image : Volume
        One phase.
    mask : Volume
        The region, ``bool``, on the image's grid.
    settings : PatchSettings, optional
        By default those of paper 004 on the image's own pixels.

    Raises
    ------
    InputError
        When the region is empty, lies on another grid, or the image has no contrast or values that are not finite
        there.
    """
    settings = settings or PatchSettings()
    image, inside = upright(image, mask)
    low, high = bounding_box(inside)
    window = intensity_window(cropped(image.array, low, high), settings.window, (0.0, 100.0))
    spacing = np.asarray(image.geometry.spacing[:2])
    export = spacing if settings.export_spacing_mm is None else np.full(2, settings.export_spacing_mm)
    if settings.slices == "largest":
        chosen = [largest_slice(inside)]
    else:
        chosen = [int(k) for k in np.flatnonzero(inside.any(axis=(1, 2)))]

    step = export / spacing
    rule: Literal["inside", "centre"] = "inside"
    found = [_inside(inside[k : k + 1], k, step, settings) for k in chosen]
    if not any(len(positions) for positions, _ in found):
        rule = "centre"
        found = [_centred(inside[k : k + 1], k, step, settings) for k in chosen]
    positions, fractions = (np.concatenate(part) for part in zip(*found, strict=True))
    kept = np.arange(len(positions))
    if settings.most is not None and len(positions) > settings.most:
        kept = np.round(np.linspace(0, len(positions) - 1, settings.most)).astype(int)
    report = PatchReport(
        found=len(positions),
        kept=len(kept),
        rule=rule,
        slices=len(np.unique(positions[kept, 0])),
        spacing_mm=(float(export[0]), float(export[1])),
        least_inside=float(fractions[kept].min()),
        mean_inside=float(fractions[kept].mean()),
    )
    voxels, first = _part_of(image.array, positions[kept], step, settings.size)
    return Patches(positions[kept], settings, report, window, voxels, first, image.geometry)


def _places(pixels: np.ndarray, step: float) -> np.ndarray:
    """Voxel indices of the exported slice's pixels; the outer faces of both lie at the same place."""
    return (pixels + 0.5) * step - 0.5


def _exported(region: np.ndarray, step: np.ndarray) -> tuple[np.ndarray, int, int]:
    """A slice (1, J, I) of the mask on the exported slice, cut to its box, and the box's first row and column."""
    low, high = bounding_box(region)
    ranges = []
    for axis in range(2):
        start, end = low[axis] / step[axis], (high[axis] + 1) / step[axis]
        ranges.append(np.arange(int(np.floor(start)), int(np.ceil(end))))
    places = [_places(pixels, width) for pixels, width in zip(ranges, step, strict=True)]
    flat = nearest(region, [*places, np.array([0.0])])[0]
    rows, columns = np.flatnonzero(flat.any(axis=1)), np.flatnonzero(flat.any(axis=0))
    if not rows.size:
        # So thin, or exported so coarsely, that no pixel's centre lies in it: the pixel at its middle stands for it.
        middle = [int((low[a] + high[a] + 1) / 2 / step[a]) for a in range(2)]
        return np.ones((1, 1), bool), middle[1], middle[0]
    part = flat[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return part, int(ranges[1][0] + rows[0]), int(ranges[0][0] + columns[0])


def _fractions(flat: np.ndarray, rows: np.ndarray, columns: np.ndarray, size: int) -> np.ndarray:
    """Part of each patch that lies in the mask, shape (rows, columns), by sums from the corner."""
    sums = np.pad(np.cumsum(np.cumsum(flat, axis=0, dtype=np.int64), axis=1), ((1, 0), (1, 0)))
    top, bottom = np.clip(rows, 0, flat.shape[0]), np.clip(rows + size, 0, flat.shape[0])
    left, right = np.clip(columns, 0, flat.shape[1]), np.clip(columns + size, 0, flat.shape[1])
    count = (
        sums[np.ix_(bottom, right)] - sums[np.ix_(top, right)] - sums[np.ix_(bottom, left)] + sums[np.ix_(top, left)]
    )
    return np.asarray(count / size**2)


def _inside(region: np.ndarray, k: int, step: np.ndarray, settings: PatchSettings) -> tuple[np.ndarray, np.ndarray]:
    """Positions on a slice with enough of the region in them, and how much that is."""
    flat, row, column = _exported(region, step)
    before = (settings.size - 1) // settings.stride
    rows, columns = (np.arange(-before * settings.stride, edge, settings.stride) for edge in flat.shape)
    fractions = _fractions(flat, rows, columns, settings.size)
    # A millionth of a patch: 0.1 is not a whole number of pixels.
    at = np.argwhere(fractions >= settings.inside_fraction - 1e-6)
    return _positions(k, rows[at[:, 0]] + row, columns[at[:, 1]] + column), fractions[tuple(at.T)]


def _centred(region: np.ndarray, k: int, step: np.ndarray, settings: PatchSettings) -> tuple[np.ndarray, np.ndarray]:
    """Positions on a slice whose centre lies in the region, one of them at the middle of its box where it can be."""
    flat, row, column = _exported(region, step)
    half = settings.size // 2
    centres = []
    for edge in flat.shape:
        middle = edge // 2
        centres.append(np.arange(middle % settings.stride, edge, settings.stride))
    at = np.argwhere(flat[np.ix_(*centres)])
    if len(at):
        rows, columns = centres[0][at[:, 0]] - half, centres[1][at[:, 1]] - half
    else:
        filled = np.argwhere(flat)
        nearest_to_centre = filled[np.argmin(((filled - filled.mean(axis=0)) ** 2).sum(axis=1))]
        rows, columns = (np.array([value - half]) for value in nearest_to_centre)
    fractions = [_fractions(flat, rows[n : n + 1], columns[n : n + 1], settings.size)[0, 0] for n in range(len(rows))]
    return _positions(k, rows + row, columns + column), np.array(fractions)


def _positions(k: int, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    return np.stack([np.full(len(rows), k), rows, columns], axis=1).astype(int)


def _part_of(
    array: np.ndarray, positions: np.ndarray, step: np.ndarray, size: int
) -> tuple[np.ndarray, tuple[int, int, int]]:
    """The voxels that patches are interpolated from, float32, and the index (I, J, K) of the first.

    An edge of this part is either beyond all patches or the image's own, so that continuing it is continuing that.
    """
    starts = positions[:, :0:-1]
    low = np.floor((starts.min(axis=0) + 0.5) * step - 0.5).astype(int)
    high = np.ceil((starts.max(axis=0) + size - 0.5) * step - 0.5).astype(int)
    last = np.array(array.shape[:0:-1]) - 1
    low, high = np.clip(low, 0, last), np.clip(high, 0, last)
    first, end = positions[:, 0].min(), positions[:, 0].max()
    part = array[first : end + 1, low[1] : high[1] + 1, low[0] : high[0] + 1]
    return np.array(part, np.float32), (int(low[0]), int(low[1]), int(first))
