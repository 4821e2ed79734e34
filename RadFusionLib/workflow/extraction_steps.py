"""A case's features step by step, each kept under what it was made from, so that only what changed is made anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from RadFusionLib.case import Volume
from RadFusionLib.cohort import CaseRow
from RadFusionLib.computing import Entry, Store, digest_of, engine_digest
from RadFusionLib.computing.engine import EXTRACTION
from RadFusionLib.deep import Weights
from RadFusionLib.recipe import Recipe
from RadFusionLib.workflow.case_content import KeptCase, volume_digest
from RadFusionLib.workflow.extraction import extract_case
from RadFusionLib.workflow.preprocess import PreparedCase, prepare_case, prepare_images

__all__ = [
    "ExtractionPlan",
    "KeptFeatures",
    "KeptReading",
    "engine_of",
    "extract_kept",
    "extraction_plan",
    "features_of",
    "images_of",
]

FEATURES, IMAGES, PREPARED = "features", "images", "prepared"


@dataclass(frozen=True)
class ExtractionPlan:
    """What is extracted from every case, and where it is kept.

    Parameters
    ----------
    recipe, weights, families, engine, device
        As :func:`~RadFusionLib.workflow.extraction.extract_case` takes them.
    store : Store
        Visible to every worker.
    resume : bool
        Whether steps that are in the store are taken from it; else every step is made anew.
    sources : str
        Digest of the engine, so that a worker with another one is found out.
    """

    recipe: Recipe
    weights: Weights | None
    families: tuple[str, ...]
    engine: str
    device: str
    store: Store
    resume: bool
    sources: str


@dataclass(frozen=True)
class KeptReading:
    """Where the features of one reading of a case lie in the store."""

    features: tuple[str, ...]
    images: str = ""
    reasons: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class KeptFeatures:
    """A case whose features are all in the store.

    Parameters
    ----------
    first : KeptReading
        Of the first reader's contours.
    readings : mapping of str to KeptReading
        Of the repeated ones.
    fingerprint : str
        Of the images' voxels.
    notices : tuple of str
        What was noticed while the images were prepared.
    made : int
        Steps that had to be made; none for a case that was finished before.
    """

    first: KeptReading
    readings: Mapping[str, KeptReading]
    fingerprint: str
    notices: tuple[str, ...]
    made: int


def extract_kept(row: CaseRow, plan: ExtractionPlan) -> KeptFeatures:
    """See that every step of a case is in the store, and say where.

    Raises
    ------
    InputError
        When the case cannot be used.
    StoreError
        When a step cannot be kept.
    """
    first = _Steps(KeptCase(row, plan.recipe.phases, "", plan.store, plan.resume), plan)
    found = first.all(trained=True)
    readings, made = {}, first.made
    for reading in row.readings if plan.recipe.needs_readings else ():
        again = _Steps(KeptCase(row, plan.recipe.phases, reading, plan.store, plan.resume), plan, first)
        readings[reading] = again.all(trained=False)
        made += again.made
    return KeptFeatures(found, readings, first.kept.content.fingerprint, first.notices, made)


def features_of(reading: KeptReading, store: Store) -> tuple[list[str], np.ndarray]:
    """The features' names and values, shape (p,), ``float64``, as the store has them.

    Raises
    ------
    KeyError
        When the store has lost a step since.
    """
    names: list[str] = []
    values = []
    for key in reading.features:
        entry = store.get(FEATURES, key)
        if entry is None:
            raise KeyError(key)
        names += entry.note["names"]
        values.append(entry.arrays["values"])
    return names, np.concatenate(values) if values else np.zeros(0)


def images_of(reading: KeptReading, store: Store) -> Mapping[str, np.ndarray]:
    """What the trained networks see of the case, by the network's name."""
    if not reading.images:
        return {}
    entry = store.get(IMAGES, reading.images)
    if entry is None:
        raise KeyError(reading.images)
    return entry.arrays


