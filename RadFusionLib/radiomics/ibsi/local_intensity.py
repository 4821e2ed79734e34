"""Local and global intensity peak: the mean in a sphere of 1 cm3 (IBSI family 9ST6)."""

from __future__ import annotations

import numpy as np

from RadFusionLib.radiomics.ibsi.preparation import IbsiRegion

__all__ = ["local_intensity_features"]

_RADIUS = (3000 / (4 * np.pi)) ** (1 / 3)  # mm, of a sphere of 1 cm3


def local_intensity_features(region: IbsiRegion) -> dict[str, float]:
    """Compute both peaks, names without their prefix ``loc_``.

    The sphere's mean takes in voxels outside the region, but none outside the image. Of several brightest voxels
    the one with the higher mean counts.
    """
    kji = np.array(region.spacing[::-1])
    reach = np.floor(_RADIUS / kji).astype(int)
    axes = [np.arange(-r, r + 1) for r in reach]
    offsets = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    offsets = offsets[np.sum((offsets * kji) ** 2, axis=1) <= _RADIUS**2 * (1 + 1e-9)]
    places = np.argwhere(region.intensity)
    low, high = places.min(axis=0), places.max(axis=0) + 1
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    shape = np.array(region.image.shape)
    total = np.zeros(high - low)
    count = np.zeros(high - low)
    for offset in offsets:
        # The part of the box whose neighbour at this offset lies in the image.
        first, last = np.maximum(low + offset, 0), np.minimum(high + offset, shape)
        if np.any(first >= last):
            continue
        source = tuple(slice(a, b) for a, b in zip(first, last, strict=True))
        target = tuple(slice(a, b) for a, b in zip(first - offset - low, last - offset - low, strict=True))
        total[target] += region.image[source]
        count[target] += 1
    inside = region.intensity[box]
    means = (total / count)[inside]
    values = region.image[box][inside]
    return {"peak_loc": float(means[values == values.max()].max()), "peak_glob": float(means.max())}
