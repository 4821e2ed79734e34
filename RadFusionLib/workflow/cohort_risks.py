"""The risk of every case of a cohort, from its images or from features extracted before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from RadFusionLib.bundle import Bundle
from RadFusionLib.cohort import CaseRow, FeatureFile, Manifest, fingerprint, load_case
from RadFusionLib.errors import InputError, RadFusionError
from RadFusionLib.evaluation.dice import dice
from RadFusionLib.fusion import Risk
from RadFusionLib.fusion.stack_signatures import stack_signatures
from RadFusionLib.fusion.table import CLINICAL, FeatureTable
from RadFusionLib.progress import Stage
from RadFusionLib.workflow.prediction import TRAINED_ON, Prediction, check_demonstration, predict
from RadFusionLib.workflow.training import check_origin

__all__ = ["CaseRisk", "CohortRisks", "OtherReading", "cohort_risks", "readings_of"]


@dataclass(frozen=True)
class OtherReading:
    """What a repeated contour gives: its risk, its features, and its overlap with the first."""

    risk: float
    features: Mapping[str, float]
    dice: float


@dataclass(frozen=True)
class CaseRisk:
    """One case's risk.

    Parameters
    ----------
    case : str
        Its id.
    risk, low, high : float
        In [0, 1].
    group : str
        ``low`` or ``high``.
    warnings : tuple of str
        Where the case leaves the bundle's domain.
    seen : bool
        Whether the bundle was trained on it.
    features : mapping of str to float
        What the risk depends on.
    signatures : mapping of str to float
        Of the models inside a stack, the mean over the members.
    members : tuple of float
        Each member's risk.
    fold : int or None
        Fold of the training, for a case that the bundle was trained on.
    readings : mapping of str to OtherReading
        By reading.
    """

    case: str
    risk: float
    low: float
    high: float
    group: str
    warnings: tuple[str, ...]
    seen: bool
    features: Mapping[str, float]
    signatures: Mapping[str, float]
    members: tuple[float, ...]
    fold: int | None
    readings: Mapping[str, OtherReading] = field(default_factory=dict)


@dataclass(frozen=True)
class CohortRisks:
    """The cases that could be predicted, in the manifest's order, and why others could not.

    ``failures`` is by case; ``unread`` by case and reading, for repeated contours that could not be used.
    """

    cases: tuple[CaseRisk, ...]
    failures: Mapping[str, str]
    unread: Mapping[tuple[str, str], str]


def cohort_risks(
    bundle: Bundle,
    manifest: Manifest,
    *,
    features: FeatureFile | None = None,
    readings: Sequence[str] = (),
    jobs: int = 1,
    device: str = "cpu",
    allow_demonstration: bool = False,
    progress: Stage | None = None,
) -> CohortRisks:
    """Predict every case; one that fails is listed and the rest delivered.

    Parameters
    ----------
    bundle : Bundle
        Whose risk.
    manifest : Manifest
        The cases.
    features : FeatureFile, optional
        Extracted before, by the bundle's recipe and profile; the images are not read then.
    readings : sequence of str
        Repeated contours to predict too, as :func:`readings_of` names them; they need the images.
    jobs : int
        Processes; the result does not depend on it.
    allow_demonstration : bool
        Let a bundle trained on simulated cases predict others.

    Raises
    ------
    InputError
        When the features are of another recipe, or no case could be predicted.
    """
    progress = progress or Stage()
    progress(0.0, f"Predicting {len(manifest)} cases")
    if features is not None:
        check_origin(bundle.recipe, features, bundle.weights)
        place = {case: i for i, case in enumerate(features.table.cases)}
        done: Iterator[_Done] = (_of_features(bundle, row, features, place, allow_demonstration) for row in manifest)
    else:
        done = _run([(bundle, row, tuple(readings), device, allow_demonstration) for row in manifest], jobs)
    found: list[CaseRisk] = []
    failures: dict[str, str] = {}
    unread: dict[tuple[str, str], str] = {}
    for number, (row, one) in enumerate(zip(manifest, done, strict=True), start=1):
        if isinstance(one.result, str):
            failures[row.id] = one.result
        else:
            found.append(one.result)
            unread |= {(row.id, reading): reason for reading, reason in one.unread.items()}
        failed = f", {len(failures)} failed" if failures else ""
        progress(number / len(manifest), f"Predicting: {number} of {len(manifest)} cases{failed}")
    if not found:
        case, reason = next(iter(failures.items()))
        raise InputError(f"None of the {len(failures)} cases could be predicted; the first, {case}: {reason}")
    return CohortRisks(tuple(found), failures, unread)


def readings_of(manifest: Manifest) -> tuple[str, ...]:
    """The repeated tumour contours in a manifest: ``2`` for reader 2, ``1.2`` for reader 1's second reading."""
    return tuple(sorted({reading for row in manifest for reading in row.readings}))


