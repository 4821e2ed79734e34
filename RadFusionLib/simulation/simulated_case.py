"""One simulated case, whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from RadFusionLib.case import PHASES, Case, Geometry, MaskKey, Volume
from RadFusionLib.errors import InputError
from RadFusionLib.simulation.acquisition import SCANNERS, acquire, group_geometry, sample
from RadFusionLib.simulation.anatomy import Anatomy, build_anatomy
from RadFusionLib.simulation.clinical import clinical_values
from RadFusionLib.simulation.contrast import PHASE_CONTRASTS
from RadFusionLib.simulation.latents import CENTERS, Latents, draw_latents
from RadFusionLib.simulation.patches import PatchPair, place_patches, shell_of
from RadFusionLib.simulation.profiles import named_profile
from RadFusionLib.simulation.readers import READINGS, contour, redrawn

__all__ = ["SimulatedCase", "case_id", "simulate_case"]


@dataclass(frozen=True)
class SimulatedCase:
    """A simulated case: for testing and trying the software only.

    Parameters
    ----------
    id : str
        Unique over cohorts: it holds the seed and the index.
    phases : dict of str to Volume
        Images by role, ``int16``.
    masks : dict of MaskKey to Volume
        ``bool``: ``tumor``, ``liver``, the tumour by reader 2 and by reader 1 a second time; once more for
        each CT phase when MR phases are there too, since the two share no frame.
    clinical : dict of str to float
        As `clinical_values` names them.
    latents : Latents
        The hidden state.
    patches : dict of str to float
        Where the patches lie and how strong they are.
    risk, decoy : Volume
        Truth maps, ``bool``, on the tumour's grid: the causal patch and the decoy.
    center, scanner : str
        Where it was imaged.
    treatment : int
        1 when adjuvant treatment was given.
    """

    id: str
    phases: dict[str, Volume]
    masks: dict[MaskKey, Volume]
    clinical: dict[str, float]
    latents: Latents
    patches: dict[str, float]
    risk: Volume
    decoy: Volume
    center: str
    scanner: str
    treatment: int

    def to_case(self) -> Case:
        """The case as the rest of the software sees it, without its truth."""
        plain = {name: value for name, value in self.clinical.items() if "@" not in name}
        return Case(self.id, self.phases, self.masks, plain, self.scanner, self.center, simulated=True)


def case_id(seed: int, index: int) -> str:
    """The id of case ``index`` of cohort ``seed``: no two cohorts share one."""
    return f"sim{seed}-{index:04d}"


def simulate_case(
    seed: int,
    index: int,
    phases: Sequence[str],
    profile: str = "small",
    regions: Sequence[str] = ("tumor", "shell"),
    equal_decoy: bool = False,
) -> SimulatedCase:
    """Simulate one case: for testing and trying the software only.

    The patient depends on ``seed``, ``index`` and the profile; a phase looks the same whichever others are
    asked for.

    Parameters
    ----------
    seed, index : int
        Which case of which cohort; the same give the same case.
    phases : sequence of str
        Roles from `PHASES`; the first MR phase's grid (or the CT's, without MR) is the tumour's.
    profile : str
        ``small`` or ``paper``, see `Profile`.
    regions : sequence of str
        Where the two patches may lie.
    equal_decoy : bool
        Give the decoy the causal patch's burden, so that the two stand out alike in this very case. Otherwise its
        burden is a draw of its own, and they stand out alike on average.
    """
    check_phases(phases)
    if not regions or any(name not in ("tumor", "shell") for name in regions):
        raise InputError(f"Patches lie in tumor or shell, not in {', '.join(regions) or 'nothing'}.")
    latents = draw_latents(seed, index)
    if equal_decoy:
        latents = replace(latents, decoy_burden=latents.burden)
    size = named_profile(profile)
    anatomy = build_anatomy(latents, size)
    patches = place_patches(latents, anatomy, tuple(regions))
    groups = {role: PHASE_CONTRASTS[role].group for role in phases}
    grids = {group: group_geometry(latents, size, group, anatomy.inward) for group in dict.fromkeys(groups.values())}
    volumes = {role: acquire(latents, anatomy, patches, role, *grids[groups[role]]) for role in phases}
    reference = next((groups[role] for role in phases if groups[role] != "ct"), "ct")
    masks = _masks(latents, anatomy, *grids[reference], phase="")
    truth = _truth(anatomy, patches, masks, *grids[reference])
    if reference != "ct":
        for role in phases:
            if groups[role] == "ct":
                masks |= _masks(latents, anatomy, *grids["ct"], phase=role)
    center = CENTERS[latents.center]
    return SimulatedCase(
        id=case_id(seed, index),
        phases=volumes,
        masks=masks,
        clinical=clinical_values(latents),
        latents=latents,
        patches=patches.record,
        risk=truth["causal"],
        decoy=truth["decoy"],
        center=center,
        scanner=SCANNERS[center].name,
        treatment=latents.treatment,
    )


def check_phases(phases: Sequence[str]) -> None:
    """Refuse an empty list, an unknown phase or one named twice."""
    if not phases:
        raise InputError("Name at least one phase to simulate.")
    for role in phases:
        if role not in PHASES:
            raise InputError(f"The phase {role!r} is unknown; choose among {', '.join(PHASES)}.")
    if len(set(phases)) < len(phases):
        raise InputError("A phase is named twice.")


def _masks(
    latents: Latents, anatomy: Anatomy, geometry: Geometry, shift: np.ndarray, phase: str
) -> dict[MaskKey, Volume]:
    liver = sample(anatomy.weights["liver"], anatomy, geometry, shift) > 0.5
    tumor = contour(anatomy.lesion, geometry, shift)
    masks = {MaskKey("liver", phase): liver | tumor, MaskKey("tumor", phase): tumor}
    for reader, reading in READINGS:
        drawn = contour(redrawn(anatomy.lesion, latents, reader, reading), geometry, shift)
        masks[MaskKey("tumor", phase, reader, reading)] = drawn & (liver | tumor)
    return {key: Volume(array, geometry) for key, array in masks.items()}


def _truth(
    anatomy: Anatomy, patches: PatchPair, masks: dict[MaskKey, Volume], geometry: Geometry, shift: np.ndarray
) -> dict[str, Volume]:
    """The patches on the tumour's grid, inside the tumour and the shell as that grid has them, and apart."""
    tumor = masks[MaskKey("tumor")]
    around = tumor.array | shell_of(tumor.array, masks[MaskKey("liver")].array, tumor.geometry.spacing)
    weights = {}
    for name, inside in patches.inside.items():
        whole = np.zeros(anatomy.parenchyma.shape, np.float32)
        whole[patches.part] = inside
        weights[name] = np.where(around, sample(whole, anatomy, tumor.geometry, shift), 0.0)
    causal = (weights["causal"] > 0.4) & (weights["causal"] >= weights["decoy"])
    decoy = (weights["decoy"] > 0.4) & ~causal
    return {"causal": tumor.with_array(causal), "decoy": tumor.with_array(decoy)}
