"""Rigid registration finds a known movement."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from RadFusionLib.case import Volume
from RadFusionLib.imaging import register_rigid, resample
from RadFusionLib.simulation import simulate_case


@pytest.mark.parametrize(
    ("angles", "shift"), [((4.0, -3.0, 5.0), (6.0, -4.0, 3.0)), ((0.0, 0.0, 0.0), (-5.0, 7.0, -2.0))]
)
def test_a_known_shift_and_rotation_come_back(
    angles: tuple[float, float, float], shift: tuple[float, float, float]
) -> None:
    case = simulate_case(11, 0, ("AP", "PP"))
    fixed, other = case.phases["AP"].canonical(), case.phases["PP"].canonical()
    middle = fixed.geometry.corners().mean(axis=0)
    rigid = np.eye(4)
    rigid[:3, :3] = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    rigid[:3, 3] = middle + np.array(shift) - rigid[:3, :3] @ middle
    # The patient moved between the phases: the other phase lies elsewhere, on a grid of its own.
    carried = Volume(other.array, other.geometry.moved(rigid))
    moving = resample(carried, fixed.geometry)
    moved, matrix = register_rigid(moving, fixed)
    wrong = np.linalg.inv(rigid) @ matrix
    points = np.argwhere(case.masks[next(k for k in case.masks if k.region == "tumor")].array)[::50, ::-1]
    places = fixed.geometry.index_to_physical(points)
    error = np.linalg.norm(places @ wrong[:3, :3].T + wrong[:3, 3] - places, axis=1)
    assert error.max() < 1.0
    assert np.degrees(np.linalg.norm(Rotation.from_matrix(wrong[:3, :3]).as_rotvec())) < 1.0
    inner = (slice(4, -4), slice(12, -12), slice(12, -12))
    assert np.corrcoef(moved.array[inner].ravel(), other.array[inner].ravel())[0, 1] > 0.9
    again, matrix_again = register_rigid(moving, fixed)
    np.testing.assert_array_equal(matrix, matrix_again)
    np.testing.assert_array_equal(moved.array, again.array)
