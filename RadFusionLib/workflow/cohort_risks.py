"""The risk of every case of a cohort, from its images or from features extracted before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from RadFusionLib.bundle import Bundle
from RadFusionLib.cohort import CaseRow, FeatureFile, Manifest, changed_cases, fingerprint
from RadFusionLib.computing import Entry, Store, Workers, digest_of, engine_digest, here
from RadFusionLib.computing.engine import PREDICTION
from RadFusionLib.errors import InputError, RadFusionError
from RadFusionLib.evaluation.dice import dice
from RadFusionLib.fusion import Risk
from RadFusionLib.fusion.model_signatures import fused_signatures, model_signatures, patch_probabilities
from RadFusionLib.fusion.table import CLINICAL, FeatureTable
from RadFusionLib.progress import Stage
from RadFusionLib.workflow.case_content import KeptCase
from RadFusionLib.workflow.cohort_work import Attempt, attempt, check_engine, each_case, none_done
from RadFusionLib.workflow.explanation import risk_shapley, shapley_terms
from RadFusionLib.workflow.prediction import TRAINED_ON, Prediction, check_demonstration, predict
from RadFusionLib.workflow.training import check_origin

__all__ = ["CaseRisk", "CohortRisks", "OtherReading", "cohort_risks", "readings_of"]

KIND = "risk"


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
        Of the models inside the final one and beside it that can be known, the mean over the members.
    fused : mapping of str to float
        Of those inside a logistic fusion, as the ensemble weighs them.
    members : tuple of float
        Each member's risk.
    fold : int or None
        Fold of the training, for a case that the bundle was trained on.
    base : float
        Log-odds of the cases that it is compared with.
    terms : tuple of mapping
        What each input adds to them, as in ``explanation.json``.
    readings : mapping of str to OtherReading
        By reading.
    patches : tuple of tuple of float
        Of a model that sees patches: a row a patch, the probability by each member.
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
    fused: Mapping[str, float]
    members: tuple[float, ...]
    fold: int | None
    base: float
    terms: tuple[Mapping[str, Any], ...]
    readings: Mapping[str, OtherReading] = field(default_factory=dict)
    patches: tuple[tuple[float, ...], ...] = ()


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
    device: str = "cpu",
    allow_demonstration: bool = False,
    workers: Workers = here,
    store: Store | None = None,
    resume: bool = False,
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
    allow_demonstration : bool
        Let a bundle trained on simulated cases predict others.
    workers : Workers
        Who works on the cases; the result does not depend on it.
    store : Store, optional
        Where the risks of finished cases are kept; a case whose row in the manifest's file is no longer the same at
        the end is then listed as failed.
    resume : bool
        Whether to take from the store what was finished before.

    Raises
    ------
    InputError
        When the features are of another recipe, or no case could be predicted.
    """
    progress = progress or Stage()
    bundle = bundle.on_device(device)
    if features is not None:
        check_origin(bundle.recipe, features, bundle.weights)
        done = _from_features(bundle, manifest, features, allow_demonstration)
    else:
        kept = store if bundle.sha256 else None
        plan = _Plan(bundle, tuple(readings), device, allow_demonstration, kept, resume, engine_digest(PREDICTION))
        done = each_case(manifest.rows, _work, plan, workers, progress, "Predicting")
    found: dict[str, _Done] = {}
    failures: dict[str, str] = {}
    for row, one in done:
        if one.found is None:
            failures[row.id] = one.reason
        else:
            found[row.id] = one.found
    for case, reason in (changed_cases(manifest) if store else {}).items():
        failures[case] = reason
        found.pop(case, None)
    order = [row.id for row in manifest]
    failures = {case: failures[case] for case in order if case in failures}
    if not found:
        raise none_done(failures, "predicted")
    cases = [case for case in order if case in found]
    unread = {(case, reading): reason for case in cases for reading, reason in found[case].unread.items()}
    return CohortRisks(tuple(found[case].result for case in cases), failures, unread)


def readings_of(manifest: Manifest) -> tuple[str, ...]:
    """The repeated tumour contours in a manifest: ``2`` for reader 2, ``1.2`` for reader 1's second reading."""
    return tuple(sorted({reading for row in manifest for reading in row.readings}))


@dataclass(frozen=True)
class _Done:
    result: CaseRisk
    unread: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Plan:
    """What is done with every case that is predicted from its images."""

    bundle: Bundle
    readings: tuple[str, ...]
    device: str
    allow_demonstration: bool
    store: Store | None
    resume: bool
    sources: str

    def kept(self, row: CaseRow, reading: str = "") -> KeptCase:
        """A reading of a case."""
        return KeptCase(row, self.bundle.recipe.phases, reading, self.store, self.resume)


def _work(plan: _Plan, row: CaseRow) -> Attempt[_Done]:
    """What a worker does with a case."""
    check_engine(plan.sources, engine_digest(PREDICTION))
    return attempt(row, lambda: _kept(plan, row))


