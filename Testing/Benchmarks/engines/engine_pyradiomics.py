"""PyRadiomics 3.0.1, for the benchmark."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import SimpleITK as sitk
from radiomics import glcm
from radiomics.featureextractor import RadiomicsFeatureExtractor

logging.getLogger("radiomics").setLevel(logging.CRITICAL)
warnings.simplefilter("ignore")
sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)


def make(task: dict[str, Any], arrays: dict[str, Any]) -> Callable[[], Any]:
    """Give the work of a task: ``whole``, ``original`` or ``map`` (of the first voxels only, it is too slow)."""
    image = sitk.GetImageFromArray(arrays["image"])
    mask = sitk.GetImageFromArray(arrays["mask"].astype(np.uint8))
    for item in (image, mask):
        item.SetSpacing([float(s) for s in arrays["spacing"]])
    settings: dict[str, Any] = {"binWidth": task["bin_width"], "additionalInfo": False}
    if task["kind"] == "map":
        # MCC fails for all of a batch when it fails for one voxel, so each voxel is a batch.
        return lambda: _first_voxels(image, mask, task)
    if task["kind"] == "whole":
        settings |= {"resampledPixelSpacing": [task["length"]] * 3, "interpolator": "sitkBSpline"}
    extractor = RadiomicsFeatureExtractor(**settings)
    if task["kind"] == "whole":
        extractor.enableAllImageTypes()
        extractor.enabledImagetypes["LoG"] = {"sigma": [1.0]}
    extractor.enableAllFeatures()
    extractor.enableFeatureClassByName("shape2D", False)
    return lambda: {name: float(value) for name, value in extractor.execute(image, mask).items()}


def _first_voxels(image: Any, mask: Any, task: dict[str, Any]) -> dict[str, list[float]]:
    features = glcm.RadiomicsGLCM(
        image, mask, voxelBased=True, kernelRadius=1, maskedKernel=True, initValue=np.nan,
        voxelBatch=task["batch"], binWidth=task["bin_width"],
    )  # fmt: skip
    first = features.labelledVoxelCoordinates[:, : task["voxels"]]
    features.labelledVoxelCoordinates = first
    features.enableAllFeatures()
    maps = features.execute()
    return {f"original_glcm_{name}": sitk.GetArrayFromImage(values)[tuple(first)].tolist()
            for name, values in maps.items()}  # fmt: skip
