"""What a case's images look like, in numbers that are compared with the training cases'."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from RadFusionLib.doubt.contour_fit import contour_fit
from RadFusionLib.doubt.sight import Sight
from RadFusionLib.fusion.table import APPEARANCE

__all__ = ["LOOKS", "REDRAWN", "STATISTICS", "Statistic", "appearance", "appearance_name", "split_appearance"]

REDRAWN = "-redrawn"
"""Ends the name of a number of the contour when it was taken again on a plausibly redrawn one: how exact the training
cases' readers drew must not be held against another reader."""
FAR_MM = 20.0
"""A tumour farther from the image's edge than this is far."""


@dataclass(frozen=True)
class Statistic:
    """One number about a phase.

    Parameters
    ----------
    kind : str
        What a deviation of it says: ``spacing``, ``size``, ``edge``, ``scale``, ``look``, ``noise``, ``contour`` or
        ``phases``.
    words : str
        What it is.
    least : float
        The smallest difference that counts, in its own unit: training cases that agree to the last digit do not
        make every other case strange.
    shown : callable
        From the number to what a reader is shown.
    """

    kind: str
    words: str
    least: float
    shown: Callable[[float], float] = float


STATISTICS: Mapping[str, Statistic] = {
    "spacing-fine": Statistic("spacing", "smallest voxel edge, mm", 0.05, np.exp),
    "spacing-middle": Statistic("spacing", "middle voxel edge, mm", 0.05, np.exp),
    "spacing-coarse": Statistic("spacing", "largest voxel edge, mm", 0.05, np.exp),
    "extent": Statistic("spacing", "volume of the image, litres", 0.2, np.exp),
    "volume": Statistic("size", "tumour volume, ml", 0.2, np.exp),
    "thickness": Statistic("size", "thinnest extent of the tumour, voxels", 0.2, np.exp),
    "edge": Statistic("edge", "distance of the tumour from the edge of the image, mm", 2.0),
    "free": Statistic("edge", "share of the surroundings in the liver and in the image", 0.05),
    "level": Statistic("scale", "level of the intensities as acquired (hyperbolic arcsine)", 0.1),
    "range": Statistic("scale", "spread of the intensities as acquired", 0.1, np.exp),
    "quantile-05": Statistic("look", "5 % quantile of the image", 0.05),
    "quantile-25": Statistic("look", "25 % quantile of the image", 0.05),
    "quantile-50": Statistic("look", "median of the image", 0.05),
    "quantile-75": Statistic("look", "75 % quantile of the image", 0.05),
    "quantile-95": Statistic("look", "95 % quantile of the image", 0.05),
    "tumor": Statistic("look", "mean of the tumour", 0.05),
    "around": Statistic("look", "mean of the surroundings", 0.05),
    "contrast": Statistic("look", "tumour less surroundings", 0.05),
    "tumor-spread": Statistic("look", "spread within the tumour (logarithm)", 0.05),
    "around-spread": Statistic("look", "spread within the surroundings (logarithm)", 0.05),
    "noise-plane": Statistic("noise", "change from voxel to voxel in the plane (logarithm)", 0.05),
    "noise-across": Statistic("noise", "change from voxel to voxel across the planes (logarithm)", 0.05),
    "contour-step": Statistic("contour", "step of the intensities at the contour", 0.05),
    "contour-parting": Statistic("contour", "how well the contour parts the intensities (AUC)", 0.02),
    "contour-lean": Statistic("contour", "how far the rim outside leans to one side", 0.02),
    "contour-lean-inside": Statistic("contour", "how far the rim inside leans to one side", 0.02),
    "agreement": Statistic("phases", "correlation with the reference phase around the tumour", 0.05),
}
"""By name; intensities are in standard deviations of the image, less its mean."""
LOOKS = (*(name for name, s in STATISTICS.items() if s.kind == "look"), "contour-step")
"""What one phase is told from another by."""


def appearance_name(phase: str, statistic: str) -> str:
    """The name of a statistic of a phase in a table."""
    return f"{APPEARANCE}{phase}_{statistic}"


def split_appearance(name: str) -> tuple[str, str]:
    """Phase and statistic of such a name."""
    phase, _, statistic = name.removeprefix(APPEARANCE).partition("_")
    return phase, statistic


