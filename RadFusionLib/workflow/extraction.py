"""The features of one case."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np

from RadFusionLib.case import Geometry
from RadFusionLib.deep import Weights, extract, feature_names, network_spec, prepare_region
from RadFusionLib.deep.region_input import RegionInput
from RadFusionLib.deep.slices import SliceInput, prepare_slice
from RadFusionLib.doubt import REDRAWN, Sight, appearance
from RadFusionLib.errors import InputError, RecipeError
from RadFusionLib.fusion.table import APPEARANCE
from RadFusionLib.progress import Stage
from RadFusionLib.radiomics import RadiomicsSettings, calculate, prepare
from RadFusionLib.recipe import Recipe
from RadFusionLib.workflow.first_use import compile_once
from RadFusionLib.workflow.network_images import network_images, slice_settings
from RadFusionLib.workflow.preprocess import PreparedCase

__all__ = [
    "ENGINES",
    "CaseFeatures",
    "conventional_settings",
    "deep_input",
    "deep_inputs",
    "extract_case",
    "sights",
    "voxel_size",
]

ENGINES = ("fast", "pyradiomics")


@dataclass(frozen=True)
class CaseFeatures:
    """A case's feature values by name, why some are NaN, and what the trained networks see of it."""

    values: Mapping[str, float]
    reasons: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, np.ndarray] = field(default_factory=dict)


def conventional_settings(recipe: Recipe) -> RadiomicsSettings:
    """The CR engine's settings of a recipe.

    Raises
    ------
    InputError
        When the recipe's ``cr`` section has an unknown setting, or one of the wrong kind.
    """
    try:
        return RadiomicsSettings.from_dict(dict(recipe.cr))
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise RecipeError(f"Recipe {recipe.name}: its cr section has a value of the wrong kind ({error}).") from error


def voxel_size(geometry: Geometry) -> tuple[float, float, float]:
    """Spacing (I, J, K) in mm, rounded to 10 nm.

    File formats keep a voxel size to seven or to sixteen digits. A new voxel that falls halfway between two old ones
    would go to one or the other by the last digit, and the same case would differ from file to file.
    """
    return tuple(round(s, 5) for s in geometry.spacing)  # type: ignore[return-value]


