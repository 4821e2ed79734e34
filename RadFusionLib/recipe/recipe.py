"""A recipe: the declarative, versioned description of a whole method."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from RadFusionLib.case import PHASES
from RadFusionLib.errors import RecipeError
from RadFusionLib.recipe.model_spec import FAMILIES, ModelSpec, read_models
from RadFusionLib.recipe.step import Step
from RadFusionLib.recipe.value_check import check_values

__all__ = ["ClinicalVariable", "Recipe"]

SCHEMA = 1
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
    "networks": {},
    "clinical_selection": {"univariate": 0.05, "multivariable": 0.05},
    "folds": {"outer": 5, "inner": 3},
    "interval": {"level": 0.90, "refits": 30},
    "heatmap": {
        "kind": "contribution",
        "neighbourhood_mm": 12.0,
        "stride_mm": 6.0,
        "layer": "layer4",
        "feature": "",
        "radius": 2,
        "colours": "",
        "threshold": 0.0,
        "opacity": 0.55,
    },
    "final": {"candidates": [], "chosen": "inner-folds"},
    "published": {"signatures": "out-of-fold", "selection": "training", "split": "patient", "final": "inner-folds"},
}
"""The sections that are mappings, with the keys they may have and their defaults."""

REGION_ENTRIES: dict[str, dict[str, Any]] = {
    "tumor": {"lesion": "single"},
    "shell": {"margin_mm": 10.0, "within": ""},
    "liver": {},
}
"""What may be said of a region, with the defaults."""

CHOICES: dict[str, tuple[str, ...]] = {
    "frame": ("case", "modality", "phase"),
    "registration": ("none", "rigid"),
    "interpolator": ("nearest", "linear", "bspline", "gaussian", "lanczos"),
    "bias_field": ("none", "n4"),
}
"""What the imaging section may choose from."""

PUBLISHED: dict[str, tuple[str, ...]] = {
    "signatures": ("out-of-fold", "in-sample"),
    "selection": ("training", "cohort"),
    "split": ("patient", "patch"),
    "final": ("inner-folds", "held-out"),
}
"""Where a paper's own protocol may part from the strict one, which is each first choice."""

HEATMAPS = ("contribution", "patch_probability", "gradcam", "cam", "feature")
HEATMAP_COLOURS = ("cividis", "blue-red", "JET")
NORMALISATIONS = ("none", "zscore", "minmax")
MARKS = ("stated", "inferred", "unstated", "ours")
WHEN = ("preoperative", "postoperative")

