"""From a case as given to images and regions on the grids the features are taken from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from RadFusionLib.case import Case, Geometry, MaskKey, Volume
from RadFusionLib.errors import InputError
from RadFusionLib.imaging import (
    RULES,
    Lesion,
    check_geometry,
    check_image,
    choose_lesion,
    choose_segment,
    correct_bias_field,
    is_lesion_name,
    mask_on_grid,
    normalise,
    peritumoral_shell,
    register_rigid,
    resample,
)
from RadFusionLib.recipe import Recipe

__all__ = ["PreparedCase", "PreparedPhase", "prepare_case", "prepare_images", "shared_frame"]


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
    acquired : Volume
        The phase as it came: the scanner's voxels and intensities.
    free : Volume
        ``bool``, on the same grid as ``image``: where a shell may lie, in the liver, in no other lesion and in what
        was acquired.
    """

    image: Volume
    regions: Mapping[str, Volume]
    clipped_fraction: float
    acquired: Volume
    free: Volume


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


@dataclass(frozen=True)
class _Placed:
    """A phase in its frame.

    Parameters
    ----------
    image : Volume
        On the grid that the features are taken from.
    seen : Geometry
        Where the phase was acquired, in the frame: beyond it there is nothing to measure.
    carry : numpy.ndarray or None
        Rigid 4 x 4 from the phase's own place to the frame, when it was registered.
    """

    image: Volume
    seen: Geometry
    carry: np.ndarray | None = None


def prepare_images(case: Case, recipe: Recipe) -> dict[str, Volume]:
    """The recipe's phases, corrected and normalised on their own grids: what does not depend on a contour.

    Raises
    ------
    InputError
        When a phase is missing or cannot be used.
    """
    return {role: _image(case, role, recipe) for role in recipe.phases}


def prepare_case(case: Case, recipe: Recipe, images: Mapping[str, Volume] | None = None) -> PreparedCase:
    """Bring a case's phases and regions to where the recipe takes features from.

    With the recipe's frame ``case``, every phase is brought to the reference phase's grid; with ``modality``,
    those of the reference's modality to the reference, and the others to the first phase of their own; with
    ``phase``, each keeps its own. A mask drawn on a phase serves that phase, and moves with it when it is
    registered; one drawn for the case serves all. Intensities are normalised before they are resampled, so that
    the scale does not depend on what another phase happened to cover.

    Parameters
    ----------
    case : Case
        As given.
    recipe : Recipe
        Its imaging and regions.
    images : mapping of str to Volume, optional
        From :func:`prepare_images`, when the same images serve several contours.

    Raises
    ------
    InputError
        When a phase or the tumour is missing, or an image or mask cannot be used; the sentence says why.
    """
    notices: list[str] = []
    for role in recipe.phases:
        case.phase(role)
        if case.mask("tumor", role) is None:
            raise InputError(f"Case {case.id} has no tumor mask for {role}; draw it or name its file.")
    images = images or prepare_images(case, recipe)
    phases = {}
    for role in recipe.phases:
        placed = _place(role, images, recipe, notices)
        regions, clipped, free = _regions(case, role, placed, recipe, notices)
        image = placed.image.with_array(np.asarray(placed.image.array, dtype=np.float64))
        phases[role] = PreparedPhase(image, regions, clipped, case.phase(role).canonical(), free)
    return PreparedCase(case.id, phases, recipe.reference_phase, tuple(dict.fromkeys(notices)))


def _image(case: Case, role: str, recipe: Recipe) -> Volume:
    image = case.phase(role)
    check_image(image, f"The {role} phase of case {case.id}")
    image = image.canonical()
    wanted = recipe.imaging["normalisation"]
    try:
        # CT has no coil, and so no coil's bias field.
        if recipe.imaging["bias_field"] == "n4" and _modality(role) == "MR":
            image = correct_bias_field(image)
        return normalise(image, wanted["method"], wanted["scale"])
    except InputError as error:
        raise InputError(f"Case {case.id}, {role}: {error}") from error


def _modality(role: str) -> str:
    return "CT" if role.startswith("CT-") else "MR"


