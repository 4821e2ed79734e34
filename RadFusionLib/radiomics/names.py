"""The names of the features, in the order in which an extraction gives them."""

from __future__ import annotations

from functools import lru_cache

from RadFusionLib.radiomics.settings import RadiomicsSettings

__all__ = ["FEATURES", "SHAPE_CLASSES", "feature_names", "filtered_image_names", "split_name"]

FEATURES: dict[str, tuple[str, ...]] = {
    "shape2D": (
        "Elongation",
        "MajorAxisLength",
        "MaximumDiameter",
        "MeshSurface",
        "MinorAxisLength",
        "Perimeter",
        "PerimeterSurfaceRatio",
        "PixelSurface",
        "Sphericity",
    ),
    "shape": (
        "Elongation",
        "Flatness",
        "LeastAxisLength",
        "MajorAxisLength",
        "Maximum2DDiameterColumn",
        "Maximum2DDiameterRow",
        "Maximum2DDiameterSlice",
        "Maximum3DDiameter",
        "MeshVolume",
        "MinorAxisLength",
        "Sphericity",
        "SurfaceArea",
        "SurfaceVolumeRatio",
        "VoxelVolume",
    ),
    "firstorder": (
        "10Percentile",
        "90Percentile",
        "Energy",
        "Entropy",
        "InterquartileRange",
        "Kurtosis",
        "Maximum",
        "MeanAbsoluteDeviation",
        "Mean",
        "Median",
        "Minimum",
        "Range",
        "RobustMeanAbsoluteDeviation",
        "RootMeanSquared",
        "Skewness",
        "TotalEnergy",
        "Uniformity",
        "Variance",
    ),
    "glcm": (
        "Autocorrelation",
        "ClusterProminence",
        "ClusterShade",
        "ClusterTendency",
        "Contrast",
        "Correlation",
        "DifferenceAverage",
        "DifferenceEntropy",
        "DifferenceVariance",
        "Id",
        "Idm",
        "Idmn",
        "Idn",
        "Imc1",
        "Imc2",
        "InverseVariance",
        "JointAverage",
        "JointEnergy",
        "JointEntropy",
        "MCC",
        "MaximumProbability",
        "SumAverage",
        "SumEntropy",
        "SumSquares",
    ),
    "gldm": (
        "DependenceEntropy",
        "DependenceNonUniformity",
        "DependenceNonUniformityNormalized",
        "DependenceVariance",
        "GrayLevelNonUniformity",
        "GrayLevelVariance",
        "HighGrayLevelEmphasis",
        "LargeDependenceEmphasis",
        "LargeDependenceHighGrayLevelEmphasis",
        "LargeDependenceLowGrayLevelEmphasis",
        "LowGrayLevelEmphasis",
        "SmallDependenceEmphasis",
        "SmallDependenceHighGrayLevelEmphasis",
        "SmallDependenceLowGrayLevelEmphasis",
    ),
    "glrlm": (
        "GrayLevelNonUniformity",
        "GrayLevelNonUniformityNormalized",
        "GrayLevelVariance",
        "HighGrayLevelRunEmphasis",
        "LongRunEmphasis",
        "LongRunHighGrayLevelEmphasis",
        "LongRunLowGrayLevelEmphasis",
        "LowGrayLevelRunEmphasis",
        "RunEntropy",
        "RunLengthNonUniformity",
        "RunLengthNonUniformityNormalized",
        "RunPercentage",
        "RunVariance",
        "ShortRunEmphasis",
        "ShortRunHighGrayLevelEmphasis",
        "ShortRunLowGrayLevelEmphasis",
    ),
    "glszm": (
        "GrayLevelNonUniformity",
        "GrayLevelNonUniformityNormalized",
        "GrayLevelVariance",
        "HighGrayLevelZoneEmphasis",
        "LargeAreaEmphasis",
        "LargeAreaHighGrayLevelEmphasis",
        "LargeAreaLowGrayLevelEmphasis",
        "LowGrayLevelZoneEmphasis",
        "SizeZoneNonUniformity",
        "SizeZoneNonUniformityNormalized",
        "SmallAreaEmphasis",
        "SmallAreaHighGrayLevelEmphasis",
        "SmallAreaLowGrayLevelEmphasis",
        "ZoneEntropy",
        "ZonePercentage",
        "ZoneVariance",
    ),
    "ngtdm": ("Busyness", "Coarseness", "Complexity", "Contrast", "Strength"),
}
"""Feature names by class, as PyRadiomics 3.0.1 has them (deprecated ones left out)."""

SHAPE_CLASSES: tuple[str, ...] = ("shape2D", "shape")
"""Classes that depend on the mask only."""


def filtered_image_names(settings: RadiomicsSettings) -> tuple[str, ...]:
    """Give the names of the images that features are computed on, in order.

    Returns
    -------
    tuple of str
        E.g. ``('original', 'wavelet-LLH', ..., 'log-sigma-1-0-mm-3D', ..., 'lbp-3D-k')``.
    """
    names: list[str] = []
    for image_type in settings.image_types:
        if image_type == "wavelet":
            names += _wavelet_names(2 if settings.force_2d else 3, settings.wavelet_levels)
        elif image_type == "log":
            names += [f"log-sigma-{str(sigma).replace('.', '-')}-mm-3D" for sigma in settings.log_sigmas]
        elif image_type == "lbp-3D":
            names += [f"lbp-3D-m{level + 1}" for level in range(settings.lbp_3d_levels)] + ["lbp-3D-k"]
        else:
            names.append(image_type)
    return tuple(names)


def _wavelet_names(axes: int, levels: int) -> list[str]:
    bands = [format(number, f"0{axes}b").replace("0", "L").replace("1", "H") for number in range(2**axes)]
    prefixes = ["wavelet" if level == 1 else f"wavelet{level}" for level in range(1, levels + 1)]
    # The approximation, all low-pass, is that of the last level only, and is listed last.
    return [f"{prefix}-{band}" for prefix in prefixes for band in bands[1:]] + [f"{prefixes[-1]}-{bands[0]}"]


@lru_cache(maxsize=32)
def feature_names(settings: RadiomicsSettings) -> tuple[str, ...]:
    """Give the names of all features under these settings, in the order `extract` gives them.

    Examples
    --------
    >>> len(feature_names(RadiomicsSettings()))
    1781
    """
    excluded = set(settings.excluded_features)
    names: list[str] = []

    def add(image: str, feature_class: str) -> None:
        for feature in FEATURES[feature_class]:
            if f"{feature_class}_{feature}" not in excluded:
                names.append(f"{image}_{feature_class}_{feature}")

    for feature_class in SHAPE_CLASSES:
        if feature_class in settings.feature_classes:
            add("original", feature_class)
    for image in filtered_image_names(settings):
        for feature_class in FEATURES:
            if feature_class not in SHAPE_CLASSES and feature_class in settings.feature_classes:
                add(image, feature_class)
    return tuple(names)


@lru_cache(maxsize=8192)
def split_name(name: str) -> tuple[str, str, str]:
    """Split ``'wavelet-LLH_glcm_Contrast'`` into image, class and feature."""
    image, feature_class, feature = name.split("_")
    return image, feature_class, feature