LISTS = ("clinical", "steps", "models")
SCALARS = {"schema": SCHEMA, "name": "", "version": 1, "title": "", "source": "", "threshold": "youden"}
OTHERS = ("regions", "classifier", "marks", "profiles")


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
        try:
            content: dict[str, Any] = json.loads(json.dumps(document))
        except (TypeError, ValueError, RecursionError) as error:
            raise RecipeError(f"The recipe holds a value that is no number, text or list: {error}.") from error
        profiles = content.pop("profiles", {}) or {}
        if not isinstance(profiles, dict) or not all(isinstance(change, dict) for change in profiles.values()):
            raise RecipeError(f"Recipe {content.get('name')}: profiles must be mappings, each with a name.")
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
        return float(self.document["regions"].get("shell", REGION_ENTRIES["shell"])["margin_mm"])

    @property
    def lesion(self) -> str:
        """Which lesion is the tumour: ``single``, ``largest``, ``all`` or the name of a segment."""
        return str(self.document["regions"].get("tumor", REGION_ENTRIES["tumor"])["lesion"])

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
        return tuple(Step.from_entry(entry) for entry in self.document["steps"])

    @property
    def classifier(self) -> Step:
        return Step.from_entry(self.document["classifier"])

    @property
    def step_names(self) -> tuple[str, ...]:
        """The steps of all models, each once."""
        own = [step.name for model in self.models for step in model.steps or ()]
        return tuple(dict.fromkeys([*(step.name for step in self.steps), *own]))

    @property
    def classifier_names(self) -> tuple[str, ...]:
        """The classifiers of all models, each once; ``choose`` stands for a choice among several."""
        own = [model.classifier.name for model in self.models if model.classifier]
        return tuple(dict.fromkeys([*self.document["classifier"], *own]))

    @property
    def models(self) -> tuple[ModelSpec, ...]:
        return tuple(ModelSpec.from_entry(entry) for entry in self.document["models"])

    @property
    def image_families(self) -> tuple[str, ...]:
        """The feature families that come from images and that a model uses: of ``cr`` and ``dlr``."""
        return tuple(f for f in FAMILIES if f != "clinical" and any(f in m.families for m in self.models))

    @property
    def needs_readings(self) -> bool:
        """Whether a step looks at repeated contours."""
        steps = [*self.steps, *(step for model in self.models for step in model.steps or ())]
        return any(step.name == "reproducibility" for step in steps)

    @property
    def networks(self) -> Mapping[str, Mapping[str, Any]]:
        """The networks that are trained with the members, by name: their ``input`` and their ``training``."""
        return self.document["networks"]

    @property
    def published(self) -> Mapping[str, str]:
        """Where the paper's own protocol parts from the strict one."""
        return self.document["published"]

    @property
    def extraction(self) -> dict[str, Any]:
        """Everything of the recipe that image features and the networks' images depend on."""
        sections = ("imaging", "regions", "cr", "dlr")
        inputs = {name: network["input"] for name, network in self.networks.items()}
        return {
            "recipe": self.name,
            "profile": self.profile,
            **{s: self.document[s] for s in sections},
            **({"networks": inputs} if inputs else {}),
        }

    def with_initial_weights(self, weights: str) -> Recipe:
        """The same recipe with every trained network starting from these weights (a file, a stored name, random)."""
        networks = {
            name: {**network, "training": {**network["training"], "weights": weights}}
            for name, network in self.networks.items()
        }
        return Recipe({**self.document, "networks": networks}, self.profile)

    @property
    def trained_networks(self) -> str:
        """The networks that are trained with each member, for a reader; empty where there is none."""
        named = [
            f"{name} ({network['training'].get('network', network['input']['kind'])})"
            for name, network in self.networks.items()
        ]
        return f"{', '.join(named)}, trained with each member" if named else ""

    def on_device(self, device: str) -> Recipe:
        """The same recipe with every trained network on a device; for a training, never for a bundle."""
        networks = {
            name: {**network, "training": {**network["training"], "device": device}}
            for name, network in self.networks.items()
        }
        return Recipe({**self.document, "networks": networks}, self.profile)

    def model(self, name: str) -> ModelSpec:
        """The model of that name.

        Raises
        ------
        RecipeError
            When there is none.
        """
        for model in self.models:
            if model.name == name:
                return model
        raise RecipeError(f"Recipe {self.name} has no model {name!r}; use one of {[m.name for m in self.models]}.")

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
        if not self.name:
            raise RecipeError(f"{where} needs one; write 'name: ...' at its head.")
        check_values(self.document, where)
        self._check_imaging(where)
        self._check_regions(where)
        _check_clinical(self.document["clinical"], where)
        _check_networks(self.networks, self.phases, where)
        read_models(self.document["models"], tuple(self.networks), [v.name for v in self.clinical], where)
        for entry in (*self.document["steps"], *([self.document["classifier"]] if self.document["classifier"] else [])):
            Step.from_entry(entry)
        if self.heatmap["kind"] not in HEATMAPS:
            raise RecipeError(f"{where} has the heatmap {self.heatmap['kind']!r}; use one of {', '.join(HEATMAPS)}.")
        _check_look(self.heatmap, where)
        for key, choices in PUBLISHED.items():
            if self.published[key] not in choices:
                raise RecipeError(f"{where}: published.{key} must be {' or '.join(choices)}.")
        names = [model.name for model in self.models]
        missing = [c for c in self.final_candidates if c not in names]
        if missing:
            raise RecipeError(f"{where}: final names {missing}, which are not among its models.")
        for key, mark in self.marks.items():
            if (str(mark).split() or [""])[0].rstrip(";:,") not in MARKS:
                raise RecipeError(f"{where}: the mark of {key} begins with none of {', '.join(MARKS)}; mend it.")

    def _check_imaging(self, where: str) -> None:
        unknown = [p for p in self.phases if p not in PHASES]
        if unknown or not self.phases:
            what = f"unknown phases {unknown}" if unknown else "no phases"
            raise RecipeError(f"{where} names {what}; use {', '.join(PHASES)}.")
        if len(set(self.phases)) < len(self.phases):
            raise RecipeError(f"{where} names a phase twice; name each once.")
        if self.reference_phase not in self.phases:
            raise RecipeError(f"{where} has reference_phase {self.reference_phase!r}, which is not among its phases.")
        for key, choices in CHOICES.items():
            if self.imaging[key] not in choices:
                raise RecipeError(f"{where} has {key} {self.imaging[key]!r}; use one of {', '.join(choices)}.")
        method = self.imaging["normalisation"]["method"]
        if method not in NORMALISATIONS:
            raise RecipeError(f"{where} has normalisation {method!r}; use one of {', '.join(NORMALISATIONS)}.")

    def _check_regions(self, where: str) -> None:
        if not self.regions or "tumor" not in self.regions:
            raise RecipeError(f"{where} has no region tumor; name it under regions.")
        if "shell" in self.regions and self.document["regions"]["shell"]["within"] not in ("", "liver"):
            raise RecipeError(f"{where}: regions.shell.within must be liver, or left out.")
        if not self.lesion.strip():
            raise RecipeError(f"{where}: regions.tumor.lesion must be single, largest, all or a segment's name.")


