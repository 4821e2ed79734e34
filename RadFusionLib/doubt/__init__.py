"""How far a risk can be doubted: where a case leaves the training cases' domain, and what another contour would say."""

from RadFusionLib.doubt.appearance import REDRAWN, appearance
from RadFusionLib.doubt.contour_spread import ContourSpread
from RadFusionLib.doubt.contours import CONTOURS, TOLERANCE_MM, Contour, plausible_contours
from RadFusionLib.doubt.domain import TrainingDomain
from RadFusionLib.doubt.flag import NOT_SAFE, DomainReport, Flag
from RadFusionLib.doubt.sight import Sight

__all__ = [
    "CONTOURS",
    "NOT_SAFE",
    "REDRAWN",
    "TOLERANCE_MM",
    "Contour",
    "ContourSpread",
    "DomainReport",
    "Flag",
    "Sight",
    "TrainingDomain",
    "appearance",
    "plausible_contours",
]
