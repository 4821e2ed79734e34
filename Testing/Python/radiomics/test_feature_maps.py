"""Feature maps equal PyRadiomics' voxel-based features, and can be cancelled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from RadFusionLib.errors import Cancelled, InputError
from RadFusionLib.radiomics import RadiomicsSettings, feature_maps, feature_names, prepare

STORED = np.load(Path(__file__).with_name("pyradiomics-maps.npz"))
# PyRadiomics gives NaN where any direction is without neighbours: it averages this feature alone over all of them.
NOT_ALWAYS_GIVEN = {"original_glcm_JointAverage", "original_glcm_MCC"}
# In a neighbourhood of one grey level these are 0 divided by 0, and PyRadiomics' values rounding noise.
NOISE_WHERE_FLAT = {"original_glcm_Imc1", "original_glcm_Imc2", "original_glcm_MCC"}


def _settings(variant: dict[str, Any]) -> RadiomicsSettings:
    return RadiomicsSettings(spacing=None, image_types=("original",), force_2d=variant.get("force2D", False))


def _names(settings: RadiomicsSettings) -> list[str]:
    return [name for name in feature_names(settings) if "_shape_" not in name]


@pytest.mark.parametrize("variant", ["masked", "wide", "unmasked", "planes"])
def test_every_feature_equals_the_reference(variant: str, map_variants: dict[str, dict[str, Any]], ball: Any) -> None:
    image, mask, spacing = ball
    chosen = map_variants[variant]
    settings = _settings(chosen)
    names = _names(settings)
    maps = feature_maps(
        prepare(image, mask, spacing, settings), settings, names, chosen["kernelRadius"], chosen["maskedKernel"]
    )
    assert len(names) == 93
    for name in names:
        expected, found = STORED[f"{variant} {name}"], maps[name][mask]
        given = np.isfinite(expected)
        if name in NOT_ALWAYS_GIVEN:
            assert given.any() or variant == "planes"
        else:
            np.testing.assert_array_equal(given, np.isfinite(found), err_msg=name)
        if name in NOISE_WHERE_FLAT:
            given &= STORED[f"{variant} original_firstorder_Entropy"] > 1e-9
        scale = np.abs(expected[given]) + 1e-3 * np.nanstd(expected) + 1e-12
        assert np.all(np.abs(found[given] - expected[given]) <= 1e-6 * scale), name


def test_threads_and_batches_do_not_matter(ball: Any) -> None:
    image, mask, spacing = ball
    settings = RadiomicsSettings(spacing=None, image_types=("wavelet",))
    prepared = prepare(image, mask, spacing, settings)
    names = ["wavelet-LLH_glcm_MCC", "wavelet-HHH_glrlm_RunEntropy", "wavelet-LLL_firstorder_Skewness"]
    once = feature_maps(prepared, settings, names)
    again = feature_maps(prepared, settings, names, batch=7, threads=2)
    for name in names:
        np.testing.assert_array_equal(once[name], again[name])
        assert np.isnan(once[name][~mask]).all()


def test_a_neighbourhood_as_wide_as_the_region_gives_the_regions_value() -> None:
    """An independent check of the maps by the engine: every neighbourhood of the middle voxel is the whole region."""
    settings = RadiomicsSettings(spacing=None, image_types=("original",))
    image = np.random.default_rng(5).normal(100, 20, (5, 5, 5))
    mask = np.ones((5, 5, 5), dtype=bool)
    from RadFusionLib.radiomics import calculate

    prepared = prepare(image, mask, (1, 1, 1), settings)
    whole = calculate(prepared, settings)
    maps = feature_maps(prepared, settings, _names(settings), radius=2)
    for name, values in maps.items():
        assert values[2, 2, 2] == pytest.approx(whole[name], rel=1e-9), name


def test_progress_can_cancel_and_wrong_names_are_said(ball: Any) -> None:
    image, mask, spacing = ball
    settings = _settings({})
    prepared = prepare(image, mask, spacing, settings)
    seen: list[float] = []
    feature_maps(prepared, settings, ["original_glcm_Contrast"], batch=10, progress=lambda f, m: seen.append(f))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    with pytest.raises(Cancelled):
        feature_maps(prepared, settings, ["original_glcm_Contrast"], batch=10, progress=lambda f, m: f < 0.5)
    with pytest.raises(InputError, match="has no map"):
        feature_maps(prepared, settings, ["original_shape_Sphericity"])
    with pytest.raises(InputError, match="not among those"):
        feature_maps(prepared, settings, ["original_glcm_Nothing"])
