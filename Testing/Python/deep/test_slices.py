import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.deep.slices import SliceSettings, largest_slice, prepare_slice, slice_input
from RadFusionLib.errors import InputError

ANGLE = np.deg2rad(15)
OBLIQUE = ((np.cos(ANGLE), -np.sin(ANGLE), 0.0), (np.sin(ANGLE), np.cos(ANGLE), 0.0), (0.0, 0.0, 1.0))
LARGEST = 7


@pytest.fixture
def scene():
    """A lesion whose largest slice is not its middle one, in noise on an oblique grid."""
    geometry = Geometry((64, 56, 16), (0.7, 0.9, 4.0), (-30.0, 12.0, 400.0), OBLIQUE)
    k, j, i = np.indices(geometry.shape)
    radius = np.where(k <= LARGEST, 4 + 1.2 * k, 14 - 1.5 * (k - LARGEST))
    inside = (i - 30) ** 2 + (j - 24) ** 2 < radius**2
    noise = np.random.default_rng(0).normal(100, 8, geometry.shape)
    return Volume(noise + 60.0 * inside, geometry), Volume(inside, geometry)


def test_the_slice_is_the_one_with_most_of_the_region(scene):
    image, mask = scene
    assert largest_slice(mask.array) == LARGEST
    grid = prepare_slice(image, mask).grid
    index = image.geometry.physical_to_index(grid.index_to_physical(np.array([[0, 0, 0]])))
    assert_allclose(index[0, 2], LARGEST, atol=1e-9)


def test_the_rectangle_has_ten_voxels_of_the_image_around_the_region(scene):
    image, mask = scene
    grid = prepare_slice(image, mask).grid
    filled = np.argwhere(mask.array[LARGEST])[:, ::-1]
    corners = grid.index_to_physical(np.array([[-0.5, -0.5, 0], [255.5, 255.5, 0]]))
    index = image.geometry.physical_to_index(corners)[:, :2]
    assert_allclose(index[0], filled.min(axis=0) - 0.5 - 10, atol=1e-9)
    assert_allclose(index[1], filled.max(axis=0) + 0.5 + 10, atol=1e-9)


def test_the_pixels_are_those_of_simpleitk_s_resampling(scene):
    sitk = pytest.importorskip("SimpleITK")
    image, mask = scene
    prepared = prepare_slice(image, mask, SliceSettings(window=(60.0, 200.0)))
    frame = Volume(np.zeros(prepared.grid.shape, np.float32), prepared.grid).to_sitk()
    resampled = sitk.GetArrayFromImage(sitk.Resample(image.to_sitk(), frame, sitk.Transform(), sitk.sitkLinear))[0]
    expected = np.clip((resampled - 60.0) / 140.0, 0, 1)
    # Beyond the outermost voxel centres SimpleITK gives 0 where the edge is continued here.
    assert_allclose(prepared.array[8:-8, 8:-8], expected[8:-8, 8:-8], atol=1e-5)
    nearest = sitk.Resample(mask.to_sitk(), frame, sitk.Transform(), sitk.sitkNearestNeighbor)
    assert_array_equal(prepared.inside, sitk.GetArrayFromImage(nearest)[0] > 0)


def test_what_the_network_sees_is_monai_s_centre_crop(scene):
    transforms = pytest.importorskip("monai.transforms")
    image, mask = scene
    for settings in (SliceSettings(), SliceSettings(size=75, crop=64)):
        prepared = prepare_slice(image, mask, settings)
        array, grid = slice_input(image, mask, settings)
        assert array.shape == (settings.crop,) * 2
        assert array.dtype == np.float32
        expected = transforms.CenterSpatialCrop((settings.crop,) * 2)(prepared.array[None])[0]
        assert_array_equal(array, np.asarray(expected))
        place = prepared.grid.physical_to_index(grid.index_to_physical(np.array([[3, 5, 0]])))[0].round(6)
        assert array[5, 3] == prepared.array[int(place[1]), int(place[0])]


def test_min_and_max_of_the_rectangle_become_0_and_1(scene):
    image, mask = scene
    image.array[LARGEST + 1, 24, 30] = 1e6  # another slice has no say
    image.array[LARGEST, 0, 63] = -1e6  # nor has what lies beyond the rectangle
    prepared = prepare_slice(image, mask)
    filled = np.argwhere(mask.array[LARGEST])
    low, high = np.maximum(filled.min(axis=0) - 10, 0), filled.max(axis=0) + 11
    around = image.array[LARGEST, low[0] : high[0], low[1] : high[1]]
    assert prepared.window == (around.min(), around.max())
    brighter = prepare_slice(image.with_array(image.array * 3 - 40), mask)
    assert_allclose(brighter.array, prepared.array, atol=1e-5)


@pytest.mark.parametrize(("order", "flips"), [((0, 1, 2), (1, 1, 1)), ((2, 0, 1), (0, 1, 0)), ((1, 2, 0), (1, 0, 1))])
def test_the_way_of_storage_does_not_matter(scene, order, flips):
    image, mask = scene
    first = prepare_slice(image, mask)
    again = prepare_slice(_stored_otherwise(image, order, flips), _stored_otherwise(mask, order, flips))
    assert_array_equal(again.array, first.array)
    assert_allclose(again.grid.matrix, first.grid.matrix, atol=1e-9)


def _stored_otherwise(volume, order, flips):
    """The same voxels at the same places, with index axes permuted and turned round."""
    geometry, array = volume.geometry, volume.array.transpose([2 - order[2], 2 - order[1], 2 - order[0]])
    direction = np.asarray(geometry.direction)[:, list(order)]
    start = np.zeros(3)
    for new, old in enumerate(order):
        if flips[new]:
            start[old] = geometry.size[old] - 1
            direction[:, new] *= -1
            array = np.flip(array, axis=2 - new)
    size, spacing = (tuple(values[a] for a in order) for values in (geometry.size, geometry.spacing))
    origin = tuple(geometry.index_to_physical(start[None])[0])
    return Volume(array, Geometry(size, spacing, origin, tuple(map(tuple, direction))))


def test_a_map_goes_back_to_its_slice_only(scene):
    image, mask = scene
    prepared = prepare_slice(image, mask, SliceSettings(window=(60.0, 200.0)))
    back = prepared.to_geometry(prepared.array, image.geometry).array
    assert np.isfinite(back[LARGEST][mask.array[LARGEST]]).all()
    assert np.isnan(back[LARGEST - 1]).all()
    assert np.isnan(back[LARGEST + 1]).all()


def test_a_region_at_the_edge_continues_the_image(scene):
    image, _ = scene
    flat = np.zeros(image.array.shape, bool)
    flat[0, :3, :4] = True
    prepared = prepare_slice(image, Volume(flat, image.geometry))
    assert np.isfinite(prepared.array).all()
    assert prepared.inside.any()


def test_unusable_regions_and_settings_are_refused(scene):
    image, mask = scene
    with pytest.raises(InputError, match="empty"):
        prepare_slice(image, mask.with_array(np.zeros_like(mask.array)))
    with pytest.raises(InputError, match="no contrast"):
        prepare_slice(image.with_array(np.ones(image.array.shape)), mask)
    with pytest.raises(InputError, match="another grid"):
        prepare_slice(image, Volume(mask.array, Geometry(image.geometry.size)))
    with pytest.raises(InputError, match="cannot be cropped"):
        SliceSettings(size=200, crop=224)
