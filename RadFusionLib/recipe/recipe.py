"""A recipe: the declarative, versioned description of a whole method."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from RadFusionLib.case import PHASES, REGIONS
from RadFusionLib.errors import RecipeError

__all__ = ["ClinicalVariable", "ModelSpec", "Recipe", "Step"]

SCHEMA = 1
FAMILIES = ("cr", "dlr", "clinical")
SECTIONS: dict[str, dict[str, Any]] = {
    "outcome": {"name": "", "positive": "", "preoperative": True},
    "imaging": {
        "phases": [],
        "reference_phase": "",
        "frame": "case",
        "registration": "none",
        "interpolator": "linear",
        "bias_field": "none",
        "normalisation": {"method": "none", "scale": 1.0},
    },
    "cr": {},
    "dlr": {},
    "clinical_selection": {"univariate": 0.05, "multivariable": 0.05},
    "folds": {"outer": 5, "inner": 3},
    "interval": {"level": 0.90, "refits": 30},
    "heatmap": {"kind": "contribution", "neighbourhood_mm": 12.0, "stride_mm": 6.0},
    "final": {"candidates": [], "chosen": "inner-folds"},
}
"""The sections that are mappings, with the keys they may have and their defaults."""

LISTS = ("clinical", "steps", "models")
SCALARS = {"schema": SCHEMA, "name": "", "version": 1, "title": "", "source": "", "threshold": "youden"}
OTHERS = ("regions", "classifier", "marks", "profiles")


@dataclass(frozen=True)
class Step:
    """A named step of the pipeline with its parameters."""

    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ModelSpec:
    """One of the recipe's models: from which features, or aggregated from which models."""

    name: str
    families: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    aggregate: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClinicalVariable:
    """A clinical variable with its unit and whether it is known before the operation."""

    name: str
    unit: str = ""
    when: str = "preoperative"


