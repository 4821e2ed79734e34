"""A heatmap: a scalar volume in a phase's geometry that says what it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from RadFusionLib.case import Volume
from RadFusionLib.explain.known_truth import truth_sentence
from RadFusionLib.explain.labels import readable, shown

__all__ = ["KINDS", "LEGEND", "MEASURED", "SENTINEL", "Heatmap", "HeatmapKind", "HeatmapLook"]

SENTINEL = -1000.0
"""The value outside the regions: not 0, which would say that a place was looked at and found without influence."""

LEGEND = "influence on this model's output, not probability of disease here"

MEASURED = "a measurement, neither influence on this model's output nor probability of disease here"
"""What stands in the legend's place where the map does not ask the model."""

RELATIVE = "no probability and no share of the risk; blind to CR and clinical values, not comparable between cases"


@dataclass(frozen=True)
class HeatmapKind:
    """What the values of a kind of heatmap are, and what they are not.

    Parameters
    ----------
    title : str
        What a reader calls it.
    meaning : str
        What the values are.
    is_not : str
        What they may be taken for, and are not.
    unit : str
        Of the values.
    signed : bool
        Whether values may be negative; the legend is then symmetric about 0.
    legend : str
        The sentence that goes with every display.
    """

    title: str
    meaning: str
    is_not: str
    unit: str
    signed: bool = False
    legend: str = LEGEND


KINDS = {
    "contribution": HeatmapKind(
        "regional contribution to the risk",
        "risk points that hiding a place takes from (positive) or adds to (negative) the risk",
        "no proof that the place causes anything, and places do not add up to the risk",
        "risk points",
        signed=True,
    ),
    "patch_probability": HeatmapKind(
        "patch probability",
        "probability of the patches that cover a place, 0 to 1",
        "no probability at the place itself: neighbouring patches share most of what they see",
        "probability",
    ),
    "gradcam": HeatmapKind(
        "Grad-CAM",
        "relative activation of the network that speaks for a higher risk, 0 to 1",
        RELATIVE,
        "relative",
    ),
    "cam": HeatmapKind(
        "class activation map",
        "relative class activation of the network's last cells, 0 to 1",
        RELATIVE,
        "relative",
    ),
    "feature": HeatmapKind(
        "feature map",
        "a CR feature of each voxel's own neighbourhood, 0 at its 1st and 1 at its 99th percentile in the region",
        "no influence on the risk: the model sees the feature of the whole region, not of a neighbourhood",
        "relative",
        legend=MEASURED,
    ),
}
"""Every kind by its name."""


@dataclass(frozen=True)
class HeatmapLook:
    """How a heatmap is shown.

    Parameters
    ----------
    colours : str
        A key of :data:`~RadFusionLib.explain.colours.COLOURS`, as ``JET``; the kind's default where empty.
    threshold : float
        Part of the legend's reach, in [0, 1), below which a value is not drawn.
    opacity : float
        Over the image, in (0, 1].
    """

    colours: str = ""
    threshold: float = 0.0
    opacity: float = 0.55


@dataclass(frozen=True)
class Heatmap:
    """A map and its meaning.

    Parameters
    ----------
    volume : Volume
        ``float32``, in the reference phase's geometry; :data:`SENTINEL` outside the regions.
    kind : str
        A key of :data:`KINDS`.
    feature : str
        Of which feature, for the kind ``feature``.
    ends : tuple of float, optional
        The feature's values that are shown as 0 and 1.
    look : HeatmapLook
        How it is shown.
    """

    volume: Volume
    kind: str = "contribution"
    feature: str = ""
    ends: tuple[float, float] | None = None
    look: HeatmapLook = HeatmapLook()

    @classmethod
    def of_facts(cls, volume: Volume, facts: Mapping[str, Any]) -> Heatmap:
        """The map whose :meth:`facts` an explanation holds."""
        ends = facts.get("ends")
        shown_as = None if ends is None else (float(ends[0]), float(ends[1]))
        look = HeatmapLook(**facts["look"]) if "look" in facts else HeatmapLook()
        return cls(volume, str(facts["kind"]), str(facts.get("feature", "")), shown_as, look)

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
        return (-self.extent, self.extent) if KINDS[self.kind].signed else (0.0, 1.0)

    @property
    def drawn(self) -> np.ndarray:
        """Where a picture shows the map, ``bool``, shape (K, J, I): inside, and not below the look's threshold."""
        reach = max(map(abs, self.limits))
        return self.inside & (np.abs(self.volume.array) >= self.look.threshold * reach)

    @property
    def unit(self) -> str:
        """The unit of its values."""
        return KINDS[self.kind].unit

    @property
    def title(self) -> str:
        """What it is a map of, for a reader."""
        kind = KINDS[self.kind]
        if not self.feature:
            return kind.title
        ends = "" if self.ends is None else f" ({shown(self.ends[0])} to {shown(self.ends[1])})"
        return f"{kind.title} of {readable(self.feature)}{ends}"

    @property
    def legend(self) -> str:
        """The sentence that goes with every display of the map."""
        kind = KINDS[self.kind]
        return f"{kind.legend} ({kind.meaning})"

    def facts(self) -> dict[str, Any]:
        """What ``explanation.json`` says of it."""
        return {
            "kind": self.kind,
            "title": self.title,
            "legend": self.legend,
            "is_not": KINDS[self.kind].is_not,
            "tested": truth_sentence(self.kind),
            "unit": self.unit,
            "feature": self.feature,
            "ends": None if self.ends is None else list(self.ends),
            "look": asdict(self.look),
        }
