"""Small deterministic phantoms, made by code, for comparison with the reference.

Needs NumPy only: the reference's environment imports it too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["PHANTOMS", "VARIATIONS", "Phantom", "Variation", "labelled", "texture"]


@dataclass(frozen=True)
class Phantom:
    """An image, a mask, a spacing (mm, x y z) and settings in PyRadiomics' own terms."""

    image: npt.NDArray[Any]
    mask: npt.NDArray[np.bool_]
    spacing: tuple[float, float, float]
    settings: dict[str, Any] = field(default_factory=dict)


def texture(shape: tuple[int, int, int], seed: int) -> npt.NDArray[np.float64]:
    """Give smooth waves with noise, mean about 0 and deviation about 1, without a random number generator.

    The noise is a hash of the index, so that it is the same under every NumPy.
    """
    k, j, i = np.meshgrid(*(np.arange(n, dtype=np.float64) for n in shape), indexing="ij")
    waves = np.sin(0.7 * i + 0.3 * j + seed) + np.cos(0.4 * j - 0.9 * k) + np.sin(0.23 * (i + j + 2 * k))
    number = (((k * 73856093) + (j * 19349663) + (i * 83492791) + seed * 2654435761) % 4093) / 4093
    noise = np.sin(number * 12.9898 * 43.758) * 0.8
    return np.asarray((waves + noise) / 1.5)


def _distance(shape: tuple[int, int, int], spacing: tuple[float, float, float]) -> npt.NDArray[np.float64]:
    axes = (((np.arange(n) - (n - 1) / 2) * s) ** 2 for n, s in zip(shape, spacing[::-1], strict=True))
    k, j, i = np.meshgrid(*axes, indexing="ij")
    return np.asarray(np.sqrt(k + j + i))


def _tumour() -> Phantom:
    shape, spacing = (12, 26, 24), (0.9, 0.8, 2.5)
    image = (200 + 60 * texture(shape, 1)).astype(np.float32)
    ball = _distance(shape, spacing) < 8.2
    ball[4:7, 10:14, 4:9] = False  # a bite, so that the surface is not convex
    return Phantom(image, ball, spacing)


def _shell() -> Phantom:
    shape, spacing = (11, 24, 26), (1.1, 1.2, 2.2)
    image = (90 + 40 * texture(shape, 5)).astype(np.float64)
    distance = _distance(shape, spacing)
    return Phantom(image, (distance > 5) & (distance < 8.5), spacing)


def _whole_numbers() -> Phantom:
    shape, spacing = (12, 22, 20), (1.3, 1.3, 2.0)
    image = np.round(40 * texture(shape, 9) - 20).astype(np.int16)
    return Phantom(image, _distance(shape, spacing) < 8, spacing)


def _slice() -> Phantom:
    shape, spacing = (7, 24, 24), (0.8, 0.8, 4.0)
    image = (120 + 50 * texture(shape, 3)).astype(np.float32)
    mask = np.zeros(shape, dtype=bool)
    mask[3] = _distance(shape, spacing)[3] < 7
    return Phantom(image, mask, spacing)


def _flat() -> Phantom:
    shape, spacing = (10, 18, 18), (1.0, 1.0, 1.5)
    image = (1000 + 0.4 * texture(shape, 2)).astype(np.float64)
    return Phantom(image, _distance(shape, spacing) < 5, spacing)


def _native_bins() -> Phantom:
    shape, spacing = (9, 20, 22), (1.0, 1.0, 1.0)
    image = (10 * texture(shape, 7)).astype(np.float32)
    settings = {"resampledPixelSpacing": None, "binWidth": None, "binCount": 32}
    return Phantom(image, _distance(shape, spacing) < 4.2, spacing, settings)


PHANTOMS: dict[str, Phantom] = {
    "tumour": _tumour(),
    "shell": _shell(),
    "whole_numbers": _whole_numbers(),
    "slice": _slice(),
    "flat": _flat(),
    "native_bins": _native_bins(),
}
"""By name: a bitten ball in single precision; a shell in double; whole numbers; one slice; flat after binning on
most images; and a fixed number of bins without resampling."""


@dataclass(frozen=True)
class Variation:
    """A phantom by name and parameters as in a file of PyRadiomics."""

    phantom: str
    parameters: dict[str, Any]


