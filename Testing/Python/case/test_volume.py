"""Whichever way an image is stored, its canonical form is the same."""

from __future__ import annotations

from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from RadFusionLib.case import Case, Geometry, MaskKey, Volume
from RadFusionLib.errors import InputError

STORAGES = [(order, flips) for order in permutations(range(3)) for flips in product((False, True), repeat=3)]


def turned(angles: tuple[float, float, float]) -> tuple[tuple[float, float, float], ...]:
    matrix = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    return tuple(tuple(float(v) for v in row) for row in matrix)


def stored(volume: Volume, order: tuple[int, ...], flips: tuple[bool, ...]) -> Volume:
    """The same voxels in the same places, with index axes permuted and then flipped."""
    old = volume.geometry
    axes = np.asarray(old.direction)[:, list(order)]
    size = [old.size[a] for a in order]
    array = volume.array.transpose([2 - order[2], 2 - order[1], 2 - order[0]])
    corner = np.zeros(3)
    signs = np.ones(3)
    for a, flip in enumerate(flips):
        if flip:
            array = np.flip(array, 2 - a)
            signs[a] = -1
            corner[order[a]] = old.size[order[a]] - 1
    geometry = Geometry(
        tuple(size),
        tuple(old.spacing[a] for a in order),
        tuple(float(v) for v in old.index_to_physical(corner[None])[0]),
        tuple(tuple(float(v) for v in row) for row in axes * signs),
    )
    return Volume(array, geometry)


def assert_same(one: Volume, other: Volume, atol: float = 1e-9) -> None:
    np.testing.assert_array_equal(one.array, other.array)
    np.testing.assert_allclose(one.geometry.matrix, other.geometry.matrix, atol=atol)
    np.testing.assert_allclose(one.geometry.spacing, other.geometry.spacing, atol=atol)


@pytest.mark.parametrize("angles", [(0, 0, 0), (6, 0, 0), (17, -9, 31), (30, 40, -35), (0, 0, 45), (45, 0, 45)])
def test_every_storage_of_an_image_has_one_canonical_form(angles: tuple[float, float, float]) -> None:
    values = np.random.default_rng(1).normal(size=(4, 5, 6))
    plain = Volume(values, Geometry((6, 5, 4), (0.8, 1.1, 3.0), (-81.25, 12.5, 90.1), turned(angles)))
    expected = plain.canonical()
    for order, flips in STORAGES:
        assert_same(stored(plain, order, flips).canonical(), expected)


def test_canonical_voxels_stay_where_they_were() -> None:
    values = np.arange(120.0).reshape(4, 5, 6)
    plain = Volume(values, Geometry((6, 5, 4), (0.8, 1.1, 3.0), (-81.25, 12.5, 90.1), turned((17, -9, 31))))
    twisted = stored(plain, (2, 0, 1), (True, False, True))
    for volume in (twisted, twisted.canonical()):
        k, j, i = np.unravel_index(int(np.flatnonzero(volume.array.ravel() == 77.0)[0]), volume.array.shape)
        np.testing.assert_allclose(
            volume.geometry.index_to_physical([[i, j, k]])[0],
            plain.geometry.index_to_physical([[77 % 6, 77 // 6 % 5, 77 // 30]])[0],
            atol=1e-9,
        )


def test_axes_of_the_canonical_form_grow_to_l_p_s() -> None:
    plain = Volume(np.zeros((4, 5, 6)), Geometry((6, 5, 4), direction=turned((20, -15, 10))))
    for order, flips in STORAGES:
        assert np.all(np.diag(stored(plain, order, flips).canonical().geometry.direction) > 0.5)


def test_real_images_have_one_canonical_form(reference_data: Path) -> None:
    from RadFusionLib.imaging import read_image

    for name in ("liver_images/totalsegmentator/example_mr_sm.nii.gz", "pyradiomics/data/brain1_image.nrrd"):
        plain = read_image(reference_data / name)
        for order, flips in STORAGES[::5]:
            assert_same(stored(plain, order, flips).canonical(), plain)


def test_a_volume_survives_simpleitk_and_a_mask_becomes_eight_bit() -> None:
    geometry = Geometry((6, 5, 4), (0.8, 1.1, 3.0), (-81.25, 12.5, 90.1), turned((17, -9, 31)))
    values = np.random.default_rng(2).normal(size=(4, 5, 6)).astype(np.float32)
    assert_same(Volume.from_sitk(Volume(values, geometry).to_sitk()), Volume(values, geometry), 1e-12)
    mask = Volume(values > 0, geometry).to_sitk()
    assert mask.GetPixelIDTypeAsString() == "8-bit unsigned integer"


def test_an_array_that_does_not_fit_its_geometry_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        Volume(np.zeros((4, 5, 6)), Geometry((4, 5, 6)))


def test_a_mask_drawn_on_a_phase_goes_before_the_case_s() -> None:
    geometry = Geometry((2, 2, 2))
    whole, own = (Volume(np.full((2, 2, 2), value), geometry) for value in (True, False))
    case = Case("a", {"AP": whole}, {MaskKey("tumor"): whole, MaskKey("tumor", "AP"): own})
    assert case.mask("tumor", "AP") is own
    assert case.mask("tumor", "PP") is whole
    assert case.mask("liver", "AP") is None
    with pytest.raises(InputError, match="Case a has no HBP phase"):
        case.phase("HBP")
