"""What the networks that are trained with the members see of a case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

import numpy as np

from RadFusionLib.case import Geometry
from RadFusionLib.deep.patches import Patches, PatchSettings, extract_patches
from RadFusionLib.deep.slices import SliceSettings, prepare_slice
from RadFusionLib.errors import InputError, RecipeError
from RadFusionLib.recipe import Recipe
from RadFusionLib.workflow.preprocess import PreparedCase

__all__ = ["network_grids", "network_images", "network_patches", "slice_settings"]

S = TypeVar("S", SliceSettings, PatchSettings)


def network_images(prepared: PreparedCase, recipe: Recipe) -> dict[str, np.ndarray]:
    """The images of each of the recipe's trained networks, by its name.

    Returns
    -------
    dict of str to numpy.ndarray
        Shape (1, size, size), ``float32`` in [0, 1]: one slice; or (m, size, size), ``uint8``: m patches, in the grey
        levels of an exported image.

    Raises
    ------
    InputError
        When a region gives no slice or patch.
    """
    return {name: _images(prepared, name, network["input"]) for name, network in recipe.networks.items()}


def _images(prepared: PreparedCase, name: str, wanted: Mapping[str, Any]) -> np.ndarray:
    part = prepared.phases[wanted["phase"]]
    region = part.regions[wanted.get("region", "tumor")]
    try:
        if wanted["kind"] == "slice":
            return prepare_slice(part.image, region, _settings(SliceSettings, wanted)).array[None]
        if wanted["kind"] == "patches":
            return _grey(network_patches(prepared, wanted))
    except InputError as error:
        raise InputError(f"Case {prepared.id}, {wanted['phase']}: {error}") from error
    raise RecipeError(f"The network {name} sees {wanted['kind']!r}, which is not known; use slice or patches.")


def network_grids(prepared: PreparedCase, recipe: Recipe, name: str) -> list[Geometry]:
    """Where each image of a trained network lies in the patient, in the order of :func:`network_images`."""
    wanted = recipe.networks[name]["input"]
    if wanted["kind"] == "patches":
        patches = network_patches(prepared, wanted)
        return [patches.grid(number) for number in range(len(patches))]
    part = prepared.phases[wanted["phase"]]
    whole = prepare_slice(part.image, part.regions[wanted.get("region", "tumor")], _settings(SliceSettings, wanted))
    return [whole.grid]


def network_patches(prepared: PreparedCase, wanted: Mapping[str, Any]) -> Patches:
    """The patches of a network's ``input``, where they lie."""
    part = prepared.phases[wanted["phase"]]
    return extract_patches(part.image, part.regions[wanted.get("region", "tumor")], _settings(PatchSettings, wanted))


def slice_settings(section: Mapping[str, Any]) -> SliceSettings:
    """How a recipe's ``dlr`` section cuts its slice: the whole of it is seen when no ``crop`` is given."""
    return _settings(SliceSettings, {"crop": section["size"], **section})


def _settings(kind: type[S], section: Mapping[str, Any]) -> S:
    known = {part.name for part in fields(kind)}  # type: ignore[arg-type]
    given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in section.items() if k in known}
    return kind(**given)


def _grey(patches: Patches) -> np.ndarray:
    return np.rint(255.0 * patches[np.arange(len(patches))]).astype(np.uint8)