def labelled(phantom: Phantom) -> npt.NDArray[np.uint8]:
    """Give the phantom's mask as two labels: 3 in the upper half of the rows, 1 in the lower."""
    rows = np.arange(phantom.mask.shape[1])[None, :, None]
    return np.asarray(phantom.mask * np.where(rows < phantom.mask.shape[1] // 2, 3, 1), dtype=np.uint8)


_TEXTURES: dict[str, Any] = dict.fromkeys(["firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm"])

VARIATIONS: dict[str, Variation] = {
    "plane": Variation(
        "slice",
        {
            "imageType": {"Original": {}, "Wavelet": {"wavelet": "db2", "level": 2}, "LBP2D": {"binWidth": 1}},
            "featureClass": {"shape2D": None, **_TEXTURES},
            "setting": {
                "force2D": True, "binWidth": 10, "label": 1, "resampledPixelSpacing": [1, 1, 0],
                "lbp2DRadius": 1.5, "lbp2DSamples": 6, "lbp2DMethod": "ror",
            },
        },
    ),
    "planes": Variation(
        "tumour",
        {
            "imageType": {"Original": {}, "Wavelet": {"wavelet": "haar", "start_level": 1}},
            "featureClass": {"shape": ["Sphericity", "LeastAxisLength"], **_TEXTURES},
            "setting": {"force2D": True, "force2Ddimension": 1, "binCount": 24},
        },
    ),
    "one_sense": Variation(
        "whole_numbers",
        {
            "imageType": {"Original": {}},
            "featureClass": {"glcm": [], "gldm": [], "ngtdm": []},
            "setting": {"symmetricalGLCM": False, "distances": [1, 2], "gldm_a": 1, "binWidth": 5},
        },
    ),
    "weighted": Variation(
        "shell",
        {
            "featureClass": {"glcm": None, "glrlm": None},
            "setting": {"weightingNorm": "euclidean", "symmetricalGLCM": False, "binWidth": 8},
        },
    ),
    "weighted_symmetric": Variation(
        "shell", {"featureClass": {"glcm": None, "glrlm": None}, "setting": {"weightingNorm": "infinity"}}
    ),
    "sigma": Variation(
        "tumour",
        {"setting": {"resegmentRange": [-1.2, 1.4], "resegmentMode": "sigma", "resegmentShape": True, "binWidth": 12}},
    ),
    "range": Variation("shell", {"setting": {"resegmentRange": [85], "binWidth": 7}}),
    "relative": Variation(
        "tumour", {"setting": {"resegmentRange": [0.4, 0.9], "resegmentMode": "relative", "binWidth": 10}}
    ),
    "normalised": Variation(
        "whole_numbers",
        {
            "imageType": {"Original": {}, "LoG": {"sigma": [1.0, 2.5]}, "Wavelet": {}, "Gradient": {}, "LBP3D": {}},
            "featureClass": {"firstorder": None, "glszm": None},
            "setting": {
                "normalize": True, "normalizeScale": 100, "removeOutliers": 1.5, "voxelArrayShift": 300, "binWidth": 5,
                "resampledPixelSpacing": [2, 2, 2], "interpolator": "sitkLinear", "padDistance": 2,
                "gradientUseSpacing": False,
            },
        },
    ),
    "normalised_single": Variation(
        "tumour",
        {
            "imageType": {"Original": {}, "LoG": {"sigma": [1.5]}, "Square": {}, "Gradient": {}},
            "featureClass": {"firstorder": None, "glrlm": None},
            "setting": {"normalize": True, "normalizeScale": 10, "binWidth": 0.5, "resampledPixelSpacing": [1, 1, 0]},
        },
    ),
    "cropped": Variation(
        "tumour",
        {
            "imageType": {"Square": {}, "LoG": {"sigma": [1.5]}, "Wavelet": {"wavelet": "sym3"}, "Logarithm": {}},
            "featureClass": {"firstorder": None, "ngtdm": None},
            "setting": {"preCrop": True, "padDistance": 3, "binWidth": 9},
        },
    ),
    "uncropped": Variation(
        "tumour",
        {
            "imageType": {"Exponential": {}, "LoG": {"sigma": [1.5]}, "Wavelet": {"wavelet": "bior1.3"}},
            "featureClass": {"firstorder": None, "ngtdm": None},
            "setting": {"binWidth": 9},
        },
    ),
    "own_bins": Variation(
        "native_bins",
        {
            "imageType": {
                "Original": {"binWidth": 2}, "Wavelet": {"binCount": 16, "distances": [2]},
                "LBP2D": {"lbp2DMethod": "var", "lbp2DSamples": 7, "binWidth": 4, "gldm_a": 2},
            },
            "featureClass": {"shape": ["MeshVolume"], "firstorder": ["Entropy"], "glcm": ["Contrast", "MCC"],
                             "gldm": None},
            "setting": {"binWidth": 3},
        },
    ),
    "sphere": Variation(
        "shell",
        {
            "imageType": {"LBP3D": {"lbp3DLevels": 3, "lbp3DIcosphereRadius": 1.7, "lbp3DIcosphereSubdivision": 2}},
            "featureClass": {"firstorder": None},
            "setting": {"binWidth": 0.31},
        },
    ),
    "code": Variation(
        "whole_numbers",
        {
            "imageType": {"LBP2D": {"lbp2DMethod": "default", "lbp2DRadius": 2, "lbp2DSamples": 5}},
            "featureClass": {"glszm": None},
            "setting": {"binWidth": 1, "force2Ddimension": 2},
        },
    ),
    "label": Variation("tumour", {"setting": {"label": 3, "resampledPixelSpacing": [2, 2, 2]}}),
}  # fmt: skip
"""By name: what the settings of PyRadiomics can ask for beyond the recipes; only ``label`` has two labels."""

MAP_VARIANTS: dict[str, dict[str, Any]] = {
    "masked": {"kernelRadius": 1, "maskedKernel": True},
    "wide": {"kernelRadius": 2, "maskedKernel": True},
    "unmasked": {"kernelRadius": 1, "maskedKernel": False},
    "planes": {"kernelRadius": 1, "maskedKernel": True, "force2D": True},
}
"""Voxel-based settings, in PyRadiomics' own terms."""


def map_phantom() -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_], tuple[float, float, float]]:
    """Give image, mask and spacing of a small textured ball for feature maps."""
    shape, spacing = (9, 10, 11), (1.0, 1.2, 1.5)
    image = (100 + 25 * texture(shape, 4)).astype(np.float32)
    return image, _distance(shape, spacing) < 3.2, spacing
