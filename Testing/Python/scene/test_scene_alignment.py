"""Corrections of a phase's place: no voxel changes, and no transform but our own is touched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from RadFusionLib.case import Geometry, Volume

pytest.importorskip("slicer", reason="slicer-core is not installed")

GRID = Geometry((20, 18, 9), (1.5, 1.5, 3.0), (-10.0, 4.0, 30.0))


@pytest.fixture
def volume() -> Iterator[Any]:
    from RadFusionLib.scene import private_scene, volume_to_node

    with private_scene() as scene:
        image = Volume(np.arange(20 * 18 * 9, dtype=np.float32).reshape(GRID.shape), GRID)
        yield volume_to_node(image, "AP", scene)


def rigid(degrees: float, shift: tuple[float, float, float]) -> np.ndarray:
    angle = np.radians(degrees)
    matrix = np.eye(4)
    matrix[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    matrix[:3, 3] = shift
    return matrix


def users_transform(volume: Any) -> Any:
    from RadFusionLib.scene.volumes import matrix_to_vtk

    node = volume.GetScene().AddNewNodeByClass("vtkMRMLLinearTransformNode", "the user's own")
    node.SetMatrixTransformToParent(matrix_to_vtk(rigid(25.0, (3.0, -7.0, 2.0))))
    volume.SetAndObserveTransformNodeID(node.GetID())
    return node


@pytest.mark.parametrize("under_another", [False, True])
def test_a_movement_in_the_world_is_made_there_whatever_lies_above(volume: Any, under_another: bool) -> None:
    from RadFusionLib.scene.alignment import correct, remove_correction
    from RadFusionLib.scene.volumes import image_from_node, node_geometry

    above = users_transform(volume) if under_another else None
    start = node_geometry(volume)
    voxels = image_from_node(volume).array.copy()
    first, second = rigid(4.0, (2.0, 1.0, -3.0)), rigid(-9.0, (0.5, 5.0, 1.0))
    correct(volume, first)
    correct(volume, second)
    expected = start.moved(second @ first)
    np.testing.assert_allclose(node_geometry(volume).corners(), expected.corners(), atol=1e-9)
    assert volume.GetScene().GetNumberOfNodesByClass("vtkMRMLLinearTransformNode") == 1 + under_another
    remove_correction(volume)
    np.testing.assert_allclose(node_geometry(volume).corners(), start.corners(), atol=1e-9)
    assert volume.GetParentTransformNode() is above
    assert np.array_equal(image_from_node(volume).array, voxels)


def test_a_shift_is_the_whole_correction(volume: Any) -> None:
    from RadFusionLib.scene.alignment import correct, correction, set_shift
    from RadFusionLib.scene.volumes import node_geometry

    start = node_geometry(volume)
    correct(volume, rigid(4.0, (2.0, 1.0, -3.0)))
    set_shift(volume, (1.0, -2.0, 3.5))
    assert correction(volume)[:3, 3] == pytest.approx((1.0, -2.0, 3.5))
    # R and A in Slicer are -L and -P of a geometry.
    moved = np.array(node_geometry(volume).origin) - np.array(start.origin)
    assert moved == pytest.approx((-1.0, 2.0, 3.5))


def test_how_much_of_the_reference_a_phase_covers(volume: Any) -> None:
    from RadFusionLib.scene import volume_to_node
    from RadFusionLib.scene.alignment import covered, moved_by

    half = Geometry((20, 18, 9), GRID.spacing, (-10.0 + 10 * 1.5, 4.0, 30.0))
    other = volume_to_node(Volume(np.zeros(half.shape, np.float32), half), "PP", volume.GetScene())
    assert covered({"AP": volume, "PP": other}, "AP")["PP"] == pytest.approx(0.5, abs=0.05)
    found = moved_by(rigid(6.0, (0.0, 0.0, 8.0)), Geometry((3, 3, 3), origin=(-1.0, -1.0, -1.0)))
    assert (found.shift_mm, found.turn_degrees) == pytest.approx((8.0, 6.0))
