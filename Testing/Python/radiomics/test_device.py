"""What torch counts on a device equals what the compiled kernels count."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from RadFusionLib.errors import InputError
from RadFusionLib.radiomics import RadiomicsSettings, calculate, extract, feature_maps, feature_names, prepare
from RadFusionLib.radiomics.region import PreparedRegion

# "cpu" alone means the compiled kernels; with a number it is a device of torch like any other.
DEVICES = ["cpu:0"] + (["cuda"] if torch.cuda.is_available() else [])
VARIATIONS: dict[str, dict[str, Any]] = {
    "usual": {},
    "merged directions": {"weighting_norm": "euclidean"},
    "two distances": {"distances": (1, 2), "gldm_alpha": 2},
    "planes": {"force_2d": True},
    "ordered pairs": {"symmetrical_glcm": False},
    "many levels": {"bin_width": 0.01},
    "one level": {"bin_width": 1000.0},
}


def _region(settings: RadiomicsSettings, size: tuple[int, int, int] = (12, 14, 15)) -> PreparedRegion:
    """Lumpy values in a region with holes and loose voxels."""
    random = np.random.default_rng(4)
    k, j, i = np.indices(size)
    image = 100 + 30 * np.sin(k / 2.0) * np.cos(j / 3.0) + random.normal(0, 6, size)
    mask = (random.random(size) < 0.7) & ((k - 6) ** 2 + (j - 7) ** 2 + (i - 7) ** 2 < 40)
    return prepare(image, mask, (0.8, 0.8, 2.0), settings)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("variation", VARIATIONS)
def test_a_regions_features_are_the_kernels(variation: str, device: str) -> None:
    images = ("original", "exponential") if variation != "usual" else ("original", "wavelet", "lbp-2D", "gradient")
    settings = RadiomicsSettings(spacing=None, image_types=images, **VARIATIONS[variation])
    region = _region(settings)
    expected, found = calculate(region, settings), calculate(region, settings, device=device)
    assert list(found) == list(expected)
    assert found.reasons == expected.reasons
    np.testing.assert_allclose(list(found.values()), list(expected.values()), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("device", DEVICES)
def test_long_runs_and_winding_zones(device: str) -> None:
    """A spiral of one level, whose ends meet only after many steps, and rows as long as the region."""
    image = np.full((2, 41, 41), 100.0)
    for ring in range(0, 20, 2):
        image[:, ring : 41 - ring, ring] = image[:, 40 - ring, ring : 41 - ring] = 10.0
        image[:, ring : 41 - ring, 40 - ring] = image[:, ring, ring + 2 : 41 - ring] = 10.0
        image[:, ring + 2, ring : ring + 3] = 10.0
    settings = RadiomicsSettings(spacing=None, image_types=("original",))
    region = prepare(image, np.ones_like(image), (1, 1, 1), settings)
    names = [name for name in feature_names(settings) if "_glrlm_" in name or "_glszm_" in name]
    expected, found = calculate(region, settings, names), calculate(region, settings, names, device=device)
    assert expected["original_glszm_LargeAreaEmphasis"] > 1e5
    assert dict(found) == pytest.approx(dict(expected), rel=1e-12)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(
    ("variation", "radius", "masked"),
    [("usual", 1, True), ("usual", 1, False), ("two distances", 1, True), ("planes", 2, True), ("one level", 1, True)],
)
def test_feature_maps_are_the_kernels(variation: str, radius: int, masked: bool, device: str) -> None:
    settings = RadiomicsSettings(spacing=None, image_types=("original",), **VARIATIONS[variation])
    region = _region(settings, (8, 10, 11))
    names = [name for name in feature_names(settings) if "_shape_" not in name]
    expected = feature_maps(region, settings, names, radius, masked)
    found = feature_maps(region, settings, names, radius, masked, device=device)
    for name in names:
        x, y = expected[name][region.mask], found[name][region.mask]
        np.testing.assert_array_equal(np.isnan(x), np.isnan(y), err_msg=name)
        given = np.isfinite(x)
        spread = np.std(x[given]) if given.any() else 0.0
        assert np.all(np.abs(x - y)[given] <= 1e-6 * np.abs(x[given]) + 1e-9 * spread + 1e-12), name


def test_batches_on_a_device_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    from RadFusionLib.radiomics.maps import device_maps

    settings = RadiomicsSettings(spacing=None, image_types=("original",))
    region = _region(settings, (6, 8, 9))
    names = ["original_glszm_ZoneEntropy", "original_glcm_MCC", "original_firstorder_Median"]
    once = feature_maps(region, settings, names, device="cpu:0")
    monkeypatch.setattr(device_maps, "batch_bytes", lambda device: 60_000)
    again = feature_maps(region, settings, names, device="cpu:0")
    for name in names:
        np.testing.assert_allclose(again[name], once[name], rtol=1e-12, atol=1e-12)


def test_a_device_that_is_not_there_is_said() -> None:
    image = np.random.default_rng(0).normal(50, 10, (8, 8, 8))
    with pytest.raises(InputError, match="torch cannot compute on the device 'abacus'"):
        extract(image, np.ones((8, 8, 8)), (1, 1, 1), RadiomicsSettings(), device="abacus")