def _frame_of(role: str, recipe: Recipe) -> str:
    """The phase on whose grid ``role`` is wanted."""
    frame, reference = recipe.imaging["frame"], recipe.reference_phase
    if frame == "phase":
        return role
    if frame == "case" or _modality(role) == _modality(reference):
        return reference
    return next(other for other in recipe.phases if _modality(other) == _modality(role))


def shared_frame(recipe: Recipe) -> tuple[str, ...]:
    """The phases that lie in the reference phase's frame: a place in it is the same place in all of them."""
    leader = _frame_of(recipe.reference_phase, recipe)
    return tuple(role for role in recipe.phases if _frame_of(role, recipe) == leader)


def _place(role: str, images: Mapping[str, Volume], recipe: Recipe, notices: list[str]) -> _Placed:
    image, leader = images[role], _frame_of(role, recipe)
    if role == leader:
        return _Placed(image, image.geometry)
    reference, interpolator = images[leader], recipe.imaging["interpolator"]
    if recipe.imaging["registration"] == "rigid":
        try:
            moved, matrix = register_rigid(image, reference, interpolator)
        except InputError as error:
            raise InputError(f"{role} to {leader}: {error}") from error
        carry = np.linalg.inv(matrix)
        middle = reference.geometry.corners().mean(axis=0)
        shift = np.linalg.norm(matrix[:3, :3] @ middle + matrix[:3, 3] - middle)
        turn = np.degrees(np.arccos(np.clip((np.trace(matrix[:3, :3]) - 1) / 2, -1, 1)))
        notices.append(f"{role} was registered to {leader} (moved by {shift:.1f} mm, turned by {turn:.1f} degrees).")
        return _Placed(moved, image.geometry.moved(carry), carry)
    if not image.geometry.same_grid(reference.geometry):
        notices.append(f"{role} was resampled to the grid of {leader}.")
    return _Placed(resample(image, reference.geometry, interpolator), image.geometry)


def _regions(
    case: Case, role: str, placed: _Placed, recipe: Recipe, notices: list[str]
) -> tuple[dict[str, Volume], float, Volume]:
    lesion = _lesion(case, role, placed, recipe, notices)
    unseen = 1.0 - _seen(lesion.tumor, placed).mean()
    if unseen > 0:
        raise InputError(
            f"{max(1.0, 100 * unseen):.0f} % of the tumour of case {case.id} lies outside the {role} image; "
            "give an image that covers it."
        )
    regions = {"tumor": lesion.tumor}
    clipped = 0.0
    liver = _liver(case, role, placed, recipe, notices) if "shell" in recipe.regions else None
    if "shell" in recipe.regions:
        try:
            shell = peritumoral_shell(lesion.tumor, recipe.margin_mm, liver, lesion.others)
        except InputError as error:
            raise InputError(f"Case {case.id}, {role}: {error}") from error
        regions["shell"], clipped = _cut_unseen(shell.mask, case, role, placed, notices), shell.clipped_fraction
        if clipped > 0.005:
            others = " or in other lesions" if lesion.others is not None else ""
            notices.append(
                f"{100 * clipped:.0f} % of the {recipe.margin_mm:g} mm shell lay outside the liver{others} and was cut."
            )
        if shell.touches_edge:
            notices.append("The shell reaches the edge of the image; what lies beyond is not seen.")
        coarse = max(placed.image.geometry.spacing)
        if coarse > recipe.margin_mm / 2:
            notices.append(
                f"The voxels of {role} measure up to {coarse:.1f} mm; the {recipe.margin_mm:g} mm shell is less than "
                "two of them thick there."
            )
    return {region: regions[region] for region in recipe.regions}, clipped, _free(lesion, liver, placed)


def _free(lesion: Lesion, liver: Volume | None, placed: _Placed) -> Volume:
    """Where a shell may lie: in the liver where it is drawn, in no other lesion, and where the phase was acquired."""
    free = np.ones(lesion.tumor.array.shape, dtype=bool) if liver is None else liver.array.copy()
    if lesion.others is not None:
        free &= ~lesion.others.array
    if not placed.seen.same_grid(placed.image.geometry):
        free &= _seen(lesion.tumor.with_array(np.ones(free.shape, dtype=bool)), placed).reshape(free.shape)
    return lesion.tumor.with_array(free)


