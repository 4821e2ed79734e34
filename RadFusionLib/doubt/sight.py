"""What there is to see of one phase of a case: the image, the contour and what lies around it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.ndimage import distance_transform_edt

from RadFusionLib.case import Volume
from RadFusionLib.doubt.contours import redrawn_contour

__all__ = ["Box", "Sight"]

AROUND_MM = 10.0
"""How far the surroundings of a tumour reach."""
BEYOND_MM = 12.0
"""How far the box around a tumour reaches, so that its surroundings lie within."""


@dataclass(frozen=True, eq=False)
class Box:
    """The part of a phase around its tumour.

    Parameters
    ----------
    values : numpy.ndarray
        Shape (K, J, I): intensities less the image's mean, in its standard deviations.
    tumor : numpy.ndarray
        ``bool``.
    free : numpy.ndarray
        ``bool``: where a tumour's surroundings may lie.
    depth : numpy.ndarray
        Distance to the contour, mm, positive inside the tumour and negative outside.
    spacing : tuple of float
        (K, J, I), mm.
    part : tuple of slice
        Where it lies in the phase.
    """

    values: np.ndarray
    tumor: np.ndarray
    free: np.ndarray
    depth: np.ndarray
    spacing: tuple[float, float, float]
    part: tuple[slice, ...]

    @cached_property
    def around(self) -> np.ndarray:
        """The surroundings within 10 mm, ``bool``."""
        return ~self.tumor & self.free & (self.depth >= -AROUND_MM)

    def directions(self, where: np.ndarray) -> np.ndarray:
        """Unit vectors, shape (n, 3), from the tumour's centre to the voxels ``where``."""
        scale = np.asarray(self.spacing)
        centre = np.argwhere(self.tumor).mean(axis=0) * scale
        away = np.argwhere(where) * scale - centre
        return away / np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-9)


@dataclass(frozen=True, eq=False)
class Sight:
    """One phase as it is judged.

    Parameters
    ----------
    image : Volume
        As the features are taken from it.
    acquired : Volume
        As it came, with the intensities and the voxels of the scanner.
    tumor : numpy.ndarray
        ``bool``, on the grid of ``image``.
    free : numpy.ndarray or None
        ``bool``: where a shell may lie (in the liver, in no other lesion); everywhere by default.
    """

    image: Volume
    acquired: Volume
    tumor: np.ndarray
    free: np.ndarray | None = None

    def redrawn(self) -> Sight:
        """The same with a contour that another hand might have drawn."""
        return replace(self, tumor=redrawn_contour(self.tumor, self.image.geometry.spacing[::-1]))

    @cached_property
    def standardised(self) -> np.ndarray:
        """The image less its mean, in its standard deviations, shape (K, J, I)."""
        values = np.asarray(self.image.array, dtype=np.float64)
        return (values - values.mean()) / max(float(values.std()), 1e-12)

    @cached_property
    def box(self) -> Box:
        """The part around the tumour."""
        spacing = self.image.geometry.spacing[::-1]
        found = np.nonzero(self.tumor)
        part = tuple(
            slice(max(0, int(f.min() - BEYOND_MM / s) - 1), int(f.max() + BEYOND_MM / s) + 2)
            for f, s in zip(found, spacing, strict=True)
        )
        tumor = self.tumor[part]
        inside = distance_transform_edt(np.pad(tumor, 1), sampling=spacing)[1:-1, 1:-1, 1:-1]
        depth = inside - distance_transform_edt(~tumor, sampling=spacing)
        free = np.ones(tumor.shape, dtype=bool) if self.free is None else self.free[part]
        return Box(self.standardised[part], tumor, free, depth, spacing, part)
