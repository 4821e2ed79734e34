"""Which widget and which parameter is which phase."""

from __future__ import annotations

__all__ = ["PHASES"]

PHASES = {
    "AP": "phaseAP",
    "PP": "phasePP",
    "HBP": "phaseHBP",
    "T1": "phaseT1",
    "T2": "phaseT2",
    "DWI": "phaseDWI",
    "ADC": "phaseADC",
    "VP": "phaseVP",
    "DP": "phaseDP",
    "CT-NP": "phaseCTNP",
    "CT-AP": "phaseCTAP",
    "CT-VP": "phaseCTVP",
}
"""Name of the selector and of the parameter by role; a recipe's phases are shown."""
