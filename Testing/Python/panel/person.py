"""What a person does in the panel, in more than one test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["paint", "predict", "put"]


def put(window: Any, case: Any, bundle: Path) -> None:
    """Put a case into the scene and read a bundle."""
    from RadFusionLib.scene import case_to_scene

    case_to_scene(case, window.scene)
    window.ui.bundlePath.currentPath = str(bundle)
    window.chosen.segmentation = window.scene.GetFirstNodeByName(f"{case.id} segmentation")
    window.press("readBundleButton")
    window.wait_for_work()
    window.rest()
    assert window.errors == []


def predict(window: Any) -> Any:
    """Predict, and return what is shown."""
    window.press("predictButton")
    window.wait_for_work()
    assert window.errors == []
    return window.panel.result.shown


def paint(window: Any, grow: int = 1) -> None:
    """Grow the tumour by some voxels, as a brush would: its voxels change, and nobody is told but through the node."""
    from scipy.ndimage import binary_dilation

    from RadFusionLib.scene import mask_from_segment, mask_to_segment
    from RadFusionLib.scene.segmentations import reference_geometry

    node = window.chosen.segmentation
    mask = mask_from_segment(node, "tumor", reference_geometry(node))
    mask_to_segment(mask.with_array(binary_dilation(mask.array, iterations=grow)), node, "tumor")