def _kept(plan: _Plan, row: CaseRow) -> _Done:
    """The risk of a case, from the store where it was finished before."""
    first = plan.kept(row)
    if plan.store is None:
        return _of_images(plan, first)
    readings = [reading for reading in plan.readings if reading in row.readings]
    contents = [first.content.digest, *(_content(plan.kept(row, reading)) for reading in readings)]
    values = [row.id, dict(row.clinical), row.scanner, row.simulated, readings]
    key = digest_of(contents, values, plan.bundle.sha256, plan.device, plan.allow_demonstration, plan.sources)
    known = plan.store.get(KIND, key) if plan.resume else None
    if known is not None:
        return _Done(_case_risk(known.note["result"]), known.note["unread"])
    done = _of_images(plan, first)
    plan.store.put(KIND, key, Entry({"result": asdict(done.result), "unread": dict(done.unread)}))
    return done


def _content(kept: KeptCase) -> str:
    """The digest of a repeated contour, or why it cannot be used: that alone does not fail the case."""
    try:
        return kept.content.digest
    except RadFusionError as error:
        return str(error)


def _case_risk(note: Mapping[str, Any]) -> CaseRisk:
    """Take back what ``asdict`` gave and JSON kept."""
    readings = {reading: OtherReading(**other) for reading, other in note["readings"].items()}
    tuples = {name: tuple(note[name]) for name in ("warnings", "members", "terms")}
    return CaseRisk(**{**note, **tuples, "readings": readings})


def _of_images(plan: _Plan, kept: KeptCase) -> _Done:
    bundle, row, case = plan.bundle, kept.row, kept.case
    allowed = plan.allow_demonstration
    options = {"heatmap": False, "contours": False, "allow_demonstration": allowed, "device": plan.device}
    first = predict(bundle, case, compared=True, **options)  # type: ignore[arg-type]
    others: dict[str, OtherReading] = {}
    unread: dict[str, str] = {}
    for reading in plan.readings:
        if reading not in row.readings:
            continue
        try:
            second = predict(bundle, plan.kept(row, reading).case, **options)  # type: ignore[arg-type]
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
        signatures=_finite(model_signatures(bundle.ensemble.members, first.features)),
        fused=_finite(fused_signatures(bundle.ensemble.members, first.features)),
        members=tuple(first.explanation["members"]),
        fold=fold,
        base=float(first.explanation["base"]),
        terms=tuple(first.explanation["terms"]),
        readings=others,
        patches=_patches(bundle, first.features),
    )
    return _Done(found, unread)


def _from_features(
    bundle: Bundle, manifest: Manifest, features: FeatureFile, allow_demonstration: bool
) -> Iterator[tuple[CaseRow, Attempt[_Done]]]:
    place = {case: i for i, case in enumerate(features.table.cases)}
    for row in manifest:
        yield row, attempt(row, partial(_of_features, bundle, row, features, place, allow_demonstration))


def _of_features(
    bundle: Bundle, row: CaseRow, features: FeatureFile, place: Mapping[str, int], allow_demonstration: bool
) -> _Done:
    check_demonstration(bundle, row.id, row.simulated, allow_demonstration)
    if row.id not in place:
        raise InputError(f"The feature file lacks the case {row.id}; extract it.")
    table = _with_clinical(bundle, row, features.table.rows([place[row.id]]))
    (risk,) = bundle.ensemble.predict(table)
    return _Done(_joined(bundle, row, table, risk, features.fingerprints[place[row.id]]))


def _joined(bundle: Bundle, row: CaseRow, table: FeatureTable, risk: Risk, print_: str) -> CaseRisk:
    used = bundle.ensemble.features
    fold = bundle.record.folds.get(print_)
    seen = fold is not None
    added = risk_shapley(bundle, table)
    return CaseRisk(
        case=row.id,
        risk=risk.risk,
        low=risk.low,
        high=risk.high,
        group=risk.group,
        warnings=bundle.domain.warnings(table, row.scanner) + ((TRAINED_ON,) if seen else ()),
        seen=seen,
        features=dict(zip(used, map(float, table.columns(used)[0]), strict=True)),
        signatures=_finite(model_signatures(bundle.ensemble.members, table)),
        fused=_finite(fused_signatures(bundle.ensemble.members, table)),
        members=risk.members,
        fold=fold,
        base=added.base,
        terms=tuple(shapley_terms(bundle, added)),
        patches=_patches(bundle, table),
    )


def _finite(said: Mapping[str, np.ndarray]) -> dict[str, float]:
    """What is known of one case."""
    return {name: float(values[0]) for name, values in said.items() if np.isfinite(values[0])}


def _patches(bundle: Bundle, table: FeatureTable) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(map(float, row)) for row in patch_probabilities(bundle.ensemble.members, table))


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
