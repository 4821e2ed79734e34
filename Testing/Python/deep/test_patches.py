import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.deep.patches import JoinedPatches, PatchSettings, extract_patches
from RadFusionLib.errors import InputError

ANGLE = np.deg2rad(15)
OBLIQUE = ((np.cos(ANGLE), -np.sin(ANGLE), 0.0), (np.sin(ANGLE), np.cos(ANGLE), 0.0), (0.0, 0.0, 1.0))
SMALL = PatchSettings(size=16, stride=4)


@pytest.fixture
def scene():
    """An ellipsoid, largest in slice 4, in noise on an oblique grid."""
    geometry = Geometry((90, 80, 10), (0.8, 0.8, 5.0), (-30.0, 12.0, 400.0), OBLIQUE)
    k, j, i = np.indices(geometry.shape)
    inside = ((i - 40) / 30) ** 2 + ((j - 38) / 25) ** 2 + ((k - 4) / 3.5) ** 2 < 1
    noise = np.random.default_rng(0).normal(100, 8, geometry.shape)
    return Volume(noise + 60.0 * inside, geometry), Volume(inside, geometry)


def brute_force_positions(flat, settings):
    """Every place at the stride from the corner of the region's box, pixel by pixel."""
    filled = np.argwhere(flat)
    corner = filled.min(axis=0)
    padded = np.pad(flat, settings.size)
    found = []
    for row in range(corner[0] % settings.stride - settings.stride * 20, flat.shape[0], settings.stride):
        for column in range(corner[1] % settings.stride - settings.stride * 20, flat.shape[1], settings.stride):
            if min(row, column) <= -settings.size:
                continue
            r, c = row + settings.size, column + settings.size
            share = padded[r : r + settings.size, c : c + settings.size].mean()
            if share >= settings.inside_fraction and share > 0:
                found.append((row, column))
    return found


@pytest.mark.parametrize("fraction", [1.0, 0.7, 0.25])
@pytest.mark.parametrize("slices", ["largest", "all"])
def test_the_patches_are_those_of_a_search_pixel_by_pixel(scene, fraction, slices):
    image, mask = scene
    settings = PatchSettings(size=16, stride=4, inside_fraction=fraction, slices=slices)
    patches = extract_patches(image, mask, settings)
    expected = []
    for k in [4] if slices == "largest" else range(10):
        if mask.array[k].any():
            expected += [(k, *place) for place in brute_force_positions(mask.array[k], settings)]
    assert_array_equal(patches.positions, np.array(expected))
    assert (patches.report.rule, patches.report.found) == ("inside", len(expected))
    assert patches.report.least_inside >= fraction
    assert patches.report.slices == len({k for k, *_ in expected})


