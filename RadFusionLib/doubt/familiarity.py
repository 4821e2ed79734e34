"""The fitted checks of a training cohort together: how strange a case is, check by check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from RadFusionLib.doubt.appearance import LOOKS, appearance_name, split_appearance
from RadFusionLib.doubt.checks import UNKNOWN, Deviations, Joint, Likeness, Ranges
from RadFusionLib.fusion.table import APPEARANCE, FeatureTable

__all__ = ["FEATURES", "LIKENESS", "SCANNER", "TOGETHER", "Familiarity"]

FEATURES, SCANNER, TOGETHER, LIKENESS = "features", "scanner", "together", "likeness_"
"""Names of the checks that are not one number of the appearance; ``likeness_<phase>``."""
LEAST = {FEATURES: 0.05, SCANNER: 0.05, TOGETHER: 0.1, LIKENESS: 0.5}
"""The smallest strangeness that counts as one unit, where training cases differ by less."""


@dataclass(frozen=True)
class Familiarity:
    """What is known of the training cases, and each check against it.

    Parameters
    ----------
    ranges : Ranges
        Of the model's features.
    scanners : tuple of str
        Sorted; empty when the manifest named none.
    deviations : Deviations
        Of the appearance; without names when the training features held none.
    likeness : Likeness or None
        With two phases or more.
    joint : Joint or None
        With two numbers of the appearance or more.
    """

    ranges: Ranges
    scanners: tuple[str, ...]
    deviations: Deviations
    likeness: Likeness | None
    joint: Joint | None

    @classmethod
    def fit(cls, table: FeatureTable, features: Sequence[str]) -> Familiarity:
        """Fit every check on the training cases; nothing of it sees an outcome."""
        names = [name for name in table.names if name.startswith(APPEARANCE)]
        deviations = Deviations.fit(names, table.columns(names))
        known = table.columns(deviations.names)
        phases = [
            phase
            for phase in dict.fromkeys(split_appearance(name)[0] for name in deviations.names)
            if all(appearance_name(phase, look) in deviations.names for look in LOOKS)
        ]
        return cls(
            ranges=Ranges.fit(features, table.columns(features)),
            scanners=tuple(sorted({s for s in table.scanners if s})),
            deviations=deviations,
            likeness=Likeness.fit(phases, deviations.names, known) if len(phases) > 1 else None,
            joint=Joint.fit(deviations.scaled(known)) if len(deviations.names) > 1 else None,
        )

    @property
    def checks(self) -> tuple[str, ...]:
        """The checks, in the order of :meth:`strangeness`."""
        phases = self.likeness.phases if self.likeness else ()
        together = (TOGETHER,) if self.joint else ()
        return (*self.deviations.names, *(LIKENESS + phase for phase in phases), *together, FEATURES, SCANNER)

    def least(self, check: str) -> float:
        """The smallest unit of a check."""
        return LEAST[LIKENESS if check.startswith(LIKENESS) else check] if not check.startswith(APPEARANCE) else 1.0

    def strangeness(self, table: FeatureTable) -> np.ndarray:
        """Of each case by each check, shape (n, checks), 0 or more."""
        names = self.deviations.names
        values = _columns(table, names)
        columns = [self.deviations.strangeness(values)]
        if self.likeness is not None:
            columns.append(self.likeness.strangeness(names, values))
        if self.joint is not None:
            columns.append(self.joint.strangeness(self.deviations.scaled(values))[:, None])
        columns.append(self.ranges.strangeness(_columns(table, self.ranges.names))[:, None])
        columns.append(self._new_scanner(table)[:, None])
        return np.minimum(np.concatenate(columns, axis=1), UNKNOWN)

    def _new_scanner(self, table: FeatureTable) -> np.ndarray:
        scanners = table.scanners or ("",) * len(table.cases)
        return np.array([float(bool(s and self.scanners and s not in self.scanners)) for s in scanners])

    def to_json(self) -> dict[str, Any]:
        """Everything but the joint check's matrix."""
        described = asdict(self)
        described["joint"] = None if self.joint is None else {"mean": list(self.joint.mean)}
        return described

    @classmethod
    def from_json(cls, content: Mapping[str, Any], precision: np.ndarray | None) -> Familiarity:
        """Take back what :meth:`to_json` gave, and the matrix.

        Raises
        ------
        ValueError
            When parts do not fit each other.
        """
        deviations = Deviations(**{k: tuple(v) for k, v in content["deviations"].items()})
        width = len(deviations.names)
        if {len(deviations.center), len(deviations.below), len(deviations.above)} != {width}:
            raise ValueError("deviations of another number than their names")
        likeness = None
        if content["likeness"] is not None:
            described = content["likeness"]
            rows = {key: tuple(tuple(map(float, row)) for row in described[key]) for key in ("center", "scale")}
            likeness = Likeness(tuple(map(str, described["phases"])), rows["center"], rows["scale"])
        joint = None
        if content["joint"] is not None:
            if precision is None or precision.shape != (width, width) or not np.isfinite(precision).all():
                raise ValueError("a matrix that does not fit the deviations")
            joint = Joint(
                tuple(tuple(map(float, row)) for row in precision), tuple(map(float, content["joint"]["mean"]))
            )
        ranges = Ranges(**{k: tuple(v) for k, v in content["ranges"].items()})
        return cls(ranges, tuple(map(str, content["scanners"])), deviations, likeness, joint)


def _columns(table: FeatureTable, names: Sequence[str]) -> np.ndarray:
    """The named columns, NaN where the table has none."""
    known = [
        table.values[:, table.position[n]] if n in table.position else np.full(len(table.cases), np.nan) for n in names
    ]
    return np.stack(known, axis=1) if known else np.zeros((len(table.cases), 0))
