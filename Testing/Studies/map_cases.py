"""Simulated cases on which a map can be right or wrong: a causal patch, and a decoy that stands out as much."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from RadFusionLib.case import Volume
from RadFusionLib.deep import Weights
from RadFusionLib.explain import SENTINEL
from RadFusionLib.explain.model_free import auc_over_voxels, model_free_maps
from RadFusionLib.fusion import FeatureTable
from RadFusionLib.fusion.table import CLINICAL
from RadFusionLib.imaging import peritumoral_shell
from RadFusionLib.recipe import Recipe
from RadFusionLib.simulation import SimulatedCase, simulate_case
from RadFusionLib.workflow.extraction import extract_case
from RadFusionLib.workflow.preprocess import PreparedCase, prepare_case

__all__ = ["MapCase", "MapScore", "free_maps", "make_case", "score"]

MARGIN_MM = 10.0
"""Width of the shell in which every map is judged, also that of a recipe which looks at the tumour alone."""


@dataclass(frozen=True, eq=False)
class MapCase:
    """A case, ready for a model, with its truth.

    Parameters
    ----------
    prepared : PreparedCase
        As a recipe sees it.
    table : FeatureTable
        Its features and images, one row.
    causal, decoy, region : Volume
        ``bool``, on the reference phase's grid: the two patches, and tumour and shell together.
    burden : float
        What the two patches show, a standard normal value: far below 0 there is next to nothing to see.
    """

    prepared: PreparedCase
    table: FeatureTable
    causal: Volume
    decoy: Volume
    region: Volume
    burden: float


@dataclass(frozen=True)
class MapScore:
    """How well a map finds the causal patch.

    Parameters
    ----------
    auc : float
        Over every voxel of tumour and shell.
    over_decoy : float
        AUC of the causal patch's voxels over the decoy's.
    difference : float
        Mean of the map in the causal patch less that in the decoy, in standard deviations of the map.
    where_painted : float
        The AUC over those voxels alone that the map has a value for, as a slice's: beside the point, but asked for.
    """

    auc: float
    over_decoy: float
    difference: float
    where_painted: float


def make_case(
    recipe: Recipe, weights: Weights | None, seed: int, index: int, names: Collection[str], profile: str = "small"
) -> MapCase:
    """Simulate a case whose decoy stands out as much as its causal patch, and take the features ``names`` from it."""
    simulated = simulate_case(seed, index, recipe.phases, profile, equal_decoy=True)
    prepared = prepare_case(simulated.to_case(), recipe)
    found = extract_case(
        prepared, recipe, weights, names=[n for n in names if not n.startswith(CLINICAL)], trained=bool(recipe.networks)
    )
    values = {**found.values, **{CLINICAL + name: value for name, value in simulated.clinical.items()}}
    columns = tuple(sorted(names))
    table = FeatureTable(
        (simulated.id,),
        columns,
        np.array([[values[name] for name in columns]]).reshape(1, len(columns)),
        (simulated.scanner,),
        images={name: (image,) for name, image in found.images.items()},
    )
    region = _tumour_and_shell(prepared, simulated)
    grid = prepared.reference_phase.image
    if not simulated.risk.geometry.same_grid(grid.geometry):
        raise ValueError("The truth is on another grid than the map.")
    causal, decoy = (grid.with_array(np.asarray(t.array & region.array)) for t in (simulated.risk, simulated.decoy))
    return MapCase(prepared, table, causal, decoy, region, simulated.latents.burden)


def score(heatmap: Volume, case: MapCase) -> MapScore:
    """Judge a map; a voxel that it leaves without a value counts as 0."""
    both = case.region.with_array(case.causal.array | case.decoy.array)
    painted = case.region.array & (heatmap.array != np.float32(SENTINEL))
    values = np.where(painted, heatmap.array, 0.0)
    spread = float(values[case.region.array].std()) or 1.0
    difference = float(values[case.causal.array].mean() - values[case.decoy.array].mean())
    return MapScore(
        auc_over_voxels(heatmap, case.causal, case.region),
        auc_over_voxels(heatmap, case.causal, both),
        difference / spread,
        auc_over_voxels(heatmap, case.causal, case.region.with_array(painted)),
    )


def free_maps(case: MapCase, widths: Collection[float]) -> dict[str, MapScore]:
    """Judge every map that needs no model: each phase's, and their mean over the phases.

    Parameters
    ----------
    case : MapCase
        With any number of phases on one grid.
    widths : collection of float
        Of the local variance's neighbourhood, mm.
    """
    shell = case.region.array & ~case.prepared.reference_phase.regions["tumor"].array
    regions = {"tumor": case.prepared.reference_phase.regions["tumor"], "shell": case.region.with_array(shell)}
    found: dict[str, list[Volume]] = {}
    for phase in case.prepared.phases.values():
        for width in widths:
            for name, volume in model_free_maps(phase.image, regions, width).items():
                label = f"{name}, {width:g} mm" if name == "local variance" else name
                if name == "local variance" or width == min(widths):
                    found.setdefault(label, []).append(volume)
    scores = {}
    for label, volumes in found.items():
        for phase_name, volume in zip(case.prepared.phases, volumes, strict=True):
            scores[f"{label}, {phase_name}"] = score(volume, case)
        scores[f"{label}, mean of phases"] = score(_mean(volumes), case)
    return scores


def _mean(volumes: list[Volume]) -> Volume:
    return volumes[0].with_array(np.mean([v.array for v in volumes], axis=0).astype(np.float32))


def _tumour_and_shell(prepared: PreparedCase, simulated: SimulatedCase) -> Volume:
    regions = prepared.reference_phase.regions
    tumor = regions["tumor"]
    liver = next(v for key, v in simulated.masks.items() if key.region == "liver")
    shell = regions.get("shell") or peritumoral_shell(tumor, MARGIN_MM, liver, None).mask
    return tumor.with_array(tumor.array | shell.array)
