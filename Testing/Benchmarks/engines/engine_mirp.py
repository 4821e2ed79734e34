"""MIRP, for the benchmark: morphology, statistics, histogram and texture of a prepared image."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from typing import Any

import mirp
import numpy as np

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)


def make(task: dict[str, Any], arrays: dict[str, Any]) -> Callable[[], Any]:
    """Give the work of the task ``original``."""
    image, mask = arrays["image"], arrays["mask"].astype(np.uint8)
    inside = image[arrays["mask"]]
    return lambda: mirp.extract_features(
        image=image,
        mask=mask,
        by_slice=False,
        base_feature_families=["morphological", "statistics", "intensity_histogram", "glcm", "glrlm", "glszm",
                               "ngtdm", "ngldm"],
        base_discretisation_method="fixed_bin_size",
        base_discretisation_bin_width=task["bin_width"],
        resegmentation_intensity_range=[float(inside.min()), float(inside.max())],
    )[0].shape[1]  # fmt: skip