@dataclass(frozen=True)
class _Done:
    result: CaseRisk | str
    unread: Mapping[str, str] = field(default_factory=dict)


def _run(tasks: list[tuple[Any, ...]], jobs: int) -> Iterator[_Done]:
    if jobs == 1:
        return (_of_images(*task) for task in tasks)
    from joblib import Parallel, delayed

    return iter(Parallel(n_jobs=jobs, return_as="generator")(delayed(_of_images)(*task) for task in tasks))


def _of_images(
    bundle: Bundle, row: CaseRow, readings: tuple[str, ...], device: str, allow_demonstration: bool
) -> _Done:
    options = {"heatmap": False, "allow_demonstration": allow_demonstration, "device": device}
    try:
        case = load_case(row, bundle.recipe.phases)
        first = predict(bundle, case, **options)  # type: ignore[arg-type]
    except RadFusionError as error:
        return _Done(str(error))
    others: dict[str, OtherReading] = {}
    unread: dict[str, str] = {}
    for reading in readings:
        if reading not in row.readings:
            continue
        try:
            case_again = load_case(row, bundle.recipe.phases, reading)
            second = predict(bundle, case_again, **options)  # type: ignore[arg-type]
            others[reading] = OtherReading(second.risk, _features(second), _overlap(first, second))
        except RadFusionError as error:
            unread[reading] = str(error)
    fold = bundle.record.folds.get(fingerprint(case))
    found = CaseRisk(
        case=row.id,
        risk=first.risk,
        low=first.risk_low,
        high=first.risk_high,
        group=first.group,
        warnings=first.warnings,
        seen=fold is not None,
        features=_features(first),
        signatures=_signatures(bundle, first.features),
        members=tuple(first.explanation["members"]),
        fold=fold,
        readings=others,
    )
    return _Done(found, unread)


def _of_features(
    bundle: Bundle, row: CaseRow, features: FeatureFile, place: Mapping[str, int], allow_demonstration: bool
) -> _Done:
    try:
        check_demonstration(bundle, row.id, row.simulated, allow_demonstration)
        if row.id not in place:
            raise InputError(f"The feature file lacks the case {row.id}; extract it.")
        table = _with_clinical(bundle, row, features.table.rows([place[row.id]]))
        (risk,) = bundle.ensemble.predict(table)
    except RadFusionError as error:
        return _Done(str(error))
    return _Done(_joined(bundle, row, table, risk, features.fingerprints[place[row.id]]))


def _joined(bundle: Bundle, row: CaseRow, table: FeatureTable, risk: Risk, print_: str) -> CaseRisk:
    used = bundle.ensemble.features
    fold = bundle.record.folds.get(print_)
    seen = fold is not None
    return CaseRisk(
        case=row.id,
        risk=risk.risk,
        low=risk.low,
        high=risk.high,
        group=risk.group,
        warnings=bundle.domain.warnings(table, row.scanner) + ((TRAINED_ON,) if seen else ()),
        seen=seen,
        features=dict(zip(used, map(float, table.columns(used)[0]), strict=True)),
        signatures=_signatures(bundle, table),
        members=risk.members,
        fold=fold,
    )


def _signatures(bundle: Bundle, table: FeatureTable) -> dict[str, float]:
    return {name: float(score[0]) for name, score in stack_signatures(bundle.ensemble.members, table).items()}


def _with_clinical(bundle: Bundle, row: CaseRow, images: FeatureTable) -> FeatureTable:
    names = [variable.name for variable in bundle.recipe.clinical]
    needed = {*bundle.ensemble.features, *bundle.ensemble.interval_features}
    missing = [n for n in names if CLINICAL + n in needed and not np.isfinite(row.clinical.get(n, np.nan))]
    if missing:
        raise InputError(f"Case {row.id} has no clinical value {missing[0]}, which the model uses; fill it in.")
    values = np.array([[row.clinical.get(name, np.nan) for name in names]]).reshape(1, len(names))
    return replace(
        images,
        names=images.names + tuple(CLINICAL + n for n in names),
        values=np.hstack([images.values, values]),
        scanners=(row.scanner,),
    )


def _features(found: Prediction) -> dict[str, float]:
    table = found.features
    return dict(zip(table.names, map(float, table.values[0]), strict=True))


def _overlap(first: Prediction, second: Prediction) -> float:
    one, other = (p.prepared.reference_phase.regions["tumor"] for p in (first, second))
    return dice(one.array, other.array)