def test_patches_of_the_image_s_own_pixels_are_cut_out(scene):
    image, mask = scene
    patches = extract_patches(image, mask, PatchSettings(size=16, stride=4, level=130, width=160))
    assert patches.window == (50.0, 210.0)
    for number in (0, len(patches) // 2, len(patches) - 1):
        k, row, column = patches.positions[number]
        expected = np.clip((image.array[k, row : row + 16, column : column + 16] - 50) / 160, 0, 1)
        assert_allclose(patches[np.array([number])][0], expected, atol=1e-6)
    assert patches[np.array([3, 1])].dtype == np.float32
    assert_array_equal(patches[np.array([3, 1])], patches[np.arange(4)][[3, 1]])


@pytest.mark.parametrize("spacing", [0.3, 0.55, 1.3])
def test_exported_patches_are_simpleitk_s_resampling(scene, spacing):
    sitk = pytest.importorskip("SimpleITK")
    image, mask = scene
    settings = PatchSettings(size=20, stride=3, export_spacing_mm=spacing, level=130, width=160)
    patches = extract_patches(image, mask, settings)
    assert patches.report.spacing_mm == (spacing, spacing)
    for number in (0, len(patches) - 1):
        frame = Volume(np.zeros((1, 20, 20), np.float32), patches.grid(number)).to_sitk()
        assert frame.GetSpacing()[:2] == (spacing, spacing)
        resampled = sitk.GetArrayFromImage(sitk.Resample(image.to_sitk(), frame, sitk.Transform(), sitk.sitkLinear))
        assert_allclose(patches[np.array([number])], np.clip((resampled - 50) / 160, 0, 1), atol=1e-5)
        inside = sitk.Resample(mask.to_sitk(), frame, sitk.Transform(), sitk.sitkNearestNeighbor)
        assert sitk.GetArrayFromImage(inside).all()


def test_a_finer_export_has_more_patches_of_the_same_places(scene):
    image, mask = scene
    coarse, fine = (extract_patches(image, mask, PatchSettings(export_spacing_mm=s)) for s in (0.2, 0.1))
    # Half the spacing: a quarter of the patch's area, four times the places at the same stride in pixels.
    assert len(fine) > 4 * len(coarse)
    assert fine.report.rule == coarse.report.rule == "inside"


def test_too_small_a_region_takes_patches_by_their_centre_and_says_so(scene):
    image, mask = scene
    patches = extract_patches(image, mask, PatchSettings(size=128, stride=32))
    assert patches.report.rule == "centre"
    assert 0 < patches.report.least_inside < 1
    for k, row, column in patches.positions:
        assert mask.array[k, row + 64, column + 64]
    one = np.zeros_like(mask.array)
    one[2, 7, 9] = True
    single = extract_patches(image.with_array(image.array), mask.with_array(one), PatchSettings(level=100, width=100))
    assert_array_equal(single.positions, [[2, 7 - 64, 9 - 64]])
    assert single[np.arange(1)].shape == (1, 128, 128)
    coarse = PatchSettings(export_spacing_mm=7.0, level=100, width=100)
    assert len(extract_patches(image, mask.with_array(one), coarse)) == 1


def test_a_ring_has_no_centre_but_still_a_patch(scene):
    image, mask = scene
    k, j, i = np.indices(mask.array.shape)
    distance = np.hypot(i - 40, j - 38)
    ring = mask.with_array((k == 4) & (distance < 21) & (distance > 19))
    patches = extract_patches(image, ring, PatchSettings(size=64, stride=200, inside_fraction=0.9))
    assert (len(patches), patches.report.rule) == (1, "centre")
    _, row, column = patches.positions[0]
    assert ring.array[4, row + 32, column + 32]


def test_at_most_so_many_are_spread_evenly(scene):
    image, mask = scene
    whole = extract_patches(image, mask, SMALL)
    few = extract_patches(image, mask, PatchSettings(size=16, stride=4, most=10))
    assert (len(few), few.report.found, few.report.kept) == (10, len(whole), 10)
    rows = [np.flatnonzero((whole.positions == place).all(axis=1))[0] for place in few.positions]
    assert (rows[0], rows[-1]) == (0, len(whole) - 1)
    assert np.ptp(np.diff(rows)) <= 1


def test_the_heatmap_is_the_mean_of_the_patches_over_a_voxel(scene):
    image, mask = scene
    settings = PatchSettings(size=40, stride=13, export_spacing_mm=0.37, slices="all", inside_fraction=0.6)
    patches = extract_patches(image, mask, settings)
    probability = np.random.default_rng(1).random(len(patches))
    heat = patches.heatmap(probability, image.geometry)
    assert heat.geometry == image.geometry
    total, count = np.zeros(mask.array.shape), np.zeros(mask.array.shape)
    j, i = np.indices(mask.array.shape[1:])
    for (k, row, column), value in zip(patches.positions, probability, strict=True):
        # Centres of the image's voxels in pixels of the exported slice.
        u, v = ((index + 0.5) * 0.8 / 0.37 for index in (j, i))
        over = (u >= row) & (u < row + 40) & (v >= column) & (v < column + 40)
        total[k][over] += value
        count[k][over] += 1
    expected = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    assert_allclose(heat.array, expected, atol=1e-6)
    within = patches.heatmap(probability, image.geometry, mask).array
    assert np.isnan(within[~mask.array]).all()
    assert_array_equal(within[mask.array], heat.array[mask.array])


def test_the_way_of_storage_does_not_matter(scene):
    image, mask = scene
    flipped = Geometry(
        image.geometry.size,
        image.geometry.spacing,
        tuple(image.geometry.index_to_physical(np.array([[89, 79, 0]]))[0]),
        tuple(tuple(float(v) for v in row) for row in np.asarray(OBLIQUE) * [-1, -1, 1]),
    )
    turned, turned_mask = (Volume(v.array[:, ::-1, ::-1], flipped) for v in scene)
    first, again = extract_patches(image, mask, SMALL), extract_patches(turned, turned_mask, SMALL)
    assert_array_equal(first.positions, again.positions)
    assert_array_equal(first[np.arange(5)], again[np.arange(5)])
    probability = np.random.default_rng(1).random(len(first))
    heat = first.heatmap(probability, image.geometry).array
    assert_array_equal(again.heatmap(probability, flipped).array, heat[:, ::-1, ::-1])


def test_patches_of_several_cases_are_joined(scene):
    image, mask = scene
    parts = [extract_patches(image, mask, SMALL), extract_patches(image, mask, PatchSettings(size=16, stride=7))]
    joined = JoinedPatches(parts)
    assert joined.shape == (len(parts[0]) + len(parts[1]), 16, 16)
    whole = np.concatenate([part[np.arange(len(part))] for part in parts])
    chosen = np.random.default_rng(0).permutation(len(joined))
    assert_array_equal(joined[chosen], whole[chosen])
    owners = joined.owners(["a", "b"])
    assert [(owners == name).sum() for name in "ab"] == [len(part) for part in parts]
    with pytest.raises(InputError, match="different sizes"):
        JoinedPatches([parts[0], extract_patches(image, mask, PatchSettings(size=8))])


def test_many_patches_need_the_memory_of_their_slices(scene):
    image, mask = scene
    tracemalloc.start()
    patches = extract_patches(image, mask, PatchSettings(export_spacing_mm=0.05, slices="all", stride=16))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(patches) * 128 * 128 * 4 > 30 * peak
    assert patches.voxels.nbytes <= image.array.nbytes


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"stride": 0}, "must be 1 or more"),
        ({"inside_fraction": 0.0}, "inside_fraction"),
        ({"export_spacing_mm": 0.0}, "export_spacing_mm"),
        ({"slices": "some"}, "largest or all"),
        ({"level": 40.0}, "level and width"),
    ],
)
def test_settings_that_cannot_be_are_refused(wrong, words):
    with pytest.raises(InputError, match=words):
        PatchSettings(**wrong)


def test_an_empty_region_is_refused(scene):
    image, mask = scene
    with pytest.raises(InputError, match="empty"):
        extract_patches(image, mask.with_array(np.zeros_like(mask.array)))
