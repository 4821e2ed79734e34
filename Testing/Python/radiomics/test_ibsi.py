"""Parts of the IBSI mode against brute force and against properties that no implementation can bend."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import pywt
from scipy import ndimage

from RadFusionLib.errors import InputError
from RadFusionLib.radiomics.ibsi import Discretisation, IbsiSettings, extract_ibsi
from RadFusionLib.radiomics.ibsi.filters.fourier import simoncelli_filter
from RadFusionLib.radiomics.ibsi.filters.gabor import gabor_filter
from RadFusionLib.radiomics.ibsi.filters.laplacian import laplacian_filter
from RadFusionLib.radiomics.ibsi.filters.laws import laws_filter
from RadFusionLib.radiomics.ibsi.filters.separable import orientations
from RadFusionLib.radiomics.ibsi.filters.wavelet import wavelet_filter
from RadFusionLib.radiomics.ibsi.interpolation import interpolate, new_grid
from RadFusionLib.radiomics.ibsi.local_intensity import local_intensity_features
from RadFusionLib.radiomics.ibsi.preparation import IbsiRegion, prepare_ibsi
from RadFusionLib.radiomics.ibsi.spatial_association import spatial_association

SPACING = (1.5, 1.2, 3.0)


@pytest.fixture(scope="module")
def region() -> IbsiRegion:
    generator = np.random.default_rng(7)
    image = np.round(generator.normal(50, 20, (7, 9, 8)))
    mask = generator.random(image.shape) < 0.4
    mask[[0, -1]] = False
    intensity = mask & (image > 30)
    return IbsiRegion(image, mask, intensity, SPACING)


def test_spatial_association_equals_all_pairs(region: IbsiRegion) -> None:
    places = np.argwhere(region.intensity) * np.array(SPACING[::-1])
    x = region.values
    distance = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    w, d = 1 / distance, x - x.mean()
    moran = len(x) / w.sum() * np.sum(w * np.outer(d, d)) / np.sum(d**2)
    geary = (len(x) - 1) / (2 * w.sum()) * np.sum(w * (x[:, None] - x[None]) ** 2) / np.sum(d**2)
    assert spatial_association(region) == pytest.approx((moran, geary), rel=1e-10)


def test_intensity_peaks_equal_a_search(region: IbsiRegion) -> None:
    kji = np.array(SPACING[::-1])
    every = np.argwhere(np.ones(region.image.shape, dtype=bool)) * kji
    means = []
    for place in np.argwhere(region.intensity) * kji:
        near = np.linalg.norm(every - place, axis=1) <= (3000 / (4 * np.pi)) ** (1 / 3)
        means.append(region.image.ravel()[near].mean())
    brightest = region.values == region.values.max()
    found = local_intensity_features(region)
    assert found["peak_glob"] == pytest.approx(max(means))
    assert found["peak_loc"] == pytest.approx(max(np.array(means)[brightest]))


def test_the_new_grid_shares_its_centre() -> None:
    shape, spacing = new_grid((30, 20, 30), (1.0, 0.75, 3.0), (2.0, 0.0, 1.0))
    assert (shape, spacing) == ((90, 20, 15), (2.0, 0.75, 1.0))
    k, _, i = (c.astype(float) for c in np.indices((30, 20, 30)))
    x = interpolate(i, (1.0, 0.75, 3.0), shape, spacing, 1)
    z = interpolate(k, (1.0, 0.75, 3.0), shape, spacing, 3)
    assert x[0, 0] == pytest.approx(2 * np.arange(15) + 0.5)  # mm from the first old voxel
    assert z[30:60, 0, 0] == pytest.approx((np.arange(90)[30:60] - 1) / 3, abs=1e-4)  # away from the spline's ends


def test_outliers_are_measured_after_the_range() -> None:
    image = np.arange(1000.0).reshape(10, 10, 10)
    image[0, 0, 0] = 1e6
    settings = IbsiSettings(resegment_range=(0, 999), outlier_sigma=1)
    kept = prepare_ibsi(image, np.ones(image.shape), (1, 1, 1), settings).values
    inside = np.arange(1.0, 1000.0)
    assert kept.min() == np.ceil(inside.mean() - inside.std())
    assert kept.max() == np.floor(inside.mean() + inside.std())


def test_rotations_by_right_angles() -> None:
    a, b, c = (np.array(k, dtype=float) for k in ([1, 2, 4], [1, 3, 9], [1, 5, 25]))
    turned = orientations((a, b, c))
    assert len(turned) == 24
    image = np.random.default_rng(0).random((6, 6, 6))
    # Rotating the image, filtering, and rotating back is the same as rotating the kernels.
    responses = []
    for turns in itertools.product(range(4), repeat=3):
        x = image
        for turn, axes in zip(turns, ((0, 1), (1, 2), (0, 2)), strict=True):
            x = np.rot90(x, turn, axes)
        for axis, kernel in zip((2, 1, 0), (a, b, c), strict=True):
            x = ndimage.convolve1d(x, kernel, axis=axis, mode="wrap")
        for turn, axes in reversed(list(zip(turns, ((0, 1), (1, 2), (0, 2)), strict=True))):
            x = np.rot90(x, -turn, axes)
        responses.append(x)
    expected = np.unique(np.round(responses, 9), axis=0)
    found = []
    for kernels in turned:
        x = image
        for axis, kernel in zip((2, 1, 0), kernels, strict=True):
            x = ndimage.convolve1d(x, kernel, axis=axis, mode="wrap")
        found.append(x)
    np.testing.assert_allclose(np.unique(np.round(found, 9), axis=0), expected)


def test_wavelet_band_equals_pywavelets_stationary_transform() -> None:
    image = np.random.default_rng(1).random((8, 8, 8))
    bands = pywt.swtn(image, "coif1", level=1)[0]
    found = wavelet_filter(image, "coif1", "LHH", boundary="periodic")
    np.testing.assert_allclose(found, bands["dda"], atol=1e-12)  # PyWavelets names the axes K, J, I


def test_laplacian_of_a_gaussian_is_the_wider_gaussians() -> None:
    k, j, i = (c - 20.0 for c in np.indices((41, 41, 41)))
    squared, first, second = k**2 + j**2 + i**2, 3.0, 2.0
    both = first**2 + second**2
    blob = np.exp(-squared / (2 * first**2)) / (2 * np.pi * first**2) ** 1.5
    wide = np.exp(-squared / (2 * both)) / (2 * np.pi * both) ** 1.5
    expected = (squared / both**2 - 3 / both) * wide
    found = laplacian_filter(blob, (1, 1, 1), second, "zero", truncate=6)
    assert np.abs(found - expected)[8:33, 8:33, 8:33].max() < 1e-3 * np.abs(expected).max()


def test_gabor_answers_to_its_own_wave() -> None:
    y, x = np.indices((1, 64, 64))[1:].astype(float)
    wave = np.cos(2 * np.pi * (x * np.cos(np.pi / 6) + y * np.sin(np.pi / 6)) / 6)
    strength = {
        angle: gabor_filter(wave, (1, 1, 1), 4, 6, 1, (angle,))[0, 24:40, 24:40].mean() for angle in (0, 30, 60, 90)
    }
    assert max(strength, key=strength.get) == 30  # type: ignore[arg-type]
    assert gabor_filter(wave, (1, 1, 1), 4, 6, 1, (210,)) == pytest.approx(
        gabor_filter(wave, (1, 1, 1), 4, 6, 1, (30,))
    )


def test_simoncelli_bands_have_no_constant_part() -> None:
    image = np.random.default_rng(3).random((9, 9, 9))
    for level in (1, 2):
        once = simoncelli_filter(image, level, "periodic")
        assert once == pytest.approx(simoncelli_filter(image + 100, level, "periodic"), abs=1e-9)


def test_textures_ignore_what_reader_and_scanner_may_not_change() -> None:
    generator = np.random.default_rng(11)
    image = generator.integers(1, 7, (6, 7, 8)).astype(float)
    mask = generator.random(image.shape) < 0.7
    settings = IbsiSettings(discretisation=Discretisation(count=6))
    values = extract_ibsi(image, mask, (1, 1, 1), settings)
    turned = extract_ibsi(np.rot90(image, 1, (0, 2)), np.rot90(mask, 1, (0, 2)), (1, 1, 1), settings)
    scaled = extract_ibsi(3 * image + 10, mask, (1, 1, 1), settings)
    textures = [tag for tag in values if tag.endswith("3D") or "_3D_" in tag]
    assert len(textures) == 2 * (25 + 16) + 16 + 16 + 5 + 17
    for tag in textures:
        assert values[tag] == pytest.approx(turned[tag], rel=1e-9), tag
        assert values[tag] == pytest.approx(scaled[tag], rel=1e-9), tag


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"settings": IbsiSettings()}, "whole numbers from 1"),
        ({"mask": np.zeros((4, 4, 4))}, "no voxel"),
        ({"mask": np.ones((4, 4))}, "must be the same"),
        ({"settings": IbsiSettings(resegment_range=(500, 600))}, "leaves no voxel"),
    ],
)
def test_unusable_input_is_said_in_a_sentence(wrong: dict[str, Any], sentence: str) -> None:
    image = np.linspace(-5, 5, 64).reshape(4, 4, 4)
    settings = IbsiSettings(discretisation=Discretisation(4))
    arguments: dict[str, Any] = {"image": image, "mask": np.ones((4, 4, 4)), "spacing": (1, 1, 1), "settings": settings}
    with pytest.raises(InputError, match=sentence):
        extract_ibsi(**(arguments | wrong))


def test_unusable_settings_are_said_in_a_sentence() -> None:
    image = np.ones((4, 4, 4))
    for call, sentence in (
        (lambda: Discretisation(1.0, 2), "not both"),
        (lambda: IbsiSettings(spline_order=2), "1 .linear. or 3"),
        (lambda: laws_filter(image, "L5Q5"), "Unknown Laws kernels"),
        (lambda: wavelet_filter(image, "coif9000", "LL"), "Unknown wavelet"),
        (lambda: wavelet_filter(image, "coif1", "LX"), "Unknown band"),
        (lambda: laws_filter(image, "L5S5", "wrap"), "Unknown boundary"),
    ):
        with pytest.raises(InputError, match=sentence):
            call()
