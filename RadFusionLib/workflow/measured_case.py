"""What a prediction said and measured, without its images: all that other clinical values need."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from RadFusionLib.bundle import Bundle
from RadFusionLib.errors import InputError
from RadFusionLib.fusion import FeatureTable
from RadFusionLib.fusion.model_signatures import fused_signatures, model_signatures
from RadFusionLib.workflow.contour_features import ContourFeatures
from RadFusionLib.workflow.prediction import Prediction

__all__ = ["MeasuredCase", "signatures"]


@dataclass(frozen=True, eq=False)
class MeasuredCase:
    """A prediction by its numbers.

    Parameters
    ----------
    explanation : mapping
        As in ``explanation.json``.
    features : FeatureTable
        What the risk was computed from, one row.
    contours : ContourFeatures or None
        The features of the ensemble on plausible contours; None when their spread was not asked for.
    signatures : mapping of str to float
        What each model inside the members says, as the ensemble weighs it: a nomogram may stand on them.
    """

    explanation: Mapping[str, Any]
    features: FeatureTable
    contours: ContourFeatures | None
    signatures: Mapping[str, float]

    @classmethod
    def of(cls, bundle: Bundle, found: Prediction) -> MeasuredCase:
        """Take a prediction's numbers."""
        contours = found.contours
        if contours is not None:
            table, names = contours.table, bundle.ensemble.features
            needed = FeatureTable(table.cases, names, table.columns(names), table.scanners, images=table.images)
            contours = ContourFeatures(contours.kinds, needed)
        return cls(found.explanation, found.features, contours, signatures(bundle, found.features))

    def to_json(self) -> dict[str, Any]:
        """Return what a scene keeps: numbers alone. What trained networks see of the images is left out."""
        return {
            "explanation": _plain(self.explanation),
            "features": _table_to_json(self.features),
            "contours": None
            if self.contours is None
            else {"kinds": list(self.contours.kinds), **_table_to_json(self.contours.table)},
            "signatures": _plain(self.signatures),
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> MeasuredCase:
        """Return what :meth:`to_json` described.

        Raises
        ------
        InputError
            When it is no such record.
        """
        try:
            drawn = record["contours"]
            contours = None if drawn is None else ContourFeatures(tuple(drawn["kinds"]), _table_from_json(drawn))
            said = {str(name): _number(value) for name, value in record["signatures"].items()}
            return cls(dict(record["explanation"]), _table_from_json(record["features"]), contours, said)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise InputError("What the scene says of its prediction cannot be read; predict the case again.") from error


def signatures(bundle: Bundle, table: FeatureTable) -> dict[str, float]:
    """Return what each model inside a bundle's members says of the case of a table, its only row."""
    members = bundle.ensemble.members
    found = {**model_signatures(members, table), **fused_signatures(members, table)}
    return {name: float(said[0]) for name, said in found.items()}


def _table_to_json(table: FeatureTable) -> dict[str, Any]:
    return {
        "cases": list(table.cases),
        "names": list(table.names),
        "values": _plain(table.values.tolist()),
        "scanners": list(table.scanners),
    }


def _table_from_json(record: Mapping[str, Any]) -> FeatureTable:
    cases, names = tuple(map(str, record["cases"])), tuple(map(str, record["names"]))
    values = np.array([[_number(value) for value in row] for row in record["values"]], dtype=np.float64)
    return FeatureTable(cases, names, values.reshape(len(cases), len(names)), tuple(map(str, record["scanners"])))


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


def _plain(value: Any) -> Any:
    """The same without numbers that JSON cannot hold."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
