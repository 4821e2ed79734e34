"""One patient: phases, masks and clinical values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from RadFusionLib.case.volume import Volume
from RadFusionLib.errors import InputError

__all__ = ["PHASES", "REGIONS", "Case", "MaskKey"]

PHASES = ("AP", "PP", "HBP", "T1", "T2", "DWI", "ADC", "VP", "DP", "CT-NP", "CT-AP", "CT-VP")
"""The roles an image can have."""
REGIONS = ("tumor", "shell", "liver")
"""The volumes of interest."""


@dataclass(frozen=True, order=True)
class MaskKey:
    """Which mask: its region, the phase it was drawn on, the reader and the reading.

    ``phase``, ``reader`` and ``reading`` are empty for a mask drawn once, by the first reader.
    """

    region: str
    phase: str = ""
    reader: str = ""
    reading: str = ""

    @property
    def reading_name(self) -> str:
        """``2`` for a second reader, ``1.2`` for the first reader's second reading, empty for the first."""
        return f"{self.reader}.{self.reading}" if self.reading else self.reader


@dataclass(frozen=True)
class Case:
    """One patient.

    Parameters
    ----------
    id : str
        Unique in a cohort; the only thing about the patient that reaches logs and reports.
    phases : mapping of str to Volume
        Image by role.
    masks : mapping of MaskKey to Volume
        ``bool`` volumes. A segmentation with several lesions may give them as ``tumor`` components.
    segments : mapping of str to mapping of str to Volume
        By the phase on which the tumour was drawn (empty: for the case), the named segments of its segmentation,
        the tumour's own among them, as far as they reach: a lesion can be named, and the others known.
    clinical : mapping of str to float
        Clinical values by name, in the unit the recipe states.
    scanner, center : str
        As the manifest says; empty when unknown.
    simulated : bool
        Whether the case came out of the simulator.
    """

    id: str
    phases: Mapping[str, Volume]
    masks: Mapping[MaskKey, Volume]
    clinical: Mapping[str, float] = field(default_factory=dict)
    scanner: str = ""
    center: str = ""
    simulated: bool = False
    segments: Mapping[str, Mapping[str, Volume]] = field(default_factory=dict)

    def phase(self, role: str) -> Volume:
        """Return the image of ``role``.

        Raises
        ------
        InputError
            When the case has none.
        """
        if role not in self.phases:
            have = ", ".join(self.phases) or "none"
            raise InputError(f"Case {self.id} has no {role} phase (it has {have}); add an image:{role} to it.")
        return self.phases[role]

    def mask(self, region: str, phase: str = "", reader: str = "", reading: str = "") -> Volume | None:
        """Return the mask of a region for a phase: the one drawn on it, else the one drawn for the case."""
        for key in (MaskKey(region, phase, reader, reading), MaskKey(region, "", reader, reading)):
            if key in self.masks:
                return self.masks[key]
        return None

    def segments_of(self, phase: str) -> Mapping[str, Volume]:
        """The named segments beside the tumour mask that :meth:`mask` gives for a phase."""
        return self.segments.get(phase if MaskKey("tumor", phase) in self.masks else "", {})
