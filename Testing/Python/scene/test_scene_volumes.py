"""Volume nodes carry voxels and geometry exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from RadFusionLib.case import Case, Geometry, Volume
from RadFusionLib.errors import InputError
from RadFusionLib.scene import image_from_node, volume_from_node, volume_to_node


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64, bool])
def test_round_trip_is_bit_equal(scene: Any, geometry: Geometry, dtype: type) -> None:
    voxels = (np.random.default_rng(1).normal(0, 50, geometry.shape) ** 2).astype(dtype)
    back = volume_from_node(volume_to_node(Volume(voxels, geometry), "image"))
    assert back.array.tobytes() == voxels.tobytes()
    assert back.geometry.size == geometry.size
    assert back.geometry.spacing == geometry.spacing
    assert np.array_equal(back.geometry.matrix, geometry.matrix)


def test_node_is_ras_and_kji(scene: Any) -> None:
    import vtk

    geometry = Geometry((4, 3, 2), (1.0, 2.0, 3.0), (10.0, 20.0, 30.0))
    voxels = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    node = volume_to_node(Volume(voxels, geometry), "image")
    assert node.GetOrigin() == (-10.0, -20.0, 30.0)
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    assert [matrix.GetElement(a, a) for a in range(3)] == [-1.0, -2.0, 3.0]
    assert node.GetImageData().GetScalarComponentAsDouble(1, 2, 1, 0) == voxels[1, 2, 1]
    assert node.GetScene() is scene
    assert node.GetDisplayNode() is not None


def test_large_whole_numbers_are_refused_and_small_ones_fit(scene: Any) -> None:
    geometry = Geometry((2, 2, 2))
    fits = np.arange(8).reshape(2, 2, 2)
    assert np.array_equal(volume_from_node(volume_to_node(Volume(fits, geometry), "image")).array, fits)
    with pytest.raises(InputError, match="32 bits"):
        volume_to_node(Volume(fits + 2**40, geometry), "image")


def test_linear_parent_transform_moves_the_geometry(scene: Any, case: Case) -> None:
    import vtk

    node = volume_to_node(case.phases["AP"], "AP")
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    matrix = vtk.vtkMatrix4x4()
    for row, values in enumerate([(0, -1, 0, 5), (1, 0, 0, -7), (0, 0, 1, 2)]):
        for column, value in enumerate(values):
            matrix.SetElement(row, column, value)
    transform.SetMatrixTransformToParent(matrix)
    node.SetAndObserveTransformNodeID(transform.GetID())
    moved = volume_from_node(node).geometry
    lps = case.phases["AP"].geometry.corners()
    ras = lps * [-1, -1, 1]
    wanted = np.stack([-ras[:, 1] + 5, ras[:, 0] - 7, ras[:, 2] + 2], axis=1) * [-1, -1, 1]
    assert np.allclose(moved.corners(), wanted, atol=1e-9)


def test_shearing_and_bending_transforms_are_refused(scene: Any, case: Case) -> None:
    import vtk

    node = volume_to_node(case.phases["AP"], "AP")
    linear = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    shear = vtk.vtkMatrix4x4()
    shear.SetElement(0, 1, 0.3)
    linear.SetMatrixTransformToParent(shear)
    node.SetAndObserveTransformNodeID(linear.GetID())
    with pytest.raises(InputError, match="AP has axes that are not at right angles"):
        volume_from_node(node)
    grid = scene.AddNewNodeByClass("vtkMRMLGridTransformNode")
    node.SetAndObserveTransformNodeID(grid.GetID())
    with pytest.raises(InputError, match="harden the transform"):
        volume_from_node(node)


def test_image_is_what_the_file_reader_gives(scene: Any, case: Case) -> None:
    volume = case.phases["AP"]
    flipped = Volume(volume.array[::-1].copy(), _flipped_k(volume.geometry))
    image = image_from_node(volume_to_node(flipped, "flipped"))
    straight = image_from_node(volume_to_node(volume, "straight"))
    assert image.array.dtype == np.float32
    assert np.array_equal(image.array, straight.array)
    assert np.abs(image.geometry.matrix - straight.geometry.matrix).max() < 1e-9


def _flipped_k(geometry: Geometry) -> Geometry:
    last = geometry.index_to_physical(np.array([[0, 0, geometry.size[2] - 1]]))[0]
    rows = np.asarray(geometry.direction) * [1, 1, -1]
    return Geometry(
        geometry.size,
        geometry.spacing,
        tuple(float(v) for v in last),  # type: ignore[arg-type]
        tuple(tuple(float(v) for v in row) for row in rows),  # type: ignore[arg-type]
    )


def test_unusable_nodes_are_named(scene: Any, geometry: Geometry) -> None:
    with pytest.raises(InputError, match="No volume was given"):
        volume_from_node(None)
    with pytest.raises(InputError, match="empty one holds no image"):
        volume_from_node(scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "empty one"))
    voxels = np.zeros(geometry.shape, dtype=np.float32)
    voxels[0, 0, :3] = np.nan
    with pytest.raises(InputError, match="broken has 3 voxels that are NaN"):
        image_from_node(volume_to_node(Volume(voxels, geometry), "broken"))


def test_node_is_replaced_in_place(scene: Any, case: Case) -> None:
    node = volume_to_node(case.phases["AP"], "one")
    same = volume_to_node(case.phases["HBP"], "ignored", node=node)
    assert same is node
    assert node.GetName() == "one"
    assert np.array_equal(volume_from_node(node).array, case.phases["HBP"].array)


def test_exact_numbers_are_kept_only_while_the_grid_is_the_same(scene: Any, geometry: Geometry) -> None:
    node = volume_to_node(Volume(np.zeros(geometry.shape, np.float32), geometry), "image")
    node.SetOrigin(*(v * (1 + 3e-15) for v in node.GetOrigin()))
    assert volume_from_node(node).geometry == geometry
    node.SetOrigin(node.GetOrigin()[0] + 1e-6, *node.GetOrigin()[1:])
    assert volume_from_node(node).geometry != geometry
    node.SetAttribute("RadFusion.geometry", "[broken")
    assert volume_from_node(node).geometry.size == geometry.size