def extract_case(
    prepared: PreparedCase,
    recipe: Recipe,
    weights: Weights | None,
    *,
    families: Collection[str] | None = None,
    places: Collection[tuple[str, str]] | None = None,
    names: Collection[str] | None = None,
    trained: bool = True,
    engine: str = "fast",
    threads: int = 1,
    device: str = "cpu",
    progress: Stage | None = None,
) -> CaseFeatures:
    """Extract every feature of the recipe from a prepared case.

    Parameters
    ----------
    prepared : PreparedCase
        From :func:`~RadFusionLib.workflow.preprocess.prepare_case`.
    recipe : Recipe
        Its ``cr`` and ``dlr`` sections.
    weights : Weights or None
        The network of the ``dlr`` family.
    families : collection of str
        Of ``cr``, ``dlr`` and ``appearance``, which describes the images themselves; by default those that the
        recipe's models use, and ``appearance``.
    places : collection of (str, str), optional
        Only these phases and regions; all of the recipe's by default.
    names : collection of str, optional
        Only these features; all of the recipe's by default.
    trained : bool
        Whether to cut out what the recipe's trained networks see.
    engine : {'fast', 'pyradiomics'}
        Which CR engine.
    threads : int
        Threads of the CR engine and the network.
    device : str
        For the network.
    progress : Stage, optional
        Reports a step a phase and region; may cancel.

    Raises
    ------
    InputError
        When a region is too small for features, or the engine is unknown.
    """
    progress = progress or Stage()
    families = (*recipe.image_families, "appearance") if families is None else families
    values: dict[str, float] = {}
    reasons: dict[str, str] = {}
    every = [(phase, region) for phase in recipe.phases for region in recipe.regions]
    places = [place for place in every if places is None or place in places]
    if "cr" in families:
        progress = compile_once(engine, progress)
        for number, (phase, region) in enumerate(places):
            progress(0.9 * number / len(places), f"CR features of {phase}, {region}")
            prefix = f"{phase}_{region}_"
            wanted = None if names is None else [n.removeprefix(prefix) for n in names if n.startswith(prefix)]
            wanted = wanted if wanted is None else [n for n in wanted if not n.startswith("dlr_")]
            if wanted == []:
                continue
            found = _conventional(prepared, phase, region, recipe, wanted, engine, threads, device)
            values |= {prefix + name: value for name, value in found.items()}
    if "dlr" in families and (names is None or any("_dlr_" in name for name in names)):
        if weights is None:
            raise InputError("DLR features need a network's weights; name them with --weights.")
        progress(0.9, "DLR features")
        inputs = {place: seen for place, seen in deep_inputs(prepared, recipe).items() if place in places}
        normalisation = recipe.dlr.get("normalisation", "none")
        features = extract(
            weights, np.stack(list(inputs.values())), normalisation=normalisation, threads=threads, device=device
        )
        for (phase, region), row in zip(inputs, features, strict=True):
            values |= dict(zip(feature_names(weights.network, phase, region), map(float, row), strict=True))
    if "appearance" in families and (names is None or any(name.startswith(APPEARANCE) for name in names)):
        redrawn = names is None or any(name.endswith(REDRAWN) for name in names)
        values |= appearance(sights(prepared), prepared.reference, redrawn=redrawn)
    if names is not None:
        values = {name: value for name, value in values.items() if name in set(names)}
    reasons |= {name: "not defined for this region" for name, value in values.items() if not np.isfinite(value)}
    values = {name: value if np.isfinite(value) else float("nan") for name, value in values.items()}
    progress(0.95, "Images of the networks")
    images = network_images(prepared, recipe) if trained else {}
    progress(1.0, "Features extracted")
    return CaseFeatures(values, reasons, images)


def deep_inputs(prepared: PreparedCase, recipe: Recipe) -> dict[tuple[str, str], np.ndarray]:
    """The frozen network's input of each phase and region: a cube, axes KJI, or the largest slice, axes JI."""
    return {
        (phase, region): deep_input(prepared, recipe, phase, region).array
        for phase in recipe.phases
        for region in recipe.regions
    }


def deep_input(prepared: PreparedCase, recipe: Recipe, phase: str, region: str) -> RegionInput | SliceInput:
    """The frozen network's input of one phase and region, with its place in the patient."""
    image, mask = prepared.phases[phase].image, prepared.phases[phase].regions[region]
    if network_spec(recipe.dlr["network"]).dimensions == 3:
        return prepare_region(image, mask, int(recipe.dlr["size"]))
    settings = slice_settings(recipe.dlr)
    return prepare_slice(image, mask, settings).centre(settings.crop)


def sights(prepared: PreparedCase) -> dict[str, Sight]:
    """What there is to see of each phase, for :func:`~RadFusionLib.doubt.appearance`."""
    return {
        role: Sight(part.image, part.acquired, part.regions["tumor"].array, part.free.array)
        for role, part in prepared.phases.items()
    }


def _conventional(
    prepared: PreparedCase,
    phase: str,
    region: str,
    recipe: Recipe,
    names: Collection[str] | None,
    engine: str,
    threads: int,
    device: str,
) -> Mapping[str, float]:
    part = prepared.phases[phase]
    image, mask, spacing = part.image.array, part.regions[region].array, voxel_size(part.image.geometry)
    settings = conventional_settings(recipe)
    try:
        if engine == "fast":
            made = prepare(image, mask, spacing, settings)
            return calculate(made, settings, names=names, threads=threads, device=device)
        if engine == "pyradiomics":
            from RadFusionLib.radiomics.pyradiomics_engine import extract_pyradiomics

            return extract_pyradiomics(image, mask, spacing, settings)
    except InputError as error:
        raise InputError(f"Case {prepared.id}, {phase}, {region}: {error}") from error
    raise InputError(f"There is no engine {engine!r}; use one of {', '.join(ENGINES)}.")
