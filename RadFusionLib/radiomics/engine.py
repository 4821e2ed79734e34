"""The engine: from a prepared region to named values, computing only what the names need."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np
import numpy.typing as npt

from RadFusionLib.errors import InputError
from RadFusionLib.radiomics.asymmetric_glcm import asymmetric_co_occurrence_features
from RadFusionLib.radiomics.directions import all_directions, direction_weights, half_directions
from RadFusionLib.radiomics.discretisation import GreyLevels, UndefinedImage, discretise
from RadFusionLib.radiomics.filters.filtered_images import FilteredImages
from RadFusionLib.radiomics.firstorder import first_order
from RadFusionLib.radiomics.glcm import co_occurrence_features
from RadFusionLib.radiomics.gldm import dependence_features
from RadFusionLib.radiomics.glrlm import run_length_features
from RadFusionLib.radiomics.glszm import size_zone_features
from RadFusionLib.radiomics.names import feature_names, split_name
from RadFusionLib.radiomics.ngtdm import tone_difference_features
from RadFusionLib.radiomics.region import PreparedRegion
from RadFusionLib.radiomics.resampling import prepare
from RadFusionLib.radiomics.settings import RadiomicsSettings
from RadFusionLib.radiomics.shape import shape_features
from RadFusionLib.radiomics.shape_2d import shape_2d_features

__all__ = ["FeatureValues", "calculate", "extract"]


class RegionImages(Protocol):
    """Filtered images of a region by name."""

    def groups(self) -> list[tuple[str, ...]]:
        """Give the names in groups that share work."""
        ...

    def values(self, name: str) -> npt.NDArray[np.generic]:
        """Give an image's values at the region's voxels, in raster order."""
        ...


class FeatureValues(dict[str, float]):
    """Values by feature name, in order; what could not be computed is NaN.

    Attributes
    ----------
    reasons : dict of str to str
        For each NaN, why.
    """

    def __init__(self) -> None:
        super().__init__()
        self.reasons: dict[str, str] = {}


def extract(
    image: npt.ArrayLike,
    mask: npt.ArrayLike,
    spacing: tuple[float, float, float],
    settings: RadiomicsSettings,
    threads: int = 1,
) -> FeatureValues:
    """Compute all features of a region.

    Parameters
    ----------
    image, mask : (K, J, I) arrays
        Grey values, and the region where not 0.
    spacing : tuple of 3 floats
        Voxel size, millimetres ``(x, y, z)``.
    settings : RadiomicsSettings
        What to compute and how.
    threads : int
        Filtered images computed at the same time.

    Returns
    -------
    FeatureValues
        `feature_names(settings)` in order, with their values.

    Raises
    ------
    InputError
        If image or mask cannot be used.
    """
    return calculate(prepare(image, mask, spacing, settings), settings, threads=threads)


def calculate(
    prepared: PreparedRegion,
    settings: RadiomicsSettings,
    names: Collection[str] | None = None,
    threads: int = 1,
    images: RegionImages | None = None,
) -> FeatureValues:
    """Compute features of a prepared region.

    Parameters
    ----------
    prepared : PreparedRegion
        From `prepare`, perhaps `with_image` of another image.
    settings : RadiomicsSettings
        The settings it was prepared with.
    names : collection of str, optional
        Compute these features only (and the images and matrices they need); all when None.
    threads : int
        Filtered images computed at the same time.
    images : RegionImages, optional
        The filtered images where they are known already; by default they are computed.

    Returns
    -------
    FeatureValues
        In the order of `feature_names`.

    Raises
    ------
    InputError
        If a name is not among the settings' features.
    """
    every = feature_names(settings)
    chosen = every
    if names is not None:
        asked = set(names)
        for unknown in asked.difference(every):
            raise InputError(f"Feature {unknown!r} is not among those of these radiomics settings.")
        chosen = tuple(name for name in every if name in asked)
    needed: dict[str, dict[str, list[str]]] = {}
    for name in chosen:
        image, feature_class, feature = split_name(name)
        needed.setdefault(image, {}).setdefault(feature_class, []).append(feature)

    values, reasons = _Found(), _Reasons()
    mask = prepared.mask if prepared.shape_mask is None else prepared.shape_mask
    if "shape" in needed.get("original", {}):
        found, why = shape_features(mask, prepared.spacing, needed["original"].pop("shape"))
        values["original", "shape"], reasons["original", "shape"] = found, why
    if "shape2D" in needed.get("original", {}):
        wanted = needed["original"].pop("shape2D")
        found, why = shape_2d_features(mask, prepared.spacing, settings.force_2d_dimension, wanted)
        values["original", "shape2D"], reasons["original", "shape2D"] = found, why

    textures = _Textures(prepared, settings)
    if images is None:
        images = FilteredImages(prepared, settings, [image for image, classes in needed.items() if classes])
    groups = images.groups()  # images that share work are computed by one thread

    def compute(group: tuple[str, ...]) -> None:
        for image in group:
            try:
                found = textures.compute(images.values(image), needed[image])
            except UndefinedImage as error:
                for feature_class in needed[image]:
                    reasons[image, feature_class] = dict.fromkeys(needed[image][feature_class], str(error))
                continue
            for feature_class, by_name in found.items():
                values[image, feature_class] = by_name

    if threads > 1:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(compute, groups))
    else:
        for group in groups:
            compute(group)

    result = FeatureValues()
    for name in chosen:
        image, feature_class, feature = split_name(name)
        value = values.get((image, feature_class), {}).get(feature, np.nan)
        result[name] = value
        if np.isnan(value):
            why = reasons.get((image, feature_class), {})
            result.reasons[name] = why.get(feature, "no two voxels of the region are neighbours")
    return result


_Found = dict[tuple[str, str], dict[str, float]]
_Reasons = dict[tuple[str, str], dict[str, str]]


class _Textures:
    """First-order and texture features of images that share one region: its layout is made once."""

    def __init__(self, prepared: PreparedRegion, settings: RadiomicsSettings) -> None:
        self._settings = settings
        self._spacing = prepared.spacing
        self._geometry = prepared.geometry(max(settings.distances))
        geometry = self._geometry
        apart = half_directions(settings, settings.distances)
        along = half_directions(settings, (1,))
        self._half = geometry.offsets(apart)
        self._all = geometry.offsets(all_directions(settings, settings.distances))
        self._touching = geometry.offsets(all_directions(settings, (1,)))
        self._lines = along[[geometry.has_line(step) for step in along]]
        self._pair_weights, self._run_weights = None, None
        if settings.weighting_norm is not None:
            self._pair_weights = direction_weights(apart, self._spacing, settings.weighting_norm, True)
            self._run_weights = direction_weights(self._lines, self._spacing, settings.weighting_norm, False)

    def compute(self, values: npt.NDArray[np.generic], wanted: dict[str, list[str]]) -> dict[str, dict[str, float]]:
        settings, geometry = self._settings, self._geometry
        found: dict[str, dict[str, float]] = {}
        levels: GreyLevels | None = None
        if set(wanted) != {"firstorder"} or {"Entropy", "Uniformity"} & set(wanted["firstorder"]):
            levels = discretise(values, settings)
        if "firstorder" in wanted:
            volume = float(np.prod(self._spacing))
            found["firstorder"] = first_order(values, levels, volume, settings.voxel_array_shift, wanted["firstorder"])
        if levels is None or set(wanted) == {"firstorder"}:
            return found
        flat = np.full(int(np.prod(geometry.flat_shape)), -1, dtype=np.int32)
        flat[geometry.voxels] = levels.index
        voxels = geometry.voxels
        if "glcm" in wanted:
            count = co_occurrence_features if settings.symmetrical_glcm else asymmetric_co_occurrence_features
            found["glcm"] = count(flat, voxels, self._half, levels, self._pair_weights, wanted["glcm"])
        if "gldm" in wanted:
            found["gldm"] = dependence_features(flat, voxels, self._all, levels, settings.gldm_alpha)
        if "glrlm" in wanted:
            found["glrlm"] = run_length_features(
                flat, voxels, geometry.offsets(self._lines), levels, max(geometry.inside.shape), self._run_weights
            )
        if "glszm" in wanted:
            found["glszm"] = size_zone_features(flat, voxels, self._touching, levels)
        if "ngtdm" in wanted:
            found["ngtdm"] = tone_difference_features(flat, voxels, self._all, levels)
        return found
