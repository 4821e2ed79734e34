"""How a risk moves when the contour does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["ContourSpread"]

LEVELS = (0.05, 0.25, 0.50, 0.75, 0.95)


@dataclass(frozen=True)
class ContourSpread:
    """The risk over plausible contours.

    Parameters
    ----------
    tolerance_mm : float
        The farthest that a contour lies from the drawn one.
    kinds : tuple of str
        Of each contour: ``grown``, ``shrunk``, ``shifted`` or ``redrawn``.
    risks : tuple of float or None
        Of each contour, in [0, 1]; None where a feature could not be computed on it.
    risk, threshold : float
        Of the drawn contour, and where the groups part.
    """

    tolerance_mm: float
    kinds: tuple[str, ...]
    risks: tuple[float | None, ...]
    risk: float
    threshold: float

    @property
    def usable(self) -> np.ndarray:
        """The risks that could be computed, shape (m,)."""
        return np.array([risk for risk in self.risks if risk is not None])

    @property
    def quantiles(self) -> Mapping[str, float]:
        """By level, of the usable risks; empty without any."""
        known = self.usable
        return {f"{level:.2f}": float(np.quantile(known, level)) for level in LEVELS} if known.size else {}

    @property
    def other_group(self) -> int:
        """How many contours put the case into the other group."""
        return int(((self.usable >= self.threshold) != (self.risk >= self.threshold)).sum())

    @property
    def sentence(self) -> str:
        """For the reader."""
        known, count = self.usable, len(self.risks)
        if not known.size:
            return "No plausible contour gave features: the tumour is too small for the tolerance."
        middle = self.quantiles
        lost = f" {count - known.size} contours left too little to compute." if known.size < count else ""
        return (
            f"Over {known.size} plausible contours (grown, shrunk, shifted or redrawn within {self.tolerance_mm:g} mm) "
            f"the risk runs from {100 * known.min():.1f} to {100 * known.max():.1f} %, the middle half from "
            f"{100 * middle['0.25']:.1f} to {100 * middle['0.75']:.1f} %; {self.other_group} of them change the group."
            f"{lost}"
        )

    def to_json(self) -> dict[str, Any]:
        """For ``explanation.json``."""
        known = self.usable
        return {
            "count": len(self.risks),
            "usable": int(known.size),
            "tolerance_mm": self.tolerance_mm,
            "least": float(known.min()) if known.size else None,
            "most": float(known.max()) if known.size else None,
            "quantiles": dict(self.quantiles),
            "other_group": self.other_group,
            "risks": [{"kind": kind, "risk": risk} for kind, risk in zip(self.kinds, self.risks, strict=True)],
            "sentence": self.sentence,
        }
