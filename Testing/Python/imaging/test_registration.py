"""Rigid registration finds a known movement."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from RadFusionLib.case import MaskKey, Volume
from RadFusionLib.errors import InputError
from RadFusionLib.imaging import register_rigid, resample
from RadFusionLib.simulation import SimulatedCase, simulate_case


@cache
def simulated() -> SimulatedCase:
    return simulate_case(11, 0, ("AP", "PP"))


def movement(middle: np.ndarray, angles: tuple[float, float, float], shift: tuple[float, float, float]) -> np.ndarray:
    rigid = np.eye(4)
    rigid[:3, :3] = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    rigid[:3, 3] = middle + np.array(shift) - rigid[:3, :3] @ middle
    return rigid


def taken_again(volume: Volume, rigid: np.ndarray, border: tuple[int, int, int] = (8, 8, 3)) -> Volume:
    """The patient moved; what a scanner with a somewhat smaller field of view sees of it, on its own grid."""
    old = volume.geometry
    grid = replace(
        old,
        size=tuple(n - 2 * b for n, b in zip(old.size, border, strict=True)),
        origin=tuple(float(v) for v in old.index_to_physical(np.array([border]))[0]),
    )
    return resample(Volume(volume.array, old.moved(rigid)), grid)


# Within a phase the movement comes back to a fraction of a voxel. Between phases, whose enhancement, noise and
# coil differ, voxels of 1.7 x 1.7 x 3.5 mm allow no more than one to two of them.
@pytest.mark.parametrize(("phase", "millimetres", "degrees"), [("AP", 1.0, 1.0), ("PP", 3.0, 2.0)])
@pytest.mark.parametrize(
    ("angles", "shift"), [((4.0, -3.0, 5.0), (6.0, -4.0, 3.0)), ((0.0, 0.0, 0.0), (-5.0, 7.0, -2.0))]
)
def test_a_known_shift_and_rotation_come_back(
    phase: str,
    millimetres: float,
    degrees: float,
    angles: tuple[float, float, float],
    shift: tuple[float, float, float],
) -> None:
    case = simulated()
    fixed = case.phases["AP"].canonical()
    rigid = movement(fixed.geometry.corners().mean(axis=0), angles, shift)
    _, matrix = register_rigid(taken_again(case.phases[phase].canonical(), rigid), fixed)
    wrong = np.linalg.inv(rigid) @ matrix
    tumor = case.masks[MaskKey("tumor")]
    places = tumor.geometry.index_to_physical(np.argwhere(tumor.array)[:, ::-1])
    error = np.linalg.norm(places @ wrong[:3, :3].T + wrong[:3, 3] - places, axis=1)
    assert error.max() < millimetres
    assert np.degrees(np.linalg.norm(Rotation.from_matrix(wrong[:3, :3]).as_rotvec())) < degrees


def test_registration_gives_the_same_numbers_twice_and_lies_on_the_fixed_grid() -> None:
    case = simulated()
    fixed = case.phases["AP"].canonical()
    rigid = movement(fixed.geometry.corners().mean(axis=0), (2.0, 1.0, -2.0), (3.0, -2.0, 1.0))
    moving = taken_again(fixed, rigid)
    (moved, matrix), (again, second) = (register_rigid(moving, fixed) for _ in range(2))
    np.testing.assert_array_equal(matrix, second)
    np.testing.assert_array_equal(moved.array, again.array)
    assert moved.geometry == fixed.geometry
    inner = (slice(5, -5), slice(14, -14), slice(14, -14))
    assert np.corrcoef(moved.array[inner].ravel(), fixed.array[inner].ravel())[0, 1] > 0.9


def test_a_registration_that_went_astray_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("RadFusionLib.imaging.registration.FARTHEST_MM", 1.0)
    fixed = simulated().phases["AP"].canonical()
    rigid = movement(fixed.geometry.corners().mean(axis=0), (0.0, 0.0, 0.0), (6.0, 0.0, 0.0))
    with pytest.raises(InputError, match="did not succeed"):
        register_rigid(taken_again(fixed, rigid), fixed)
