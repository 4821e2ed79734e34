"""nyxus, for the benchmark: its 3D features of a prepared image, which it wants as files."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import nyxus
import SimpleITK as sitk

_FOLDER = Path(tempfile.mkdtemp())


def make(task: dict[str, Any], arrays: dict[str, Any]) -> Callable[[], Any]:
    """Give the work of the task ``original``: as many grey levels as the others have bins."""
    inside = arrays["image"][arrays["mask"]]
    files = [str(_FOLDER / "image.nii"), str(_FOLDER / "mask.nii")]
    shifted = np.clip(arrays["image"] - inside.min(), 0, None).astype(np.float32)
    for file, array in zip(files, (shifted, arrays["mask"].astype(np.uint8)), strict=True):
        sitk.WriteImage(sitk.GetImageFromArray(array), file)
    bins = int(np.ptp(inside) // task["bin_width"]) + 1
    engine = nyxus.Nyxus3D(["*3D_ALL*"], n_feature_calc_threads=1, coarse_gray_depth=bins)
    return lambda: engine.featurize_files([files[0]], [files[1]], False).shape[1]
