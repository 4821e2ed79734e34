"""The engine: from a prepared region to named values, computing only what the names need."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
import numpy.typing as npt

from RadFusionLib.errors import InputError
from RadFusionLib.radiomics.companion import in_company
from RadFusionLib.radiomics.device.torch_device import CPU, open_device
from RadFusionLib.radiomics.discretisation import UndefinedImage
from RadFusionLib.radiomics.filters.filtered_images import FilteredImages
from RadFusionLib.radiomics.names import feature_names, split_name
from RadFusionLib.radiomics.region import PreparedRegion
from RadFusionLib.radiomics.resampling import prepare
from RadFusionLib.radiomics.settings import RadiomicsSettings
from RadFusionLib.radiomics.shape import shape_features
from RadFusionLib.radiomics.shape_2d import shape_2d_features
from RadFusionLib.radiomics.textures import Textures

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
    device: str = CPU,
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
    device : str
        ``cpu``, or a device of torch such as ``cuda``, which then counts the matrices.

    Returns
    -------
    FeatureValues
        `feature_names(settings)` in order, with their values.

    Raises
    ------
    InputError
        If image, mask or device cannot be used.
    """
    with in_company(settings, np.asarray(image).dtype.name):
        return calculate(prepare(image, mask, spacing, settings), settings, threads=threads, device=device)


def calculate(
    prepared: PreparedRegion,
    settings: RadiomicsSettings,
    names: Collection[str] | None = None,
    threads: int = 1,
    images: RegionImages | None = None,
    device: str = CPU,
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
    device : str
        As in `extract`.

    Returns
    -------
    FeatureValues
        In the order of `feature_names`.

    Raises
    ------
    InputError
        If a name is not among the settings' features, or the device cannot be used.
    """
    asked = _asked(settings, None if names is None else frozenset(names))
    needed = {image: dict(classes) for image, classes in asked.by_image.items()}

    values, reasons = _Found(), _Reasons()
    mask = prepared.mask if prepared.shape_mask is None else prepared.shape_mask
    if "shape" in needed.get("original", {}):
        found, why = shape_features(mask, prepared.spacing, needed["original"].pop("shape"))
        values["original", "shape"], reasons["original", "shape"] = found, why
    if "shape2D" in needed.get("original", {}):
        wanted = needed["original"].pop("shape2D")
        found, why = shape_2d_features(mask, prepared.spacing, settings.force_2d_dimension, wanted)
        values["original", "shape2D"], reasons["original", "shape2D"] = found, why

    textures = _textures(prepared, settings, device)
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
    for name, place, feature in asked.places:
        value = values.get(place, _NOTHING).get(feature, _NAN)
        result[name] = value
        if value != value:
            result.reasons[name] = reasons.get(place, {}).get(feature, "no two voxels of the region are neighbours")
    return result


@dataclass(frozen=True)
class _Asked:
    """Features to compute.

    Parameters
    ----------
    places : tuple
        Name, (image, class) and feature of each, in the order of `feature_names`.
    by_image : dict
        Features by image and class.
    """

    places: tuple[tuple[str, tuple[str, str], str], ...]
    by_image: dict[str, dict[str, list[str]]]


@lru_cache(maxsize=32)
def _asked(settings: RadiomicsSettings, names: frozenset[str] | None) -> _Asked:
    """Take the names apart, once for all the regions that are asked for them."""
    every = feature_names(settings)
    for unknown in sorted((names or frozenset()).difference(every)):
        raise InputError(f"Feature {unknown!r} is not among those of these radiomics settings.")
    places = []
    by_image: dict[str, dict[str, list[str]]] = {}
    for name in every:
        if names is None or name in names:
            image, feature_class, feature = split_name(name)
            places.append((name, (image, feature_class), feature))
            by_image.setdefault(image, {}).setdefault(feature_class, []).append(feature)
    return _Asked(tuple(places), by_image)


def _textures(prepared: PreparedRegion, settings: RadiomicsSettings, device: str) -> Textures:
    if device == CPU:
        return Textures(prepared, settings)
    from RadFusionLib.radiomics.device.device_textures import DeviceTextures

    return DeviceTextures(prepared, settings, open_device(device))


_NAN = float("nan")
_NOTHING: dict[str, float] = {}
_Found = dict[tuple[str, str], dict[str, float]]
_Reasons = dict[tuple[str, str], dict[str, str]]
