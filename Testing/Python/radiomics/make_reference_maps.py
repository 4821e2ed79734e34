"""Write pyradiomics-maps.npz: PyRadiomics 3.0.1's voxel-based features of a small phantom.

Run in the reference environment (see pyradiomics-reference.txt), from this folder:

    python make_reference_maps.py
"""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from phantoms import MAP_VARIANTS, map_phantom
from radiomics.featureextractor import RadiomicsFeatureExtractor


def reference_maps(image: Any, mask: Any, spacing: Any, settings: dict[str, Any]) -> dict[str, Any]:
    """Run PyRadiomics voxel by voxel: its MCC fails for all of a batch when it fails for one."""
    extractor = RadiomicsFeatureExtractor(additionalInfo=False, binWidth=5, voxelBatch=1, initValue=np.nan, **settings)
    extractor.disableAllFeatures()
    for feature_class in ("firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm"):
        extractor.enableFeatureClassByName(feature_class)
    picture, labels = sitk.GetImageFromArray(image), sitk.GetImageFromArray(mask.astype("uint8"))
    for item in (picture, labels):
        item.SetSpacing([float(s) for s in spacing])
    maps = extractor.execute(picture, labels, voxelBased=True)
    where = {name: sitk.Resample(value, labels, sitk.Transform(), sitk.sitkNearestNeighbor, np.nan)
             for name, value in maps.items()}  # fmt: skip
    return {name: sitk.GetArrayFromImage(value)[mask] for name, value in where.items()}


if __name__ == "__main__":
    logging.getLogger("radiomics").setLevel(logging.CRITICAL)
    warnings.simplefilter("ignore")
    image, mask, spacing = map_phantom()
    stored = {}
    for variant, settings in MAP_VARIANTS.items():
        for name, values in reference_maps(image, mask, spacing, settings).items():
            stored[f"{variant} {name}"] = values
        print(variant, len(stored), int(mask.sum()))
    np.savez_compressed(Path(__file__).with_name("pyradiomics-maps.npz"), **stored)
