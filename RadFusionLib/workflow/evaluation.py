"""Evaluate a bundle on a cohort."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from RadFusionLib.bundle import Bundle
from RadFusionLib.cohort import CaseRow, FeatureFile, Manifest
from RadFusionLib.computing import Store, Workers, workers_of
from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.assessment import APPARENT, FEWEST, TEST, Assessment, EvaluationSet, assess
from RadFusionLib.evaluation.finding_agreement import FindingAgreement, finding_agreement
from RadFusionLib.evaluation.follow_up import FollowUp
from RadFusionLib.evaluation.missing import MissingValues, missing_table
from RadFusionLib.evaluation.reading_agreement import ReadingAgreement, reading_agreement
from RadFusionLib.evaluation.record import BundleFacts, Development, EvaluatedCase, Evaluation
from RadFusionLib.evaluation.sample_size import binary_development, cox_snell_of_auc
from RadFusionLib.evaluation.subgroups import Grouping, above_median
from RadFusionLib.explain.plots import Shares
from RadFusionLib.fusion.model_signatures import network_histories
from RadFusionLib.fusion.table import CLINICAL
from RadFusionLib.progress import ProgressCallback, Stage
from RadFusionLib.workflow.candidate_features import candidate_features
from RadFusionLib.workflow.cohort_extraction import versions
from RadFusionLib.workflow.cohort_risks import CaseRisk, CohortRisks, cohort_risks, readings_of
from RadFusionLib.workflow.inner_models import final_name, model_facts, nomogram_of

__all__ = ["evaluate"]

ENOUGH = 100
"""Cases of each class below which a test is called small (Collins, Ogundimu and Altman 2016)."""
FEW_EVENTS = 10
"""Events a variable of a Cox model below which they are called few (Peduzzi 1995)."""
SEX = {0.0: "female", 1.0: "male"}
"""As the manifest codes it."""
MEASURED = {"age": "years", "diameter": "mm"}
"""Clinical variables by whose median the cohort is parted, with their units."""


def evaluate(
    bundle: Bundle,
    manifest: Manifest,
    progress: ProgressCallback | None = None,
    *,
    features: FeatureFile | None = None,
    readers: bool = True,
    jobs: int = 1,
    device: str = "cpu",
    allow_demonstration: bool = False,
    workers: Workers | None = None,
    store: Store | None = None,
    resume: bool = False,
    resamples: int = 1000,
) -> Evaluation:
    """Predict every case of a manifest and measure how well the risk does.

    Cases that the bundle was trained on, known by the fingerprints of their voxels, are measured apart, as
    ``apparent``; the manifest's column ``split`` plays no part. Nothing is imputed: a case without an outcome is
    predicted and left out of the measures, a case that cannot be predicted is listed.

    Parameters
    ----------
    bundle : Bundle
        What is evaluated.
    manifest : Manifest
        The cases, with outcomes; with ``time:`` and ``event:`` columns survival is described, with ``treatment`` its
        benefit by risk group, with ``mask:tumor@<reader>`` the agreement between readings.
    progress : callable, optional
        ``progress(fraction, message)``; returning ``False`` cancels.
    features : FeatureFile, optional
        Extracted before; the images are not read then, and readings are not compared.
    readers : bool
        Whether to predict repeated contours too, which takes as long again for each.
    jobs : int
        Processes, where no ``workers`` are given; the result does not depend on either.
    workers, store, resume
        As :func:`~RadFusionLib.workflow.cohort_risks.cohort_risks` takes them.
    resamples : int
        Bootstrap samples of the calibration curve's band.

    Returns
    -------
    Evaluation
        What a report shows.

    Raises
    ------
    InputError
        When there are too few outcomes, a time or an event is wrong, or no case could be predicted.
    Cancelled
        When ``progress`` returned ``False``.
    """
    stage = Stage(progress)
    _check(manifest)
    readings = readings_of(manifest) if readers and features is None else ()
    found = cohort_risks(
        bundle,
        manifest,
        features=features,
        readings=readings,
        device=device,
        allow_demonstration=allow_demonstration,
        workers=workers or workers_of(jobs),
        store=store,
        resume=resume,
        progress=stage.part(0.0, 0.85),
    )
    stage(0.86, "Measuring")
    rows = {row.id: row for row in manifest}
    sets, remarks = _sets(bundle, manifest, found, rows, resamples, stage.part(0.86, 0.96))
    agreement = tuple(a for reading in readings if (a := _agreement(reading, found, bundle)) is not None)
    development = _development(bundle)
    skipped: tuple[str, ...] = ()
    if features is not None and readers and readings_of(manifest):
        skipped = ("Readings were not compared, since features were given; evaluate from the images for that.",)
    stage(1.0, "Evaluated")
    return Evaluation(
        bundle=_facts(bundle),
        manifest=manifest.path.name,
        cases=tuple(_case(one, rows[one.case]) for one in found.cases),
        failures=dict(found.failures),
        sets=sets,
        missing=_missing(manifest, found),
        development=development,
        nomogram=nomogram_of(bundle, found.cases),
        shares=_shares(sets, found.cases),
        readings=agreement,
        findings=_findings(manifest, bundle),
        warnings=(*remarks, *_warnings(bundle, found, rows, sets, development), *skipped),
        centers=tuple(sorted({row.center for row in manifest if row.center})),
        scanners=tuple(sorted({row.scanner for row in manifest if row.scanner})),
        versions=versions(),
    )


def _check(manifest: Manifest) -> None:
    """Refuse, before any work is done, what could not be measured after it."""
    if len(manifest) == 0:
        raise InputError(f"{manifest.path} lists no case.")
    outcomes = [row.outcome for row in manifest if row.outcome is not None]
    if not outcomes:
        raise InputError(f"{manifest.path} gives no outcome; add a column outcome with 0 and 1.")
    for value, word in ((1, "with"), (0, "without")):
        count = outcomes.count(value)
        if count < FEWEST:
            raise InputError(
                f"{manifest.path} has {_cases(count)} {word} the outcome; performance needs at least {FEWEST} of each "
                "class, so add cases."
            )
    cases = [row.id for row in manifest]
    for endpoint in _endpoints(manifest):
        times, events = _column(manifest, "times", endpoint), _column(manifest, "events", endpoint)
        FollowUp.from_columns(cases, times, events, endpoint)


def _sets(
    bundle: Bundle,
    manifest: Manifest,
    found: CohortRisks,
    rows: Mapping[str, CaseRow],
    resamples: int,
    progress: Stage,
) -> tuple[dict[str, Assessment], list[str]]:
    sets: dict[str, Assessment] = {}
    refused: list[str] = []
    for number, name in enumerate((TEST, APPARENT)):
        progress(number / 2, f"Measuring the {name} set")
        chosen = [c for c in found.cases if c.seen == (name == APPARENT) and rows[c.case].outcome is not None]
        if not chosen:
            continue
        group = _set(bundle, manifest, name, chosen, [rows[c.case] for c in chosen])
        try:
            sets[name] = assess(group, resamples=resamples)
        except InputError as error:
            refused.append(str(error))
    if not sets:
        raise InputError(refused[0] if refused else f"No case of {manifest.path} with an outcome could be predicted.")
    return sets, refused


def _set(
    bundle: Bundle, manifest: Manifest, name: str, found: Sequence[CaseRisk], rows: Sequence[CaseRow]
) -> EvaluationSet:
    part = Manifest(manifest.path, tuple(rows))
    recipes = [variable.name for variable in bundle.recipe.clinical]
    every = dict.fromkeys([*recipes, *(name for row in rows for name in row.clinical)])
    clinical = {name: values for name in every if np.isfinite(values := _column(part, "clinical", name)).any()}
    return EvaluationSet(
        name=name,
        cases=tuple(c.case for c in found),
        outcome=np.array([row.outcome for row in rows], dtype=int),
        risk=np.array([c.risk for c in found]),
        threshold=bundle.ensemble.threshold,
        times={e: _column(part, "times", e) for e in _endpoints(part)},
        events={e: _column(part, "events", e) for e in _endpoints(part)},
        treatment=tuple(row.treatment for row in rows),
        clinical={name: values for name, values in clinical.items() if name in recipes},
        described={name: values for name, values in clinical.items() if name not in recipes},
        groupings=_groupings(part),
        models=_models(bundle, found),
        model_facts=model_facts(bundle.recipe, _finals(bundle)),
        model_notes=_model_notes(bundle, found),
        member_risk=np.array([c.members for c in found]),
        fold=np.array([c.fold for c in found], dtype=int) if name == APPARENT else None,
        features={n: np.array([c.features[n] for c in found]) for n in bundle.ensemble.most_used_features},
        patches=tuple(np.array(c.patches) for c in found) if all(c.patches for c in found) else (),
    )


def _finals(bundle: Bundle) -> list[str]:
    return [member.final for member in bundle.ensemble.members]


def _models(bundle: Bundle, found: Sequence[CaseRisk]) -> dict[str, np.ndarray]:
    """Scores of the models beside and inside the final one, and the risk under its name; empty where it is alone."""
    others = [m.name for m in bundle.recipe.models if all(m.name in case.signatures for case in found)]
    scores = {name: np.array([case.signatures[name] for case in found]) for name in others}
    return {**scores, final_name(_finals(bundle)): np.array([case.risk for case in found])} if others else {}


def _model_notes(bundle: Bundle, found: Sequence[CaseRisk]) -> tuple[str, ...]:
    """Why a model that could be scored for some of the cases is not compared."""
    lacking = {m.name: sum(m.name not in case.signatures for case in found) for m in bundle.recipe.models}
    return tuple(
        f"{name} is not compared: something that it needs is not known for {_cases(count)}."
        for name, count in lacking.items()
        if 0 < count < len(found)
    )


def _groupings(manifest: Manifest) -> tuple[Grouping, ...]:
    sex = _column(manifest, "clinical", "sex")
    return (
        Grouping("center", tuple(row.center for row in manifest)),
        Grouping("scanner", tuple(row.scanner for row in manifest)),
        Grouping("sex", tuple("" if np.isnan(s) else SEX.get(float(s), f"{s:g}") for s in sex)),
        *(above_median(name, _column(manifest, "clinical", name), unit) for name, unit in MEASURED.items()),
    )


def _endpoints(manifest: Manifest) -> tuple[str, ...]:
    """Endpoints with a time or an event in any case, in the order of the columns."""
    return tuple(dict.fromkeys(name for row in manifest for name in (*row.times, *row.events)))


def _column(manifest: Manifest, part: str, name: str) -> np.ndarray:
    return np.array([getattr(row, part).get(name, np.nan) for row in manifest], dtype=float)


def _agreement(reading: str, found: CohortRisks, bundle: Bundle) -> ReadingAgreement | None:
    both = [case for case in found.cases if reading in case.readings]
    if not both:
        return None
    names = [name for name in bundle.ensemble.features if not name.startswith(CLINICAL)]
    return reading_agreement(
        reading,
        np.array([[c.risk, c.readings[reading].risk] for c in both]),
        bundle.ensemble.threshold,
        names,
        np.array([[[source[n] for n in names] for source in (c.features, c.readings[reading].features)] for c in both]),
        [c.readings[reading].dice for c in both],
    )


def _findings(manifest: Manifest, bundle: Bundle) -> tuple[FindingAgreement, ...]:
    """Each of the recipe's clinical values that another reader read too."""
    readers = dict.fromkeys(reader for row in manifest for reader in row.clinical_readings)
    found = []
    for variable in bundle.recipe.clinical:
        first = _column(manifest, "clinical", variable.name)
        for reader in readers:
            again = [row.clinical_readings.get(reader, {}).get(variable.name, np.nan) for row in manifest]
            if np.isfinite(again).any():
                found.append(finding_agreement(variable.name, reader, first, np.array(again, dtype=float)))
    return tuple(found)


