from dataclasses import replace

import numpy as np
import pytest

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.deep import prepare_region, region_input
from RadFusionLib.errors import InputError

ANGLE = np.deg2rad(20)
OBLIQUE = ((np.cos(ANGLE), -np.sin(ANGLE), 0.0), (np.sin(ANGLE), np.cos(ANGLE), 0.0), (0.0, 0.0, 1.0))


@pytest.fixture
def scene():
    """An ellipsoid in noise on an anisotropic, oblique grid."""
    geometry = Geometry((48, 40, 20), (0.8, 1.1, 3.0), (-30.0, 12.0, 400.0), OBLIQUE)
    k, j, i = np.indices(geometry.shape)
    inside = ((i - 25) / 9) ** 2 + ((j - 18) / 8) ** 2 + ((k - 9) / 4) ** 2 < 1
    noise = np.random.default_rng(0).normal(100, 8, geometry.shape)
    return Volume(noise + 60.0 * inside, geometry), Volume(inside, geometry)


def stored_otherwise(volume, order, flips):
    """The same voxels at the same places, with index axes permuted and turned round."""
    geometry, array = volume.geometry, volume.array.transpose([2 - order[2], 2 - order[1], 2 - order[0]])
    direction = np.asarray(geometry.direction)[:, list(order)]
    size = [geometry.size[a] for a in order]
    spacing = [geometry.spacing[a] for a in order]
    start = np.zeros(3)
    for new, old in enumerate(order):
        if flips[new]:
            start[old] = geometry.size[old] - 1
            direction[:, new] *= -1
            array = np.flip(array, axis=2 - new)
    origin = geometry.index_to_physical(start[None])[0]
    return Volume(array, Geometry(tuple(size), tuple(spacing), tuple(origin), tuple(map(tuple, direction))))


def test_shape_type_and_range(scene):
    cube = region_input(*scene, 32)
    assert cube.shape == (32, 32, 32)
    assert cube.dtype == np.float32
    assert cube.min() == 0.0
    assert 0.5 < cube.max() <= 1.0
    assert cube[0, 0, 0] == 0.0
    assert cube[16, 16, 16] > 0.5


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 0, 2)])
@pytest.mark.parametrize("flips", [(0, 0, 0), (1, 0, 1), (1, 1, 1)])
def test_storage_order_does_not_matter(scene, order, flips):
    image, mask = scene
    cube = region_input(stored_otherwise(image, order, flips), stored_otherwise(mask, order, flips), 24)
    np.testing.assert_array_equal(cube, region_input(image, mask, 24))


def test_a_last_digit_of_spacing_moves_no_voxel_of_the_mask(scene):
    image, mask = scene
    first = region_input(image, mask, 16, margin=0.0)
    nudged = replace(image.geometry, spacing=tuple(s * (1 + 2e-7) for s in image.geometry.spacing))
    again = region_input(Volume(image.array, nudged), Volume(mask.array, nudged), 16, margin=0.0)
    np.testing.assert_allclose(again, first, atol=1e-4)


def test_the_cube_lies_where_its_grid_says(scene):
    """Voxel by voxel against SimpleITK's resampling of the same image to the cube's grid."""
    sitk = pytest.importorskip("SimpleITK")
    image, mask = scene
    prepared = prepare_region(image, mask, 20, mask_outside=False)
    reference = Volume(np.zeros(prepared.grid.shape, np.float32), prepared.grid).to_sitk()
    resampled = sitk.GetArrayFromImage(sitk.Resample(image.to_sitk(), reference, sitk.Transform(), sitk.sitkLinear))
    low, high = prepared.window
    np.testing.assert_allclose(prepared.array, np.clip((resampled - low) / (high - low), 0, 1), atol=1e-5)
    nearest = sitk.GetArrayFromImage(
        sitk.Resample(mask.to_sitk(), reference, sitk.Transform(), sitk.sitkNearestNeighbor)
    )
    masked = prepare_region(image, mask, 20)
    np.testing.assert_array_equal(masked.array == 0, (nearest == 0) | (prepared.array == 0))


def test_the_box_is_the_region_s_with_its_margin(scene):
    image, mask = scene
    grid = prepare_region(image, mask, 32, margin=2.0).grid
    extent = np.asarray(grid.spacing) * 32
    filled = np.argwhere(mask.array)[:, ::-1]
    expected = (np.ptp(filled, axis=0) + 1) * np.asarray(image.geometry.spacing) + 4.0
    np.testing.assert_allclose(extent, expected)
    centre = grid.index_to_physical(np.full((1, 3), 15.5))
    middle = image.geometry.index_to_physical((filled.max(axis=0) + filled.min(axis=0))[None] / 2)
    np.testing.assert_allclose(centre, middle, atol=1e-9)


def test_a_fixed_window_is_linear_and_clipped(scene):
    image, mask = scene
    prepared = prepare_region(image, mask, 16, window=(0.0, 320.0), mask_outside=False)
    assert prepared.window == (0.0, 320.0)
    assert prepared.array.mean() == pytest.approx(130 / 320, abs=0.05)


def test_brightness_and_scale_of_a_scanner_do_not_matter(scene):
    image, mask = scene
    other = image.with_array(image.array * 7.5 - 300)
    np.testing.assert_allclose(region_input(other, mask, 16), region_input(image, mask, 16), atol=1e-5)


def test_a_region_at_the_image_s_edge_and_of_one_slice(scene):
    image, _ = scene
    flat = np.zeros(image.array.shape, bool)
    flat[0, 0:6, 0:5] = True
    cube = region_input(image, Volume(flat, image.geometry), 16)
    assert np.isfinite(cube).all()
    assert (cube > 0).sum() > 100


def test_a_map_goes_back_to_its_places(scene):
    image, mask = scene
    prepared = prepare_region(image, mask, 32, mask_outside=False, window=(60.0, 200.0))
    back = prepared.to_geometry(prepared.array, image.geometry)
    assert back.geometry == image.geometry
    assert np.isfinite(back.array[mask.array]).all()
    assert np.isnan(back.array[0, 0, 0])
    ramp = prepared.grid.index_to_physical(np.argwhere(np.ones((32,) * 3))[:, ::-1])[:, 2].reshape((32,) * 3)
    carried = prepared.to_geometry(ramp, image.geometry).array[mask.array]
    heights = image.geometry.index_to_physical(np.argwhere(mask.array)[:, ::-1])[:, 2]
    np.testing.assert_allclose(carried, heights, atol=0.5 * prepared.grid.spacing[2])


def test_unusable_regions_are_refused(scene):
    image, mask = scene
    with pytest.raises(InputError, match="empty"):
        region_input(image, mask.with_array(np.zeros_like(mask.array)), 16)
    moved = Geometry(image.geometry.size, image.geometry.spacing, (0.0, 0.0, 0.0), OBLIQUE)
    with pytest.raises(InputError, match="another grid"):
        region_input(image, Volume(mask.array, moved), 16)
    with pytest.raises(InputError, match="no contrast"):
        region_input(image.with_array(np.ones(image.array.shape)), mask, 16)
    with pytest.raises(InputError, match="not finite"):
        region_input(image.with_array(np.where(mask.array, np.nan, image.array)), mask, 16)
