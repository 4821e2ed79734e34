"""How far a risk can be doubted: where a case leaves the training cases' domain, and what another contour would say."""

from RadFusionLib.doubt.appearance import appearance
from RadFusionLib.doubt.domain import TrainingDomain
from RadFusionLib.doubt.flag import NOT_SAFE, DomainReport, Flag
from RadFusionLib.doubt.sight import Sight

__all__ = ["NOT_SAFE", "DomainReport", "Flag", "Sight", "TrainingDomain", "appearance"]
