"""Maps that need no model, and how well any map finds a known truth: what a heatmap has to beat."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.ndimage import distance_transform_edt, uniform_filter

from RadFusionLib.case import Volume
from RadFusionLib.evaluation import auc
from RadFusionLib.explain.heatmap import SENTINEL

__all__ = ["auc_over_voxels", "distance_to_edge", "local_variance", "model_free_maps"]


def model_free_maps(image: Volume, regions: Mapping[str, Volume], width: float = 7.0) -> dict[str, Volume]:
    """Return every map that can be had from one phase without a model.

    Parameters
    ----------
    image : Volume
        A phase, shape (K, J, I).
    regions : mapping of str to Volume
        ``tumor`` and what else belongs to the map, as ``shell``; ``bool`` on the image's grid.
    width : float
        Of the neighbourhood of the local variance, mm.

    Returns
    -------
    dict of str to Volume
        ``local variance``, ``intensity``, ``distance to the edge`` (mm, of the tumour, on either side), ``depth``
        (the same, negative outside the tumour) and ``region`` (1 in the tumour, else 0); ``float32``,
        :data:`~RadFusionLib.explain.heatmap.SENTINEL` outside the regions.
    """
    tumor = regions["tumor"]
    inside = np.logical_or.reduce([region.array for region in regions.values()])
    edge, within = distance_to_edge(tumor), np.asarray(tumor.array, dtype=bool)
    found = {
        "local variance": local_variance(image, image.with_array(inside), width),
        "intensity": np.asarray(image.array, dtype=float),
        "distance to the edge": edge,
        "depth": np.where(within, edge, -edge),
        "region": within.astype(float),
    }
    return {name: image.with_array(np.where(inside, a, SENTINEL).astype(np.float32)) for name, a in found.items()}


def local_variance(image: Volume, region: Volume, width: float) -> np.ndarray:
    """Variance of the region's voxels in a box around each voxel, shape (K, J, I); 0 where there are none.

    Parameters
    ----------
    image, region : Volume
        The image, and which of its voxels count, ``bool``.
    width : float
        Edge of the box, mm; the nearest odd number of voxels along each axis.
    """
    size = [2 * round((width / spacing - 1) / 2) + 1 for spacing in image.geometry.spacing[::-1]]
    size = [max(1, n) for n in size]
    mask = np.asarray(region.array, dtype=float)
    # About the region's own mean, lest squares of large intensities cancel.
    level = float(image.array[region.array].mean()) if region.array.any() else 0.0
    values = np.where(region.array, np.asarray(image.array, dtype=float) - level, 0.0)
    count = uniform_filter(mask, size, mode="constant")
    known = count > 0.5 / np.prod(size)
    mean = np.divide(uniform_filter(values, size, mode="constant"), count, out=np.zeros_like(mask), where=known)
    square = np.divide(uniform_filter(values**2, size, mode="constant"), count, out=np.zeros_like(mask), where=known)
    return np.maximum(square - mean**2, 0.0)


def distance_to_edge(tumor: Volume) -> np.ndarray:
    """Distance in mm from each voxel to the nearest voxel on the other side of the tumour's edge, shape (K, J, I)."""
    inside = np.asarray(tumor.array, dtype=bool)
    spacing = tumor.geometry.spacing[::-1]
    return distance_transform_edt(inside, sampling=spacing) + distance_transform_edt(~inside, sampling=spacing)


def auc_over_voxels(heatmap: Volume, truth: Volume, region: Volume, missing: float = 0.0) -> float:
    """Probability that a voxel of the truth has a higher value than another of the region, ties counted half.

    Every voxel of the region counts: a map cannot gain by leaving out places.

    Parameters
    ----------
    heatmap : Volume
        Any map; higher means more.
    truth : Volume
        ``bool``: what caused the outcome.
    region : Volume
        ``bool``: tumour and shell together.
    missing : float
        The value of voxels that the map leaves without one (sentinel or NaN).

    Returns
    -------
    float
        In [0, 1]; NaN when the truth fills the region or lies outside it.

    Raises
    ------
    ValueError
        When the three are not on one grid.
    """
    if not (heatmap.geometry.same_grid(truth.geometry) and heatmap.geometry.same_grid(region.geometry)):
        raise ValueError("The map, the truth and the region must be on one grid.")
    inside = np.asarray(region.array, dtype=bool)
    values = np.asarray(heatmap.array[inside], dtype=float)
    values = np.where(np.isfinite(values) & (values != SENTINEL), values, missing)
    return auc(np.asarray(truth.array, dtype=bool)[inside], values)
