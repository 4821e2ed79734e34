"""What to extract and how: the settings of an extraction, in PyRadiomics' terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from RadFusionLib.errors import InputError

__all__ = ["CLASS_NAMES", "DEFAULT_CLASSES", "FEATURE_CLASSES", "IMAGE_TYPES", "RadiomicsSettings"]

IMAGE_TYPES: tuple[str, ...] = (
    "original",
    "wavelet",
    "log",
    "square",
    "squareroot",
    "logarithm",
    "exponential",
    "gradient",
    "lbp-2D",
    "lbp-3D",
)
"""Image types, in the order in which their features are listed."""

DEFAULT_CLASSES: tuple[str, ...] = ("shape", "firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm")
"""Feature classes in three dimensions, in the order in which an image's features are listed."""

FEATURE_CLASSES: tuple[str, ...] = ("shape2D", *DEFAULT_CLASSES)
"""All feature classes; ``shape2D`` is for regions in one plane."""

LBP_2D_METHODS: tuple[str, ...] = ("default", "ror", "uniform", "var")

CLASS_NAMES = {
    "Original": "original",
    "Wavelet": "wavelet",
    "LoG": "log",
    "Square": "square",
    "SquareRoot": "squareroot",
    "Logarithm": "logarithm",
    "Exponential": "exponential",
    "Gradient": "gradient",
    "LBP2D": "lbp-2D",
    "LBP3D": "lbp-3D",
}
"""PyRadiomics' class-like spelling of the image types, as in its parameter files."""


