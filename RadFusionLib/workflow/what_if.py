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
from RadFusionLib.workflow.explanation import explain_risk
from RadFusionLib.workflow.measured_case import MeasuredCase, signatures
from RadFusionLib.workflow.prediction import TRAINED_ON

__all__ = ["with_clinical"]


def with_clinical(bundle: Bundle, measured: MeasuredCase, clinical: Mapping[str, float]) -> MeasuredCase:
    """Return what the same images predict with other clinical values, without touching an image.

    Parameters
    ----------
    bundle : Bundle
        The one that made the prediction.
    measured : MeasuredCase
        What the prediction measured is used again; its heatmap, which belongs to its own clinical values, is left out.
    clinical : mapping of str to float
        Every clinical value that the bundle uses, by name.

    Raises
    ------
    InputError
        When a clinical value that the bundle uses is missing, or its networks need images that are not there.
    """
    said, table = measured.explanation, measured.features
    if any(name not in table.images for name in bundle.ensemble.images):
        raise InputError("The networks of this bundle look at the images for every risk; predict the case again.")
    values = np.array(table.values, dtype=float)
    for name, column in table.position.items():
        if name.startswith(CLINICAL):
            wanted = name.removeprefix(CLINICAL)
            value = clinical.get(wanted, np.nan)
            if not np.isfinite(value):
                raise InputError(
                    f"Case {said['case']} has no clinical value {wanted}, which the model uses; fill it in."
                )
            values[0, column] = float(value)
    changed = replace(table, values=values)
    contours = _with_values(measured.contours, changed)
    (risk,) = bundle.ensemble.predict(changed)
    report = bundle.domain.report(changed, table.scanners[0] if table.scanners else "")
    warnings = [flag.sentence for flag in report.flags]
    if TRAINED_ON in said["warnings"]:
        warnings.append(TRAINED_ON)
    spread = None if contours is None else contour_spread(bundle, changed, contours)
    explanation = {
        **said,
        **explain_risk(bundle, changed, risk),
        "warnings": warnings,
        "heatmap": None,
        "doubt": describe_doubt(risk, report, spread),
    }
    return MeasuredCase(explanation, changed, contours, signatures(bundle, changed))


def _with_values(contours: ContourFeatures | None, table: FeatureTable) -> ContourFeatures | None:
    """The contours with the clinical values of a table of one case."""
    if contours is None:
        return None
    values = np.array(contours.table.values)
    for name, column in contours.table.position.items():
        if name.startswith(CLINICAL):
            values[:, column] = table.columns([name])[0, 0]
    return replace(contours, table=replace(contours.table, values=values))
