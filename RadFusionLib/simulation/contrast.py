"""How bright each tissue is in each phase: a table, in the phase's own unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["PHASE_CONTRASTS", "PhaseContrast"]


@dataclass(frozen=True)
class PhaseContrast:
    """The look of one phase.

    Parameters
    ----------
    group : str
        Phases of one group are acquired on one grid: ``dynamic``, ``t2``, ``diffusion`` or ``ct``.
    tissues : mapping of str to float
        Mean of each tissue: arbitrary units for MR, 1e-6 mm^2/s for ADC, HU for CT.
    unit : float
        What one step of texture is worth in this phase (1 where the liver is about 250).
    patch : float
        Visibility of the two patches, the same for both; negative where bright foci appear dark.
    noise : float
        Standard deviation of the noise in an average scanner, in the phase's unit.
    """

    group: str
    tissues: Mapping[str, float]
    unit: float
    patch: float
    noise: float


TISSUES = ("air", "fat", "soft", "liver", "portal", "hepatic", "aorta", "lesion", "rim", "core")


def _phase(group: str, means: tuple[float, ...], unit: float, patch: float, noise: float) -> PhaseContrast:
    return PhaseContrast(group, dict(zip(TISSUES, means, strict=True)), unit, patch, noise)


PHASE_CONTRASTS: Mapping[str, PhaseContrast] = {
    # Arterial: the lesion is hyper-enhancing. Portal: it washes out and shows a capsule. Hepatobiliary: it is
    # dark beside a bright liver. Fat is partly suppressed in the MR phases.
    #                          air    fat   soft  liver portal hepat. aorta lesion  rim   core
    "AP": _phase("dynamic", (0.0, 120.0, 130.0, 195.0, 225.0, 185.0, 390.0, 250.0, 262.0, 205.0), 1.0, 1.0, 3.0),
    "PP": _phase("dynamic", (0.0, 130.0, 145.0, 245.0, 320.0, 310.0, 310.0, 212.0, 250.0, 190.0), 1.0, 0.9, 3.0),
    "HBP": _phase("dynamic", (0.0, 130.0, 145.0, 275.0, 195.0, 190.0, 175.0, 205.0, 200.0, 180.0), 1.0, 0.9, 3.0),
    "T1": _phase("dynamic", (0.0, 120.0, 130.0, 190.0, 135.0, 135.0, 125.0, 155.0, 160.0, 135.0), 0.9, 0.9, 3.0),
    "VP": _phase("dynamic", (0.0, 130.0, 145.0, 240.0, 315.0, 315.0, 300.0, 208.0, 245.0, 188.0), 1.0, 0.9, 3.0),
    "DP": _phase("dynamic", (0.0, 130.0, 150.0, 228.0, 265.0, 265.0, 260.0, 198.0, 250.0, 190.0), 1.0, 0.9, 3.0),
    "T2": _phase("t2", (0.0, 75.0, 105.0, 130.0, 70.0, 70.0, 40.0, 185.0, 175.0, 250.0), 0.9, 0.9, 3.0),
    "DWI": _phase("diffusion", (0.0, 25.0, 55.0, 85.0, 45.0, 45.0, 30.0, 160.0, 150.0, 110.0), 0.8, 0.9, 3.0),
    "ADC": _phase(
        "diffusion", (0.0, 300.0, 1450.0, 1150.0, 1600.0, 1600.0, 1800.0, 1000.0, 1050.0, 1500.0), 4.0, -0.9, 16.0
    ),
    "CT-NP": _phase("ct", (-1000.0, -100.0, 48.0, 58.0, 42.0, 42.0, 42.0, 42.0, 44.0, 30.0), 0.6, 0.8, 4.0),
    "CT-AP": _phase("ct", (-1000.0, -100.0, 60.0, 72.0, 95.0, 72.0, 290.0, 105.0, 112.0, 60.0), 0.6, 1.0, 4.0),
    "CT-VP": _phase("ct", (-1000.0, -100.0, 66.0, 112.0, 165.0, 160.0, 150.0, 92.0, 108.0, 62.0), 0.6, 1.0, 4.0),
}
"""The look of every phase the software knows."""