@dataclass(frozen=True)
class Recipe:
    """A whole method, from preprocessing to the heatmap, as read from YAML with a profile applied.

    ``document`` is the normalised content, the only state; everything else is a view of it.
    """

    document: Mapping[str, Any]
    profile: str = "paper"

    @classmethod
    def from_document(cls, document: Mapping[str, Any], profile: str = "paper") -> Recipe:
        """Check a document and apply a profile to it.

        Raises
        ------
        RecipeError
            When a key is unknown, missing or of the wrong kind, or there is no such profile.
        """
        content: dict[str, Any] = json.loads(json.dumps(document))
        profiles = content.pop("profiles", {}) or {}
        if profile != "paper":
            if profile not in profiles:
                have = ", ".join(["paper", *profiles])
                raise RecipeError(f"Recipe {content.get('name')} has no profile {profile!r}; use one of {have}.")
            content = _merge(content, profiles[profile])
        recipe = cls(_normalised(content), profile)
        recipe._check()
        return recipe

    def to_json(self) -> dict[str, Any]:
        """The content with its profile, for a bundle; :meth:`from_json` takes it back."""
        return {"profile": self.profile, "document": dict(self.document)}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Recipe:
        """Take back what :meth:`to_json` gave."""
        recipe = cls(_normalised(dict(content["document"])), str(content["profile"]))
        recipe._check()
        return recipe

    @property
    def name(self) -> str:
        return str(self.document["name"])

    @property
    def version(self) -> int:
        return int(self.document["version"])

    @property
    def title(self) -> str:
        return str(self.document["title"])

    @property
    def outcome(self) -> Mapping[str, Any]:
        return self.document["outcome"]

    @property
    def imaging(self) -> Mapping[str, Any]:
        return self.document["imaging"]

    @property
    def phases(self) -> tuple[str, ...]:
        return tuple(self.imaging["phases"])

    @property
    def reference_phase(self) -> str:
        return str(self.imaging["reference_phase"])

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions from which features are taken."""
        return tuple(r for r in self.document["regions"] if r != "liver")

    @property
    def margin_mm(self) -> float:
        return float(self.document["regions"].get("shell", {}).get("margin_mm", 10.0))

    @property
    def lesion(self) -> str:
        """Which lesion is the tumour: ``single``, ``largest``, ``all`` or the name of a segment."""
        return str(self.document["regions"].get("tumor", {}).get("lesion", "single"))

    @property
    def cr(self) -> Mapping[str, Any]:
        return self.document["cr"]

    @property
    def dlr(self) -> Mapping[str, Any]:
        return self.document["dlr"]

    @property
    def clinical(self) -> tuple[ClinicalVariable, ...]:
        return tuple(ClinicalVariable(**entry) for entry in self.document["clinical"])

    @property
    def steps(self) -> tuple[Step, ...]:
        return tuple(_step(entry) for entry in self.document["steps"])

    @property
    def classifier(self) -> Step:
        return _step(self.document["classifier"])

    @property
    def models(self) -> tuple[ModelSpec, ...]:
        return tuple(
            ModelSpec(m["name"], *(tuple(m.get(k, ())) for k in ("families", "regions", "aggregate")))
            for m in self.document["models"]
        )

    def model(self, name: str) -> ModelSpec:
        return next(m for m in self.models if m.name == name)

    @property
    def final_candidates(self) -> tuple[str, ...]:
        return tuple(self.document["final"]["candidates"]) or tuple(m.name for m in self.models)

    @property
    def outer_folds(self) -> int:
        return int(self.document["folds"]["outer"])

    @property
    def inner_folds(self) -> int:
        return int(self.document["folds"]["inner"])

    @property
    def interval_level(self) -> float:
        return float(self.document["interval"]["level"])

    @property
    def interval_refits(self) -> int:
        return int(self.document["interval"]["refits"])

    @property
    def heatmap(self) -> Mapping[str, Any]:
        return self.document["heatmap"]

    @property
    def marks(self) -> Mapping[str, str]:
        """What the paper does not state, by dotted key: ``inferred ...``, ``unstated ...`` or ``ours ...``."""
        return self.document["marks"]

    def _check(self) -> None:
        where = f"Recipe {self.name or '(without a name)'}"
        if self.document["schema"] != SCHEMA:
            raise RecipeError(f"{where} has schema {self.document['schema']}; this version reads schema {SCHEMA}.")
        unknown = [p for p in self.phases if p not in PHASES]
        if unknown or not self.phases:
            raise RecipeError(f"{where} names unknown phases {unknown}; use {', '.join(PHASES)}.")
        if self.reference_phase not in self.phases:
            raise RecipeError(f"{where} has reference_phase {self.reference_phase!r}, which is not among its phases.")
        if self.imaging["frame"] not in ("case", "modality", "phase"):
            raise RecipeError(f"{where} has frame {self.imaging['frame']!r}; use case, modality or phase.")
        names: list[str] = []
        for model in self.models:
            wrong = [f for f in model.families if f not in FAMILIES] + [r for r in model.regions if r not in REGIONS]
            wrong += [m for m in model.aggregate if m not in names]
            if wrong or not (model.families or model.aggregate):
                raise RecipeError(f"{where}: model {model.name} names {wrong or 'no features'}; mend its entry.")
            names.append(model.name)
        missing = [c for c in self.final_candidates if c not in names]
        if missing:
            raise RecipeError(f"{where}: final names {missing}, which are not among its models.")


def _normalised(document: dict[str, Any]) -> dict[str, Any]:
    name = document.get("name", "(without a name)")
    known = {*SECTIONS, *LISTS, *SCALARS, *OTHERS}
    unknown = sorted(set(document) - known)
    if unknown:
        raise RecipeError(f"Recipe {name} has unknown entries {', '.join(unknown)}; remove or correct them.")
    result: dict[str, Any] = {}
    for key, default in SCALARS.items():
        result[key] = document.get(key, default)
    for key, defaults in SECTIONS.items():
        given = document.get(key) or {}
        if not isinstance(given, dict):
            raise RecipeError(f"Recipe {name}: {key} must be a mapping.")
        if defaults and set(given) - set(defaults):
            raise RecipeError(f"Recipe {name}: {key} has unknown entries {sorted(set(given) - set(defaults))}.")
        result[key] = {**defaults, **given}
    for key in LISTS:
        result[key] = list(document.get(key) or [])
    for key in OTHERS[:-1]:
        result[key] = document.get(key) or {}
    return result


def _merge(base: Any, change: Any) -> Any:
    if isinstance(base, dict) and isinstance(change, dict):
        return {
            k: _merge(base[k], change[k]) if k in base and k in change else change.get(k, base.get(k))
            for k in {**base, **change}
        }
    return change


def _step(entry: Mapping[str, Any]) -> Step:
    if len(entry) != 1:
        raise RecipeError(f"A step is one name with its parameters, not {sorted(entry)}.")
    ((name, parameters),) = entry.items()
    return Step(str(name), dict(parameters or {}))