def _shares(sets: Mapping[str, Assessment], found: Sequence[CaseRisk]) -> Shares:
    """What drives the risks of the test set's cases, or of the others where there is none."""
    main = [c for c in found if not c.seen] if TEST in sets else list(found)
    return Shares.of_terms([c.terms for c in main], main[0].base)


def _case(found: CaseRisk, row: CaseRow) -> EvaluatedCase:
    return EvaluatedCase(
        case=found.case,
        set=APPARENT if found.seen else TEST,
        outcome=row.outcome,
        risk=found.risk,
        low=found.low,
        high=found.high,
        group=found.group,
        warnings=found.warnings,
    )


def _missing(manifest: Manifest, found: CohortRisks) -> tuple[MissingValues, ...]:
    present: dict[str, list[bool]] = {"outcome": [row.outcome is not None for row in manifest]}
    for part, column in (("images", "image"), ("clinical", "clinical"), ("times", "time"), ("events", "event")):
        for name in dict.fromkeys(name for row in manifest for name in getattr(row, part)):
            values = [getattr(row, part).get(name) for row in manifest]
            present[f"{column}:{name}"] = [
                value is not None and not (isinstance(value, float) and np.isnan(value)) for value in values
            ]
    present["mask:tumor"] = [any(k.region == "tumor" and not k.reader for k in row.masks) for row in manifest]
    for column in ("treatment", "center", "scanner"):
        present[column] = [bool(getattr(row, column)) for row in manifest]
    present["risk (could be predicted)"] = [row.id not in found.failures for row in manifest]
    outcome = np.array([np.nan if row.outcome is None else row.outcome for row in manifest], dtype=float)
    return missing_table({name: np.array(there) for name, there in present.items()}, outcome)


