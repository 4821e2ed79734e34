"""Features of parts of a region, whose filtered images are computed once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from RadFusionLib.radiomics.discretisation import UndefinedImage
from RadFusionLib.radiomics.engine import FeatureValues, calculate
from RadFusionLib.radiomics.filters.filtered_images import FilteredImages
from RadFusionLib.radiomics.names import split_name
from RadFusionLib.radiomics.region import MaskArray, PreparedRegion
from RadFusionLib.radiomics.settings import RadiomicsSettings

__all__ = ["Subregions"]


class Subregions:
    """Compute the same features on many parts of one region.

    The filters see the image around the whole region, whatever part is asked for, so that what changes between
    parts is which voxels count and nothing else.

    Parameters
    ----------
    prepared : PreparedRegion
        The whole region.
    settings : RadiomicsSettings
        The settings it was prepared with.
    names : collection of str
        The features wanted.
    """

    def __init__(self, prepared: PreparedRegion, settings: RadiomicsSettings, names: Collection[str]) -> None:
        self._prepared = prepared
        self._settings = settings
        self._names = tuple(names)
        images = FilteredImages(prepared, settings, sorted({split_name(name)[0] for name in names}))
        self._values: dict[str, npt.NDArray[np.generic] | UndefinedImage] = {}
        for group in images.groups():
            for name in group:
                try:
                    self._values[name] = images.values(name)
                except UndefinedImage as error:
                    self._values[name] = error

    @property
    def mask(self) -> MaskArray:
        """The whole region, shape (K, J, I)."""
        return self._prepared.mask

    def calculate(self, part: MaskArray) -> FeatureValues:
        """Compute the features of the voxels ``part``, a bool array (K, J, I) within the region."""
        chosen = part[self._prepared.mask]
        return calculate(
            replace(self._prepared, mask=part, shape_mask=None),
            self._settings,
            names=self._names,
            images=_PartOfImages(self._values, chosen),
        )


class _PartOfImages:
    """The known values of filtered images at some of the region's voxels."""

    def __init__(self, values: dict[str, npt.NDArray[np.generic] | UndefinedImage], chosen: npt.NDArray[np.bool_]):
        self._known = values
        self._chosen = chosen

    def groups(self) -> list[tuple[str, ...]]:
        return [(name,) for name in self._known]

    def values(self, name: str) -> npt.NDArray[np.generic]:
        known = self._known[name]
        if isinstance(known, UndefinedImage):
            raise known
        return known[self._chosen]
