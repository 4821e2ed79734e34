"""What a window needs to know of a bundle, small enough to be handed from process to process."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from RadFusionLib.bundle import Bundle

__all__ = ["BundleFacts", "ClinicalField", "facts_of", "levels"]

LEVEL = re.compile(r"(-?\d+(?:\.\d+)?) ([^,]+)(?:, |$)")


@dataclass(frozen=True)
class ClinicalField:
    """A clinical variable of the recipe.

    Parameters
    ----------
    name, unit : str
        As in the recipe.
    used : bool
        Whether risk or interval depend on it.
    moves_risk : bool
        Whether the risk does.
    low, high : float or None
        Range of the training cases, where the bundle knows it.
    """

    name: str
    unit: str
    used: bool
    moves_risk: bool
    low: float | None = None
    high: float | None = None

    @property
    def choices(self) -> tuple[tuple[float, str], ...]:
        """The values of a variable of few values, as its unit lists them; empty for a measured one."""
        return levels(self.unit)


@dataclass(frozen=True)
class BundleFacts:
    """Name, sentence on use, images and clinical values that a bundle asks for.

    ``frame`` and ``registration`` are the recipe's: which phases share a frame, and whether it registers them itself.
    ``sha256`` is that of the bundle's file.
    """

    name: str
    notice: str
    demonstration: bool
    outcome: str
    phases: tuple[str, ...]
    reference: str
    lesion: str
    margin_mm: float
    within_liver: bool
    clinical: tuple[ClinicalField, ...]
    frame: str
    registration: str
    sha256: str

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> BundleFacts:
        """Return the facts of which ``dataclasses.asdict`` made a record, even after JSON."""
        fields = {**record, "phases": tuple(record["phases"])}
        return cls(**{**fields, "clinical": tuple(ClinicalField(**field) for field in record["clinical"])})


def levels(unit: str) -> tuple[tuple[float, str], ...]:
    """Return ``((0.0, 'female'), (1.0, 'male'))`` for the unit ``0 female, 1 male``, and nothing for ``ng/mL``."""
    found = LEVEL.findall(unit)
    if len(found) < 2 or "".join(f"{value} {word}, " for value, word in found) != f"{unit}, ":
        return ()
    return tuple((float(value), word) for value, word in found)


def facts_of(bundle: Bundle) -> BundleFacts:
    """Return the facts of a bundle."""
    from RadFusionLib.fusion.table import CLINICAL

    needed = {*bundle.ensemble.features, *bundle.ensemble.interval_features}
    fields = []
    for variable in bundle.recipe.clinical:
        known = bundle.domain.quantiles.get(CLINICAL + variable.name)
        low, high = (known[0], known[-1]) if known else (None, None)
        column = CLINICAL + variable.name
        moves_risk = column in bundle.ensemble.features
        fields.append(ClinicalField(variable.name, variable.unit, column in needed, moves_risk, low, high))
    regions = bundle.recipe.document["regions"]
    return BundleFacts(
        name=bundle.name,
        notice=bundle.notice,
        demonstration=bundle.record.demonstration,
        outcome=str(bundle.recipe.outcome["name"]),
        phases=bundle.recipe.phases,
        reference=bundle.recipe.reference_phase,
        lesion=bundle.recipe.lesion,
        margin_mm=bundle.recipe.margin_mm,
        within_liver=regions.get("shell", {}).get("within") == "liver",
        clinical=tuple(fields),
        frame=str(bundle.recipe.imaging["frame"]),
        registration=str(bundle.recipe.imaging["registration"]),
        sha256=bundle.sha256,
    )
