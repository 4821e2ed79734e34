"""Binary patterns on spheres of any radius, subdivision and number of degrees.

What `binary_pattern_3d` computes for the usual sphere, in the plain form of its formulas: it is rarely asked for
otherwise.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import map_coordinates
from scipy.spatial import ConvexHull
from scipy.special import sph_harm_y
from scipy.stats import kurtosis

from RadFusionLib.radiomics.region import FloatArray, MaskArray

__all__ = ["sphere_patterns"]

_CHUNK = 2048  # voxels whose samples are held at a time


def sphere_patterns(
    image: npt.NDArray[np.generic], mask: MaskArray, levels: int, radius: float, subdivision: int
) -> dict[str, FloatArray]:
    """Give the values of the images ``m1`` to ``m<levels>`` and ``k`` at the mask's voxels, in raster order.

    Parameters
    ----------
    image : (K, J, I) array
        Grey values; samples are rounded to its number type.
    mask : (K, J, I) bool array
        Where to compute.
    levels : int
        Degrees of the spherical harmonics, the first being 0.
    radius : float
        Of the sphere, voxels.
    subdivision : int
        How often the icosahedron's faces are divided in four.
    """
    vertices = _icosphere(subdivision)
    polar = np.arccos(np.clip(vertices[:, 2], -1, 1))
    azimuth = np.arctan2(vertices[:, 1], vertices[:, 0])
    # The reference hands the angles over in the other order, and the sine of what it takes for the polar one is
    # never negative.
    harmonics = [
        np.stack([sph_harm_y(n, m, np.abs(azimuth), polar) for m in range(-n, n + 1)], axis=1) for n in range(levels)
    ]
    places = np.argwhere(mask)
    found: dict[str, FloatArray] = {f"m{level + 1}": np.empty(len(places)) for level in range(levels)}
    found["k"] = np.empty(len(places))
    for first in range(0, len(places), _CHUNK):
        part = slice(first, first + _CHUNK)
        near = places[part, None, :] + radius * vertices[None]
        samples = map_coordinates(image, np.moveaxis(near, -1, 0), order=3)
        with np.errstate(invalid="ignore"):
            found["k"][part] = kurtosis(samples, axis=1)
        signs = (samples >= image[tuple(places[part].T)][:, None]).astype(np.float64)
        for level, basis in enumerate(harmonics):
            projected = (signs @ basis) @ basis.T
            found[f"m{level + 1}"][part] = np.sqrt(np.sum(projected**2, axis=1)).real
    return found


def _icosphere(subdivision: int) -> FloatArray:
    """Give unit vectors: an icosahedron whose faces are divided in four, and its points moved onto the sphere."""
    golden = (1 + np.sqrt(5)) / 2
    corners = [(0, a, b * golden) for a in (-1, 1) for b in (-1, 1)]
    points = np.array([np.roll(corner, turn) for corner in corners for turn in range(3)], dtype=np.float64)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    for _ in range(subdivision):
        faces = ConvexHull(points).simplices
        edges = np.unique(np.sort(faces[:, [[0, 1], [1, 2], [0, 2]]].reshape(-1, 2), axis=1), axis=0)
        middles = points[edges].mean(axis=1)
        points = np.concatenate([points, middles / np.linalg.norm(middles, axis=1, keepdims=True)])
    return points
