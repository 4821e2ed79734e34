"""What processing made of image and region: the diagnostic values of the IBSI's configurations."""

from __future__ import annotations

import numpy as np

from RadFusionLib.radiomics.ibsi.preparation import IbsiRegion
from RadFusionLib.radiomics.region import MaskArray

__all__ = ["image_diagnostics", "region_diagnostics"]


def image_diagnostics(region: IbsiRegion, stage: str) -> dict[str, float]:
    """Describe the image at a stage (``init`` or ``interp``)."""
    result: dict[str, float] = {}
    for axis, size, length in zip("xyz", region.image.shape[::-1], region.spacing, strict=True):
        result[f"img_dim_{axis}_{stage}_img"] = float(size)
        result[f"vox_dim_{axis}_{stage}_img"] = length
    return result | {
        f"mean_int_{stage}_img": float(region.image.mean()),
        f"min_int_{stage}_img": float(region.image.min()),
        f"max_int_{stage}_img": float(region.image.max()),
    }


def region_diagnostics(region: IbsiRegion, stage: str) -> dict[str, float]:
    """Describe the masks at a stage (``init``, ``interp`` or ``reseg``)."""
    result: dict[str, float] = {}
    for axis, size in zip("xyz", region.intensity.shape[::-1], strict=True):
        result[f"int_mask_dim_{axis}_{stage}_roi"] = float(size)
    for name, mask in (("int", region.intensity), ("morph", region.morphological)):
        for axis, size in zip("xyz", _extent(mask), strict=True):
            result[f"{name}_mask_bb_dim_{axis}_{stage}_roi"] = size
        result[f"{name}_mask_vox_count_{stage}_roi"] = float(mask.sum())
    values = region.values
    return result | {
        f"int_mask_mean_int_{stage}_roi": float(values.mean()),
        f"int_mask_min_int_{stage}_roi": float(values.min()),
        f"int_mask_max_int_{stage}_roi": float(values.max()),
    }


def _extent(mask: MaskArray) -> tuple[float, ...]:
    places = np.argwhere(mask)
    return tuple(float(size) for size in (np.ptp(places, axis=0) + 1)[::-1])