def appearance(phases: Mapping[str, Sight], reference: str, *, redrawn: bool = True) -> dict[str, float]:
    """Describe the images of a case.

    Parameters
    ----------
    phases : mapping of str to Sight
        By role.
    reference : str
        The phase that the others are compared with, where they share its grid.
    redrawn : bool
        Whether to take the numbers of the contour again on a redrawn one, which training needs.

    Returns
    -------
    dict of str to float
        By name; NaN where a number could not be had, as with no surroundings left.
    """
    found: dict[str, float] = {}
    for role, sight in phases.items():
        numbers = {**_acquisition(sight), **_place(sight), **_look(sight), **contour_fit(sight.box)}
        if redrawn:
            numbers |= {name + REDRAWN: value for name, value in contour_fit(sight.redrawn().box).items()}
        other = phases[reference]
        if role != reference:
            numbers["agreement"] = _agreement(sight, other)
        found |= {appearance_name(role, name): float(value) for name, value in numbers.items()}
    return found


def _acquisition(sight: Sight) -> dict[str, float]:
    geometry, values = sight.acquired.geometry, np.asarray(sight.acquired.array, dtype=np.float64)
    fine, middle, coarse = np.log(np.sort(geometry.spacing))
    return {
        "spacing-fine": fine,
        "spacing-middle": middle,
        "spacing-coarse": coarse,
        "extent": float(np.log(geometry.voxel_volume * values.size / 1e6)),
        # Like a logarithm far from 0, and defined for the negative numbers of CT.
        "level": float(np.arcsinh(np.median(values[values > values.min()])) if np.ptp(values) else 0.0),
        "range": float(np.log(max(values.std(), 1e-12))),
    }


def _place(sight: Sight) -> dict[str, float]:
    spacing, tumor = sight.image.geometry.spacing[::-1], sight.tumor
    occupied = [np.flatnonzero(tumor.any(axis=axes)) for axes in ((1, 2), (0, 2), (0, 1))]
    margins = [min(int(o[0]), n - 1 - int(o[-1])) * s for o, n, s in zip(occupied, tumor.shape, spacing, strict=True)]
    box = sight.box
    near = ~box.tumor & (box.depth >= -10.0)
    return {
        "volume": float(np.log(tumor.sum() * np.prod(spacing) / 1000.0)),
        "thickness": float(np.log(min(len(o) for o in occupied))),
        "edge": min(min(margins), FAR_MM),
        "free": float((near & box.free).sum() / near.sum()) if near.any() else np.nan,
    }


def _look(sight: Sight) -> dict[str, float]:
    box = sight.box
    levels = (5, 25, 50, 75, 95)
    image = np.percentile(sight.standardised, levels)
    numbers = {f"quantile-{level:02d}": value for level, value in zip(levels, image, strict=True)}
    tumor = box.values[box.tumor]
    numbers |= {"tumor": tumor.mean(), "tumor-spread": np.log(max(tumor.std(), 1e-6))}
    around = box.values[box.around]
    known = around.size > 1
    numbers |= {
        "around": around.mean() if known else np.nan,
        "around-spread": np.log(max(around.std(), 1e-6)) if known else np.nan,
        "contrast": tumor.mean() - around.mean() if known else np.nan,
    }
    whole = box.tumor | box.around
    bends = [_bend(box.values, whole, axis) for axis in range(3)]
    numbers |= {"noise-plane": 0.5 * (bends[1] + bends[2]), "noise-across": bends[0]}
    return numbers


def _bend(values: np.ndarray, where: np.ndarray, axis: int) -> float:
    """Logarithm of the usual size of the second difference along an axis: noise and resolution."""
    ahead, here, behind = (
        np.moveaxis(values, axis, 0)[2:],
        np.moveaxis(values, axis, 0)[1:-1],
        np.moveaxis(values, axis, 0)[:-2],
    )
    inside = np.moveaxis(where, axis, 0)[1:-1]
    if not inside.any():
        return float("nan")
    return float(np.log(max(np.median(np.abs(ahead - 2 * here + behind)[inside]), 1e-6)))


def _agreement(sight: Sight, other: Sight) -> float:
    if not sight.image.geometry.same_grid(other.image.geometry):
        return float("nan")
    box = sight.box
    where = box.tumor | box.around
    one, two = box.values[where], other.standardised[box.part][where]
    if one.size < 3 or not (one.std() > 0 and two.std() > 0):
        return float("nan")
    return float(np.corrcoef(one, two)[0, 1])
