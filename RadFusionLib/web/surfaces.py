"""Tumour and shell as surfaces in 3D, made when the hand rests."""

from __future__ import annotations

from typing import Any

import numpy as np

from RadFusionLib.case import Volume
from RadFusionLib.scene.application import Node, Scene
from RadFusionLib.scene.segmentations import COLORS
from RadFusionLib.scene.volumes import array_to_vtk, matrix_to_vtk, ras_matrix

__all__ = ["Surfaces"]

OPACITIES = {"tumor": 0.6, "shell": 0.18}
"""The tumour is seen through what lies around it."""


class Surfaces:
    """One surface a region.

    Slicer's own closed surfaces are made anew for every segment at every stroke, the liver among them: half a second
    of work on a large image. These are made of what changed, on the part of the image that holds it.

    Parameters
    ----------
    scene : vtkMRMLScene
        Takes the models, which are not saved with it.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._models: dict[str, Node] = {}

    def show(self, region: str, mask: Volume) -> None:
        """Show a region's surface, or hide it when the region is empty."""
        model = self._models.get(region)
        if model is None:
            model = self._scene.AddNewNodeByClass("vtkMRMLModelNode", f"{region} surface")
            model.SetSaveWithScene(False)
            model.CreateDefaultDisplayNodes()
            display = model.GetDisplayNode()
            display.SetColor(*COLORS.get(region, (0.6, 0.6, 0.6)))
            display.SetOpacity(OPACITIES.get(region, 1.0))
            self._models[region] = model
        model.GetDisplayNode().SetVisibility(bool(mask.array.any()))
        if mask.array.any():
            model.SetAndObservePolyData(_surface(mask))

    def clear(self) -> None:
        """Forget the models; they go with the scene."""
        self._models = {}


def _surface(mask: Volume) -> Any:
    """The smoothed surface of a mask, in RAS mm."""
    from vtkmodules.vtkCommonDataModel import vtkImageData
    from vtkmodules.vtkCommonTransforms import vtkTransform
    from vtkmodules.vtkFiltersCore import vtkWindowedSincPolyDataFilter
    from vtkmodules.vtkFiltersGeneral import vtkDiscreteFlyingEdges3D, vtkTransformPolyDataFilter

    where = np.argwhere(mask.array)
    low, high = where.min(axis=0), where.max(axis=0) + 1
    # A border of nothing closes the surface where the region ends at the edge of its box.
    part = np.pad(mask.array[tuple(slice(a, b) for a, b in zip(low, high, strict=True))], 1)
    image = vtkImageData()
    image.SetDimensions(*part.shape[::-1])
    image.SetOrigin(*(float(n) for n in low[::-1] - 1))
    image.GetPointData().SetScalars(array_to_vtk(part))
    edges = vtkDiscreteFlyingEdges3D()
    edges.SetInputData(image)
    edges.SetValue(0, 1)
    to_world = vtkTransform()
    to_world.SetMatrix(matrix_to_vtk(ras_matrix(mask.geometry)))
    placed = vtkTransformPolyDataFilter()
    placed.SetInputConnection(edges.GetOutputPort())
    placed.SetTransform(to_world)
    smooth = vtkWindowedSincPolyDataFilter()
    smooth.SetInputConnection(placed.GetOutputPort())
    smooth.SetNumberOfIterations(20)
    smooth.SetPassBand(0.05)
    smooth.BoundarySmoothingOff()
    smooth.NonManifoldSmoothingOn()
    smooth.NormalizeCoordinatesOn()
    smooth.Update()
    return smooth.GetOutput()
