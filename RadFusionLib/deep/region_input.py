"""From an image and a region to the cube a network sees, and back from the cube to the patient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.errors import InputError

__all__ = ["RegionInput", "prepare_region", "region_input"]

# A sample that falls on the border between two voxels belongs to the lower one, even when the spacing read
# from one file format differs in the seventh digit from that of another.
_TIE = 1e-3


@dataclass(frozen=True, eq=False)
class RegionInput:
    """A network's input cube and where its voxels lie.

    Parameters
    ----------
    array : numpy.ndarray
        Shape (size, size, size), axes KJI, float32 in [0, 1].
    grid : Geometry
        Of the cube: the same number of voxels along each axis, with the spacing that stretches them over the
        box.
    window : tuple of float
        The intensities of the image that became 0 and 1.
    inside : numpy.ndarray
        Shape (size, size, size), ``bool``: which voxels belong to the region.
    """

    array: np.ndarray
    grid: Geometry
    window: tuple[float, float]
    inside: np.ndarray

    def to_geometry(self, values: np.ndarray, geometry: Geometry, outside: float = np.nan) -> Volume:
        """Carry values per input voxel to another grid, linearly.

        Parameters
        ----------
        values : numpy.ndarray
            Shape of ``array``: a map over the input's places.
        geometry : Geometry
            Where the map is wanted, such as the phase's.
        outside : float
            Given to voxels whose centre lies outside the box.

        Returns
        -------
        Volume
            float32.
        """
        from scipy.ndimage import map_coordinates

        if values.shape != self.grid.shape:
            raise ValueError(f"A map of shape {values.shape} does not fit an input of {self.grid.shape}.")
        result = np.full(geometry.shape, outside, np.float32)
        # Only the part of the grid that the box can reach is looked at; an image has far more voxels than a
        # region.
        reach = geometry.physical_to_index(_box_corners(self.grid))
        low = np.clip(np.floor(reach.min(axis=0)), 0, geometry.size).astype(int)
        high = np.clip(np.ceil(reach.max(axis=0)) + 1, 0, geometry.size).astype(int)
        part = tuple(slice(low[a], high[a]) for a in (2, 1, 0))
        kji = np.stack(np.meshgrid(*(np.arange(low[a], high[a]) for a in (2, 1, 0)), indexing="ij"), axis=-1)
        index = self.grid.physical_to_index(geometry.index_to_physical(kji.reshape(-1, 3)[:, ::-1]))
        inside = ((index >= -0.5) & (index <= np.asarray(self.grid.size) - 0.5)).all(axis=1)
        mapped = np.full(len(index), outside, np.float32)
        mapped[inside] = map_coordinates(
            np.asarray(values, np.float32), index[inside][:, ::-1].T, order=1, mode="nearest"
        )
        result[part] = mapped.reshape(kji.shape[:3])
        return Volume(result, geometry)


def region_input(
    image: Volume,
    mask: Volume,
    size: int,
    *,
    mask_outside: bool = True,
    margin: float = 2.0,
    window: tuple[float, float] | None = None,
    percentiles: tuple[float, float] = (1.0, 99.0),
    context: float = 10.0,
) -> np.ndarray:
    """Return the cube a network sees of a region: shape (size, size, size), axes KJI, float32 in [0, 1].

    The parameters are those of :func:`prepare_region`, which also tells where the cube lies.
    """
    return prepare_region(
        image,
        mask,
        size,
        mask_outside=mask_outside,
        margin=margin,
        window=window,
        percentiles=percentiles,
        context=context,
    ).array


def prepare_region(
    image: Volume,
    mask: Volume,
    size: int,
    *,
    mask_outside: bool = True,
    margin: float = 2.0,
    window: tuple[float, float] | None = None,
    percentiles: tuple[float, float] = (1.0, 99.0),
    context: float = 10.0,
) -> RegionInput:
    """Crop a region, scale its intensities and resample it to a cube.

    The box around the region, with its margin, is stretched to the cube along each axis by itself, as the
    paper's "resampled to 64 x 64 x 64" says: a flat region is shown as thick as it is wide, and the network
    does not see its size. Voxels are interpolated linearly, the mask is looked up at the nearest voxel, and
    both follow the image's axes turned nearest to L, P, S, so that an image gives the same cube whichever
    way it was stored.

    Parameters
    ----------
    image : Volume
        One phase.
    mask : Volume
        The region, ``bool``, on the image's grid.
    size : int
        Edge of the cube, voxels.
    mask_outside : bool
        Set voxels outside the region to 0, the lower end of the scale.
    margin : float
        Added around the region's bounding box, mm.
    window : tuple of float, optional
        Intensities that become 0 and 1 (``a_min`` and ``a_max`` of MONAI's ``ScaleIntensityRange``, clipped).
    percentiles : tuple of float
        Without ``window``: these percentiles of the image within the box widened by ``context`` become 0 and
        1. The surroundings belong to it so that a region keeps its contrast to them.
    context : float
        See ``percentiles``, mm.

    Raises
    ------
    InputError
        When the region is empty, lies on another grid, or the image has no contrast or values that are not
        finite there.
    """
    image, mask = image.canonical(), mask.canonical()
    if not mask.geometry.same_grid(image.geometry):
        raise InputError(
            "The region's mask lies on another grid than the image; resample it to the image's grid first."
        )
    inside = mask.array.astype(bool, copy=False)
    low, high = _bounding_box(inside)
    spacing = np.asarray(image.geometry.spacing)

    around = _crop(image.array, low - np.ceil(context / spacing), high + np.ceil(context / spacing))
    if not np.isfinite(around).all():
        raise InputError(
            "The image has values that are not finite (NaN) in or near the region; mend or fill them first."
        )
    a_min, a_max = window if window is not None else (float(v) for v in np.percentile(around, percentiles))
    if not a_max > a_min:
        raise InputError(f"The image has no contrast around the region (from {a_min:g} to {a_max:g}); check the mask.")

    # The box runs from the outer face of its first voxel to that of its last; all in index units, from
    # integers, so that neither origin nor direction can shift a sample by a rounding.
    start = low - 0.5 - margin / spacing
    step = (high - low + 1 + 2 * margin / spacing) / size
    places = [start[axis] + (np.arange(size) + 0.5) * step[axis] for axis in range(3)]
    cube = _linear(image.array, places)
    cube = np.clip((cube - a_min) / (a_max - a_min), 0.0, 1.0)
    within = _nearest(inside, places)
    if mask_outside:
        cube = cube * within
    first = np.array([[axis_places[0] for axis_places in places]])
    grid = Geometry(
        size=(size, size, size),
        spacing=tuple(float(v) for v in step * spacing),  # type: ignore[arg-type]
        origin=tuple(float(v) for v in image.geometry.index_to_physical(first)[0]),  # type: ignore[arg-type]
        direction=image.geometry.direction,
    )
    return RegionInput(cube.astype(np.float32), grid, (float(a_min), float(a_max)), within)


def _bounding_box(inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and last index of the region along (I, J, K)."""
    ends = []
    for axis in (2, 1, 0):
        filled = np.flatnonzero(inside.any(axis=tuple(a for a in range(3) if a != axis)))
        if filled.size == 0:
            raise InputError("The region is empty; draw it, or check which segment is the tumour.")
        ends.append((filled[0], filled[-1]))
    low, high = np.array(ends).T
    return low, high


def _crop(array: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The part of ``array`` (KJI) between two indices (I, J, K), both included, as far as it lies in it."""
    first = np.maximum(low, 0).astype(int)
    return array[tuple(slice(first[a], int(high[a]) + 1) for a in (2, 1, 0))]


def _linear(array: np.ndarray, places: list[np.ndarray]) -> np.ndarray:
    """Interpolate linearly at the crossings of ``places`` (indices along I, J, K); edges are continued."""
    for dimension, where in zip((2, 1, 0), places, strict=True):
        last = array.shape[dimension] - 1
        clipped = np.clip(where, 0, last)
        lower = np.minimum(np.floor(clipped).astype(int), max(last - 1, 0))
        shape = [1, 1, 1]
        shape[dimension] = len(where)
        weight = (clipped - lower).reshape(shape)
        below = array.take(lower, axis=dimension).astype(np.float64, copy=False)
        above = array.take(np.minimum(lower + 1, last), axis=dimension)
        array = below * (1.0 - weight) + above * weight
    return array


def _nearest(inside: np.ndarray, places: list[np.ndarray]) -> np.ndarray:
    """The mask at the crossings of ``places``; False beyond the grid."""
    for dimension, where in zip((2, 1, 0), places, strict=True):
        index = np.ceil(where - 0.5 - _TIE).astype(int)
        known = np.clip(index, 0, inside.shape[dimension] - 1)
        shape = [1, 1, 1]
        shape[dimension] = len(where)
        inside = inside.take(known, axis=dimension) & (known == index).reshape(shape)
    return inside


def _box_corners(grid: Geometry) -> np.ndarray:
    """The eight outer corners of a grid's box, shape (8, 3), LPS mm."""
    ends = [(-0.5, n - 0.5) for n in grid.size]
    return grid.index_to_physical(np.array([(i, j, k) for i in ends[0] for j in ends[1] for k in ends[2]]))
