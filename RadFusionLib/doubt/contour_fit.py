"""How well a contour follows the edges that an image shows."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from RadFusionLib.doubt.sight import Box

__all__ = ["contour_fit"]

RIM_MM = 3.0


def contour_fit(box: Box) -> dict[str, float]:
    """Compare the rims of 3 mm inside and outside of a contour.

    Returns
    -------
    dict of str to float
        ``contour-step``: mean inside less mean outside, in standard deviations of the image. ``contour-parting``: the
        AUC of the intensities for inside against outside, folded to [0.5, 1]; near 0.5 when the contour follows no
        edge. ``contour-lean`` and ``contour-lean-inside``: length of the mean of direction times intensity over the
        outer and the inner rim, which grows when a shifted contour has the tumour on one side of its rim only. NaN
        where a rim has no voxel.
    """
    wide = max(RIM_MM, 1.01 * min(box.spacing))
    inside = box.tumor & (box.depth <= wide)
    outside = ~box.tumor & box.free & (box.depth >= -wide)
    if not (inside.any() and outside.any()):
        return dict.fromkeys(("contour-step", "contour-parting", "contour-lean", "contour-lean-inside"), np.nan)
    within, beyond = box.values[inside], box.values[outside]
    ranks = rankdata(np.concatenate([within, beyond]))[: within.size]
    parting = (ranks.sum() - within.size * (within.size + 1) / 2) / (within.size * beyond.size)
    return {
        "contour-step": float(within.mean() - beyond.mean()),
        "contour-parting": float(max(parting, 1 - parting)),
        "contour-lean": _lean(box, outside),
        "contour-lean-inside": _lean(box, inside),
    }


def _lean(box: Box, where: np.ndarray) -> float:
    values = box.values[where]
    return float(np.linalg.norm(((values - values.mean())[:, None] * box.directions(where)).mean(axis=0)))
