"""Conventional radiomics: PyRadiomics 3.0.1's feature names and values, in NumPy and Numba.

The package stands alone: arrays, spacing and settings in; names and values out. Arrays are ordered
``(K, J, I)`` (slice, row, column), spacings ``(x, y, z)`` in millimetres.

>>> from RadFusionLib.radiomics import RadiomicsSettings, extract
>>> values = extract(image, mask, (0.8, 0.8, 3.0), RadiomicsSettings())   # doctest: +SKIP
>>> values["original_glcm_Contrast"], values.reasons.get("log-sigma-1-0-mm-3D_glcm_MCC")   # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from RadFusionLib.radiomics.names import feature_names
from RadFusionLib.radiomics.parameter_file import ParameterFile, read_parameter_file
from RadFusionLib.radiomics.region import PreparedRegion
from RadFusionLib.radiomics.settings import IMAGE_TYPES, RadiomicsSettings

if TYPE_CHECKING:
    from RadFusionLib.radiomics.engine import FeatureValues, calculate, extract
    from RadFusionLib.radiomics.image_pair import extract_images
    from RadFusionLib.radiomics.maps import feature_maps
    from RadFusionLib.radiomics.pyradiomics_engine import extract_pyradiomics
    from RadFusionLib.radiomics.resampling import prepare
    from RadFusionLib.radiomics.subregion import Subregions

__all__ = [
    "IMAGE_TYPES",
    "FeatureValues",
    "ParameterFile",
    "PreparedRegion",
    "RadiomicsSettings",
    "Subregions",
    "calculate",
    "extract",
    "extract_images",
    "extract_pyradiomics",
    "feature_maps",
    "feature_names",
    "prepare",
    "read_parameter_file",
]

_LAZY = {
    "FeatureValues": "engine",
    "Subregions": "subregion",
    "calculate": "engine",
    "extract": "engine",
    "extract_images": "image_pair",
    "extract_pyradiomics": "pyradiomics_engine",
    "feature_maps": "maps",
    "prepare": "resampling",
}


def __getattr__(name: str) -> Any:
    # Numba and SimpleITK take a while to import: only when something is computed.
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
