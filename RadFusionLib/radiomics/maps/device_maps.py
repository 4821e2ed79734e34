"""Features of the neighbourhoods of a batch of voxels, on a device."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from RadFusionLib.radiomics.device.torch_device import batch_bytes, open_device
from RadFusionLib.radiomics.directions import all_directions, half_directions
from RadFusionLib.radiomics.discretisation import GreyLevels
from RadFusionLib.radiomics.glcm import CO_OCCURRENCE_NAMES
from RadFusionLib.radiomics.maps.neighbourhood import offsets_within
from RadFusionLib.radiomics.maps.size_classes import SIZE_CLASSES
from RadFusionLib.radiomics.ngtdm import TONE_DIFFERENCE_NAMES
from RadFusionLib.radiomics.region import FloatArray, PreparedRegion, RegionGeometry
from RadFusionLib.radiomics.settings import RadiomicsSettings
from RadFusionLib.radiomics.size_matrix import SIZE_STATISTICS

if TYPE_CHECKING:
    from torch import Tensor

    from RadFusionLib.radiomics.device.patches import Patches

    Step = tuple[int, int, int]

__all__ = ["DeviceMaps"]


class DeviceMaps:
    """Computes the wanted features of one image for a batch of voxels, as `RadFusionLib.radiomics.maps` does.

    Parameters
    ----------
    values : (n,) float64 array
        The image at the region's voxels.
    geometry : RegionGeometry
        The region.
    radius : int
        The neighbourhood has ``2 * radius + 1`` voxels a side.
    prepared, settings
        Of the extraction.
    classes : dict of str to list of str
        Wanted features by class.
    levels : GreyLevels
        The region's.
    device : str
        Name of a device of torch.
    """

    def __init__(
        self,
        values: FloatArray,
        geometry: RegionGeometry,
        radius: int,
        prepared: PreparedRegion,
        settings: RadiomicsSettings,
        classes: dict[str, list[str]],
        levels: GreyLevels,
        device: str,
    ) -> None:
        import torch

        self._device = open_device(device)
        flat = np.full(int(np.prod(geometry.flat_shape)), -1, dtype=np.int64)
        flat[geometry.voxels] = levels.index
        image = np.zeros(len(flat))
        image[geometry.voxels] = values
        offsets = offsets_within(settings, radius)
        side = 2 * radius + 1
        flattened = settings.force_2d_dimension if settings.force_2d else None
        self._shape = tuple(1 if axis == flattened else side for axis in range(3))
        self._flat, self._image = (torch.as_tensor(array, device=self._device) for array in (flat, image))
        self._around = torch.as_tensor(geometry.offsets(offsets), device=self._device)
        self._grey = torch.as_tensor(levels.levels, device=self._device)
        self._classes = classes
        self._settings = settings
        self._side = side
        self._volume = float(np.prod(prepared.spacing))
        self._half = _steps(half_directions(settings, settings.distances))
        self._both = _steps(all_directions(settings, settings.distances))
        self._touching = _steps(half_directions(settings, (1,)))
        self._most = max(1, batch_bytes(self._device) // self._bytes_of_one())

    def __call__(self, centres: npt.NDArray[np.int64]) -> dict[str, FloatArray]:
        """Give columns of features by ``class_Feature``, for the centres' positions in the flattened bordered box."""
        parts = [self._part(centres[first : first + self._most]) for first in range(0, len(centres), self._most)]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _bytes_of_one(self) -> int:
        """Bound the largest table of one neighbourhood, in bytes."""
        voxels = int(np.prod(self._shape))
        levels = min(voxels, len(self._grey))
        span = int(self._grey[-1] - self._grey[0]) + 1
        sizes = {"glszm": voxels, "gldm": len(self._both) + 1, "glrlm": self._side}
        columns = [levels, 2 * span // levels] + [sizes[name] for name in sizes if name in self._classes]
        return 8 * levels * max(columns)

    def _part(self, centres: npt.NDArray[np.int64]) -> dict[str, FloatArray]:
        import torch

        from RadFusionLib.radiomics.device.patch_first_order import patch_first_order
        from RadFusionLib.radiomics.device.patches import Patches

        places = torch.as_tensor(centres, device=self._device)[:, None] + self._around
        patches = Patches(self._flat[places].reshape(-1, *self._shape), self._grey)
        found: dict[str, Tensor] = {}
        if "firstorder" in self._classes:
            shift = self._settings.voxel_array_shift
            columns = patch_first_order(patches, self._image[places], self._volume, shift)
            found |= {f"firstorder_{name}": column for name, column in columns.items()}
        found |= self._matrices(patches)
        return {
            name: found[name].cpu().numpy()
            for c, names in self._classes.items()
            for name in (f"{c}_{n}" for n in names)
        }

    def _matrices(self, patches: Patches) -> dict[str, Tensor]:
        from RadFusionLib.radiomics.device.patch_co_occurrence import patch_co_occurrence
        from RadFusionLib.radiomics.device.patch_sizes import patch_dependences, patch_runs, patch_zones
        from RadFusionLib.radiomics.device.patch_tones import patch_tone_differences

        found: dict[str, Tensor] = {}
        if "glcm" in self._classes:
            wanted = self._classes["glcm"]
            # One level among several that the region has: the others' eigenvalues, 0, follow its own.
            single = 0.0 if len(self._grey) > 1 else 1.0
            with_rest = any(name != "MCC" for name in wanted)
            highest = int(self._grey[-1])
            table = patch_co_occurrence(patches, self._half, highest, single, with_rest, "MCC" in wanted)
            found |= _columns("glcm", (*CO_OCCURRENCE_NAMES, "MCC"), table)
        if "ngtdm" in self._classes:
            found |= _columns("ngtdm", TONE_DIFFERENCE_NAMES, patch_tone_differences(patches, self._both))
        counted = {
            "glrlm": lambda: patch_runs(patches, self._touching, self._side),
            "glszm": lambda: patch_zones(patches, self._touching),
            "gldm": lambda: patch_dependences(patches, self._both, self._settings.gldm_alpha),
        }
        for name, count in counted.items():
            if name in self._classes:
                places = [SIZE_STATISTICS.index(statistic) for statistic in SIZE_CLASSES[name].values()]
                found |= _columns(name, tuple(SIZE_CLASSES[name]), count()[:, places])
        return found


def _steps(directions: npt.NDArray[np.int64]) -> list[Step]:
    return [(int(k), int(j), int(i)) for k, j, i in directions]


def _columns(feature_class: str, names: tuple[str, ...], table: Tensor) -> dict[str, Tensor]:
    return {f"{feature_class}_{name}": table[:, column] for column, name in enumerate(names)}
