"""The filtered images of a prepared region, by name, each computed when asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from threading import Lock

import numpy as np
import numpy.typing as npt

from RadFusionLib.radiomics.filters.binary_pattern_2d import binary_pattern_2d
from RadFusionLib.radiomics.filters.binary_pattern_3d import SphericalPatterns
from RadFusionLib.radiomics.filters.binary_pattern_sphere import sphere_patterns
from RadFusionLib.radiomics.filters.derivative import gradient_magnitude, laplacian_of_gaussian
from RadFusionLib.radiomics.filters.pointwise import exponential, largest_magnitude, logarithm, square, square_root
from RadFusionLib.radiomics.filters.wavelet import WaveletBands
from RadFusionLib.radiomics.region import FloatArray, PreparedRegion
from RadFusionLib.radiomics.settings import RadiomicsSettings

__all__ = ["FilteredImages"]

USUAL_SPHERE = (2, 1.0, 1)  # degrees, radius and subdivisions for which the patterns are compiled

_POINTWISE = {"square": square, "squareroot": square_root, "logarithm": logarithm, "exponential": exponential}


class FilteredImages:
    """The region's values in each filtered image.

    Parameters
    ----------
    prepared : PreparedRegion
        Image and mask.
    settings : RadiomicsSettings
        Parameters of the filters.
    names : sequence of str
        The images that will be asked for.
    """

    def __init__(self, prepared: PreparedRegion, settings: RadiomicsSettings, names: Sequence[str]) -> None:
        self._image = prepared.image.astype(prepared.pixel_type, copy=False)
        self._prepared = prepared
        self._settings = settings
        self._names = tuple(names)
        self._lock = Lock()
        self._wavelet: WaveletBands | None = None
        self._largest: float | None = None
        self._spherical: dict[str, npt.NDArray[np.generic]] | None = None

    def groups(self) -> list[tuple[str, ...]]:
        """Give the names in groups that share work, the most costly first."""
        spherical = tuple(name for name in self._names if name.startswith("lbp-3D"))
        others = [(name,) for name in self._names if not name.startswith("lbp-3D")]
        return ([spherical] if spherical else []) + others

    def values(self, name: str) -> npt.NDArray[np.generic]:
        """Give the filtered values at the region's voxels, in raster order.

        Raises
        ------
        UndefinedImage
            If the filter cannot be computed on this image.
        """
        if name.startswith("lbp-3D"):
            return self._spherical_values(name)
        if name in _POINTWISE:
            return _POINTWISE[name](self._inside(), self._largest_magnitude())
        return self._prepared.geometry().values(self._filtered(name))

    def _filtered(self, name: str) -> npt.NDArray[np.generic]:
        image, spacing = self._image, self._prepared.spacing
        if name == "original":
            return image
        if match := re.fullmatch(r"wavelet(\d*)-([LH]+)", name):
            with self._lock:  # bands share their first steps
                if self._wavelet is None:
                    self._wavelet = WaveletBands(image, self._settings)
                return self._wavelet.band(match[2], int(match[1] or 1))
        if match := re.fullmatch(r"log-sigma-(\d+)-(\S+)-mm-3D", name):
            return laplacian_of_gaussian(image, spacing, float(f"{match[1]}.{match[2]}"))
        if name == "gradient":
            return gradient_magnitude(image, spacing, self._settings.gradient_use_spacing)
        if name == "lbp-2D":
            settings = self._settings
            return binary_pattern_2d(
                image,
                self._prepared.mask,
                settings.force_2d_dimension,
                settings.lbp_2d_radius,
                settings.lbp_2d_samples,
                settings.lbp_2d_method,
            )
        raise KeyError(name)

    def _inside(self) -> FloatArray:
        return self._prepared.geometry().values(self._image).astype(np.float64)

    def _largest_magnitude(self) -> float:
        with self._lock:
            if self._largest is None:
                self._largest = largest_magnitude(self._image)
            return self._largest

    def _spherical_values(self, name: str) -> npt.NDArray[np.generic]:
        if self._spherical is None:
            self._spherical = self._spherical_images()
        return self._spherical[name]

    def _spherical_images(self) -> dict[str, npt.NDArray[np.generic]]:
        settings, mask = self._settings, self._prepared.mask
        sphere = (settings.lbp_3d_levels, settings.lbp_3d_radius, settings.lbp_3d_subdivision)
        if sphere != USUAL_SPHERE:
            found = sphere_patterns(self._image, mask, *sphere)
            return {f"lbp-3D-{image}": values for image, values in found.items()}
        strengths = "lbp-3D-m1" in self._names or "lbp-3D-m2" in self._names
        patterns = SphericalPatterns(self._image, mask, strengths, "lbp-3D-k" in self._names)
        images = {"lbp-3D-m1": patterns.m1, "lbp-3D-m2": patterns.m2, "lbp-3D-k": patterns.k}
        return {image: values for image, values in images.items() if values is not None}
