"""From an image and a region to the cube a network sees, and back from the cube to the patient."""

from __future__ import annotations

from dataclasses import dataclass

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

__all__ = ["RegionInput", "prepare_region", "region_input"]


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
        return carried(values, self.grid, geometry, outside)


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
    image, inside = upright(image, mask)
    low, high = bounding_box(inside)
    spacing = np.asarray(image.geometry.spacing)
    around = cropped(image.array, low - np.ceil(context / spacing), high + np.ceil(context / spacing))
    a_min, a_max = intensity_window(around, window, percentiles)

    # The box runs from the outer face of its first voxel to that of its last; all in index units, from
    # integers, so that neither origin nor direction can shift a sample by a rounding.
    start = low - 0.5 - margin / spacing
    step = (high - low + 1 + 2 * margin / spacing) / size
    places = [start[axis] + (np.arange(size) + 0.5) * step[axis] for axis in range(3)]
    cube = linear(image.array, places)
    cube = np.clip((cube - a_min) / (a_max - a_min), 0.0, 1.0)
    within = nearest(inside, places)
    if mask_outside:
        cube = cube * within
    grid = grid_at(places, step, image.geometry)
    return RegionInput(cube.astype(np.float32), grid, (a_min, a_max), within)
