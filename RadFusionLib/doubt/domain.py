"""The domain a bundle was trained on, and where a case leaves it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from RadFusionLib.doubt.appearance import STATISTICS, split_appearance
from RadFusionLib.doubt.familiarity import FEATURES, LIKENESS, SCANNER, TOGETHER, Familiarity
from RadFusionLib.doubt.family_threshold import FamilyThreshold
from RadFusionLib.doubt.flag import DomainReport, Flag
from RadFusionLib.doubt.sentences import (
    appearance_sentence,
    features_sentence,
    likeness_sentence,
    scanner_sentence,
    together_sentence,
)
from RadFusionLib.fusion.table import APPEARANCE, FeatureTable

__all__ = ["TrainingDomain"]

LEVELS = (0.0, 0.01, 0.05, 0.25, 0.50, 0.75, 0.95, 0.99, 1.0)
NO_APPEARANCE = "The bundle does not know what its training images looked like: this case's images were not compared."
NOT_DESCRIBED = "The features were extracted without a description of the images: this case's images were not compared."


@dataclass(frozen=True)
class TrainingDomain:
    """What the training cases were like.

    Parameters
    ----------
    levels : tuple of float
        Quantile levels, in [0, 1], rising.
    quantiles : mapping of str to tuple of float
        By feature of the model, one value a level.
    familiarity : Familiarity
        The checks.
    threshold : FamilyThreshold
        What any of them must exceed.
    """

    levels: tuple[float, ...]
    quantiles: Mapping[str, tuple[float, ...]]
    familiarity: Familiarity
    threshold: FamilyThreshold

    @classmethod
    def of(cls, table: FeatureTable, names: Sequence[str], scanners: Sequence[str]) -> TrainingDomain:
        """Describe the training cases by the features ``names``, their appearance and their scanners."""
        values = np.quantile(table.columns(names), LEVELS, axis=0)
        quantiles = {name: tuple(float(v) for v in values[:, i]) for i, name in enumerate(names)}
        table = replace(table, scanners=tuple(scanners), readings={}, images={})
        return cls(LEVELS, quantiles, Familiarity.fit(table, names), FamilyThreshold.fit(table, names))

    @property
    def scanners(self) -> tuple[str, ...]:
        """Of the training cases, sorted."""
        return self.familiarity.scanners

    @property
    def appearance(self) -> tuple[str, ...]:
        """The numbers of a case's appearance that are compared."""
        return self.familiarity.deviations.names

    def report(self, table: FeatureTable, scanner: str) -> DomainReport:
        """Compare the one case of ``table``, taken by ``scanner``, with the training cases."""
        table = replace(table, scanners=(scanner,) * len(table.cases), readings={}, images={})
        checks = self.familiarity.checks
        found = self.familiarity.strangeness(table)[0] / np.array([self.threshold.units[check] for check in checks])
        scores = dict(zip(checks, map(float, found), strict=True))
        unchecked = () if self.appearance else (NO_APPEARANCE,)
        if self.appearance and not any(name in table.position for name in self.appearance):
            scores = {check: scores[check] for check in (FEATURES, SCANNER)}
            unchecked = (NOT_DESCRIBED,)
        above = {check: score for check, score in scores.items() if score > self.threshold.threshold}
        flags = [*self._appearance_flags(table, above), *self._likeness_flags(table, above)]
        if FEATURES in above:
            outside = self.familiarity.ranges.outside(table.columns(self.familiarity.ranges.names))[0]
            names = [name for name, out in zip(self.familiarity.ranges.names, outside, strict=True) if out]
            flags.append(Flag("features", "", features_sentence(names, len(outside)), above[FEATURES]))
        if SCANNER in above:
            flags.append(Flag("scanner", "", scanner_sentence(scanner), above[SCANNER]))
        if TOGETHER in above and not flags:
            flags.append(Flag("together", "", together_sentence(), above[TOGETHER]))
        flags.sort(key=lambda flag: (-flag.score, flag.sentence))
        return DomainReport(
            tuple(flags), unchecked, max(scores.values()), self.threshold.threshold, self.threshold.expected
        )

    def warnings(self, table: FeatureTable, scanner: str) -> tuple[str, ...]:
        """The flags' sentences; none does not mean that the model fits the case."""
        return tuple(flag.sentence for flag in self.report(table, scanner).flags)

    def _appearance_flags(self, table: FeatureTable, above: Mapping[str, float]) -> list[Flag]:
        """One flag a phase and kind of number, with the number that deviates most."""
        deviations = self.familiarity.deviations
        place = {name: i for i, name in enumerate(deviations.names)}
        grouped: dict[tuple[str, str], list[str]] = {}
        for name in sorted((c for c in above if c.startswith(APPEARANCE)), key=lambda c: -above[c]):
            phase, statistic = split_appearance(name)
            grouped.setdefault((phase, STATISTICS[statistic].kind), []).append(name)
        flags = []
        for (phase, kind), names in grouped.items():
            numbers = []
            for name in names:
                i = place[name]
                center, below, above_ = deviations.center[i], deviations.below[i], deviations.above[i]
                value = float(table.values[0, table.position[name]]) if name in table.position else float("nan")
                numbers.append((name, value, center - below, center + above_))
            flags.append(Flag(kind, phase, appearance_sentence(phase, kind, numbers), above[names[0]]))
        return flags

    def _likeness_flags(self, table: FeatureTable, above: Mapping[str, float]) -> list[Flag]:
        likeness = self.familiarity.likeness
        if likeness is None or not any(check.startswith(LIKENESS) for check in above):
            return []
        names = self.familiarity.deviations.names
        found = likeness.distances(names, table.columns(names))[0]
        flags = []
        for row, phase in enumerate(likeness.phases):
            if LIKENESS + phase in above:
                other = likeness.phases[int(np.argmin(found[row]))]
                flags.append(Flag("phases", phase, likeness_sentence(phase, other), above[LIKENESS + phase]))
        return flags

    def to_parts(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Split into plain JSON and arrays."""
        joint = self.familiarity.joint
        structure = {
            "levels": list(self.levels),
            "quantiles": {name: list(values) for name, values in self.quantiles.items()},
            "familiarity": self.familiarity.to_json(),
            "threshold": {
                "units": dict(self.threshold.units),
                "threshold": self.threshold.threshold,
                "expected": self.threshold.expected,
            },
        }
        return structure, {} if joint is None else {"precision": np.asarray(joint.precision, dtype=np.float64)}

    @classmethod
    def from_parts(cls, content: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> TrainingDomain:
        """Take back what :meth:`to_parts` gave.

        Raises
        ------
        KeyError, TypeError, ValueError
            When parts are missing or do not fit each other.
        """
        quantiles = {name: tuple(float(v) for v in values) for name, values in content["quantiles"].items()}
        familiarity = Familiarity.from_json(content["familiarity"], arrays.get("precision"))
        described = content["threshold"]
        units = {str(check): float(unit) for check, unit in described["units"].items()}
        if set(familiarity.checks) != set(units) or not all(unit > 0 for unit in units.values()):
            raise ValueError("units of other checks")
        threshold = FamilyThreshold(units, float(described["threshold"]), float(described["expected"]))
        return cls(tuple(float(v) for v in content["levels"]), quantiles, familiarity, threshold)
