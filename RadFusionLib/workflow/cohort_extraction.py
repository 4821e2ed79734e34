"""The features of a cohort, several cases at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from RadFusionLib.cohort import CaseRow, FeatureFile, Manifest, changed_cases, feature_writer
from RadFusionLib.computing import Store, Workers, here, versions, workers_of
from RadFusionLib.deep import Weights
from RadFusionLib.fusion.table import FeatureTable
from RadFusionLib.progress import Stage
from RadFusionLib.recipe import Recipe
from RadFusionLib.workflow.cohort_work import Attempt, attempt, check_engine, each_case, none_done
from RadFusionLib.workflow.extraction_steps import (
    ExtractionPlan,
    KeptFeatures,
    KeptReading,
    engine_of,
    extract_kept,
    extraction_plan,
    features_of,
    images_of,
)
from RadFusionLib.workflow.first_use import compile_once

__all__ = ["CohortFeatures", "KeptCohort", "extract_cohort", "extract_to_file", "versions"]

FAMILIES = ("cr", "dlr", "appearance")
"""The order of their columns."""


@dataclass(frozen=True)
class CohortFeatures:
    """The features of the cases that could be extracted, and why the others could not."""

    features: FeatureFile
    failures: Mapping[str, str]
    notices: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class KeptCohort:
    """A cohort whose features are all in the store.

    Parameters
    ----------
    cases : mapping of str to KeptFeatures
        In the manifest's order.
    failures : mapping of str to str
        Why the others could not be extracted.
    record : mapping
        How the features were made.
    names : tuple of str
        Of the features.
    """

    cases: Mapping[str, KeptFeatures]
    failures: Mapping[str, str]
    record: Mapping[str, Any]
    names: tuple[str, ...]

    @property
    def notices(self) -> dict[str, tuple[str, ...]]:
        """What was noticed, by case."""
        return {case: found.notices for case, found in self.cases.items()}

    @property
    def reasons(self) -> dict[str, dict[str, str]]:
        """By case and feature, why a value is NaN."""
        return {case: dict(found.first.reasons) for case, found in self.cases.items() if found.first.reasons}

    @property
    def readings(self) -> tuple[str, ...]:
        """The repeated readings."""
        return tuple(sorted({reading for found in self.cases.values() for reading in found.readings}))

    @property
    def taken(self) -> int:
        """Cases that were finished before, and of which nothing had to be made."""
        return sum(found.made == 0 for found in self.cases.values())


def extract_cohort(
    recipe: Recipe,
    manifest: Manifest,
    weights: Weights | None,
    *,
    families: Collection[str] | None = None,
    engine: str = "fast",
    jobs: int = 1,
    device: str = "cpu",
    workers: Workers | None = None,
    store: Store | None = None,
    resume: bool = False,
    progress: Stage | None = None,
) -> CohortFeatures:
    """Extract a cohort into memory; a case that fails is listed and the rest delivered.

    The table keeps the manifest's order and does not depend on ``jobs`` or ``workers``: each case is worked on by one
    thread.

    Parameters
    ----------
    recipe, manifest, weights
        What, of whom, and with which network.
    families : collection of str, optional
        As :func:`~RadFusionLib.workflow.extraction.extract_case` takes them.
    engine : {'fast', 'pyradiomics'}
        Which CR engine.
    jobs : int
        Processes, where no ``workers`` are given.
    device : str
        For the network.
    workers : Workers, optional
        Who works on the cases.
    store : Store, optional
        Where finished work is kept; a temporary one by default.
    resume : bool
        Whether to take from the store what was finished before.

    Raises
    ------
    InputError
        When no case could be extracted.
    """
    progress = progress or Stage()
    workers = workers or workers_of(jobs)
    if store is None:
        with TemporaryDirectory(prefix="radfusion-") as folder:
            return extract_cohort(
                recipe, manifest, weights, families=families, engine=engine, device=device, workers=workers,
                store=Store(folder), progress=progress,
            )  # fmt: skip
    plan = _plan(recipe, weights, families, engine, device, store, resume)
    kept = _extract(plan, manifest, workers, progress)
    values = np.stack([_row(kept, found.first, store) for found in kept.cases.values()])
    images = [images_of(found.first, store) for found in kept.cases.values()]
    table = FeatureTable(
        tuple(kept.cases),
        kept.names,
        values,
        readings={reading: _reading(kept, reading, store) for reading in kept.readings},
        images={name: tuple(of_case[name] for of_case in images) for name in recipe.networks},
    )
    prints = tuple(found.fingerprint for found in kept.cases.values())
    return CohortFeatures(FeatureFile(table, prints, kept.record, kept.reasons), kept.failures, kept.notices)


def extract_to_file(
    recipe: Recipe,
    manifest: Manifest,
    weights: Weights | None,
    out: Path,
    store: Store,
    *,
    families: Collection[str] | None = None,
    engine: str = "fast",
    device: str = "cpu",
    workers: Workers = here,
    resume: bool = False,
    progress: Stage | None = None,
) -> KeptCohort:
    """Extract a cohort into a feature file, with no more of it in memory than is being worked on.

    The file is the same, byte for byte, whoever worked on it and however often the run was interrupted and resumed.

    Raises
    ------
    InputError
        When no case could be extracted, or the manifest can no longer be read.
    StoreError
        When finished work cannot be kept.
    """
    progress = progress or Stage()
    plan = _plan(recipe, weights, families, engine, device, store, resume)
    kept = _extract(plan, manifest, workers, progress.part(0.0, 0.97))
    changed = changed_cases(manifest, ("id", "images", "masks"))
    if changed:
        cases = {case: found for case, found in kept.cases.items() if case not in changed}
        kept = replace(kept, cases=cases, failures={**kept.failures, **changed})
        if not cases:
            raise none_done(dict(kept.failures), "extracted")
    first = next(iter(kept.cases.values())).first
    kinds = {name: str(image.dtype) for name, image in images_of(first, store).items()}
    progress(0.97, f"Writing {len(kept.cases)} cases")
    with feature_writer(out, kept.names, kinds, kept.record, kept.reasons) as writer:
        for case, found in kept.cases.items():
            images = images_of(found.first, store)
            writer.add(case, "", found.fingerprint, _row(kept, found.first, store), images)
        for reading in kept.readings:
            for case, found in kept.cases.items():
                if reading in found.readings:
                    writer.add(case, reading, "", _row(kept, found.readings[reading], store))
    progress(1.0, "Written")
    return kept


def _plan(
    recipe: Recipe,
    weights: Weights | None,
    families: Collection[str] | None,
    engine: str,
    device: str,
    store: Store,
    resume: bool,
) -> ExtractionPlan:
    wanted = (*recipe.image_families, "appearance") if families is None else families
    ordered = [family for family in FAMILIES if family in wanted]
    return extraction_plan(recipe, weights, ordered, engine, device, store, resume)


def _extract(plan: ExtractionPlan, manifest: Manifest, workers: Workers, progress: Stage) -> KeptCohort:
    found: dict[str, KeptFeatures] = {}
    failures: dict[str, str] = {}
    threads: dict[str, int] = {}
    if "cr" in plan.families:
        progress = compile_once(plan.engine, progress)  # here, or every worker would
    for row, result in each_case(list(manifest), _work, plan, workers, progress, "Extracting"):
        if result.found is None:
            failures[row.id] = result.reason
        else:
            found[row.id] = result.found
        threads = {name: max(count, threads.get(name, 1)) for name, count in result.threads} or threads
    order = [row.id for row in manifest]
    if not found:
        raise none_done({case: failures[case] for case in order}, "extracted")
    cases = {case: found[case] for case in order if case in found}
    record = {
        **plan.recipe.extraction,
        "recipe_version": plan.recipe.version,
        "engine": plan.engine,
        "families": sorted(plan.families),
        "network": None if plan.weights is None else {"sha256": plan.weights.sha256, "source": plan.weights.source},
        "versions": versions(),
        "threads": threads,
    }
    names, _ = features_of(next(iter(cases.values())).first, plan.store)
    return KeptCohort(cases, {case: failures[case] for case in order if case in failures}, record, tuple(names))


def _work(plan: ExtractionPlan, row: CaseRow) -> Attempt[KeptFeatures]:
    """What a worker does with a case."""
    check_engine(plan.sources, engine_of(plan.engine))
    return attempt(row, lambda: extract_kept(row, plan))


def _row(kept: KeptCohort, reading: KeptReading, store: Store) -> np.ndarray:
    names, values = features_of(reading, store)
    if tuple(names) != kept.names:
        place = {name: number for number, name in enumerate(names)}
        values = values[[place[name] for name in kept.names]]
    return values


def _reading(kept: KeptCohort, reading: str, store: Store) -> FeatureTable:
    inside = {case: found.readings[reading] for case, found in kept.cases.items() if reading in found.readings}
    return FeatureTable(tuple(inside), kept.names, np.stack([_row(kept, one, store) for one in inside.values()]))
