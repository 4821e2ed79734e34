"""PyRadiomics' parameter files, read as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from RadFusionLib.errors import InputError
from RadFusionLib.radiomics.names import FEATURES, SHAPE_CLASSES, feature_names
from RadFusionLib.radiomics.settings import CLASS_NAMES, RadiomicsSettings

if TYPE_CHECKING:
    from RadFusionLib.radiomics.engine import FeatureValues

__all__ = ["ParameterFile", "parse_parameters", "read_parameter_file"]

_SETTINGS = {
    "binWidth": "bin_width",
    "binCount": "bin_count",
    "resampledPixelSpacing": "spacing",
    "interpolator": "interpolator",
    "padDistance": "pad_distance",
    "preCrop": "pre_crop",
    "sigma": "log_sigmas",
    "wavelet": "wavelet",
    "level": "wavelet_levels",
    "start_level": "wavelet_start",
    "lbp2DRadius": "lbp_2d_radius",
    "lbp2DSamples": "lbp_2d_samples",
    "lbp2DMethod": "lbp_2d_method",
    "lbp3DLevels": "lbp_3d_levels",
    "lbp3DIcosphereRadius": "lbp_3d_radius",
    "lbp3DIcosphereSubdivision": "lbp_3d_subdivision",
    "normalize": "normalize",
    "normalizeScale": "normalize_scale",
    "removeOutliers": "remove_outliers",
    "voxelArrayShift": "voxel_array_shift",
    "resegmentRange": "resegment_range",
    "resegmentMode": "resegment_mode",
    "resegmentShape": "resegment_shape",
    "force2D": "force_2d",
    "force2Ddimension": "force_2d_dimension",
    "distances": "distances",
    "gldm_a": "gldm_alpha",
    "weightingNorm": "weighting_norm",
    "symmetricalGLCM": "symmetrical_glcm",
    "gradientUseSpacing": "gradient_use_spacing",
    "label": "label",
    "minimumROIDimensions": "minimum_roi_dimensions",
    "minimumROISize": "minimum_roi_size",
}
"""PyRadiomics' keys and the settings they are."""

_OF_THE_PAIR = {"geometryTolerance": "geometry_tolerance", "correctMask": "correct_mask", "label_channel": "channel"}
_WITHOUT_EFFECT = frozenset(["additionalInfo"])  # what PyRadiomics reports beside the features
_VOXEL_SETTINGS = frozenset(["kernelRadius", "maskedKernel", "initValue", "voxelBatch"])
_SECTIONS = ("imageType", "featureClass", "setting", "voxelSetting")
_DEFAULTS: dict[str, Any] = {"bin_width": 25.0, "spacing": None, "log_sigmas": (), "label": 1}


@dataclass(frozen=True)
class ParameterFile:
    """What a parameter file asks for.

    Parameters
    ----------
    groups : tuple of RadiomicsSettings
        Settings whose features together are asked for: one, unless image types have settings of their own. All
        prepare a region in the same way; as in PyRadiomics, an image type's own settings for resampling, cropping,
        normalisation, resegmentation and the mask have no effect.
    geometry_tolerance : float, optional
        How far image and mask may be apart, see `image_pair.extract_images`.
    correct_mask : bool
        Bring a mask of another geometry to the image's.
    channel : int
        Component of a mask of several components.
    voxel : mapping
        The section ``voxelSetting``, for feature maps.
    """

    groups: tuple[RadiomicsSettings, ...]
    geometry_tolerance: float | None = None
    correct_mask: bool = False
    channel: int = 0
    voxel: Mapping[str, Any] = field(default_factory=dict)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of all features, in order."""
        return tuple(name for group in self.groups for name in feature_names(group))

    def extract(
        self, image: npt.ArrayLike, mask: npt.ArrayLike, spacing: tuple[float, float, float], threads: int = 1
    ) -> FeatureValues:
        """Compute all features of a region; arguments and errors as those of `engine.extract`."""
        from RadFusionLib.radiomics.engine import FeatureValues, calculate
        from RadFusionLib.radiomics.resampling import prepare

        prepared = prepare(image, mask, spacing, self.groups[0])
        result = FeatureValues()
        for group in self.groups:
            found = calculate(prepared, group, threads=threads)
            result.update(found)
            result.reasons.update(found.reasons)
        return result


def read_parameter_file(path: str | Path) -> ParameterFile:
    """Read a parameter file (YAML or JSON).

    Raises
    ------
    InputError
        If it cannot be read, or has a key, image type, class or feature that is not known.
    """
    import yaml

    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"The parameter file {path} cannot be read: {error.strerror}.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"The parameter file {path} is not valid YAML: {' '.join(str(error).split())}.") from error
    try:
        return parse_parameters(content if content is not None else {})
    except InputError as error:
        raise InputError(f"Parameter file {path}: {error}") from error


def parse_parameters(content: Mapping[str, Any]) -> ParameterFile:
    """Understand the content of a parameter file, a mapping of its sections.

    Raises
    ------
    InputError
        If a section, key, image type, class, feature or value is not known.
    """
    if not isinstance(content, Mapping):
        raise InputError(f"Parameters are a mapping with the sections {', '.join(_SECTIONS)}.")
    sections = {name: _section(content, name) for name in _SECTIONS}
    for unknown in set(content) - set(_SECTIONS):
        raise InputError(f"Unknown section {unknown!r}: choose from {', '.join(_SECTIONS)}.")
    for unknown in set(sections["voxelSetting"]) - _VOXEL_SETTINGS:
        raise InputError(f"Unknown key {unknown!r} in voxelSetting: choose from {', '.join(sorted(_VOXEL_SETTINGS))}.")
    pair = {name: sections["setting"][key] for key, name in _OF_THE_PAIR.items() if key in sections["setting"]}
    base = _DEFAULTS | _translated(sections["setting"], "setting") | _classes(sections["featureClass"])
    try:
        groups = _groups(base, sections["imageType"] or {"Original": {}})
    except (TypeError, ValueError) as error:
        raise InputError(f"A setting has a value of the wrong type: {error}.") from error
    return ParameterFile(groups, voxel=sections["voxelSetting"], **pair)


def _section(content: Mapping[str, Any], name: str) -> dict[str, Any]:
    section = content.get(name) or {}
    if not isinstance(section, Mapping):
        raise InputError(f"The section {name} must be a mapping.")
    return dict(section)


def _translated(given: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Translate keys and leave out those without a value, which are the default."""
    known = {**_SETTINGS, **_OF_THE_PAIR}
    for unknown in set(given) - set(known) - _WITHOUT_EFFECT:
        raise InputError(f"Unknown key {unknown!r} in {where}: choose from {', '.join(sorted(known))}.")
    return {_SETTINGS[key]: value for key, value in given.items() if key in _SETTINGS and value is not None}


