"""Shape of a region: mesh volume and surface, diameters, principal axes. Depends on the mask only."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from RadFusionLib.radiomics.diameters import mesh_diameters
from RadFusionLib.radiomics.kernel import kernel
from RadFusionLib.radiomics.marching_cubes import mesh_volume_and_surface
from RadFusionLib.radiomics.region import MaskArray

__all__ = ["shape_features"]

_DIAMETERS = ("Maximum2DDiameterSlice", "Maximum2DDiameterColumn", "Maximum2DDiameterRow", "Maximum3DDiameter")
_MESH = frozenset(["MeshVolume", "SurfaceArea", "SurfaceVolumeRatio", "Sphericity"])


def shape_features(
    mask: MaskArray, spacing: tuple[float, float, float], wanted: Collection[str]
) -> tuple[dict[str, float], dict[str, str]]:
    """Compute shape features.

    Parameters
    ----------
    mask : (K, J, I) bool array
        The region, not empty; cropped or not.
    spacing : tuple of 3 floats
        Millimetres ``(x, y, z)``.
    wanted : collection of str
        Names of the features to give; what is expensive is computed only when named.

    Returns
    -------
    values : dict of str to float
        Lengths in mm, areas in mm2, volumes in mm3. Axis lengths are four times the root of the eigenvalues of
        the voxel centres' covariance (n in the denominator).
    reasons : dict of str to str
        Why a value is NaN.
    """
    kji = np.array(spacing[::-1], dtype=np.float64)
    names = set(wanted)
    values: dict[str, float] = {}
    reasons: dict[str, str] = {}
    values["VoxelVolume"] = float(np.count_nonzero(mask) * np.prod(kji))
    if names & _MESH:
        volume, surface = mesh_volume_and_surface(mask, kji)
        values["MeshVolume"], values["SurfaceArea"] = volume, surface
        values["SurfaceVolumeRatio"] = surface / volume
        values["Sphericity"] = (36 * np.pi * volume**2) ** (1 / 3) / surface
    if names & set(_DIAMETERS):
        values.update(zip(_DIAMETERS, mesh_diameters(mask, kji), strict=True))
    values.update(_principal_axes(mask, kji, reasons))
    return values, reasons


def _principal_axes(mask: MaskArray, kji: np.ndarray, reasons: dict[str, str]) -> dict[str, float]:
    n, sums, products = _index_sums(np.ascontiguousarray(mask))
    # Whole numbers without rounding, so that nothing is lost where the region is far from the grid's corner.
    spread = [[(n * products[a][b] - sums[a] * sums[b]) / n**2 for b in range(3)] for a in range(3)]
    covariance = np.array(spread) * np.outer(kji, kji)
    least, minor, major = np.linalg.eigvalsh(covariance)
    # A flat region has an eigenvalue of 0 that rounding may take below.
    least, minor = (0.0 if -1e-10 < value < 0 else float(value) for value in (least, minor))
    values = {
        "MajorAxisLength": 4 * np.sqrt(major),
        "MinorAxisLength": 4 * np.sqrt(minor),
        "LeastAxisLength": 4 * np.sqrt(least),
        "Elongation": np.sqrt(minor / major) if major > 0 else np.nan,
        "Flatness": np.sqrt(least / major) if major > 0 else np.nan,
    }
    if not major > 0:
        reasons["Elongation"] = reasons["Flatness"] = "the region is a single voxel and has no axes"
    return {name: float(value) for name, value in values.items()}


@kernel
def _index_sums(mask):  # type: ignore[no-untyped-def]
    """Give the number of voxels, the sums of their indices k, j, i and of the products kk, kj, ki, jj, ji, ii."""
    count = sk = sj = si = skk = skj = ski = sjj = sji = sii = 0
    for k in range(mask.shape[0]):
        for j in range(mask.shape[1]):
            n = s = ss = 0
            for i in range(mask.shape[2]):
                if mask[k, j, i]:
                    n += 1
                    s += i
                    ss += i * i
            count += n
            sk += n * k
            sj += n * j
            si += s
            skk += n * k * k
            skj += n * k * j
            ski += s * k
            sjj += n * j * j
            sji += s * j
            sii += ss
    return count, (sk, sj, si), ((skk, skj, ski), (skj, sjj, sji), (ski, sji, sii))
