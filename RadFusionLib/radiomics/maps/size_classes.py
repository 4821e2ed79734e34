"""The feature classes that share the statistics of `size_matrix`, by the names of their features."""

from __future__ import annotations

from typing import Final

from RadFusionLib.radiomics.gldm import DEPENDENCE_NAMES
from RadFusionLib.radiomics.glrlm import RUN_LENGTH_NAMES
from RadFusionLib.radiomics.glszm import SIZE_ZONE_NAMES

__all__ = ["SIZE_CLASSES"]

SIZE_CLASSES: Final = {"glrlm": RUN_LENGTH_NAMES, "glszm": SIZE_ZONE_NAMES, "gldm": DEPENDENCE_NAMES}
