"""PyRadiomics itself, where it is installed: the reference engine, with the same settings and names."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import numpy.typing as npt

from RadFusionLib.errors import InputError, MissingPackageError
from RadFusionLib.radiomics.names import feature_names
from RadFusionLib.radiomics.settings import FEATURE_CLASSES, RadiomicsSettings

__all__ = ["extract_pyradiomics", "pyradiomics_settings"]

_IMAGE_TYPES = {
    "original": "Original", "wavelet": "Wavelet", "log": "LoG", "square": "Square", "squareroot": "SquareRoot",
    "logarithm": "Logarithm", "exponential": "Exponential", "gradient": "Gradient", "lbp-2D": "LBP2D",
    "lbp-3D": "LBP3D",
}  # fmt: skip


def pyradiomics_settings(settings: RadiomicsSettings) -> dict[str, Any]:
    """Translate settings to PyRadiomics' own keys; what is None there is left out."""
    translated = {
        "binWidth": settings.bin_width if settings.bin_count is None else None,
        "binCount": settings.bin_count,
        "resampledPixelSpacing": None if settings.spacing is None else list(settings.spacing),
        "interpolator": settings.interpolator,
        "padDistance": settings.pad_distance,
        "preCrop": settings.pre_crop,
        "normalize": settings.normalize,
        "normalizeScale": settings.normalize_scale,
        "removeOutliers": settings.remove_outliers,
        "voxelArrayShift": settings.voxel_array_shift,
        "resegmentRange": None if settings.resegment_range is None else list(settings.resegment_range),
        "resegmentMode": settings.resegment_mode,
        "resegmentShape": settings.resegment_shape,
        "force2D": settings.force_2d,
        "force2Ddimension": settings.force_2d_dimension,
        "distances": list(settings.distances),
        "gldm_a": settings.gldm_alpha,
        "weightingNorm": settings.weighting_norm,
        "gradientUseSpacing": settings.gradient_use_spacing,
        "minimumROIDimensions": settings.minimum_roi_dimensions,
        "minimumROISize": settings.minimum_roi_size,
        "wavelet": settings.wavelet,
        "level": settings.wavelet_levels,
        "start_level": settings.wavelet_start,
        "lbp2DRadius": settings.lbp_2d_radius,
        "lbp2DSamples": settings.lbp_2d_samples,
        "lbp2DMethod": settings.lbp_2d_method,
        "lbp3DLevels": settings.lbp_3d_levels,
        "lbp3DIcosphereRadius": settings.lbp_3d_radius,
        "lbp3DIcosphereSubdivision": settings.lbp_3d_subdivision,
        "symmetricalGLCM": settings.symmetrical_glcm,
        "additionalInfo": False,
    }
    return {key: value for key, value in translated.items() if value is not None}


def extract_pyradiomics(
    image: npt.ArrayLike, mask: npt.ArrayLike, spacing: tuple[float, float, float], settings: RadiomicsSettings
) -> dict[str, float]:
    """Compute the features of `extract` with the installed PyRadiomics.

    Parameters
    ----------
    image, mask : (K, J, I) arrays
        Grey values, and the region where not 0.
    spacing : tuple of 3 floats
        Voxel size, millimetres ``(x, y, z)``.
    settings : RadiomicsSettings
        What to compute and how.

    Raises
    ------
    MissingPackageError
        If PyRadiomics is absent, or leaves out images because a package it needs is absent or too new.
    InputError
        If PyRadiomics refuses the image or the mask.
    """
    try:
        import radiomics
        import SimpleITK as sitk
        from radiomics.featureextractor import RadiomicsFeatureExtractor
    except ImportError as error:
        raise MissingPackageError(
            f"PyRadiomics cannot be imported ({error}); use the engine 'fast', which gives the same values."
        ) from error
    if "lbp-3D" in settings.image_types:
        _require_spherical_harmonics()
    radiomics.setVerbosity(logging.ERROR)
    extractor = RadiomicsFeatureExtractor(**pyradiomics_settings(settings))
    extractor.disableAllImageTypes()
    for image_type in settings.image_types:
        custom = {"sigma": list(settings.log_sigmas)} if image_type == "log" else {}
        extractor.enableImageTypeByName(_IMAGE_TYPES[image_type], customArgs=custom)
    extractor.disableAllFeatures()
    for feature_class in FEATURE_CLASSES:
        if feature_class in settings.feature_classes:
            extractor.enableFeatureClassByName(feature_class)

    picture = sitk.GetImageFromArray(np.asarray(image))
    region = np.asarray(mask) != 0 if settings.label is None else np.asarray(mask) == settings.label
    labels = sitk.GetImageFromArray(region.astype(np.uint8))
    for item in (picture, labels):
        item.SetSpacing([float(s) for s in spacing])
    try:
        found = extractor.execute(picture, labels)
    except ValueError as error:
        raise InputError(f"PyRadiomics refuses this image or mask: {error}") from error
    names = feature_names(settings)
    if missing := [name for name in names if name not in found and not name.startswith("log-")]:
        raise MissingPackageError(
            f"PyRadiomics left out {len(missing)} features, the first {missing[0]}: a package it needs is absent."
        )
    return {name: float(found.get(name, np.nan)) for name in names}  # it skips LoG where the image is too small


def _require_spherical_harmonics() -> None:
    import scipy.special

    if not hasattr(scipy.special, "sph_harm"):
        raise MissingPackageError(
            f"With SciPy {scipy.__version__} PyRadiomics leaves out LBP3D without a word; install scipy<1.17, leave"
            " lbp-3D out of the image types, or use the engine 'fast'."
        )
