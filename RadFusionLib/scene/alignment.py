"""Do the phases lie on each other? A phase is corrected by a transform above its volume, so that no voxel changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from RadFusionLib.case import Geometry
from RadFusionLib.errors import InputError
from RadFusionLib.scene.application import Node
from RadFusionLib.scene.volumes import RAS_LPS, matrix_to_numpy, matrix_to_vtk, node_geometry, world_matrix

__all__ = ["Movement", "correct", "correction", "covered", "moved_by", "remove_correction", "set_shift"]

CORRECTION = "RadFusion.correction"
"""Marks the transforms that are corrections: no other transform is touched."""
STEPS = 12
"""Points along each axis at which the overlap of two images is looked at."""


@dataclass(frozen=True)
class Movement:
    """A rigid movement at the middle of an image.

    Parameters
    ----------
    shift_mm : float
        How far the middle moves.
    turn_degrees : float
        Angle of the rotation.
    """

    shift_mm: float
    turn_degrees: float


def moved_by(lps: np.ndarray, geometry: Geometry) -> Movement:
    """Return how far a rigid 4 x 4 matrix (LPS mm) moves an image."""
    middle = geometry.corners().mean(axis=0)
    shift = float(np.linalg.norm(lps[:3, :3] @ middle + lps[:3, 3] - middle))
    turn = float(np.degrees(np.arccos(np.clip((np.trace(lps[:3, :3]) - 1) / 2, -1, 1))))
    return Movement(shift, turn)


def covered(phases: Mapping[str, Node], reference: str) -> dict[str, float]:
    """Return for every other phase the share in [0, 1] of the reference image that it covers."""
    grid = node_geometry(phases[reference])
    axes = [np.linspace(0, n - 1, STEPS) for n in grid.size]
    points = grid.index_to_physical(np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3))
    return {
        role: float(node_geometry(node).contains(points).mean()) for role, node in phases.items() if role != reference
    }


def correction(volume: Node) -> np.ndarray:
    """Return the 4 x 4 matrix (RAS mm) by which a phase is corrected; the identity without a correction."""
    import vtk

    transform = _transform(volume)
    if transform is None:
        return np.eye(4)
    matrix = vtk.vtkMatrix4x4()
    transform.GetMatrixTransformToParent(matrix)
    return matrix_to_numpy(matrix)


def set_shift(volume: Node, shift: tuple[float, float, float]) -> Node:
    """Correct a phase by a shift (R, A, S, mm) alone; an earlier correction is replaced."""
    matrix = np.eye(4)
    matrix[:3, 3] = shift
    return _set(volume, matrix)


def correct(volume: Node, lps: np.ndarray) -> Node:
    """Move a phase by a rigid 4 x 4 matrix in the world (LPS mm), on top of the correction that it has.

    Raises
    ------
    InputError
        When the volume lies under a transform that is not linear.
    """
    ras = RAS_LPS @ lps @ RAS_LPS
    before, transform = correction(volume), _transform(volume)
    above = np.eye(4)
    lifted = volume if transform is None else transform
    if lifted.GetParentTransformNode() is not None:
        found = world_matrix(lifted, f"The volume {volume.GetName()}")
        above = np.eye(4) if found is None else found
    return _set(volume, np.linalg.inv(above) @ ras @ above @ before)


def remove_correction(volume: Node) -> None:
    """Let a phase lie where its file says."""
    transform = _transform(volume)
    if transform is None:
        return
    above = transform.GetParentTransformNode()
    volume.SetAndObserveTransformNodeID(None if above is None else above.GetID())
    transform.GetScene().RemoveNode(transform)


def _transform(volume: Node) -> Node | None:
    parent = volume.GetParentTransformNode()
    return parent if parent is not None and parent.GetAttribute(CORRECTION) == volume.GetID() else None


def _set(volume: Node, matrix: np.ndarray) -> Node:
    if volume.GetScene() is None:
        raise InputError(f"The volume {volume.GetName()} is no longer in the scene; choose another.")
    transform = _transform(volume)
    if transform is None:
        above = volume.GetParentTransformNode()
        name = f"{volume.GetName()} correction"
        transform = volume.GetScene().AddNewNodeByClass("vtkMRMLLinearTransformNode", name)
        transform.SetAttribute(CORRECTION, volume.GetID())
        if above is not None:
            transform.SetAndObserveTransformNodeID(above.GetID())
        volume.SetAndObserveTransformNodeID(transform.GetID())
    transform.SetMatrixTransformToParent(matrix_to_vtk(matrix))
    return transform
