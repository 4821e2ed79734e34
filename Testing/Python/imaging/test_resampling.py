"""Images and masks brought to other grids, in physical space; intensities on a common scale."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.errors import InputError
from RadFusionLib.imaging import (
    INTERPOLATORS,
    correct_bias_field,
    mask_on_grid,
    normalise,
    resample,
    resample_to_spacing,
)
from RadFusionLib.recipe.recipe import CHOICES

Grid = Callable[..., Geometry]
Ball = Callable[..., Volume]


def ramp(geometry: Geometry, slope: tuple[float, float, float] = (1.0, -2.0, 0.5)) -> Volume:
    """Intensity linear in the place, so that linear interpolation is exact."""
    index = np.argwhere(np.ones(geometry.shape, dtype=bool))[:, ::-1]
    values = geometry.index_to_physical(index) @ np.array(slope)
    return Volume(values.reshape(geometry.shape).astype(np.float32), geometry)


def test_resampling_is_in_physical_space(grid: Grid) -> None:
    source, target = grid(size=(40, 40, 30)), grid(size=(9, 8, 7), spacing=(1.3, 1.3, 1.3), angles=(5, 4, 3))
    middle = source.corners().mean(axis=0) - target.corners().mean(axis=0)
    target = replace(target, origin=tuple(float(v) for v in np.array(target.origin) + middle))
    np.testing.assert_allclose(resample(ramp(source), target).array, ramp(target).array, atol=2e-3)


def test_the_same_grid_needs_no_resampling(grid: Grid) -> None:
    volume = ramp(grid())
    assert resample(volume, grid()).array is volume.array


def test_voxels_outside_take_the_minimum_or_what_was_asked_for(grid: Grid) -> None:
    volume = ramp(grid())
    far = grid(origin=(900.0, 900.0, 900.0))
    assert np.all(resample(volume, far).array == volume.array.min())
    assert np.all(resample(volume, far, outside=-7.0).array == -7.0)


@pytest.mark.parametrize("name", sorted(INTERPOLATORS))
def test_each_named_interpolator_is_simpleitk_s(grid: Grid, name: str) -> None:
    geometry = grid(size=(16, 15, 14))
    values = np.random.default_rng(4).normal(100, 20, geometry.shape).astype(np.float32)
    found = resample_to_spacing(Volume(values, geometry), (1.5, 1.5, 1.5), name)
    ours = found.geometry
    direct = sitk.Resample(
        Volume(values, geometry).to_sitk(), ours.size, sitk.Transform(), INTERPOLATORS[name], ours.origin, ours.spacing,
        [v for row in ours.direction for v in row], 0.0,
    )  # fmt: skip
    inner = (slice(2, -2),) * 3
    np.testing.assert_allclose(found.array[inner], sitk.GetArrayFromImage(direct)[inner], rtol=1e-5)
    assert np.isfinite(found.array).all()


def test_recipes_know_the_interpolators_by_the_same_names() -> None:
    assert set(CHOICES["interpolator"]) == set(INTERPOLATORS)


def test_a_new_spacing_keeps_the_faces_of_the_grid(grid: Grid) -> None:
    old = grid(size=(20, 10, 9), spacing=(0.9, 1.8, 3.0))
    new = resample_to_spacing(ramp(old), (1.8, 0.9, 1.0)).geometry
    assert new.size == (10, 20, 27)
    face_old, face_new = (g.index_to_physical(np.array([[-0.5, -0.5, -0.5]]))[0] for g in (old, new))
    np.testing.assert_allclose(face_old, face_new, atol=1e-9)


def test_a_mask_stays_a_mask_at_a_new_spacing(grid: Grid, ball: Ball) -> None:
    mask = ball(grid(), 7.0)
    fine = resample_to_spacing(mask, (0.5, 0.5, 0.5))
    assert fine.array.dtype == bool
    volumes = [float(m.array.sum()) * m.geometry.voxel_volume for m in (mask, fine)]
    assert volumes[1] == pytest.approx(volumes[0], rel=0.05)


@pytest.mark.parametrize("spacing", [(0.0, 1.0, 1.0), (1.0, -1.0, 1.0), (float("nan"), 1.0, 1.0)])
def test_a_spacing_must_be_positive(grid: Grid, spacing: tuple[float, float, float]) -> None:
    with pytest.raises(InputError, match="three positive numbers"):
        resample_to_spacing(ramp(grid()), spacing)


def test_an_unknown_interpolator_is_refused_even_where_none_is_needed(grid: Grid) -> None:
    with pytest.raises(InputError, match="no interpolator 'cubic'; use one of nearest"):
        resample(ramp(grid()), grid(), "cubic")


def test_a_cut_out_mask_is_copied_voxel_by_voxel_without_a_notice(grid: Grid, ball: Ball) -> None:
    # As Slicer saves segmentations: cut to what is drawn.
    image = ramp(grid())
    mask = ball(grid(), 6.0)
    part = (slice(2, 14), slice(3, 20), slice(5, 19))
    origin = mask.geometry.index_to_physical(np.array([[5, 3, 2]]))[0]
    cut = Volume(mask.array[part], replace(mask.geometry, size=(14, 17, 12), origin=tuple(map(float, origin))))
    moved, notice = mask_on_grid(cut, image, "mask")
    np.testing.assert_array_equal(moved.array, mask.array)
    assert notice == ""


def test_a_flipped_mask_is_copied_voxel_by_voxel(grid: Grid, ball: Ball) -> None:
    mask = ball(grid(), 6.0, (3, 0, 0))
    origin = mask.geometry.index_to_physical(np.array([[23, 0, 0]]))[0]
    direction = tuple((-a, b, c) for a, b, c in mask.geometry.direction)
    flipped = Volume(
        mask.array[:, :, ::-1], replace(mask.geometry, origin=tuple(map(float, origin)), direction=direction)
    )
    moved, notice = mask_on_grid(flipped, ramp(grid()), "mask")
    np.testing.assert_array_equal(moved.array, mask.array)
    assert notice == ""


def test_a_mask_on_another_grid_is_moved_by_nearest_neighbour_and_said_so(grid: Grid, ball: Ball) -> None:
    fine = ball(grid(size=(80, 90, 60), spacing=(0.4, 0.5, 0.9)), 6.0)
    image = ramp(grid())
    moved, notice = mask_on_grid(fine, image, "tumor mask of case 7")
    direct = sitk.Resample(fine.to_sitk(), image.to_sitk(), sitk.Transform(), sitk.sitkNearestNeighbor, 0)
    np.testing.assert_array_equal(moved.array, sitk.GetArrayFromImage(direct) > 0)
    assert "tumor mask of case 7 was resampled" in notice


@pytest.mark.parametrize(
    ("origin", "sentence"),
    [((900.0, 0.0, 0.0), "lies wholly outside the AP image"), ((-40.5 + 14, 12.25, 310.0), r"\d+ % of the .* outside")],
)
def test_a_mask_outside_the_image_is_refused(
    grid: Grid, ball: Ball, origin: tuple[float, float, float], sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        mask_on_grid(ball(grid(origin=origin), 9.0), ramp(grid()), "tumor mask of case 7", where="AP image")


def test_a_liver_may_reach_beyond_the_image(grid: Grid, ball: Ball) -> None:
    liver = ball(grid(size=(60, 60, 30), origin=(-60.0, 0.0, 300.0)), 30.0)
    moved, _ = mask_on_grid(liver, ramp(grid()), "liver mask", whole=False)
    assert moved.array.any()


@pytest.mark.parametrize("scale", [1.0, 100.0])
def test_normalisation_is_numpy_s(grid: Grid, scale: float) -> None:
    values = np.random.default_rng(5).normal(300, 50, grid().shape)
    volume = Volume(values, grid())
    np.testing.assert_allclose(
        normalise(volume, "zscore", scale).array, scale * (values - values.mean()) / values.std(), rtol=1e-12
    )
    np.testing.assert_allclose(
        normalise(volume, "minmax", scale).array, scale * (values - values.min()) / np.ptp(values), rtol=1e-12
    )
    assert normalise(volume, "none").array is values
    within = values > 300
    found = normalise(volume, "zscore", 1.0, within).array
    assert found[within].mean() == pytest.approx(0, abs=1e-12)


def test_a_constant_image_and_an_unknown_method_are_refused(grid: Grid) -> None:
    flat = Volume(np.full(grid().shape, 5.0), grid())
    for method in ("zscore", "minmax"):
        with pytest.raises(InputError, match="constant"):
            normalise(flat, method)
    with pytest.raises(InputError, match="no normalisation 'log'"):
        normalise(flat, "log")


def test_n4_flattens_a_known_bias_field(grid: Grid) -> None:
    geometry = grid(size=(48, 44, 24), spacing=(2.0, 2.0, 3.0))
    k, j, i = (a / n - 0.5 for a, n in zip(np.indices(geometry.shape), geometry.shape, strict=True))
    inside = (i**2 + j**2 + k**2) < 0.2
    rng = np.random.default_rng(6)
    tissue = np.where(i > 0, 200.0, 120.0) * inside
    truth = np.hypot(tissue + rng.normal(0, 3, tissue.shape), rng.normal(0, 3, tissue.shape))
    field = np.exp(0.9 * i - 0.6 * j + 0.7 * k**2)
    corrected = correct_bias_field(Volume((truth * field).astype(np.float32), geometry)).array

    def unevenness(image: np.ndarray) -> float:
        return float(
            np.mean([image[inside & side].std() / image[inside & side].mean() for side in (i > 0.02, i < -0.02)])
        )

    assert unevenness(truth * field) > 0.15
    assert unevenness(corrected) < 0.4 * unevenness(truth * field)


def test_n4_refuses_what_is_no_mr_image(grid: Grid) -> None:
    with pytest.raises(InputError, match="negative"):
        correct_bias_field(Volume(np.linspace(-1000, 100, np.prod(grid().shape)).reshape(grid().shape), grid()))
    with pytest.raises(InputError, match="constant"):
        correct_bias_field(Volume(np.ones(grid().shape), grid()))
