"""A CR feature of each voxel's own neighbourhood, as a heatmap."""

from __future__ import annotations

import numpy as np

from RadFusionLib.bundle import Bundle
from RadFusionLib.case import Geometry
from RadFusionLib.errors import InputError
from RadFusionLib.explain import SENTINEL, Heatmap
from RadFusionLib.explain.placement import place_known
from RadFusionLib.fusion import FeatureTable
from RadFusionLib.progress import Stage
from RadFusionLib.radiomics import PreparedRegion, prepare
from RadFusionLib.radiomics.maps import feature_maps
from RadFusionLib.workflow.explanation import risk_shapley
from RadFusionLib.workflow.extraction import conventional_settings, voxel_size
from RadFusionLib.workflow.preprocess import PreparedCase, shared_frame

__all__ = ["feature_map"]

SHOWN = (1.0, 99.0)
"""Percentiles of the map in its region that become 0 and 1: a few extreme neighbourhoods would hide the rest."""


def feature_map(
    bundle: Bundle,
    prepared: PreparedCase,
    table: FeatureTable,
    threads: int,
    device: str,
    progress: Stage,
    feature: str = "",
) -> Heatmap:
    """Paint a feature of the neighbourhood of each voxel of its region, with the recipe's own CR settings.

    It is a picture of what the feature measures, not of what the model does with it: the model sees one value of the
    whole region.

    Parameters
    ----------
    bundle : Bundle
        Its recipe gives the settings and the neighbourhood's ``radius``, in voxels of the CR grid.
    prepared : PreparedCase
        The case.
    table : FeatureTable
        Its features, one row.
    threads, device
        The map does not depend on them.
    progress : Stage
        Reports; may cancel.
    feature : str
        Such as ``HBP_shell_original_glcm_Contrast``. By default the CR feature that has the strongest influence on
        this case's risk and has a map; shape belongs to the whole region.

    Returns
    -------
    Heatmap
        Kind ``feature``, on the grid of the reference phase.

    Raises
    ------
    InputError
        When the model uses no such feature, or the phase lies in another frame than the reference phase.
    """
    name = feature or _strongest(bundle, table)
    phase, region, own = _parts(bundle, prepared, name)
    settings = conventional_settings(bundle.recipe)
    image, mask = prepared.phases[phase].image, prepared.phases[phase].regions[region]
    made = prepare(image.array, mask.array, voxel_size(image.geometry), settings)
    radius = int(bundle.recipe.heatmap["radius"])
    found = feature_maps(made, settings, [own], radius=radius, threads=threads, progress=progress.part(0.0, 0.9))
    painted = place_known(found[own], _grid(made, image.geometry), prepared.reference_phase.regions[region])
    inside = painted.array != np.float32(SENTINEL)
    if not inside.any():
        raise InputError(f"The feature {name} is not defined in any neighbourhood of the {region}; choose another.")
    low, high = (float(v) for v in np.percentile(painted.array[inside], SHOWN))
    array = painted.array.copy()
    array[inside] = np.clip((array[inside] - low) / max(high - low, np.finfo(np.float32).tiny), 0.0, 1.0)
    progress(1.0, "Heatmap painted")
    return Heatmap(painted.with_array(array), "feature", name, (low, high))


def _strongest(bundle: Bundle, table: FeatureTable) -> str:
    found = risk_shapley(bundle, table)
    frame = shared_frame(bundle.recipe)
    mapped = [n for n, name in enumerate(found.names) if name.split("_")[0] in frame and _has_map(name)]
    if not mapped:
        raise InputError(
            f"The final model of {bundle.name} uses no CR feature that has a map; name one as feature:NAME, or choose "
            "another kind of heatmap."
        )
    return found.names[max(mapped, key=lambda n: (abs(float(found.values[0, n])), found.names[n]))]


def _has_map(name: str) -> bool:
    parts = name.split("_")
    return len(parts) > 4 and not parts[3].startswith("shape")


def _parts(bundle: Bundle, prepared: PreparedCase, name: str) -> tuple[str, str, str]:
    """Phase, region and the name within them."""
    phase, _, rest = name.partition("_")
    region, _, own = rest.partition("_")
    recipe = bundle.recipe
    known = phase in prepared.phases and region in prepared.phases[phase].regions and "cr" in recipe.image_families
    if not known:
        raise InputError(f"Recipe {recipe.name} has no CR feature {name!r}; name one as in explanation.json.")
    if phase not in shared_frame(recipe):
        raise InputError(
            f"{phase} lies in another frame than the reference phase {prepared.reference}, so that a map of {name} "
            "has no place there; choose a feature of another phase."
        )
    return phase, region, own


def _grid(made: PreparedRegion, image: Geometry) -> Geometry:
    """Where the voxels lie that the features are computed on."""
    x, y, z = (float(v) for v in image.index_to_physical(np.array([made.start_ijk]))[0])
    k, j, i = made.mask.shape
    return Geometry((i, j, k), made.spacing, (x, y, z), image.direction)
