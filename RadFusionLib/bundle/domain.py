"""The domain a bundle was trained on, and where a case leaves it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from RadFusionLib.fusion.table import FeatureTable

__all__ = ["TrainingDomain"]

LEVELS = (0.0, 0.01, 0.05, 0.25, 0.50, 0.75, 0.95, 0.99, 1.0)
ALLOWED_OUTSIDE = 0.10
"""Share of the features that may lie outside the training range before a warning is given."""


@dataclass(frozen=True)
class TrainingDomain:
    """Per-feature quantiles and the scanners of the training cases.

    Parameters
    ----------
    levels : tuple of float
        Quantile levels, in [0, 1], rising.
    quantiles : mapping of str to tuple of float
        By feature, one value a level.
    scanners : tuple of str
        Sorted; empty when the manifest named none.
    """

    levels: tuple[float, ...]
    quantiles: Mapping[str, tuple[float, ...]]
    scanners: tuple[str, ...]

    @classmethod
    def of(cls, table: FeatureTable, names: Sequence[str], scanners: Sequence[str]) -> TrainingDomain:
        """Describe the training cases by the features ``names``."""
        values = np.quantile(table.columns(names), LEVELS, axis=0)
        quantiles = {name: tuple(float(v) for v in values[:, i]) for i, name in enumerate(names)}
        return cls(LEVELS, quantiles, tuple(sorted({s for s in scanners if s})))

    def warnings(self, table: FeatureTable, scanner: str) -> tuple[str, ...]:
        """Where the one case of ``table`` leaves the domain; none does not mean that it is safe."""
        found = []
        outside = [
            name
            for name, levels in self.quantiles.items()
            if not levels[0] <= table.columns([name])[0, 0] <= levels[-1]
        ]
        if len(outside) > ALLOWED_OUTSIDE * len(self.quantiles):
            found.append(
                f"{len(outside)} of {len(self.quantiles)} features lie outside the range of the training cases "
                f"(such as {outside[0]})."
            )
        if scanner and self.scanners and scanner not in self.scanners:
            found.append(f"The scanner {scanner} was not among those of the training cases.")
        return tuple(found)

    def to_json(self) -> dict[str, Any]:
        """For ``bundle.json``."""
        return {
            "levels": list(self.levels),
            "quantiles": {name: list(values) for name, values in self.quantiles.items()},
            "scanners": list(self.scanners),
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> TrainingDomain:
        """Take back what :meth:`to_json` gave."""
        quantiles = {name: tuple(float(v) for v in values) for name, values in content["quantiles"].items()}
        return cls(tuple(float(v) for v in content["levels"]), quantiles, tuple(content["scanners"]))
