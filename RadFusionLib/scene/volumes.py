"""Scalar volume nodes to volumes and back, exactly."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.errors import InputError
from RadFusionLib.scene.application import Node, Scene, current_scene

__all__ = [
    "array_to_vtk",
    "geometry_from_matrix",
    "image_from_node",
    "keep_geometry",
    "kept_geometry",
    "matrix_to_numpy",
    "matrix_to_vtk",
    "node_geometry",
    "ras_matrix",
    "volume_from_node",
    "volume_to_node",
    "vtk_to_array",
    "world_matrix",
]

GEOMETRY = "RadFusion.geometry"
"""The node attribute that holds a grid's exact numbers."""
RAS_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
"""Turns RAS into LPS and LPS into RAS."""


def volume_from_node(node: Node) -> Volume:
    """Return a copy of a scalar volume node's voxels with its geometry.

    Parameters
    ----------
    node : vtkMRMLScalarVolumeNode
        A linear parent transform is applied to the geometry; voxels are not resampled.

    Returns
    -------
    Volume
        Array (K, J, I) of the node's type; geometry in LPS.

    Raises
    ------
    InputError
        When the node is missing, holds no image, or lies under a transform that bends or shears it.
    """
    name = _name(node)
    image = node.GetImageData()
    if image is None or image.GetNumberOfPoints() == 0:
        raise InputError(f"The volume {name} holds no image; load it again.")
    if image.GetNumberOfScalarComponents() != 1:
        count = image.GetNumberOfScalarComponents()
        raise InputError(f"The volume {name} has {count} values a voxel; give a grey-scale image.")
    return Volume(vtk_to_array(image).copy(), node_geometry(node))


def image_from_node(node: Node) -> Volume:
    """Return a phase as the file reader would: ``float32``, finite, axes nearest to L, P, S.

    Raises
    ------
    InputError
        As :func:`volume_from_node`, and when a voxel is NaN or infinite.
    """
    volume = volume_from_node(node)
    voxels = np.asarray(volume.array, dtype=np.float32)
    if not np.isfinite(voxels).all():
        count = int((~np.isfinite(voxels)).sum())
        raise InputError(
            f"The volume {_name(node)} has {count} voxels that are NaN or infinite; load an image without them."
        )
    return volume.with_array(voxels).canonical()


def volume_to_node(volume: Volume, name: str, scene: Scene | None = None, node: Node | None = None) -> Node:
    """Put a volume into a scalar volume node: a new one with its display node, or the one given.

    Parameters
    ----------
    volume : Volume
        ``bool`` becomes 8-bit unsigned; 64-bit integers, which Slicer cannot show, become 32-bit.
    name : str
        The new node's name.
    scene : vtkMRMLScene, optional
        Where the new node goes; the current scene when not given.
    node : vtkMRMLScalarVolumeNode, optional
        Replaced in place, under no parent transform.
    """
    import vtk

    if node is None:
        node = (scene or current_scene()).AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    node.SetAndObserveTransformNodeID(None)
    geometry = volume.geometry
    image = vtk.vtkImageData()
    image.SetDimensions(*geometry.size)
    image.GetPointData().SetScalars(array_to_vtk(volume.array))
    ras = RAS_LPS[:3, :3] @ np.asarray(geometry.direction)
    node.SetSpacing(*geometry.spacing)
    node.SetOrigin(*(RAS_LPS[:3, :3] @ np.asarray(geometry.origin)))
    node.SetIJKToRASDirections(*ras.ravel())
    node.SetAndObserveImageData(image)
    keep_geometry(node, geometry)
    if node.GetDisplayNode() is None:
        node.CreateDefaultDisplayNodes()
    return node


def node_geometry(node: Node) -> Geometry:
    """Return the grid of a volume node in the world, LPS, its linear parent transform applied.

    Raises
    ------
    InputError
        When the transform is not linear, or leaves axes that are not at right angles.
    """
    import vtk

    name = _name(node)
    size = tuple(int(n) for n in node.GetImageData().GetDimensions())
    transform = world_matrix(node, name)
    if transform is None:
        directions = vtk.vtkMatrix4x4()
        node.GetIJKToRASDirectionMatrix(directions)
        axes = RAS_LPS[:3, :3] @ matrix_to_numpy(directions)[:3, :3]
        geometry = Geometry(
            size=size,  # type: ignore[arg-type]
            spacing=tuple(float(s) for s in node.GetSpacing()),  # type: ignore[arg-type]
            origin=_triple(RAS_LPS[:3, :3] @ np.asarray(node.GetOrigin())),
            direction=tuple(_triple(row) for row in axes),  # type: ignore[arg-type]
        )
        geometry = kept_geometry(node, geometry)
    else:
        matrix = vtk.vtkMatrix4x4()
        node.GetIJKToRASMatrix(matrix)
        geometry = geometry_from_matrix(transform @ matrix_to_numpy(matrix), size)
    if not geometry.is_orthogonal():
        raise InputError(
            f"The volume {name} has axes that are not at right angles; resample it to an orthogonal grid first."
        )
    return geometry


