"""RadFusion's engine, for the benchmark."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from RadFusionLib.radiomics import RadiomicsSettings, extract, feature_maps, feature_names, prepare


def make(task: dict[str, Any], arrays: dict[str, Any]) -> Callable[[], Any]:
    """Give the work of a task: ``whole``, ``original`` or ``map``."""
    image, mask = arrays["image"], arrays["mask"]
    spacing = tuple(float(s) for s in arrays["spacing"])
    width, threads = task["bin_width"], task.get("threads", 1)
    if task["kind"] == "whole":
        settings = RadiomicsSettings(bin_width=width, spacing=(task["length"],) * 3)
        return lambda: dict(extract(image, mask, spacing, settings, threads=threads))
    settings = RadiomicsSettings(bin_width=width, spacing=None, image_types=("original",))
    if task["kind"] == "original":
        return lambda: dict(extract(image, mask, spacing, settings, threads=threads))
    names = [name for name in feature_names(settings) if "_glcm_" in name]

    def maps() -> dict[str, list[float]]:
        found = feature_maps(prepare(image, mask, spacing, settings), settings, names, threads=threads)
        first = tuple(index[: task["voxels"]] for index in np.nonzero(mask))
        return {name: values[first].tolist() for name, values in found.items()}

    return maps
