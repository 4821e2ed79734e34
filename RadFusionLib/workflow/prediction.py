"""From a case to its risk, its explanation and its heatmap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from RadFusionLib.bundle import Bundle
from RadFusionLib.case import Case, Volume
from RadFusionLib.cohort import fingerprint
from RadFusionLib.errors import InputError
from RadFusionLib.fusion import FeatureTable
from RadFusionLib.fusion.table import CLINICAL
from RadFusionLib.progress import ProgressCallback, Stage
from RadFusionLib.workflow.contour_features import ContourFeatures, contour_features
from RadFusionLib.workflow.doubt import contour_spread, describe_doubt
from RadFusionLib.workflow.explanation import explain
from RadFusionLib.workflow.extraction import extract_case
from RadFusionLib.workflow.painting import HeatmapChoice, paint_heatmap
from RadFusionLib.workflow.preprocess import PreparedCase, prepare_case

__all__ = ["TRAINED_ON", "Prediction", "check_demonstration", "predict"]

TRAINED_ON = "This case was among the training cases; its risk is apparent, not a prediction."


@dataclass(frozen=True)
class Prediction:
    """A case's risk and why.

    Parameters
    ----------
    case : str
        The case id.
    risk, risk_low, risk_high : float
        Calibrated probability of the outcome and its interval, in [0, 1].
    model_spread : float
        Range of the members' own risks; not a confidence interval.
    group : str
        ``high`` or ``low``.
    threshold : float
        Where the groups part.
    warnings : tuple of str
        Where the case leaves the bundle's domain. None does not mean that the model fits the case.
    explanation : mapping
        Everything that ``explanation.json`` holds: numbers, addends, notices and the bundle's sentence.
    heatmap : Volume or None
        In the reference phase's geometry, as its kind says.
    shell : Volume or None
        The peritumoral shell on the reference phase's grid.
    features : FeatureTable
        What the risk was computed from, one row.
    contours : ContourFeatures or None
        The same on plausible contours; None when their spread was not asked for.
    """

    case: str
    risk: float
    risk_low: float
    risk_high: float
    model_spread: float
    group: str
    threshold: float
    warnings: tuple[str, ...]
    explanation: Mapping[str, Any]
    heatmap: Volume | None
    shell: Volume | None
    prepared: PreparedCase
    features: FeatureTable
    contours: ContourFeatures | None = None

    @property
    def interval(self) -> tuple[float, float]:
        """``risk_low`` and ``risk_high``."""
        return self.risk_low, self.risk_high


def predict(
    bundle: Bundle,
    case: Case,
    progress: ProgressCallback | None = None,
    *,
    heatmap: bool | str = True,
    contours: bool = True,
    compared: bool = False,
    allow_demonstration: bool = False,
    threads: int = 1,
    device: str = "cpu",
) -> Prediction:
    """Predict one case.

    Parameters
    ----------
    bundle : Bundle
        Trained by :func:`~RadFusionLib.workflow.train`.
    case : Case
        With the bundle's phases, a tumour mask and the clinical values that its members use.
    progress : callable, optional
        ``progress(fraction, message)``; returning ``False`` cancels.
    heatmap : bool or str
        Whether to paint the heatmap, which takes most of the time; or another kind than the recipe's, as ``gradcam``
        or ``feature:NAME``.
    contours : bool
        Whether to compute the spread of the risk over plausible contours.
    compared : bool
        Whether to extract also what only the models beside the final one need, for an evaluation.
    allow_demonstration : bool
        Let a bundle trained on simulated cases predict a case that is not simulated.
    threads : int
        Threads; the result does not depend on it.
    device : str
        For the CR features and every network, frozen or trained.

    Raises
    ------
    InputError
        When the case cannot be used or lacks something the bundle needs.
    Cancelled
        When ``progress`` returned ``False``.
    """
    stage = Stage(progress)
    check_demonstration(bundle, case.id, case.simulated, allow_demonstration)
    choice = HeatmapChoice.from_text(heatmap) if isinstance(heatmap, str) else HeatmapChoice.of_recipe(bundle.recipe)
    bundle = bundle.on_device(device)
    stage(0.0, "Preparing images and regions")
    prepared = prepare_case(case, bundle.recipe)
    table = _features(bundle, case, prepared, compared, threads, device, stage.part(0.05, 0.3 if heatmap else 0.7))
    (risk,) = bundle.ensemble.predict(table)
    report = bundle.domain.report(table, case.scanner)
    warnings = tuple(flag.sentence for flag in report.flags)
    if fingerprint(case) in bundle.record.folds:
        warnings = (*warnings, TRAINED_ON)
    drawn_again = spread = None
    if contours:
        part = stage.part(*((0.3, 0.4) if heatmap else (0.7, 0.98)))
        drawn_again = contour_features(bundle, prepared, table, threads, device, part)
        spread = contour_spread(bundle, table, drawn_again)
    painted = None
    if heatmap:
        painted = paint_heatmap(bundle, prepared, table, choice, threads, device, stage.part(0.4, 0.98))
    stage(1.0, "Predicted")
    reference = prepared.reference_phase
    return Prediction(
        case=case.id,
        risk=risk.risk,
        risk_low=risk.low,
        risk_high=risk.high,
        model_spread=risk.spread,
        group=risk.group,
        threshold=bundle.ensemble.threshold,
        warnings=warnings,
        explanation={
            **explain(bundle, prepared, table, risk, warnings, painted),
            "doubt": describe_doubt(risk, report, spread),
        },
        heatmap=None if painted is None else painted.volume,
        shell=reference.regions.get("shell"),
        prepared=prepared,
        features=table,
        contours=drawn_again,
    )


def check_demonstration(bundle: Bundle, case: str, simulated: bool, allowed: bool) -> None:
    """Refuse a case that is not simulated when the bundle was trained on simulated cases, unless ``allowed``.

    Raises
    ------
    InputError
        When it is refused.
    """
    if bundle.record.demonstration and not simulated and not allowed:
        raise InputError(
            f"Case {case} is not a simulated case, and this bundle was trained on simulated cases only: its risk "
            "would mean nothing. Use a bundle trained on patients (or override with --allow-demonstration to try the "
            "software)."
        )


def _features(
    bundle: Bundle, case: Case, prepared: PreparedCase, compared: bool, threads: int, device: str, progress: Stage
) -> FeatureTable:
    """The features that risk and interval need, as a table of one case; and those of other models where asked."""
    needed = {*bundle.ensemble.features, *bundle.ensemble.interval_features}
    names = sorted({*needed, *(bundle.ensemble.compared_features if compared else ()), *bundle.domain.appearance})
    images = [name for name in names if not name.startswith(CLINICAL)]
    found = extract_case(
        prepared,
        bundle.recipe,
        bundle.weights,
        names=images,
        trained=bool(bundle.ensemble.images),
        threads=threads,
        device=device,
        progress=progress,
    )
    values = dict(found.values)
    for name in names:
        if name.startswith(CLINICAL):
            value = case.clinical.get(name.removeprefix(CLINICAL), np.nan)
            if name in needed and not np.isfinite(value):
                wanted = name.removeprefix(CLINICAL)
                raise InputError(f"Case {case.id} has no clinical value {wanted}, which the model uses; fill it in.")
            values[name] = float(value)
    return FeatureTable(
        (case.id,),
        tuple(names),
        np.array([[values[name] for name in names]]).reshape(1, len(names)),
        (case.scanner,),
        images={name: (found.images[name],) for name in bundle.ensemble.images},
    )
