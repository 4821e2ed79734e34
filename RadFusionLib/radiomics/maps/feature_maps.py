"""Feature maps: a feature of each voxel's neighbourhood, as a volume."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from RadFusionLib.errors import InputError
from RadFusionLib.progress import ProgressCallback, Stage
from RadFusionLib.radiomics.bounding_box import bounding_box
from RadFusionLib.radiomics.device.torch_device import CPU
from RadFusionLib.radiomics.discretisation import GreyLevels, discretise
from RadFusionLib.radiomics.filters.filtered_images import FilteredImages
from RadFusionLib.radiomics.glcm import CO_OCCURRENCE_NAMES
from RadFusionLib.radiomics.maps.device_maps import DeviceMaps
from RadFusionLib.radiomics.maps.local_features import (
    local_co_occurrence,
    local_first_order,
    local_sizes,
    local_tone_differences,
)
from RadFusionLib.radiomics.maps.neighbourhood import Neighbourhood, neighbourhood
from RadFusionLib.radiomics.maps.size_classes import SIZE_CLASSES
from RadFusionLib.radiomics.names import FEATURES, SHAPE_CLASSES, feature_names, split_name
from RadFusionLib.radiomics.ngtdm import TONE_DIFFERENCE_NAMES
from RadFusionLib.radiomics.region import FloatArray, MaskArray, PreparedRegion, RegionGeometry
from RadFusionLib.radiomics.settings import RadiomicsSettings
from RadFusionLib.radiomics.sixteen import WIDTH
from RadFusionLib.radiomics.size_matrix import SIZE_STATISTICS

__all__ = ["feature_maps"]

_FIRST_ORDER_NAMES = (
    "10Percentile", "90Percentile", "Energy", "Entropy", "InterquartileRange", "Kurtosis", "Maximum", "Mean",
    "MeanAbsoluteDeviation", "Median", "Minimum", "Range", "RobustMeanAbsoluteDeviation", "RootMeanSquared",
    "Skewness", "TotalEnergy", "Uniformity", "Variance",
)  # fmt: skip
_Batch = Callable[[npt.NDArray[np.int64]], dict[str, FloatArray]]


def feature_maps(
    prepared: PreparedRegion,
    settings: RadiomicsSettings,
    names: Collection[str],
    radius: int = 1,
    masked: bool = True,
    initial_value: float = np.nan,
    batch: int = 2000,
    threads: int = 1,
    progress: ProgressCallback | None = None,
    device: str = CPU,
) -> dict[str, FloatArray]:
    """Compute features of each voxel's neighbourhood, as PyRadiomics' voxel-based extraction does.

    Grey levels are those of the whole region, so that neighbourhoods are comparable.

    Parameters
    ----------
    prepared : PreparedRegion
        The region, whose voxels get a value.
    settings : RadiomicsSettings
        The settings it was prepared with; directions are averaged, never merged.
    names : collection of str
        Features such as ``original_glcm_Contrast``; no shape.
    radius : int
        The neighbourhood has ``2 * radius + 1`` voxels a side: 1 to 4 for 3x3x3 to 9x9x9.
    masked : bool
        Whether only voxels of the region count in a neighbourhood; otherwise those around it do too, and the grey
        levels are those of the region's bounding box and `radius` voxels around it.
    initial_value : float
        Value outside the region.
    batch : int
        Voxels computed between two reports of progress.
    threads : int
        Batches computed at the same time. The values do not depend on it.
    progress : ProgressCallback, optional
        Told how far the work is; returning False cancels it.
    device : str
        ``cpu``, or a device of torch such as ``cuda``, which then computes the batches; larger ones suit it.

    Returns
    -------
    dict of str to (K, J, I) float64 array
        On the grid of ``prepared.image``. Where a neighbourhood has no value (no two voxels are neighbours) it is NaN.

    Raises
    ------
    InputError
        If a name is unknown or a shape feature, the radius is not positive, or the device cannot be used.
    UndefinedImage
        If a filtered image cannot be discretised.
    Cancelled
        If `progress` returns False.
    """
    if radius < 1 or batch < 1:
        raise InputError(f"A feature map's radius and batch must be at least 1 (they are {radius} and {batch}).")
    if settings.weighting_norm is not None or not settings.symmetrical_glcm:
        raise InputError("Feature maps average the directions of symmetric matrices: leave weighting_norm unset.")
    needed = _needed(settings, names)
    stage = Stage(progress)
    counted = prepared.mask if masked else _around(prepared.mask, radius)
    geometry = RegionGeometry(counted, radius)
    layout = neighbourhood(geometry, settings, radius)
    centres = geometry.voxels[prepared.mask[counted]]
    images = FilteredImages(replace(prepared, mask=counted), settings, list(needed))
    result = {name: np.full(prepared.mask.shape, initial_value) for name in names}
    for done, (image, classes) in enumerate(needed.items()):
        part = stage.part(done / len(needed), (done + 1) / len(needed))
        part(0.0, f"Feature maps of {image}")
        values = np.ascontiguousarray(images.values(image), dtype=np.float64)
        levels = discretise(images.values(image), settings)
        compute: _Batch
        if device == CPU:
            compute = _Image(values, geometry, layout, prepared, settings, classes, levels)
        else:
            compute = DeviceMaps(values, geometry, radius, prepared, settings, classes, levels, device)
        columns = _run(compute, centres, batch, threads, part, f"Feature maps of {image}")
        for feature_class, features in classes.items():
            for feature in features:
                result[f"{image}_{feature_class}_{feature}"][prepared.mask] = columns[f"{feature_class}_{feature}"]
    stage(1.0, "Feature maps")
    return result


def _needed(settings: RadiomicsSettings, names: Collection[str]) -> dict[str, dict[str, list[str]]]:
    known = set(feature_names(settings))
    needed: dict[str, dict[str, list[str]]] = {}
    for name in names:
        if name not in known:
            raise InputError(f"Feature {name!r} is not among those of these radiomics settings.")
        image, feature_class, feature = split_name(name)
        if feature_class in SHAPE_CLASSES:
            raise InputError(f"Feature {name!r} describes the whole region and has no map.")
        needed.setdefault(image, {}).setdefault(feature_class, []).append(feature)
    return needed


def _around(mask: MaskArray, radius: int) -> MaskArray:
    """Give the bounding box of the mask, widened."""
    result = np.zeros_like(mask)
    result[tuple(slice(max(part.start - radius, 0), part.stop + radius) for part in bounding_box(mask))] = True
    return result


def _run(
    compute: _Batch, centres: npt.NDArray[np.int64], batch: int, threads: int, stage: Stage, message: str
) -> dict[str, FloatArray]:
    """Compute batch after batch, `threads` at a time, and join them."""
    parts = [centres[first : first + batch] for first in range(0, len(centres), batch)]
    found: list[dict[str, FloatArray]] = []
    for columns in _in_order(compute, parts, threads):
        found.append(columns)
        stage(len(found) / len(parts), message)
    return {name: np.concatenate([columns[name] for columns in found]) for name in found[0]}


def _in_order(compute: _Batch, parts: list[npt.NDArray[np.int64]], threads: int) -> Iterator[dict[str, FloatArray]]:
    if threads <= 1:
        yield from map(compute, parts)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting = [pool.submit(compute, part) for part in parts]
        try:
            for future in waiting:
                yield future.result()
        finally:
            for future in waiting:  # cancelled from outside: what has not begun need not
                future.cancel()


class _Image:
    """Computes the wanted features of one image for a batch of voxels."""

    def __init__(
        self,
        values: FloatArray,
        geometry: RegionGeometry,
        layout: Neighbourhood,
        prepared: PreparedRegion,
        settings: RadiomicsSettings,
        classes: dict[str, list[str]],
        levels: GreyLevels,
    ) -> None:
        length = int(np.prod(geometry.flat_shape)) + WIDTH
        self._flat = np.full(length, -1, dtype=np.int32)
        self._flat[geometry.voxels] = levels.index
        self._values = np.zeros(length)
        self._values[geometry.voxels] = values
        self._layout = layout
        self._grey = levels.levels
        self._classes = classes
        self._alpha = float(settings.gldm_alpha)
        self._shift = settings.voxel_array_shift
        self._volume = float(np.prod(prepared.spacing))

    def __call__(self, centres: npt.NDArray[np.int64]) -> dict[str, FloatArray]:
        found: dict[str, FloatArray] = {}
        if "firstorder" in self._classes:
            table = np.empty((len(centres), len(_FIRST_ORDER_NAMES)))
            local_first_order(
                self._values, self._flat, centres, self._layout.steps, len(self._grey), self._volume, self._shift, table
            )
            found |= _columns("firstorder", _FIRST_ORDER_NAMES, table)
        if "glcm" in self._classes:
            wanted = self._classes["glcm"]
            table = np.empty((len(centres), len(CO_OCCURRENCE_NAMES) + 1))
            with_rest = any(name != "MCC" for name in wanted)
            local_co_occurrence(self._flat, centres, self._layout, self._grey, with_rest, "MCC" in wanted, table)
            found |= _columns("glcm", (*CO_OCCURRENCE_NAMES, "MCC"), table)
        if set(SIZE_CLASSES) & set(self._classes):
            tables = {
                name: np.empty((len(centres) if name in self._classes else 0, len(SIZE_STATISTICS)))
                for name in SIZE_CLASSES
            }
            local_sizes(self._flat, centres, self._layout, self._grey, self._alpha, *tables.values())
            for name, features in SIZE_CLASSES.items():
                if name in self._classes:
                    places = [SIZE_STATISTICS.index(statistic) for statistic in features.values()]
                    found |= _columns(name, tuple(features), tables[name][:, places])
        if "ngtdm" in self._classes:
            table = np.empty((len(centres), len(TONE_DIFFERENCE_NAMES)))
            local_tone_differences(self._flat, centres, self._layout, self._grey, table)
            found |= _columns("ngtdm", TONE_DIFFERENCE_NAMES, table)
        return {name: found[name] for c, names in self._classes.items() for name in (f"{c}_{n}" for n in names)}


def _columns(feature_class: str, names: tuple[str, ...], table: FloatArray) -> dict[str, FloatArray]:
    assert set(names) == set(FEATURES[feature_class])
    return {f"{feature_class}_{name}": table[:, column] for column, name in enumerate(names)}
