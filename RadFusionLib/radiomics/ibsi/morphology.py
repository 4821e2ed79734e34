"""Morphological features (IBSI family HCUG)."""

from __future__ import annotations

import numpy as np
from scipy.spatial import ConvexHull

from RadFusionLib.radiomics.ibsi.preparation import IbsiRegion
from RadFusionLib.radiomics.ibsi.spatial_association import spatial_association
from RadFusionLib.radiomics.region import FloatArray, MaskArray
from RadFusionLib.radiomics.shape import shape_features

__all__ = ["mesh_points", "morphological_features"]

_FROM_ENGINE = {
    "volume": "MeshVolume",
    "vol_approx": "VoxelVolume",
    "area_mesh": "SurfaceArea",
    "av": "SurfaceVolumeRatio",
    "sphericity": "Sphericity",
    "diam": "Maximum3DDiameter",
    "pca_maj_axis": "MajorAxisLength",
    "pca_min_axis": "MinorAxisLength",
    "pca_least_axis": "LeastAxisLength",
    "pca_elongation": "Elongation",
    "pca_flatness": "Flatness",
}
_SERIES = 20  # terms of the series of an ellipsoid's surface


def morphological_features(region: IbsiRegion) -> dict[str, float]:
    """Compute the 25 features, names without their prefix ``morph_``; lengths in mm.

    The mesh is the engine's: marching cubes through the midpoints between voxel centres in and out.
    """
    kji = np.array(region.spacing[::-1])
    found, _ = shape_features(region.morphological, region.spacing, list(_FROM_ENGINE.values()))
    result = {name: found[engine] for name, engine in _FROM_ENGINE.items()}
    # The engine's covariance divides by n as PyRadiomics', the reference values' by n - 1.
    n = int(region.morphological.sum())
    for axis in ("maj", "min", "least"):
        result[f"pca_{axis}_axis"] *= np.sqrt(n / (n - 1)) if n > 1 else np.nan
    volume, area = result["volume"], result["area_mesh"]
    sphericity = result["sphericity"]
    result["comp_1"] = float(volume / (np.sqrt(np.pi) * area**1.5))
    result["comp_2"] = sphericity**3
    result["sph_dispr"] = 1 / sphericity
    result["asphericity"] = 1 / sphericity - 1

    values = region.values
    centre = np.mean(np.argwhere(region.morphological) * kji, axis=0)
    # Weights are taken as they are: intensities may be negative, and the centre lie outside the region.
    weighted = np.sum(np.argwhere(region.intensity) * kji * values[:, None], axis=0) / values.sum()
    result["com"] = float(np.linalg.norm(centre - weighted))
    result["integ_int"] = volume * values.mean()

    points = mesh_points(region.morphological) * kji
    sides = np.ptp(points, axis=0)
    result["vol_dens_aabb"] = volume / np.prod(sides)
    result["area_dens_aabb"] = area / (2 * (sides[0] * sides[1] + sides[1] * sides[2] + sides[0] * sides[2]))
    a, b, c = (result[f"pca_{axis}_axis"] / 2 for axis in ("maj", "min", "least"))
    ellipsoid = 4 * np.pi * a * b * c / 3
    result["vol_dens_aee"] = volume / ellipsoid if ellipsoid > 0 else np.nan
    result["area_dens_aee"] = area / _ellipsoid_surface(a, b, c)
    hull = ConvexHull(points)
    result["vol_dens_conv_hull"] = volume / hull.volume
    result["area_dens_conv_hull"] = area / hull.area
    result["moran_i"], result["geary_c"] = spatial_association(region)
    return {name: float(value) for name, value in result.items()}


def _ellipsoid_surface(a: float, b: float, c: float) -> float:
    """Give the surface of an ellipsoid of semi-axes a >= b >= c by the manual's series, up to its twentieth term.

    The terms are ``(alpha beta)^n P_n((alpha^2 + beta^2) / (2 alpha beta)) / (1 - 4 n^2)`` with Legendre polynomials,
    here by their recurrence, which needs no division where an eccentricity is 0. The series is what the reference
    values follow; its sum is some 4 % below the true surface for axes such as the digital phantom's.
    """
    alpha, beta = 1 - (b / a) ** 2, 1 - (c / a) ** 2  # squared eccentricities
    half, product = (alpha + beta) / 2, alpha * beta
    before, now = 1.0, half
    total = 1 - half / 3
    for n in range(1, _SERIES):
        before, now = now, ((2 * n + 1) * half * now - n * product * before) / (n + 1)
        total += now / (1 - 4 * (n + 1) ** 2)
    return 4 * np.pi * a * b * total


def mesh_points(mask: MaskArray) -> FloatArray:
    """Give the mesh's points, halfway between a voxel in and its neighbour out, in voxels, shape (n, 3)."""
    padded = np.pad(mask, 1)
    found = []
    for axis in range(3):
        along = np.moveaxis(padded, axis, 0)
        points = np.argwhere(np.moveaxis(along[1:] != along[:-1], 0, axis)).astype(np.float64)
        points[:, axis] += 0.5
        found.append(points)
    return np.concatenate(found) - 1