def _classes(section: Mapping[str, Any]) -> dict[str, Any]:
    """Turn the enabled classes, each with the features listed or all, into classes and excluded features."""
    if not section:
        return {}
    excluded = []
    for name, listed in section.items():
        if name not in FEATURES:
            raise InputError(f"Unknown feature class {name!r}: choose from {', '.join(FEATURES)}.")
        for unknown in set(listed or ()) - set(FEATURES[name]):
            raise InputError(f"Unknown or deprecated feature {unknown!r} of class {name}.")
        if listed:
            excluded += [f"{name}_{feature}" for feature in FEATURES[name] if feature not in listed]
    return {"feature_classes": tuple(section), "excluded_features": tuple(excluded)}


def _groups(base: dict[str, Any], image_types: Mapping[str, Any]) -> tuple[RadiomicsSettings, ...]:
    """Put image types with the same settings together; what depends on the mask alone comes first, once."""
    whole = RadiomicsSettings(**base)
    groups: dict[RadiomicsSettings, list[str]] = {}
    filters: dict[str, Any] = {}
    for name, own in image_types.items():
        if name not in CLASS_NAMES:
            raise InputError(f"Unknown image type {name!r}: choose from {', '.join(CLASS_NAMES)}.")
        changes = _translated(own or {}, f"imageType {name}")
        # Widths, wavelets and patterns concern one image type only, so they need no group of their own.
        filters |= {key: value for key, value in changes.items() if key.startswith(_FILTERS[name])}
        changes = {k: v for k, v in changes.items() if not k.startswith(_FILTER_SETTINGS) and k not in _PREPARATION}
        groups.setdefault(RadiomicsSettings(**(base | changes)), []).append(name)
    classes = whole.feature_classes
    shape = tuple(name for name in classes if name in SHAPE_CLASSES)
    if len(groups) == 1:
        ((settings, types),) = groups.items()
        return (replace(settings, image_types=tuple(types), **filters),)
    rest = tuple(name for name in classes if name not in SHAPE_CLASSES)
    result = [replace(whole, image_types=(), feature_classes=shape)] if shape else []
    for settings, types in groups.items():
        result.append(replace(settings, image_types=tuple(types), feature_classes=rest, **filters))
    return tuple(result)


_FILTERS: dict[str, tuple[str, ...]] = dict.fromkeys(CLASS_NAMES, ()) | {
    "LoG": ("log_",),
    "Wavelet": ("wavelet",),
    "Gradient": ("gradient_",),
    "LBP2D": ("lbp_2d",),
    "LBP3D": ("lbp_3d",),
}
"""Beginnings of the settings that one image type's filter reads."""

_FILTER_SETTINGS = tuple(prefix for prefixes in _FILTERS.values() for prefix in prefixes)

_PREPARATION = frozenset(
    [
        "spacing", "interpolator", "pad_distance", "pre_crop", "normalize", "normalize_scale", "remove_outliers",
        "resegment_range", "resegment_mode", "resegment_shape", "label", "minimum_roi_dimensions", "minimum_roi_size",
    ]
)  # fmt: skip