def keep_geometry(node: Node, geometry: Geometry) -> None:
    """Note a grid's exact numbers on a node.

    A file keeps directions times spacing, from which the numbers come back different in their last digits;
    that is enough to tip a mask's voxel that lies halfway between two others when it is resampled.
    """
    exact = [geometry.size, geometry.spacing, geometry.origin, geometry.direction]
    node.SetAttribute(GEOMETRY, json.dumps(exact))


def kept_geometry(node: Node, geometry: Geometry) -> Geometry:
    """Return the exact numbers noted on a node if they are those of ``geometry``, which was read from it, to 1e-9."""
    text = node.GetAttribute(GEOMETRY)
    if not text:
        return geometry
    try:
        size, spacing, origin, direction = json.loads(text)
        exact = Geometry(tuple(size), _triple(spacing), _triple(origin), tuple(map(_triple, direction)))  # type: ignore[arg-type]
        same = exact.size == geometry.size and np.abs(exact.matrix - geometry.matrix).max() < 1e-9
    except (ValueError, TypeError):
        return geometry
    return exact if same else geometry


def world_matrix(node: Node, name: str) -> np.ndarray | None:
    """Return the 4 x 4 RAS matrix of a node's parent transforms, or ``None`` when it has none.

    Raises
    ------
    InputError
        When one of them is not linear.
    """
    import vtk

    parent = node.GetParentTransformNode()
    if parent is None:
        return None
    if not parent.IsTransformToWorldLinear():
        raise InputError(f"{name} lies under a transform that is not linear; harden the transform on it first.")
    matrix = vtk.vtkMatrix4x4()
    parent.GetMatrixTransformToWorld(matrix)
    return matrix_to_numpy(matrix)


def geometry_from_matrix(ijk_to_ras: np.ndarray, size: tuple[int, ...]) -> Geometry:
    """Return the geometry, LPS, of a 4 x 4 matrix from index (I, J, K, 1) to RAS mm."""
    lps = RAS_LPS @ ijk_to_ras
    spacing = np.linalg.norm(lps[:3, :3], axis=0)
    return Geometry(
        size=size,  # type: ignore[arg-type]
        spacing=_triple(spacing),
        origin=_triple(lps[:3, 3]),
        direction=tuple(_triple(row) for row in lps[:3, :3] / spacing),  # type: ignore[arg-type]
    )


def ras_matrix(geometry: Geometry) -> np.ndarray:
    """Return the 4 x 4 matrix from index (I, J, K, 1) to RAS mm."""
    return RAS_LPS @ geometry.matrix


def matrix_to_vtk(matrix: np.ndarray) -> Any:
    """Return a 4 x 4 array as a ``vtkMatrix4x4``."""
    import vtk

    result = vtk.vtkMatrix4x4()
    result.DeepCopy(np.ascontiguousarray(matrix, dtype=float).ravel())
    return result


def matrix_to_numpy(matrix: Any) -> np.ndarray:
    """Return a ``vtkMatrix4x4`` as a 4 x 4 array."""
    return np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])


def array_to_vtk(array: np.ndarray) -> Any:
    """Return voxels (K, J, I) as a VTK array that owns its memory."""
    from vtkmodules.util.numpy_support import numpy_to_vtk

    if array.dtype == bool:
        array = array.astype(np.uint8)
    elif array.dtype in (np.dtype(np.int64), np.dtype(np.uint64)):
        limits = np.iinfo(np.int32)
        if array.size and (array.min() < limits.min or array.max() > limits.max):
            raise InputError("The image has whole numbers beyond 32 bits, which Slicer cannot hold.")
        array = array.astype(np.int32)
    elif array.dtype == np.float16:
        array = array.astype(np.float32)
    native = array.astype(array.dtype.newbyteorder("="), copy=False)
    result = numpy_to_vtk(np.ascontiguousarray(native).ravel(), deep=True)
    result.SetName("ImageScalars")
    return result


def vtk_to_array(image: Any) -> np.ndarray:
    """Return a view (K, J, I) of the scalars of a ``vtkImageData``; it lives as long as the image does."""
    from vtkmodules.util.numpy_support import vtk_to_numpy

    return vtk_to_numpy(image.GetPointData().GetScalars()).reshape(image.GetDimensions()[::-1])


def _name(node: Node) -> str:
    if node is None:
        raise InputError("No volume was given; choose one.")
    return str(node.GetName() or node.GetID())


def _triple(values: np.ndarray) -> tuple[float, float, float]:
    first, second, third = (float(v) for v in values)
    return first, second, third
