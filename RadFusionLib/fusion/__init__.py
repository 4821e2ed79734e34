"""Fusion: members, their calibrated ensemble, its threshold and the interval of its risk.

Importing this package does not import scikit-learn; fitting does.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from RadFusionLib.fusion.table import FeatureTable

if TYPE_CHECKING:
    from RadFusionLib.fusion.calibration import PlattCalibration
    from RadFusionLib.fusion.ensemble import Ensemble, Risk
    from RadFusionLib.fusion.folds import assign_folds
    from RadFusionLib.fusion.interval import HalfSampleInterval
    from RadFusionLib.fusion.linear_score import LinearScore
    from RadFusionLib.fusion.member import Member, fit_member
    from RadFusionLib.fusion.threshold import youden_threshold

_LAZY = {
    "Ensemble": "ensemble",
    "HalfSampleInterval": "interval",
    "LinearScore": "linear_score",
    "Member": "member",
    "PlattCalibration": "calibration",
    "Risk": "ensemble",
    "assign_folds": "folds",
    "fit_member": "member",
    "youden_threshold": "threshold",
}

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


def __getattr__(name: str) -> Any:
    # Found on first use, so that a name of a feature can be read without scikit-learn.
    if name in _LAZY:
        return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
