"""A prediction again, with other clinical values and the same image features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from RadFusionLib.bundle import Bundle
from RadFusionLib.errors import InputError
from RadFusionLib.fusion import FeatureTable
from RadFusionLib.fusion.table import CLINICAL
from RadFusionLib.workflow.contour_features import ContourFeatures
from RadFusionLib.workflow.doubt import contour_spread, describe_doubt
from RadFusionLib.workflow.explanation import explain
from RadFusionLib.workflow.prediction import TRAINED_ON, Prediction

__all__ = ["with_clinical"]


def with_clinical(bundle: Bundle, prediction: Prediction, clinical: Mapping[str, float]) -> Prediction:
    """Return what the same images predict with other clinical values, without touching an image.

    Parameters
    ----------
    bundle : Bundle
        The one that made the prediction.
    prediction : Prediction
        Its image features are used again; its heatmap, which belongs to its own clinical values, is left out.
    clinical : mapping of str to float
        Every clinical value that the bundle uses, by name.

    Raises
    ------
    InputError
        When a clinical value that the bundle uses is missing.
    """
    table = prediction.features
    values = np.array(table.values, dtype=float)
    for name, column in table.position.items():
        if name.startswith(CLINICAL):
            wanted = name.removeprefix(CLINICAL)
            value = clinical.get(wanted, np.nan)
            if not np.isfinite(value):
                raise InputError(
                    f"Case {prediction.case} has no clinical value {wanted}, which the model uses; fill it in."
                )
            values[0, column] = float(value)
    changed = replace(table, values=values)
    contours = _with_values(prediction.contours, changed)
    (risk,) = bundle.ensemble.predict(changed)
    report = bundle.domain.report(changed, table.scanners[0] if table.scanners else "")
    warnings = tuple(flag.sentence for flag in report.flags)
    if TRAINED_ON in prediction.warnings:
        warnings = (*warnings, TRAINED_ON)
    return replace(
        prediction,
        risk=risk.risk,
        risk_low=risk.low,
        risk_high=risk.high,
        model_spread=risk.spread,
        group=risk.group,
        warnings=warnings,
        explanation={
            **explain(bundle, prediction.prepared, changed, risk, warnings, None),
            "doubt": describe_doubt(
                risk, report, None if contours is None else contour_spread(bundle, changed, contours)
            ),
        },
        heatmap=None,
        features=changed,
        contours=contours,
    )


def _with_values(contours: ContourFeatures | None, table: FeatureTable) -> ContourFeatures | None:
    """The contours with the clinical values of a table of one case."""
    if contours is None:
        return None
    values = np.array(contours.table.values)
    for name, column in table.position.items():
        if name.startswith(CLINICAL):
            values[:, column] = table.values[0, column]
    return replace(contours, table=replace(contours.table, values=values))
