"""Compile every kernel once, so that the first patient does not wait for it.

``python -m RadFusionLib.radiomics.compilation`` is a part of the set-up; Numba keeps the result beside the sources.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from RadFusionLib.progress import ProgressCallback, Stage
from RadFusionLib.radiomics.engine import extract
from RadFusionLib.radiomics.maps import feature_maps
from RadFusionLib.radiomics.names import SHAPE_CLASSES, feature_names, split_name
from RadFusionLib.radiomics.resampling import prepare
from RadFusionLib.radiomics.settings import RadiomicsSettings

__all__ = ["compile_kernels", "small_ball"]

_NUMBER_TYPES = ("float64", "float32")  # what kernels are compiled for: whole numbers are computed as float64


def compile_kernels(progress: ProgressCallback | None = None) -> int:
    """Extract all features of a small ball, and its feature maps; return how many values there were.

    Parameters
    ----------
    progress : ProgressCallback, optional
        Told how far the work is; returning False cancels it, and what is compiled is kept.

    Raises
    ------
    Cancelled
        If `progress` returns False.
    """
    stage = Stage(progress)
    image, mask = small_ball()
    settings = RadiomicsSettings()
    original = RadiomicsSettings(image_types=("original",))
    # With so narrow bins nearly every voxel has its own level: the kernels for many levels.
    narrow = RadiomicsSettings(image_types=("original",), bin_width=1e-4)
    spacing = (1.0, 1.0, 1.0)
    count = 0
    for number, name in enumerate(_NUMBER_TYPES):
        stage(number / 4, f"Compiling the kernels for {name} images")
        count += len(extract(image.astype(name), mask, spacing, settings))
    stage(0.5, "Compiling the kernels for many grey levels")
    count += len(extract(image, mask, spacing, narrow))
    stage(0.6, "Compiling the kernels of feature maps")
    names = [name for name in feature_names(original) if split_name(name)[1] not in SHAPE_CLASSES]
    count += len(feature_maps(prepare(image, mask, spacing, original), original, names))
    stage(1.0, "Kernels are compiled")
    return count


def small_ball() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Give an image, axes KJI, and a mask in it, for which every kernel is needed."""
    k, j, i = np.indices((12, 12, 12))
    mask = (k - 6) ** 2 + (j - 6) ** 2 + (i - 6) ** 2 <= 16
    return np.random.default_rng(0).normal(100.0, 20.0, mask.shape), mask


if __name__ == "__main__":
    compile_kernels()
