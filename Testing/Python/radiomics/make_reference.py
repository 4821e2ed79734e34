"""Write pyradiomics-reference.json.gz: what PyRadiomics 3.0.1 gives for the phantoms.

Run in the reference environment (see pyradiomics-reference.txt), from this folder:

    python make_reference.py
"""

from __future__ import annotations

import gzip
import json
import logging
import platform
from pathlib import Path
from typing import Any

import numpy
import pywt
import radiomics
import scipy
import SimpleITK as sitk
import skimage
import trimesh
from phantoms import PHANTOMS
from radiomics.featureextractor import RadiomicsFeatureExtractor

SETTINGS: dict[str, Any] = {"binWidth": 5, "resampledPixelSpacing": [1, 1, 1], "interpolator": "sitkBSpline"}


def reference(image: Any, mask: Any, spacing: Any, settings: dict[str, Any]) -> dict[str, float]:
    """Run PyRadiomics with every image type and class on arrays (K, J, I)."""
    merged = {k: v for k, v in {**SETTINGS, **settings}.items() if v is not None}
    extractor = RadiomicsFeatureExtractor(additionalInfo=False, **merged)
    extractor.enableAllImageTypes()
    extractor.enabledImagetypes["LoG"] = {"sigma": [1.0]}
    extractor.enableAllFeatures()
    extractor.enableFeatureClassByName("shape2D", False)
    picture, labels = sitk.GetImageFromArray(image), sitk.GetImageFromArray(mask.astype("uint8"))
    for item in (picture, labels):
        item.SetSpacing([float(s) for s in spacing])
    return {name: float(value) for name, value in extractor.execute(picture, labels).items()}


if __name__ == "__main__":
    logging.getLogger("radiomics").setLevel(logging.ERROR)
    versions = {m.__name__: m.__version__ for m in (numpy, scipy, pywt, skimage, trimesh)}
    versions |= {"pyradiomics": radiomics.__version__, "SimpleITK": sitk.__version__}
    versions["python"] = platform.python_version()
    values = {n: reference(p.image, p.mask, p.spacing, p.settings) for n, p in PHANTOMS.items()}
    for name, by_feature in values.items():
        print(name, len(by_feature), "features")
    record = {"versions": versions, "settings": SETTINGS, "values": values}
    packed = gzip.compress(json.dumps(record, indent=0).encode(), mtime=0)
    Path(__file__).with_name("pyradiomics-reference.json.gz").write_bytes(packed)
