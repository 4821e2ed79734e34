"""From a case as given to images and regions on the grids the features are taken from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from RadFusionLib.case import Case, Volume
from RadFusionLib.errors import InputError
from RadFusionLib.imaging import (
    check_geometry,
    check_image,
    choose_lesion,
    correct_bias_field,
    mask_on_grid,
    normalise,
    peritumoral_shell,
    register_rigid,
    resample,
)
from RadFusionLib.recipe import Recipe

__all__ = ["PreparedCase", "PreparedPhase", "prepare_case"]


@dataclass(frozen=True)
class PreparedPhase:
    """One phase, normalised, with its regions on the same grid.

    Parameters
    ----------
    image : Volume
        ``float64``, shape (K, J, I).
    regions : mapping of str to Volume
        ``bool``: ``tumor`` and ``shell`` as the recipe asks.
    clipped_fraction : float
        Share of the shell that the liver or other lesions removed, in [0, 1].
    """

    image: Volume
    regions: Mapping[str, Volume]
    clipped_fraction: float


@dataclass(frozen=True)
class PreparedCase:
    """A case ready for feature extraction, and what was noticed on the way."""

    id: str
    phases: Mapping[str, PreparedPhase]
    reference: str
    notices: tuple[str, ...]

    @property
    def reference_phase(self) -> PreparedPhase:
        """The phase in whose geometry the heatmap is painted."""
        return self.phases[self.reference]


def prepare_case(case: Case, recipe: Recipe) -> PreparedCase:
    """Bring a case's phases and regions to where the recipe takes features from.

    With the recipe's frame ``case``, every phase is brought to the reference phase's grid; with ``phase``,
    each keeps its own. A mask drawn on a phase serves that phase, one drawn for the case serves all.

    Raises
    ------
    InputError
        When a phase or the tumour is missing, or an image or mask cannot be used; the sentence says why.
    """
    notices: list[str] = []
    reference = recipe.reference_phase
    images = {role: _image(case, role, recipe) for role in recipe.phases}
    if recipe.imaging["frame"] == "case":
        images = {role: _to_reference(role, images, recipe, notices) for role in recipe.phases}
    phases = {}
    for role, image in images.items():
        regions, clipped = _regions(case, role, image, recipe, notices)
        scaled = normalise(image, recipe.imaging["normalisation"]["method"], recipe.imaging["normalisation"]["scale"])
        phases[role] = PreparedPhase(scaled, regions, clipped)
    return PreparedCase(case.id, phases, reference, tuple(dict.fromkeys(notices)))


def _image(case: Case, role: str, recipe: Recipe) -> Volume:
    image = case.phase(role)
    check_image(image, f"The {role} phase of case {case.id}")
    image = image.canonical()
    if recipe.imaging["bias_field"] == "n4":
        image = correct_bias_field(image)
    return image


def _to_reference(role: str, images: Mapping[str, Volume], recipe: Recipe, notices: list[str]) -> Volume:
    image, reference = images[role], images[recipe.reference_phase]
    if role == recipe.reference_phase:
        return image
    if recipe.imaging["registration"] == "rigid":
        moved, matrix = register_rigid(image, reference)
        notices.append(f"{role} was registered to {recipe.reference_phase} (shift {np.round(matrix[:3, 3], 1)} mm).")
        return moved
    if not image.geometry.same_grid(reference.geometry):
        notices.append(f"{role} was resampled to the grid of {recipe.reference_phase}.")
    return resample(image, reference.geometry, recipe.imaging["interpolator"])


def _regions(
    case: Case, role: str, image: Volume, recipe: Recipe, notices: list[str]
) -> tuple[dict[str, Volume], float]:
    drawn = case.mask("tumor", role)
    if drawn is None:
        raise InputError(f"Case {case.id} has no tumor mask for {role}; draw it or name its file.")
    what = f"tumor mask of case {case.id}"
    tumor = _on_grid(drawn, image, what, notices)
    lesion = choose_lesion(tumor, recipe.lesion if recipe.lesion in ("single", "largest") else "all", what)
    if lesion.notice:
        notices.append(lesion.notice)
    regions = {"tumor": lesion.tumor}
    clipped = 0.0
    if "shell" in recipe.regions:
        liver = _liver(case, role, image, recipe, notices)
        shell = peritumoral_shell(lesion.tumor, recipe.margin_mm, liver, lesion.others)
        regions["shell"], clipped = shell.mask, shell.clipped_fraction
        if clipped > 0.005:
            notices.append(
                f"{100 * clipped:.0f} % of the {recipe.margin_mm:g} mm shell lay outside the liver and was cut."
            )
        if shell.touches_edge:
            notices.append("The shell reaches the edge of the image; what lies beyond is not seen.")
    return {region: regions[region] for region in recipe.regions}, clipped


def _liver(case: Case, role: str, image: Volume, recipe: Recipe, notices: list[str]) -> Volume | None:
    if recipe.document["regions"]["shell"].get("within") != "liver":
        return None
    drawn = case.mask("liver", role)
    if drawn is None:
        notices.append("There is no liver mask; the shell may reach outside the liver.")
        return None
    return _on_grid(drawn, image, f"liver mask of case {case.id}", notices, whole=False)


def _on_grid(mask: Volume, image: Volume, what: str, notices: list[str], whole: bool = True) -> Volume:
    check_geometry(mask, f"The {what}")
    moved, notice = mask_on_grid(mask.canonical(), image, what, whole=whole)
    if notice:
        notices.append(notice)
    return moved