class _Steps:
    """The steps of one reading of a case. The images are prepared only when a step is missing."""

    def __init__(self, kept: KeptCase, plan: ExtractionPlan, first: _Steps | None = None) -> None:
        self.kept, self.plan, self.made = kept, plan, 0
        self._first = first
        self._key = digest_of(
            kept.content.digest, kept.row.id, plan.recipe.document["imaging"], plan.recipe.document["regions"],
            plan.sources,
        )  # fmt: skip

    @cached_property
    def images(self) -> dict[str, Volume]:
        """What does not depend on a contour, made once for all readings."""
        return self._first.images if self._first else prepare_images(self.kept.case, self.plan.recipe)

    @cached_property
    def prepared(self) -> PreparedCase:
        return prepare_case(self.kept.case, self.plan.recipe, self.images)

    @cached_property
    def places(self) -> dict[tuple[str, str], str]:
        """The digest of image and region, by phase and region."""
        return {(phase, region): digest for phase, region, digest in self._prepared_note["places"]}

    @property
    def notices(self) -> tuple[str, ...]:
        return tuple(self._prepared_note["notices"])

    @cached_property
    def _prepared_note(self) -> Mapping[str, Any]:
        known = self.plan.store.get(PREPARED, self._key) if self.plan.resume else None
        if known is not None:
            return known.note
        prepared = self.prepared
        images = {phase: volume_digest(part.image) for phase, part in prepared.phases.items()}
        places = [
            [phase, region, digest_of(images[phase], volume_digest(mask))]
            for phase, part in prepared.phases.items()
            for region, mask in part.regions.items()
        ]
        note = {"places": places, "notices": list(prepared.notices)}
        self.plan.store.put(PREPARED, self._key, Entry(note))
        return note

    def all(self, trained: bool) -> KeptReading:
        """See that everything is there."""
        keys: list[str] = []
        reasons: dict[str, str] = {}
        for family in self.plan.families:
            for key, unknown in self._family(family):
                keys.append(key)
                reasons |= unknown
        return KeptReading(tuple(keys), self._images() if trained and self.plan.recipe.networks else "", reasons)

    def _family(self, family: str) -> Iterable[tuple[str, Mapping[str, str]]]:
        """Each of a family's steps, in order: its key, and why some of its values are NaN."""
        wanted = [(place, self._feature_key(family, place)) for place in self._places_of(family)]
        known = {key: self._known(FEATURES, key) for _, key in wanted}
        missing = [(place, key) for place, key in wanted if known[key] is None]
        for (_, key), entry in zip(missing, self._made(family, [place for place, _ in missing]), strict=True):
            self.plan.store.put(FEATURES, key, entry)
            known[key] = entry
            self.made += 1
        for _, key in wanted:
            kept = known[key]
            assert kept is not None
            yield key, kept.note["reasons"]

    def _places_of(self, family: str) -> list[tuple[str, str] | None]:
        """Phase and region of each step; one step without for a family that looks at the whole case."""
        return [None] if family not in ("cr", "dlr") else list(self.places)

    def _feature_key(self, family: str, place: tuple[str, str] | None) -> str:
        plan = self.plan
        seen = self._key if place is None else self.places[place]
        settings: list[object] = [plan.sources, family, place, seen, plan.device]
        if family == "cr":
            settings += [dict(plan.recipe.cr), plan.engine]
        if family == "dlr":
            settings += [dict(plan.recipe.dlr), plan.weights.sha256 if plan.weights else ""]
        return digest_of(*settings)

    def _made(self, family: str, places: list[tuple[str, str] | None]) -> Iterable[Entry]:
        """The steps that are missing: a network's together, since it runs on batches; the others one by one."""
        if not places:
            return
        together = family == "dlr"
        for group in [places] if together else [[place] for place in places]:
            inside = [place for place in group if place is not None]
            found = extract_case(
                self.prepared,
                self.plan.recipe,
                self.plan.weights,
                families=(family,),
                places=inside or None,
                trained=False,
                engine=self.plan.engine,
                device=self.plan.device,
            )
            for place in group:
                prefix = "" if place is None else f"{place[0]}_{place[1]}_"
                names = [name for name in found.values if name.startswith(prefix)]
                values = np.array([found.values[name] for name in names], dtype=np.float64)
                reasons = {name: found.reasons[name] for name in names if name in found.reasons}
                yield Entry({"names": names, "reasons": reasons}, {"values": values})

    def _images(self) -> str:
        plan = self.plan
        inputs = {name: network["input"] for name, network in plan.recipe.networks.items()}
        key = digest_of(plan.sources, [[*place, seen] for place, seen in self.places.items()], inputs)
        if self._known(IMAGES, key) is None:
            found = extract_case(self.prepared, plan.recipe, plan.weights, families=(), trained=True)
            plan.store.put(IMAGES, key, Entry({}, dict(found.images)))
            self.made += 1
        return key

    def _known(self, kind: str, key: str) -> Entry | None:
        return self.plan.store.get(kind, key) if self.plan.resume else None


def extraction_plan(
    recipe: Recipe,
    weights: Weights | None,
    families: Iterable[str],
    engine: str,
    device: str,
    store: Store,
    resume: bool,
) -> ExtractionPlan:
    """A plan with this machine's engine."""
    return ExtractionPlan(recipe, weights, tuple(families), engine, device, store, resume, engine_of(engine))


def engine_of(engine: str) -> str:
    """The digest of this machine's engine, with PyRadiomics where it is asked for."""
    if engine != "pyradiomics":
        return engine_digest(EXTRACTION)
    from importlib.metadata import version

    return digest_of(engine_digest(EXTRACTION), version("pyradiomics"))
