"""pictologics, for the benchmark: intensity, histogram, morphology and texture of a prepared image."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from pictologics import Image, RadiomicsPipeline, warmup_jit

warnings.simplefilter("ignore")
warmup_jit()


def make(task: dict[str, Any], arrays: dict[str, Any]) -> Callable[[], Any]:
    """Give the work of the task ``original``."""
    spacing = tuple(float(s) for s in arrays["spacing"])
    image, mask = (
        Image(array=np.ascontiguousarray(a.transpose(2, 1, 0)), spacing=spacing, origin=(0.0, 0.0, 0.0))
        for a in (arrays["image"], arrays["mask"].astype(np.uint8))
    )
    lowest = float(arrays["image"][arrays["mask"]].min() // task["bin_width"] * task["bin_width"])
    pipeline = RadiomicsPipeline(load_standard=False)
    pipeline.add_config(
        "bench",
        [
            {"step": "discretise", "params": {"method": "FBS", "bin_width": task["bin_width"], "min_val": lowest}},
            {"step": "extract_features", "params": {"families": ["intensity", "histogram", "morphology", "texture"]}},
        ],
    )
    return lambda: len(pipeline.run(image, mask)["bench"])
