"""The IBSI mode: features and filters by the reference manuals of the Image Biomarker Standardisation Initiative.

It stands beside the engine that follows PyRadiomics and shares its kernels; what differs is how a region is
prepared, how grey levels are assigned and how textures are aggregated. Arrays are ordered ``(K, J, I)``, spacings
``(x, y, z)`` in millimetres.

>>> from RadFusionLib.radiomics.ibsi import Discretisation, IbsiSettings, extract_ibsi
>>> settings = IbsiSettings(spacing=(2, 2, 2), resegment_range=(-1000, 400), discretisation=Discretisation(width=25))
>>> extract_ibsi(image, mask, (0.977, 0.977, 3.0), settings)["cm_contrast_3D_comb"]   # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from RadFusionLib.radiomics.ibsi.feature_codes import feature_code
from RadFusionLib.radiomics.ibsi.settings import Discretisation, IbsiSettings

if TYPE_CHECKING:
    from RadFusionLib.radiomics.ibsi.extraction import diagnose_ibsi, extract_ibsi

__all__ = ["Discretisation", "IbsiSettings", "diagnose_ibsi", "extract_ibsi", "feature_code"]

_LAZY = {"diagnose_ibsi": "extraction", "extract_ibsi": "extraction"}


def __getattr__(name: str) -> Any:
    # As in the package above: what compiles kernels is imported when something is computed.
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