@dataclass(frozen=True)
class RadiomicsSettings:
    """Settings of an extraction; the defaults are those of the recipe ``hcc-mvi`` (1,781 features).

    Parameters
    ----------
    bin_width : float, optional
        Width of a grey-level bin, in units of the (filtered) image. Ignored when `bin_count` is given.
    bin_count : int, optional
        Number of grey-level bins of equal width between the region's extremes.
    spacing : tuple of 3 floats, optional
        Voxel size to resample to, millimetres ``(x, y, z)``; 0 keeps an axis, None the whole grid.
    interpolator : str
        Name of a SimpleITK interpolator for the image; masks are always nearest neighbour.
    pad_distance : int
        Voxels kept around the region's bounding box, for the filters, when `spacing` is given or with `pre_crop`.
    pre_crop : bool
        Crop to the region and `pad_distance` before filtering when `spacing` is None; otherwise filters see all of
        the image.
    image_types : tuple of str
        Which images, from `IMAGE_TYPES`.
    log_sigmas : tuple of float
        Widths of the Laplacian of Gaussian, millimetres.
    wavelet : str
        PyWavelets name of the wavelet of the stationary transform.
    wavelet_levels : int
        Levels of the transform, from 1.
    wavelet_start : int
        Levels of smoothing before the first one.
    lbp_2d_radius, lbp_2d_samples, lbp_2d_method
        Circle (voxels), number of samples on it, and code (``default``, ``ror``, ``uniform`` or ``var``) of the 2D
        binary patterns.
    lbp_3d_levels, lbp_3d_radius, lbp_3d_subdivision
        Degrees of the spherical harmonics, sphere (voxels) and subdivisions of the icosahedron of the 3D ones.
    feature_classes : tuple of str
        Which classes, from `FEATURE_CLASSES`; ``shape2D`` needs `force_2d`.
    excluded_features : tuple of str
        ``class_Feature`` names to leave out of every image, e.g. ``("glcm_MCC",)``.
    normalize : bool
        Bring the whole image to mean 0 and standard deviation 1 before resampling.
    normalize_scale : float
        Factor after normalising.
    remove_outliers : float, optional
        Clip at this many standard deviations when normalising.
    voxel_array_shift : float
        Added to each grey value in Energy, TotalEnergy and RootMeanSquared only.
    resegment_range : tuple of 1 or 2 floats, optional
        Keep only voxels at or above the first and at or below the second value.
    resegment_mode : {'absolute', 'relative', 'sigma'}
        Meaning of `resegment_range`: grey values, parts of the maximum, or standard deviations from the mean.
    resegment_shape : bool
        Use the resegmented region for the shape features too.
    force_2d : bool
        Neighbours and wavelets within planes only.
    force_2d_dimension : {0, 1, 2}
        Array axis (K, J, I) left out when `force_2d`; also the axis across the planes of the 2D binary patterns.
    distances : tuple of int
        Chessboard distances of neighbours for GLCM, GLDM and NGTDM, voxels.
    gldm_alpha : int
        Largest difference of grey levels that counts as dependence.
    weighting_norm : str, optional
        ``'manhattan'``, ``'euclidean'``, ``'infinity'`` or ``'no_weighting'``: merge the directions of GLCM and
        GLRLM into one matrix with these weights; None averages the features over the directions.
    symmetrical_glcm : bool
        Count each pair of neighbours in both senses.
    gradient_use_spacing : bool
        Gradient per millimetre rather than per voxel.
    label : int, optional
        Value of the mask's voxels that are the region; by default all but 0.
    minimum_roi_dimensions : int
        Number of axes along which the region must extend beyond one voxel.
    minimum_roi_size : int, optional
        The region must have more voxels than this.

    Examples
    --------
    >>> RadiomicsSettings(bin_width=25.0, image_types=("original",)).bin_width
    25.0
    """

    bin_width: float | None = 5.0
    bin_count: int | None = None
    spacing: tuple[float, float, float] | None = (1.0, 1.0, 1.0)
    interpolator: str = "sitkBSpline"
    pad_distance: int = 5
    pre_crop: bool = False
    image_types: tuple[str, ...] = IMAGE_TYPES
    log_sigmas: tuple[float, ...] = (1.0,)
    wavelet: str = "coif1"
    wavelet_levels: int = 1
    wavelet_start: int = 0
    lbp_2d_radius: float = 1.0
    lbp_2d_samples: int = 8
    lbp_2d_method: str = "uniform"
    lbp_3d_levels: int = 2
    lbp_3d_radius: float = 1.0
    lbp_3d_subdivision: int = 1
    feature_classes: tuple[str, ...] = DEFAULT_CLASSES
    excluded_features: tuple[str, ...] = ()
    normalize: bool = False
    normalize_scale: float = 1.0
    remove_outliers: float | None = None
    voxel_array_shift: float = 0.0
    resegment_range: tuple[float, ...] | None = None
    resegment_mode: str = "absolute"
    resegment_shape: bool = False
    force_2d: bool = False
    force_2d_dimension: int = 0
    distances: tuple[int, ...] = (1,)
    gldm_alpha: int = 0
    weighting_norm: str | None = None
    symmetrical_glcm: bool = True
    gradient_use_spacing: bool = True
    label: int | None = None
    minimum_roi_dimensions: int = 2
    minimum_roi_size: int | None = None

    def __post_init__(self) -> None:
        for name in _TUPLES:  # lists come from YAML and JSON; a frozen, hashable object wants tuples
            value = getattr(self, name)
            if isinstance(value, list):
                object.__setattr__(self, name, tuple(value))
        object.__setattr__(self, "image_types", tuple(CLASS_NAMES.get(t, t) for t in self.image_types))
        object.__setattr__(self, "log_sigmas", tuple(float(sigma) for sigma in self.log_sigmas))
        if self.spacing is not None:
            object.__setattr__(self, "spacing", tuple(float(s) for s in self.spacing))
        self._check()

    def _check(self) -> None:
        if self.bin_count is None and (self.bin_width is None or not self.bin_width > 0):
            raise InputError(f"bin_width must be a positive number (it is {self.bin_width!r}), or give bin_count.")
        if self.bin_count is not None and self.bin_count < 1:
            raise InputError(f"bin_count must be at least 1 (it is {self.bin_count!r}).")
        if self.spacing is not None and (len(self.spacing) != 3 or min(self.spacing) < 0):
            raise InputError(f"spacing must be three lengths in mm, x y z (it is {self.spacing!r}).")
        for unknown in set(self.image_types) - set(IMAGE_TYPES):
            raise InputError(f"Unknown image type {unknown!r}: choose from {', '.join(IMAGE_TYPES)}.")
        for unknown in set(self.feature_classes) - set(FEATURE_CLASSES):
            raise InputError(f"Unknown feature class {unknown!r}: choose from {', '.join(FEATURE_CLASSES)}.")
        if "log" in self.image_types and any(not sigma > 0 for sigma in self.log_sigmas):
            raise InputError(f"log_sigmas must be positive lengths in mm (they are {self.log_sigmas!r}).")
        if self.resegment_range is not None and len(self.resegment_range) not in (1, 2):
            raise InputError(f"resegment_range takes one or two values (it is {self.resegment_range!r}).")
        if self.resegment_mode not in ("absolute", "relative", "sigma"):
            raise InputError(f"resegment_mode must be absolute, relative or sigma (it is {self.resegment_mode!r}).")
        if self.weighting_norm not in (None, "manhattan", "euclidean", "infinity", "no_weighting"):
            raise InputError(
                "weighting_norm must be manhattan, euclidean, infinity or no_weighting"
                f" (it is {self.weighting_norm!r})."
            )
        if self.force_2d_dimension not in (0, 1, 2):
            raise InputError(f"force_2d_dimension must be 0, 1 or 2 (it is {self.force_2d_dimension!r}).")
        if not self.distances or min(self.distances) < 1:
            raise InputError(f"distances must be whole numbers from 1 (they are {self.distances!r}).")
        if "shape2D" in self.feature_classes and not self.force_2d:
            raise InputError("The feature class shape2D is for flat regions: set force_2d too.")
        if self.label is not None and self.label < 1:
            raise InputError(f"label must be a whole number from 1 (it is {self.label!r}).")
        self._check_filters()

    def _check_filters(self) -> None:
        smallest = {
            "wavelet_levels": 1, "wavelet_start": 0, "lbp_2d_samples": 1, "lbp_3d_levels": 1, "lbp_3d_subdivision": 0,
            "pad_distance": 0,
        }  # fmt: skip
        for name, least in smallest.items():
            if getattr(self, name) < least:
                raise InputError(f"{name} must be a whole number from {least} (it is {getattr(self, name)!r}).")
        for name in ("lbp_2d_radius", "lbp_3d_radius"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name} must be a positive length in voxels (it is {getattr(self, name)!r}).")
        if self.lbp_2d_method not in LBP_2D_METHODS:
            raise InputError(
                f"lbp_2d_method must be one of {', '.join(LBP_2D_METHODS)} (it is {self.lbp_2d_method!r})."
            )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> RadiomicsSettings:
        """Make settings from a mapping, as `to_dict` gives it or as a recipe's ``cr`` section has it.

        Raises
        ------
        InputError
            If a key is not the name of a setting.
        """
        known = {field.name for field in fields(cls)}
        for unknown in set(values) - known:
            raise InputError(f"Unknown radiomics setting {unknown!r}: choose from {', '.join(sorted(known))}.")
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """Give the settings as plain values that JSON and YAML can hold; `from_dict` reads them back."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


_TUPLES = (
    "spacing",
    "image_types",
    "log_sigmas",
    "feature_classes",
    "excluded_features",
    "resegment_range",
    "distances",
)
