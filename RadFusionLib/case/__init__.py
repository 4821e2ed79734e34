"""A case: one patient's phases, masks and clinical values, with their physical geometry."""

from RadFusionLib.case.case import PHASES, REGIONS, Case, MaskKey
from RadFusionLib.case.geometry import Geometry
from RadFusionLib.case.volume import Volume

__all__ = ["PHASES", "REGIONS", "Case", "Geometry", "MaskKey", "Volume"]
