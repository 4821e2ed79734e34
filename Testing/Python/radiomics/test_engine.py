"""What the engine promises whatever the image: names, subsets, threads, units, axes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from RadFusionLib.errors import InputError
from RadFusionLib.radiomics import RadiomicsSettings, calculate, extract, feature_names, prepare

SETTINGS = RadiomicsSettings()
SUBSET = (
    "original_shape_Sphericity",
    "original_firstorder_Mean",
    "original_glcm_MCC",
    "wavelet-LLH_glcm_Contrast",
    "wavelet-HHH_firstorder_Entropy",
    "log-sigma-1-0-mm-3D_glszm_ZoneEntropy",
    "exponential_ngtdm_Strength",
    "lbp-2D_gldm_DependenceEntropy",
    "lbp-3D-k_firstorder_Median",
    "gradient_glrlm_RunEntropy",
)


def test_names_are_1781_in_the_order_of_extract(tumour: Any) -> None:
    values = extract(tumour.image, tumour.mask, tumour.spacing, SETTINGS)
    assert len(feature_names(SETTINGS)) == 1781
    assert tuple(values) == feature_names(SETTINGS)


def test_recipe_of_1197_features() -> None:
    settings = RadiomicsSettings(
        image_types=("original", "log", "wavelet"),
        log_sigmas=(2, 3, 4, 5),
        excluded_features=("glcm_SumAverage", "glcm_MCC"),
    )
    assert len(feature_names(settings)) == 1197
    assert "log-sigma-2-0-mm-3D_glcm_Idm" in feature_names(settings)


def test_a_subset_equals_the_whole(tumour: Any) -> None:
    prepared = prepare(tumour.image, tumour.mask, tumour.spacing, SETTINGS)
    every = calculate(prepared, SETTINGS)
    some = calculate(prepared, SETTINGS, names=SUBSET)
    assert set(some) == set(SUBSET)
    assert dict(some) == {name: every[name] for name in some}
    for name in SUBSET:
        assert calculate(prepared, SETTINGS, names=[name]) == {name: every[name]}


def test_threads_equal_one(tumour: Any) -> None:
    prepared = prepare(tumour.image, tumour.mask, tumour.spacing, SETTINGS)
    assert calculate(prepared, SETTINGS, threads=3) == calculate(prepared, SETTINGS)


def test_another_image_on_the_same_region(tumour: Any) -> None:
    prepared = prepare(tumour.image, tumour.mask, tumour.spacing, SETTINGS)
    changed = prepared.image * 1.5
    names = ("original_firstorder_Mean", "original_glcm_Contrast")
    shared = calculate(prepared.with_image(changed), SETTINGS, names=names)
    assert shared == calculate(replace(prepared, image=changed), SETTINGS, names=names)
    assert shared["original_firstorder_Mean"] == pytest.approx(
        1.5 * calculate(prepared, SETTINGS, names=names)["original_firstorder_Mean"]
    )


def test_spacing_scales_shape(tumour: Any) -> None:
    settings = RadiomicsSettings(spacing=None, feature_classes=("shape",))
    x, y, z = tumour.spacing
    once = extract(tumour.image, tumour.mask, (x, y, z), settings)
    twice = extract(tumour.image, tumour.mask, (2 * x, 2 * y, 2 * z), settings)
    for name, power in (("MeshVolume", 3), ("VoxelVolume", 3), ("SurfaceArea", 2), ("Maximum3DDiameter", 1)):
        key = f"original_shape_{name}"
        assert twice[key] == pytest.approx(2**power * once[key])
    assert twice["original_shape_Sphericity"] == pytest.approx(once["original_shape_Sphericity"])


def test_axes_are_kji_and_spacing_is_xyz() -> None:
    mask = np.zeros((9, 9, 9), dtype=bool)
    mask[4, 4, 1:8] = mask[4, 5, 1:8] = True  # seven voxels along I, which is x
    image = np.arange(729, dtype=np.float64).reshape(9, 9, 9)
    settings = RadiomicsSettings(spacing=None, image_types=("original",))
    values = extract(image, mask, (2.0, 1.0, 1.0), settings)
    assert values["original_shape_VoxelVolume"] == 28
    assert values["original_shape_Maximum3DDiameter"] > 14
    assert values["original_shape_MajorAxisLength"] == pytest.approx(4 * np.sqrt(4 * 4))


def test_sphere_is_almost_a_sphere() -> None:
    k, j, i = np.meshgrid(*[np.arange(41) - 20] * 3, indexing="ij")
    ball = k**2 + j**2 + i**2 < 15**2
    values = extract(np.random.default_rng(0).normal(size=ball.shape), ball, (1, 1, 1),
                     RadiomicsSettings(spacing=None, feature_classes=("shape",)))  # fmt: skip
    assert values["original_shape_MeshVolume"] == pytest.approx(4 / 3 * np.pi * 15**3, rel=0.02)
    assert values["original_shape_Maximum3DDiameter"] == pytest.approx(30, rel=0.03)


def test_the_prepared_grid_lies_where_it_says(tumour: Any) -> None:
    k, j, i = np.meshgrid(*(np.arange(n, dtype=np.float64) for n in tumour.image.shape), indexing="ij")
    settings = RadiomicsSettings(interpolator="sitkLinear")
    for axis, ramp in enumerate((i, j, k)):
        prepared = prepare(ramp, tumour.mask, tumour.spacing, settings)
        step = prepared.spacing[axis] / tumour.spacing[axis]
        inner = tuple(slice(3, -3) for _ in range(3))
        index = np.moveaxis(prepared.image, 2 - axis, -1)[inner]
        expected = prepared.start_ijk[axis] + step * np.arange(prepared.image.shape[2 - axis])[3:-3]
        np.testing.assert_allclose(index, np.broadcast_to(expected, index.shape), atol=1e-9)
    assert prepared.input_spacing == tumour.spacing


def test_a_feature_that_cannot_be_computed_is_nan_with_a_reason() -> None:
    image = np.zeros((6, 6, 6))
    image[2:4, 2:4, 2:4] = 7.0
    mask = np.zeros((6, 6, 6), dtype=bool)
    mask[1, 1, 1] = mask[4, 4, 4] = mask[1, 4, 1] = True  # no two voxels are neighbours
    values = extract(image, mask, (1, 1, 1), RadiomicsSettings())
    assert np.isnan(values["original_glcm_Contrast"])
    assert values.reasons["original_glcm_Contrast"] == "no two voxels of the region are neighbours"
    assert values["original_firstorder_Mean"] == 0.0
    nothing = extract(np.zeros((6, 6, 6)), image > 0, (1, 1, 1), RadiomicsSettings(spacing=None))
    assert np.isnan(nothing["square_firstorder_Mean"])
    assert "0 everywhere" in nothing.reasons["square_firstorder_Mean"]
    assert set(nothing.reasons) == {name for name, value in nothing.items() if np.isnan(value)}
    thin = extract(image[:3], image[:3] > 0, (1, 1, 1), RadiomicsSettings(spacing=None))
    assert "at least 4 voxels" in thin.reasons["log-sigma-1-0-mm-3D_firstorder_Mean"]


def test_settings_survive_a_round_trip() -> None:
    settings = RadiomicsSettings(bin_width=None, bin_count=16, log_sigmas=(1, 2.5), spacing=(2, 2, 0))
    assert RadiomicsSettings.from_dict(settings.to_dict()) == settings
    assert RadiomicsSettings(image_types=("LoG", "LBP3D")).image_types == ("log", "lbp-3D")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"mask": np.zeros((5, 5, 5))}, "The mask is empty"),
        ({"mask": np.ones((5, 5, 4))}, "differs from the image's"),
        ({"image": np.full((5, 5, 5), np.nan)}, "not finite numbers"),
        ({"image": np.ones((5, 5))}, "three axes"),
        ({"spacing": (1, 1, 0)}, "three positive lengths"),
        ({"mask": np.eye(5)[None] * np.eye(5)[:, :1, None] * np.eye(5)[None, :1]}, "axes, features need"),
    ],
)
def test_unusable_input_is_said_in_a_sentence(change: dict[str, Any], sentence: str) -> None:
    arguments = {"image": np.arange(125.0).reshape(5, 5, 5), "mask": np.ones((5, 5, 5)), "spacing": (1, 1, 1)}
    arguments |= change
    with pytest.raises(InputError, match=sentence):
        extract(**arguments, settings=SETTINGS)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"bin_width": 0}, "bin_width must be a positive"),
        ({"image_types": ["wavelets"]}, "Unknown image type 'wavelets'"),
        ({"spacing": (1, 1)}, "three lengths"),
        ({"binwidth": 5}, "Unknown radiomics setting 'binwidth'"),
        ({"weighting_norm": "max"}, "weighting_norm must be"),
    ],
)
def test_unusable_settings_are_said_in_a_sentence(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        RadiomicsSettings.from_dict(wrong)


def test_unknown_name_and_interpolator(tumour: Any) -> None:
    prepared = prepare(tumour.image, tumour.mask, tumour.spacing, SETTINGS)
    with pytest.raises(InputError, match="not among those"):
        calculate(prepared, SETTINGS, names=["original_glcm_Homogeneity1"])
    with pytest.raises(InputError, match="Unknown interpolator"):
        prepare(tumour.image, tumour.mask, tumour.spacing, RadiomicsSettings(interpolator="cubic"))


def test_pairs_of_neighbours_are_counted_alike() -> None:
    """In a table for few levels, and without one for many: both as SciPy's sparse matrices sum them up."""
    from scipy.sparse import coo_array

    from RadFusionLib.radiomics.glcm import _pairs_by_table, _pairs_by_tally

    generator = np.random.default_rng(3)
    flat = generator.integers(-1, 12, 400).astype(np.int32)
    voxels = np.flatnonzero(flat >= 0)
    voxels = voxels[(voxels > 20) & (voxels < 380)]
    here, there = flat[voxels], flat[voxels + 7]
    pairs = coo_array((np.ones((there >= 0).sum()), (here[there >= 0], there[there >= 0])), shape=(12, 12)).toarray()
    expected = np.triu(pairs + pairs.T) - np.diag(np.diag(pairs))
    table = np.zeros((12, 13), dtype=np.int32)
    for first, second, counts in (_pairs_by_table(flat, voxels, 7, table), _pairs_by_tally(flat, voxels, 7, 12)):
        found = np.zeros((12, 12))
        found[first, second] = counts
        np.testing.assert_array_equal(found, expected)
    assert not table.any()
