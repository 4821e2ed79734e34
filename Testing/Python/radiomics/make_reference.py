"""Write pyradiomics-reference.json.gz: what PyRadiomics 3.0.1 gives for the phantoms and their variations.

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
from phantoms import PHANTOMS, VARIATIONS, Variation, labelled
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
    return execute(extractor, image, mask.astype("uint8"), spacing)


def execute(extractor: RadiomicsFeatureExtractor, image: Any, mask: Any, spacing: Any) -> dict[str, float]:
    """Run an extractor on arrays (K, J, I)."""
    picture, labels = sitk.GetImageFromArray(image), sitk.GetImageFromArray(mask)
    for item in (picture, labels):
        item.SetSpacing([float(s) for s in spacing])
    return {name: float(value) for name, value in extractor.execute(picture, labels).items()}


def varied(name: str, variation: Variation) -> dict[str, float]:
    """Run PyRadiomics with a variation's parameters."""
    phantom = PHANTOMS[variation.phantom]
    mask = labelled(phantom) if name == "label" else phantom.mask.astype("uint8")
    extractor = RadiomicsFeatureExtractor(variation.parameters)
    extractor.settings["additionalInfo"] = False
    return execute(extractor, phantom.image, mask, phantom.spacing)


if __name__ == "__main__":
    logging.getLogger("radiomics").setLevel(logging.ERROR)
    versions = {m.__name__: m.__version__ for m in (numpy, scipy, pywt, skimage, trimesh)}
    versions |= {"pyradiomics": radiomics.__version__, "SimpleITK": sitk.__version__}
    versions["python"] = platform.python_version()
    values = {n: reference(p.image, p.mask, p.spacing, p.settings) for n, p in PHANTOMS.items()}
    for name, by_feature in values.items():
        print(name, len(by_feature), "features")
    variations = {name: varied(name, variation) for name, variation in VARIATIONS.items()}
    print(len(variations), "variations,", sum(map(len, variations.values())), "features")
    record = {"versions": versions, "settings": SETTINGS, "values": values, "variations": variations}
    packed = gzip.compress(json.dumps(record, indent=0).encode(), mtime=0)
    Path(__file__).with_name("pyradiomics-reference.json.gz").write_bytes(packed)
