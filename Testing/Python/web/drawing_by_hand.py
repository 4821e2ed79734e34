"""A hand in the reader without a page: strokes, the rest after them, and what is drawn."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np

from RadFusionLib.scene import mask_from_segment, mask_to_segment
from RadFusionLib.scene.segmentations import reference_geometry

__all__ = ["grow", "segment_mask", "settle"]


def settle(seconds: float = 0.7) -> Any:
    """Longer than the rest after which the reader follows the hand."""
    return asyncio.sleep(seconds)


def grow(logic: Any) -> None:
    """Enlarge the tumour by a voxel along I, as a stroke would."""
    tumor = logic.reading.tumor()
    grown = tumor.with_array(tumor.array | np.roll(tumor.array, 1, axis=2))
    mask_to_segment(grown, logic.reading.segmentation, "tumor")
    logic.app.segmentation_editor.segmentation_modified()


def segment_mask(reading: Any, name: str) -> np.ndarray:
    """Return a segment of the open case, shape (K, J, I)."""
    return mask_from_segment(reading.segmentation, name, reference_geometry(reading.segmentation)).array