def _development(bundle: Bundle) -> Development:
    record = bundle.record
    auc = float(record.out_of_fold_auc.get("ensemble", np.nan))
    candidates = candidate_features(bundle.recipe)
    wanted = None
    if 0.5 < auc < 1 and candidates:
        wanted = binary_development(candidates, record.prevalence, cox_snell_of_auc(auc, record.prevalence))
    return Development(candidates, auc, wanted, record.cases, record.events)


def _warnings(
    bundle: Bundle,
    found: CohortRisks,
    rows: Mapping[str, CaseRow],
    sets: Mapping[str, Assessment],
    development: Development,
) -> list[str]:
    said: list[str] = []
    seen = sum(case.seen for case in found.cases)
    if seen == len(found.cases):
        said.append(
            f"The bundle was trained on all {seen} of these cases: everything below is apparent performance, too good "
            "by an unknown amount, and no test."
        )
    elif seen:
        said.append(
            f"The bundle was trained on {seen} of these {len(found.cases)} cases; they are shown apart, as apparent."
        )
    if found.failures:
        case, reason = next(iter(found.failures.items()))
        said.append(f"Could not be predicted: {_cases(len(found.failures))}; the first, {case}: {reason}")
    unknown = sum(rows[case.case].outcome is None for case in found.cases)
    if unknown:
        said.append(f"Without an outcome, so predicted but left out of every measure: {_cases(unknown)}.")
    known = set(bundle.domain.scanners)
    strange = Counter(s for c in found.cases if (s := rows[c.case].scanner) and known and s not in known)
    for scanner, count in sorted(strange.items()):
        said.append(f"From the scanner {scanner}, which was not among those of the training cases: {_cases(count)}.")
    for name, one in sets.items():
        fewer = min(one.positive, one.cases - one.positive)
        if fewer < ENOUGH:
            said.append(
                f"The {name} set has {one.positive} cases with and {one.cases - one.positive} without the outcome; "
                f"below {ENOUGH} of each, performance is known only roughly."
            )
    for name, one in sets.items():
        scarce = [f for f in one.survival if f.events_a_variable < FEW_EVENTS]
        if scarce:
            counts = ", ".join(f"{f.endpoint} {f.events_a_variable:.1f}" for f in scarce)
            said.append(f"The Cox models of the {name} set have few events a variable: {counts}; see Sample size.")
    if development.candidates:
        said.append(
            f"The model chose among {development.candidates:,} candidate features with "
            f"{development.events_a_candidate:.3g} events each in training; rules for sample size ask for several."
        )
    if found.unread:
        (case, reading), reason = next(iter(found.unread.items()))
        said.append(
            f"{len(found.unread)} repeated contours could not be used; the first, {case} by {reading}: {reason}"
        )
    return said


