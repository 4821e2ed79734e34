"""A region made ready: the image and mask on the grid that features are computed on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from RadFusionLib.radiomics.bounding_box import bounding_box

__all__ = ["FloatArray", "MaskArray", "PreparedRegion", "RegionGeometry"]

FloatArray = npt.NDArray[np.float64]
MaskArray = npt.NDArray[np.bool_]


class RegionGeometry:
    """Where a mask's voxels lie, laid out so that kernels reach neighbours by adding one number.

    The mask's bounding box is copied into a flat array with a border as wide as the longest neighbour
    distance; outside the mask the flat array holds -1, so no kernel needs to check bounds.

    Attributes
    ----------
    box : tuple of 3 slices
        Bounding box of the mask in the prepared grid, axes K, J, I.
    inside : (K', J', I') bool array
        The mask within its bounding box.
    flat_shape : tuple of 3 ints
        Shape of the bordered box.
    voxels : (n,) int64 array
        Positions of the mask's voxels in the flattened bordered box, in raster order.
    """

    def __init__(self, mask: MaskArray, border: int = 1) -> None:
        self.box = bounding_box(mask)
        self.inside: MaskArray = np.ascontiguousarray(mask[self.box])
        self.border = border
        shape = self.inside.shape
        self.flat_shape = (shape[0] + 2 * border, shape[1] + 2 * border, shape[2] + 2 * border)
        bordered = np.zeros(self.flat_shape, dtype=bool)
        bordered[border:-border, border:-border, border:-border] = self.inside
        self.voxels: npt.NDArray[np.int64] = np.flatnonzero(bordered).astype(np.int64)
        self._grid = mask.shape
        self._places = np.flatnonzero(mask)

    def values(self, image: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        """Give the image's values at the mask's voxels, in raster order, shape (n,)."""
        if image.shape == self._grid and image.flags.c_contiguous:
            return image.reshape(-1)[self._places]
        return image[self.box][self.inside]

    def has_line(self, direction: npt.NDArray[np.int64]) -> bool:
        """Tell whether any straight line along a step meets two voxels of the mask, adjacent or not."""
        bordered = np.zeros(int(np.prod(self.flat_shape)), dtype=bool)
        bordered[self.voxels] = True
        if np.abs(direction).max() <= self.border and bordered[self.voxels + self.offsets(direction)].any():
            return True
        k, j, i = (np.asarray(c, dtype=np.int64) for c in np.nonzero(self.inside))
        # Two voxels share a line when moving back to a common plane leads to the same place.
        axis = int(np.flatnonzero(direction)[0])
        steps = (k, j, i)[axis] * direction[axis]
        places = np.stack([c - steps * d for c, d in zip((k, j, i), direction, strict=True)], axis=1)
        return len(np.unique(places, axis=0)) < len(places)

    def offsets(self, directions: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Turn (m, 3) steps along K, J, I into steps in the flattened bordered box, shape (m,)."""
        strides = np.array([self.flat_shape[1] * self.flat_shape[2], self.flat_shape[2], 1], dtype=np.int64)
        return directions.astype(np.int64) @ strides


@dataclass(frozen=True)
class PreparedRegion:
    """An image and a mask on the grid that the features are computed on.

    Parameters
    ----------
    image : (K, J, I) float64 array
        Grey values, resampled and cropped.
    mask : (K, J, I) bool array
        The region on the same grid.
    spacing : tuple of 3 floats
        Voxel size of this grid, millimetres ``(x, y, z)``.
    start_ijk : tuple of 3 floats
        Centre of this grid's first voxel, as continuous ``(i, j, k)`` index of the input image.
    input_spacing : tuple of 3 floats
        Voxel size of the input image, millimetres ``(x, y, z)``.
    pixel_type : str
        NumPy name of the input's number type. Some filters of the reference compute in it, so its
        rounding is kept: whole numbers stay whole, single precision stays single.
    shape_mask : (K, J, I) bool array, optional
        Region for the shape features where it differs (after resegmentation).
    """

    image: FloatArray
    mask: MaskArray
    spacing: tuple[float, float, float]
    start_ijk: tuple[float, float, float]
    input_spacing: tuple[float, float, float]
    pixel_type: str = "float64"
    shape_mask: MaskArray | None = None
    _geometry: dict[int, RegionGeometry] = field(default_factory=dict, init=False, repr=False, compare=False)

    def geometry(self, border: int = 1) -> RegionGeometry:
        """Give the mask's geometry, computed once."""
        if border not in self._geometry:
            self._geometry[border] = RegionGeometry(self.mask, border)
        return self._geometry[border]

    def with_image(self, image: FloatArray) -> PreparedRegion:
        """Give the same region on another image of the same grid; its geometry is shared, not recomputed."""
        other = replace(self, image=np.asarray(image, dtype=np.float64))
        other._geometry.update(self._geometry)
        return other
