"""Features of several cases as one named table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from RadFusionLib.case import REGIONS
from RadFusionLib.recipe import ModelSpec, Recipe

__all__ = ["APPEARANCE", "CLINICAL", "FeatureTable", "family_of", "phase_of", "region_of"]

CLINICAL = "clinical_"
"""What the name of a clinical feature begins with."""
APPEARANCE = "appearance_"
"""What the name of a number begins with that describes a case's images, for doubt and no model:
``appearance_<phase>_<statistic>``."""


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """Cases by features.

    Parameters
    ----------
    cases : sequence of str
        Case ids, length n.
    names : sequence of str
        Feature names, length p: ``<phase>_<region>_<image>_<class>_<Feature>``, ``<phase>_<region>_dlr_<index>``
        or ``clinical_<name>``.
    values : numpy.ndarray
        Shape (n, p), ``float64``; NaN where a feature could not be computed.
    scanners : tuple of str
        Of each case, length n; empty where no step asks.
    readings : mapping of str to FeatureTable
        The features from repeated contours of some of the cases, by reader and reading (``2``, ``1.2``).
    images : mapping of str to tuple of numpy.ndarray
        What the trained networks see of each case, by the network's name: shape (m, size, size) a case, m slices or
        patches.
    """

    cases: tuple[str, ...]
    names: tuple[str, ...]
    values: np.ndarray
    scanners: tuple[str, ...] = ()
    readings: Mapping[str, FeatureTable] = field(default_factory=dict)
    images: Mapping[str, tuple[np.ndarray, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.cases), len(self.names)):
            raise ValueError(
                f"Values of shape {self.values.shape} for {len(self.cases)} cases, {len(self.names)} names."
            )
        wrong = [k for k, images in self.images.items() if len(images) != len(self.cases)]
        if wrong or len(self.scanners) not in (0, len(self.cases)):
            raise ValueError(f"{wrong or 'Scanners'} of another number than the {len(self.cases)} cases.")

    @classmethod
    def from_rows(cls, rows: Mapping[str, Mapping[str, float]]) -> FeatureTable:
        """Make a table from each case's named values; the first case gives the order of the names."""
        names = tuple(next(iter(rows.values())))
        values = np.array([[row[name] for name in names] for row in rows.values()], dtype=np.float64)
        return cls(tuple(rows), names, values)

    @cached_property
    def position(self) -> Mapping[str, int]:
        """Column number by feature name."""
        return {name: column for column, name in enumerate(self.names)}

    def rows(self, index: Sequence[int] | np.ndarray) -> FeatureTable:
        """The cases at ``index`` (integers or a ``bool`` mask)."""
        index = np.asarray(index)
        index = np.flatnonzero(index) if index.dtype == bool else index
        cases = tuple(self.cases[i] for i in index)
        return FeatureTable(
            cases,
            self.names,
            self.values[index],
            tuple(self.scanners[i] for i in index) if self.scanners else (),
            {key: _restricted(reading, cases) for key, reading in self.readings.items()},
            {key: tuple(images[i] for i in index) for key, images in self.images.items()},
        )

    def columns(self, names: Sequence[str]) -> np.ndarray:
        """The named features, shape (n, len(names))."""
        return self.values[:, [self.position[name] for name in names]]

    def of_model(self, model: ModelSpec, recipe: Recipe) -> np.ndarray:
        """Column numbers of the features that a model of ``families`` may use."""
        clinical = {CLINICAL + name for name in model.variables or [v.name for v in recipe.clinical]}
        chosen = []
        for column, name in enumerate(self.names):
            family = family_of(name)
            if family not in model.families:
                continue
            if family == "clinical":
                if name in clinical:
                    chosen.append(column)
            elif (not model.regions or region_of(name) in model.regions) and (
                not model.phases or phase_of(name) in model.phases
            ):
                chosen.append(column)
        return np.asarray(chosen, dtype=int)


def _restricted(reading: FeatureTable, cases: Sequence[str]) -> FeatureTable:
    wanted = set(cases)
    inside = [i for i, case in enumerate(reading.cases) if case in wanted]
    return reading if len(inside) == len(reading.cases) else reading.rows(inside)


def family_of(name: str) -> str:
    """``cr``, ``dlr`` or ``clinical``; ``appearance``, which no model uses, describes the images themselves."""
    if name.startswith((CLINICAL, APPEARANCE)):
        return name.split("_", 1)[0]
    return "dlr" if "_dlr_" in name else "cr"


def phase_of(name: str) -> str:
    """The phase in an image feature's name."""
    return name.split("_", 1)[0]


def region_of(name: str) -> str:
    """The region in an image feature's name, or an empty string."""
    return next((part for part in name.split("_")[1:2] if part in REGIONS), "")