def _check_clinical(entries: Any, where: str) -> None:
    known = {part.name for part in fields(ClinicalVariable)}
    for entry in entries:
        if not isinstance(entry, dict) or not entry.get("name") or set(entry) - known:
            raise RecipeError(f"{where}: the clinical variable {entry!r} must have a name, and may have unit and when.")
        if entry.get("when", WHEN[0]) not in WHEN:
            raise RecipeError(f"{where}: the clinical variable {entry['name']} must be {' or '.join(WHEN)}.")


def _check_look(heatmap: Mapping[str, Any], where: str) -> None:
    """How a heatmap is shown, and the two options that only some kinds ask for."""
    if heatmap["colours"] not in ("", *HEATMAP_COLOURS):
        raise RecipeError(f"{where}: heatmap.colours must be one of {', '.join(HEATMAP_COLOURS)}, or left out.")
    for key, least, most in (("threshold", 0.0, 0.99), ("opacity", 0.05, 1.0), ("radius", 1, 4)):
        value = heatmap[key]
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise RecipeError(f"{where}: heatmap.{key} is {value!r}; give a number from {least:g} to {most:g}.")


def _check_networks(networks: Mapping[str, Any], phases: tuple[str, ...], where: str) -> None:
    for name, network in networks.items():
        if not isinstance(network, dict) or set(network) != {"input", "training"}:
            raise RecipeError(f"{where}: the network {name} must say its input and its training, and no more.")
        if not all(isinstance(network[part], dict) for part in ("input", "training")):
            raise RecipeError(f"{where}: the network {name} needs a mapping for its input and one for its training.")
        if network["input"].get("phase") not in phases:
            raise RecipeError(
                f"{where}: the network {name} sees the phase {network['input'].get('phase')!r}, which is not among its "
                f"phases; name one of {', '.join(phases)}."
            )


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
    scaling = result["imaging"]["normalisation"]
    if not isinstance(scaling, dict) or set(scaling) - {"method", "scale"}:
        raise RecipeError(f"Recipe {name}: imaging.normalisation takes a method and a scale, not {scaling!r}.")
    result["imaging"]["normalisation"] = {**SECTIONS["imaging"]["normalisation"], **scaling}
    for key in LISTS:
        given = document.get(key) or []
        if not isinstance(given, list):
            raise RecipeError(f"Recipe {name}: {key} must be a list.")
        result[key] = list(given)
    for key in OTHERS[:-1]:
        given = document.get(key) or {}
        if not isinstance(given, dict):
            raise RecipeError(f"Recipe {name}: {key} must be a mapping.")
        result[key] = given
    result["regions"] = {region: _region(region, entry, name) for region, entry in result["regions"].items()}
    return result


def _region(region: str, entry: Any, name: Any) -> dict[str, Any]:
    defaults = REGION_ENTRIES.get(region)
    if defaults is None:
        raise RecipeError(f"Recipe {name} has an unknown region {region}; use {', '.join(REGION_ENTRIES)}.")
    entry = entry or {}
    if not isinstance(entry, dict) or set(entry) - set(defaults):
        raise RecipeError(f"Recipe {name}: region {region} may say {sorted(defaults) or 'nothing'}, not {entry!r}.")
    return {**defaults, **entry}


def _merge(base: Any, change: Any) -> Any:
    if isinstance(base, dict) and isinstance(change, dict):
        return {
            k: _merge(base[k], change[k]) if k in base and k in change else change.get(k, base.get(k))
            for k in {**base, **change}
        }
    return change
