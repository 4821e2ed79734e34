"""Fusion: members, their calibrated ensemble, its threshold and the interval of its risk."""

from RadFusionLib.fusion.calibration import PlattCalibration
from RadFusionLib.fusion.ensemble import Ensemble, Risk
from RadFusionLib.fusion.folds import assign_folds
from RadFusionLib.fusion.interval import HalfSampleInterval
from RadFusionLib.fusion.member import LinearScore, Member, fit_member
from RadFusionLib.fusion.table import FeatureTable
from RadFusionLib.fusion.threshold import youden_threshold

__all__ = [
    "Ensemble",
    "FeatureTable",
    "HalfSampleInterval",
    "LinearScore",
    "Member",
    "PlattCalibration",
    "Risk",
    "assign_folds",
    "fit_member",
    "youden_threshold",
]
