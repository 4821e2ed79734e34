"""An image or a mask together with where it lies."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import permutations, product
from typing import TYPE_CHECKING

import numpy as np

from RadFusionLib.case.geometry import Geometry

if TYPE_CHECKING:
    import SimpleITK as sitk

__all__ = ["Volume"]


@dataclass(frozen=True, eq=False)
class Volume:
    """Voxels and their geometry, which never part.

    Parameters
    ----------
    array : numpy.ndarray
        Shape (K, J, I): intensities, or ``bool`` for a mask.
    geometry : Geometry
        Its ``shape`` equals ``array.shape``.
    """

    array: np.ndarray
    geometry: Geometry

    def __post_init__(self) -> None:
        if self.array.shape != self.geometry.shape:
            raise ValueError(f"Array shape {self.array.shape} does not fit the geometry's {self.geometry.shape}.")

    def with_array(self, array: np.ndarray) -> Volume:
        """Return a volume of the same geometry with other voxels."""
        return replace(self, array=array)

    @classmethod
    def from_sitk(cls, image: sitk.Image) -> Volume:
        """Take over a three-dimensional scalar SimpleITK image."""
        import SimpleITK as sitk

        axes = np.asarray(image.GetDirection()).reshape(3, 3)
        geometry = Geometry(
            size=tuple(image.GetSize()),
            spacing=tuple(image.GetSpacing()),
            origin=tuple(image.GetOrigin()),
            direction=tuple(tuple(float(v) for v in row) for row in axes),  # type: ignore[arg-type]
        )
        return cls(sitk.GetArrayFromImage(image), geometry)

    def to_sitk(self) -> sitk.Image:
        """Return the volume as a SimpleITK image; a mask becomes 8-bit unsigned."""
        import SimpleITK as sitk

        array = self.array.astype(np.uint8) if self.array.dtype == bool else self.array
        image = sitk.GetImageFromArray(np.ascontiguousarray(array))
        image.SetSpacing(self.geometry.spacing)
        image.SetOrigin(self.geometry.origin)
        image.SetDirection([v for row in self.geometry.direction for v in row])
        return image

    def canonical(self) -> Volume:
        """Return the same voxels with axes flipped and permuted to lie nearest to L, P, S.

        Axis order in memory is an accident of the file; after this step an image gives the same numbers
        whichever way it was stored.
        """
        axes = np.asarray(self.geometry.direction)
        order, signs = _nearest_axes(axes)
        if order == (0, 1, 2) and signs == (1.0, 1.0, 1.0):
            return self
        size = np.asarray(self.geometry.size)
        corner = np.zeros(3)
        for axis, sign in zip(order, signs, strict=True):
            corner[axis] = 0 if sign > 0 else size[axis] - 1
        array = self.array.transpose([2 - order[2], 2 - order[1], 2 - order[0]])
        array = array[tuple(slice(None, None, -1) if signs[2 - d] < 0 else slice(None) for d in range(3))]
        direction = np.stack([sign * axes[:, axis] for axis, sign in zip(order, signs, strict=True)], axis=1)
        geometry = Geometry(
            size=tuple(int(size[axis]) for axis in order),  # type: ignore[arg-type]
            spacing=tuple(self.geometry.spacing[axis] for axis in order),  # type: ignore[arg-type]
            origin=tuple(float(v) for v in self.geometry.index_to_physical(corner[None])[0]),  # type: ignore[arg-type]
            direction=tuple(tuple(float(v) for v in row) for row in direction),  # type: ignore[arg-type]
        )
        return Volume(np.ascontiguousarray(array), geometry)


def _nearest_axes(axes: np.ndarray) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """For each world axis, the index axis that lies along it, and whether it is flipped.

    Of all 48 ways, the one whose axes together lie nearest to L, P, S. At 45 degrees several are equally near:
    then the one with the largest direction cosines in order, so that the choice does not depend on the storage.
    """
    ways = [(order, signs) for order in permutations(range(3)) for signs in product((1.0, -1.0), repeat=3)]

    def nearness(way: tuple[tuple[int, ...], tuple[float, ...]]) -> tuple[float, ...]:
        turned = np.round(axes[:, list(way[0])] * np.asarray(way[1]), 6)
        return (round(float(np.trace(turned)), 5), *map(float, turned.ravel()))

    return max(ways, key=nearness)
