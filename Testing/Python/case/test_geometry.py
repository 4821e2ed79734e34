"""A geometry is physical: index and place convert into each other, and grids are compared by place."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from RadFusionLib.case import Geometry


def turned(angles: tuple[float, float, float]) -> tuple[tuple[float, float, float], ...]:
    matrix = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    return tuple(tuple(float(v) for v in row) for row in matrix)


OBLIQUE = Geometry((7, 5, 4), (0.7, 1.3, 4.1), (-80.1, 33.7, -512.3), turned((17, -9, 31)))


def test_indices_come_back_from_physical_points() -> None:
    index = np.random.default_rng(0).uniform(-3, 9, (50, 3))
    np.testing.assert_allclose(OBLIQUE.physical_to_index(OBLIQUE.index_to_physical(index)), index, atol=1e-10)


def test_index_to_physical_agrees_with_simpleitk() -> None:
    sitk = pytest.importorskip("SimpleITK")
    image = sitk.Image(OBLIQUE.size, sitk.sitkUInt8)
    image.SetSpacing(OBLIQUE.spacing)
    image.SetOrigin(OBLIQUE.origin)
    image.SetDirection([v for row in OBLIQUE.direction for v in row])
    for index in ((0, 0, 0), (6, 4, 3), (2, 1, 3)):
        np.testing.assert_allclose(
            OBLIQUE.index_to_physical(np.array([index]))[0], image.TransformIndexToPhysicalPoint(index), atol=1e-9
        )


def test_matrix_maps_homogeneous_indices() -> None:
    np.testing.assert_allclose((OBLIQUE.matrix @ [1, 2, 3, 1])[:3], OBLIQUE.index_to_physical([[1, 2, 3]])[0])


def test_same_grid_forgives_rounding_but_not_a_shift_or_a_flip() -> None:
    near = replace(OBLIQUE, origin=tuple(v + 1e-5 for v in OBLIQUE.origin))
    far = replace(OBLIQUE, origin=(OBLIQUE.origin[0] + 0.01, *OBLIQUE.origin[1:]))
    flipped = replace(OBLIQUE, direction=tuple((-a, b, c) for a, b, c in OBLIQUE.direction))
    assert OBLIQUE.same_grid(near)
    assert not OBLIQUE.same_grid(far)
    assert not OBLIQUE.same_grid(flipped)
    assert not OBLIQUE.same_grid(replace(OBLIQUE, size=(7, 5, 5)))


def test_sheared_axes_are_not_orthogonal() -> None:
    sheared = replace(OBLIQUE, direction=((1.0, 0.05, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)))
    assert OBLIQUE.is_orthogonal()
    assert not sheared.is_orthogonal()


def test_contains_counts_whole_voxels() -> None:
    index = np.array([[-0.49, 0, 0], [-0.51, 0, 0], [6.49, 4.49, 3.49], [6, 4, 3.6]])
    assert OBLIQUE.contains(OBLIQUE.index_to_physical(index)).tolist() == [True, False, True, False]


def test_a_moved_grid_carries_every_voxel_with_it() -> None:
    rigid = np.eye(4)
    rigid[:3, :3] = turned((5, 10, -20))
    rigid[:3, 3] = (3.0, -8.0, 1.5)
    index = np.array([[0, 0, 0], [6, 4, 3], [1, 2, 0]])
    expected = OBLIQUE.index_to_physical(index) @ rigid[:3, :3].T + rigid[:3, 3]
    np.testing.assert_allclose(OBLIQUE.moved(rigid).index_to_physical(index), expected, atol=1e-9)


def test_voxel_volume_and_shape() -> None:
    assert OBLIQUE.voxel_volume == pytest.approx(0.7 * 1.3 * 4.1)
    assert OBLIQUE.shape == (4, 5, 7)