def _cases(count: int) -> str:
    return f"{count} case" if count == 1 else f"{count} cases"


def _facts(bundle: Bundle) -> BundleFacts:
    recipe, record = bundle.recipe, bundle.record
    frozen = bundle.weights
    finals = Counter(member.final for member in bundle.ensemble.members)
    return BundleFacts(
        name=bundle.name,
        title=recipe.title,
        recipe=f"{recipe.name}, version {recipe.version}",
        profile=recipe.profile,
        outcome=str(recipe.outcome["name"]),
        positive=str(recipe.outcome["positive"]),
        preoperative=bool(recipe.outcome["preoperative"]),
        phases=recipe.phases,
        regions=recipe.regions,
        features=bundle.ensemble.features,
        clinical=tuple(f"{v.name} ({v.unit})" if v.unit else v.name for v in recipe.clinical),
        steps=recipe.step_names,
        classifier=", ".join(recipe.classifier_names),
        network=recipe.trained_networks if frozen is None else f"{frozen.network}, {frozen.source}",
        finals=", ".join(f"{name} ({count} of {sum(finals.values())} members)" for name, count in finals.most_common()),
        members=len(bundle.ensemble.members),
        threshold=bundle.ensemble.threshold,
        cases=record.cases,
        events=record.events,
        out_of_fold_auc=dict(record.out_of_fold_auc),
        out_of_fold_interval={name: tuple(i) if i else None for name, i in record.out_of_fold_interval.items()},
        lasso=record.paths,
        histories=network_histories(bundle.ensemble.members),
        scanners=bundle.domain.scanners,
        demonstration=record.demonstration,
        notice=bundle.notice,
        card=bundle.card,
        seed=record.seed,
    )