def _lesion(case: Case, role: str, placed: _Placed, recipe: Recipe, notices: list[str]) -> Lesion:
    """The tumour on the phase's grid, and every other lesion that is known."""
    drawn = case.mask("tumor", role)
    assert drawn is not None
    segments = case.segments_of(role)
    rule, what = recipe.lesion, f"tumor mask of case {case.id}"
    lesions = [name for name in segments if is_lesion_name(name)]
    own = [name for name in segments if segments[name].array.sum() == drawn.array.sum()]
    notice = ""
    if rule not in RULES:
        name, notice = choose_segment(segments, rule, f"tumor segmentation of case {case.id}")
        drawn, own = segments[name], [name]
    elif len(lesions) > 1 and not own and rule == "single":
        raise InputError(
            f"The tumor segmentation of case {case.id} has {len(lesions)} lesions ({', '.join(lesions)}) where one is "
            f"expected; name one as FILE#{lesions[0]}, or use a recipe with 'lesion: {lesions[0]}'."
        )
    elif len(lesions) > 1 and not own and rule == "largest":
        name, notice = choose_segment(segments, rule, f"tumor segmentation of case {case.id}")
        drawn, own = segments[name], [name]
    elif own and rule != "all":
        kept = [name for name in lesions if name not in own]
        notice = f"Other lesions ({', '.join(kept)}) were kept out of the shell." if kept else ""
    tumor = _on_grid(drawn, case, "tumor", role, placed, notices)
    chosen = choose_lesion(tumor, rule if rule in RULES else "all", what)
    notices.extend(text for text in (notice, chosen.notice) if text)
    others = np.zeros(tumor.array.shape, dtype=bool) if chosen.others is None else chosen.others.array.copy()
    for name in lesions if own else ():
        if name not in own and segments[name].array.any():
            others |= _where_seen(segments[name], case, role, placed)
    others &= ~chosen.tumor.array
    return Lesion(chosen.tumor, tumor.with_array(others) if others.any() else None, chosen.notice)


def _liver(case: Case, role: str, placed: _Placed, recipe: Recipe, notices: list[str]) -> Volume | None:
    if recipe.document["regions"]["shell"].get("within") != "liver":
        return None
    drawn = case.mask("liver", role)
    if drawn is None:
        notices.append("There is no liver mask; the shell may reach outside the liver.")
        return None
    return _on_grid(drawn, case, "liver", role, placed, notices, whole=False)


def _carried(mask: Volume, case: Case, region: str, role: str, placed: _Placed) -> Volume:
    """A mask drawn on a phase moves with the phase; one drawn for the case lies in the frame already."""
    if placed.carry is not None and MaskKey(region, role) in case.masks:
        return Volume(mask.array, mask.geometry.moved(placed.carry))
    return mask.canonical()


def _on_grid(
    mask: Volume, case: Case, region: str, role: str, placed: _Placed, notices: list[str], whole: bool = True
) -> Volume:
    what = f"{region} mask of case {case.id}"
    check_geometry(mask, f"The {what}")
    mask = _carried(mask, case, region, role, placed)
    moved, notice = mask_on_grid(mask, placed.image, what, whole=whole, where=f"{role} image")
    if notice:
        notices.append(notice)
    return moved


def _where_seen(segment: Volume, case: Case, role: str, placed: _Placed) -> np.ndarray:
    """Another lesion on the phase's grid; nothing where it lies outside the image."""
    try:
        moved, _ = mask_on_grid(_carried(segment, case, "tumor", role, placed), placed.image, "lesion", whole=False)
    except InputError:
        return np.zeros(placed.image.array.shape, dtype=bool)
    return moved.array


def _seen(mask: Volume, placed: _Placed) -> np.ndarray:
    """For each voxel of a mask, whether the phase was acquired there."""
    index = np.argwhere(mask.array)[:, ::-1]
    return placed.seen.contains(mask.geometry.index_to_physical(index))


def _cut_unseen(shell: Volume, case: Case, role: str, placed: _Placed, notices: list[str]) -> Volume:
    seen = _seen(shell, placed)
    if seen.all():
        return shell
    if not seen.any():
        raise InputError(f"The shell of case {case.id} lies wholly outside the {role} image; give one that covers it.")
    array = shell.array.copy()
    array[shell.array] = seen
    notices.append(f"{100 * (1 - seen.mean()):.0f} % of the shell lay outside the {role} image and was cut there.")
    return shell.with_array(array)
