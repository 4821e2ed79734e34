"""A heatmap: a scalar volume in a phase's geometry that says what it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from RadFusionLib.case import Volume

__all__ = ["KINDS", "LEGEND", "SENTINEL", "SIGNED_KINDS", "Heatmap"]

SENTINEL = -1000.0
"""The value outside the regions: not 0, which would say that a place was looked at and found without influence."""

LEGEND = "influence on this model's output, not probability of disease here"

KINDS = {
    "contribution": "risk points that hiding a place takes from (positive) or adds to (negative) the risk",
    "patch_probability": "probability of the patches that cover a place, 0 to 1",
    "cam": "relative class activation, 0 to 1",
}
"""What the values of each kind mean."""

SIGNED_KINDS = ("contribution",)
"""Those whose values may be negative."""

UNITS = {"contribution": "risk points", "patch_probability": "probability", "cam": "relative"}
"""The unit of each kind."""


@dataclass(frozen=True)
class Heatmap:
    """A map and its meaning.

    Parameters
    ----------
    volume : Volume
        ``float32``, in the reference phase's geometry; :data:`SENTINEL` outside the regions.
    kind : str
        A key of :data:`KINDS`.
    """

    volume: Volume
    kind: str = "contribution"

    @property
    def inside(self) -> np.ndarray:
        """Where the map has a value, ``bool``, shape (K, J, I)."""
        return self.volume.array != np.float32(SENTINEL)

    @property
    def extent(self) -> float:
        """Largest absolute value, at least a tiny positive number; the legend runs from minus to plus it."""
        return max(float(np.abs(self.volume.array[self.inside]).max(initial=0.0)), 1e-6)

    @property
    def limits(self) -> tuple[float, float]:
        """The ends of the legend: minus to plus the extent of a signed map, 0 to 1 of the others."""
        return (-self.extent, self.extent) if self.kind in SIGNED_KINDS else (0.0, 1.0)

    @property
    def unit(self) -> str:
        """The unit of its values."""
        return UNITS[self.kind]

    @property
    def legend(self) -> str:
        """The sentence that goes with every display of the map."""
        return f"{LEGEND} ({KINDS[self.kind]})"
