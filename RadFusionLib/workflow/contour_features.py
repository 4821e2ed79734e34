"""The features of one case on several contours, its filtered images computed once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from RadFusionLib.bundle import Bundle
from RadFusionLib.deep import extract, feature_names
from RadFusionLib.doubt import Contour, plausible_contours
from RadFusionLib.errors import InputError
from RadFusionLib.fusion import FeatureTable
from RadFusionLib.fusion.table import CLINICAL
from RadFusionLib.imaging import peritumoral_shell
from RadFusionLib.progress import Stage
from RadFusionLib.radiomics import PreparedRegion, Subregions, prepare
from RadFusionLib.workflow.extraction import conventional_settings, deep_input, voxel_size
from RadFusionLib.workflow.network_images import network_images
from RadFusionLib.workflow.preprocess import PreparedCase, PreparedPhase

__all__ = ["ContourFeatures", "contour_features"]

Masks = dict[tuple[str, str], np.ndarray]


@dataclass(frozen=True, eq=False)
class ContourFeatures:
    """A case's features, contour by contour.

    Parameters
    ----------
    kinds : tuple of str
        Of each row: ``drawn`` first, then those of :func:`~RadFusionLib.doubt.plausible_contours`.
    table : FeatureTable
        One row a contour; NaN where a feature could not be computed.
    """

    kinds: tuple[str, ...]
    table: FeatureTable


def contour_features(
    bundle: Bundle, prepared: PreparedCase, table: FeatureTable, threads: int, device: str, progress: Stage
) -> ContourFeatures:
    """Compute what the members need on the drawn contour and on 20 plausible ones.

    The filters see the image around all contours together, and each contour's features are taken from the same
    filtered images; so the drawn contour is among them, for a comparison of like with like.

    Parameters
    ----------
    bundle : Bundle
        Its members' features alone are computed.
    prepared : PreparedCase
        The case.
    table : FeatureTable
        Its features, one row: clinical values are taken from it.
    threads, device
        For the network.
    progress : Stage
        Reports; may cancel.
    """
    progress(0.0, "Contours")
    kinds, regions = _contours(prepared, bundle)
    values = np.repeat(table.values, len(kinds), axis=0)
    for name, column in table.position.items():
        if name in set(bundle.ensemble.features) and not name.startswith(CLINICAL):
            values[:, column] = np.nan
    _conventional(bundle, prepared, regions, values, table.position, progress.part(0.1, 0.6))
    drawn_again = [_with_masks(prepared, masks) for masks in regions]
    _deep(bundle, drawn_again, values, table.position, threads, device, progress.part(0.6, 0.9))
    progress(0.9, "Images of the networks on the contours")
    images = _images(bundle, drawn_again, table)
    progress(1.0, "Contours done")
    names = tuple(map(str, range(len(kinds))))
    return ContourFeatures(kinds, FeatureTable(names, table.names, values, table.scanners * len(kinds), images=images))


def _contours(prepared: PreparedCase, bundle: Bundle) -> tuple[tuple[str, ...], list[Masks]]:
    """By contour, the masks of each phase and region; phases that share grid, tumour and liver share their contours."""
    made: list[tuple[PreparedPhase, list[dict[str, np.ndarray]]]] = []
    regions: list[Masks] = []
    kinds: tuple[str, ...] = ()
    for role, part in prepared.phases.items():
        drawn = next((found for other, found in made if _same_places(other, part)), None)
        if drawn is None:
            tumor = part.regions["tumor"]
            own = plausible_contours(tumor.array, tumor.geometry.spacing[::-1], seed=len(made))
            contours = (Contour("drawn", tumor.array), *own)
            kinds = tuple(contour.kind for contour in contours)
            drawn = [_regions(part, contour.mask, bundle.recipe.margin_mm) for contour in contours]
            made.append((part, drawn))
        regions = regions or [{} for _ in kinds]
        for masks, found in zip(regions, drawn, strict=True):
            masks |= {(role, region): mask for region, mask in found.items()}
    return kinds, regions


def _same_places(one: PreparedPhase, other: PreparedPhase) -> bool:
    first, second = one.regions["tumor"], other.regions["tumor"]
    return (
        first.geometry.same_grid(second.geometry)
        and np.array_equal(first.array, second.array)
        and np.array_equal(one.free.array, other.free.array)
    )


def _regions(part: PreparedPhase, tumor: np.ndarray, margin: float) -> dict[str, np.ndarray]:
    """The regions of a contour."""
    return {"tumor": tumor} | ({"shell": _shell(part, tumor, margin)} if "shell" in part.regions else {})


def _shell(part: PreparedPhase, tumor: np.ndarray, margin: float) -> np.ndarray:
    """The shell of a contour; empty where there is none."""
    if not tumor.any():
        return np.zeros_like(tumor)
    try:
        return peritumoral_shell(part.free.with_array(tumor), margin, part.free).mask.array
    except InputError:
        return np.zeros_like(tumor)


def _conventional(
    bundle: Bundle,
    prepared: PreparedCase,
    regions: Sequence[Masks],
    values: np.ndarray,
    column: Mapping[str, int],
    progress: Stage,
) -> None:
    """Write the CR features of every contour into ``values``, shape (contours, p)."""
    settings = conventional_settings(bundle.recipe)
    places = [(role, region) for role, part in prepared.phases.items() for region in part.regions]
    for number, (role, region) in enumerate(places):
        progress(number / len(places), f"CR features of {role}, {region} on {len(regions)} contours")
        prefix = f"{role}_{region}_"
        names = [
            name.removeprefix(prefix)
            for name in bundle.ensemble.features
            if name.startswith(prefix) and "_dlr_" not in name
        ]
        masks = [found[role, region] for found in regions]
        if not names:
            continue
        image = prepared.phases[role].image
        union = np.logical_or.reduce(masks)
        whole = prepare(image.array, union, voxel_size(image.geometry), settings)
        parts = Subregions(whole, settings, names)
        for row, mask in enumerate(masks):
            try:
                found = parts.calculate(_on_grid(mask, whole) & whole.mask)
            except (InputError, IndexError, ValueError):
                # What is left of a small tumour may be no region at all: the contour has no risk then.
                continue
            for name, value in found.items():
                values[row, column[prefix + name]] = value


def _on_grid(mask: np.ndarray, region: PreparedRegion) -> np.ndarray:
    """A mask of the phase on the grid of its features, nearest neighbour, ``bool`` (K, J, I)."""
    index = [
        np.floor(start + np.arange(count) * new / old + 0.5).astype(int)
        for start, count, new, old in zip(
            region.start_ijk, region.mask.shape[::-1], region.spacing, region.input_spacing, strict=True
        )
    ]
    known = [(i >= 0) & (i < n) for i, n in zip(index, mask.shape[::-1], strict=True)]
    clipped = [np.clip(i, 0, n - 1) for i, n in zip(index, mask.shape[::-1], strict=True)]
    found = mask[np.ix_(clipped[2], clipped[1], clipped[0])]
    return np.asarray(found & known[2][:, None, None] & known[1][None, :, None] & known[0][None, None, :])


def _with_masks(prepared: PreparedCase, masks: Masks) -> PreparedCase | None:
    """The same case on another contour; None where a region is empty."""
    if not all(mask.any() for mask in masks.values()):
        return None
    phases = {
        role: replace(part, regions={r: v.with_array(masks[role, r]) for r, v in part.regions.items()})
        for role, part in prepared.phases.items()
    }
    return replace(prepared, phases=phases)


def _deep(
    bundle: Bundle,
    cases: Sequence[PreparedCase | None],
    values: np.ndarray,
    column: Mapping[str, int],
    threads: int,
    device: str,
    progress: Stage,
) -> None:
    """Write the DLR features of every contour into ``values``."""
    if bundle.weights is None:
        return
    recipe = bundle.recipe
    normalisation = recipe.dlr.get("normalisation", "none")
    rows = [row for row, case in enumerate(cases) if case is not None]
    places = [
        (role, region)
        for role in recipe.phases
        for region in recipe.regions
        if any(name.startswith(f"{role}_{region}_dlr_") for name in bundle.ensemble.features)
    ]
    if not places or not rows:
        return
    progress(0.0, f"DLR features on {len(rows)} contours")
    seen = [deep_input(case, recipe, *place).array for place in places for case in cases if case is not None]
    # One call for all places: the network is made once.
    found = extract(bundle.weights, np.stack(seen), normalisation=normalisation, threads=threads, device=device)
    for (role, region), part in zip(places, np.split(found, len(places)), strict=True):
        for number, name in enumerate(feature_names(bundle.weights.network, role, region)):
            if name in bundle.ensemble.features:
                values[rows, column[name]] = part[:, number]


def _images(
    bundle: Bundle, cases: Sequence[PreparedCase | None], table: FeatureTable
) -> dict[str, tuple[np.ndarray, ...]]:
    """What the trained networks see of each contour; of an unusable one, what they see of the drawn one."""
    if not bundle.ensemble.images:
        return {}
    found: dict[str, list[np.ndarray]] = {name: [] for name in bundle.ensemble.images}
    for case in cases:
        seen = {name: images[0] for name, images in table.images.items()}
        if case is not None:
            seen |= network_images(case, bundle.recipe)
        for name, images in found.items():
            images.append(seen[name])
    return {name: tuple(images) for name, images in found.items()}
