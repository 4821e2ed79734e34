"""Rigid registration of one phase to another, by SimpleITK."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from RadFusionLib.case import Volume
from RadFusionLib.errors import InputError
from RadFusionLib.imaging.resampling import resample

__all__ = ["register_rigid"]

FARTHEST_MM, FARTHEST_DEGREES = 50.0, 30.0
"""No patient moves as far between two phases: such a result is a registration that went astray."""


def register_rigid(moving: Volume, fixed: Volume, interpolator: str = "linear") -> tuple[Volume, np.ndarray]:
    """Move ``moving`` onto ``fixed`` by rotation and translation (Mattes mutual information).

    Parameters
    ----------
    moving, fixed : Volume
        Two images of one patient.
    interpolator : str
        With which ``moving`` is sampled on the grid of ``fixed``.

    Returns
    -------
    tuple of (Volume, numpy.ndarray)
        ``moving`` resampled on the grid of ``fixed``, and the 4 x 4 matrix from fixed to moving points, LPS mm.

    Raises
    ------
    InputError
        When the result is not a movement that a patient makes between two phases.
    """
    target = sitk.Cast(fixed.to_sitk(), sitk.sitkFloat32)
    source = sitk.Cast(moving.to_sitk(), sitk.sitkFloat32)
    start = sitk.CenteredTransformInitializer(
        target, source, sitk.Euler3DTransform(), sitk.CenteredTransformInitializerFilter.GEOMETRY
    )
    start = sitk.Euler3DTransform(start)
    start.SetTranslation((0.0, 0.0, 0.0))
    method = sitk.ImageRegistrationMethod()
    # Every voxel and many bins: on thick slices a sample of them finds another optimum, millimetres away.
    method.SetMetricAsMattesMutualInformation(64)
    method.SetMetricSamplingStrategy(method.NONE)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsGradientDescent(1.0, 200, 1e-6, 10, method.Once, 0.7)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel([2, 1, 1])
    method.SetSmoothingSigmasPerLevel([4, 2, 1])
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    # One thread gives the same optimum in every run.
    method.SetGlobalDefaultNumberOfThreads(1)
    method.SetInitialTransform(start, inPlace=False)
    found = sitk.Euler3DTransform(sitk.CompositeTransform(method.Execute(target, source)).GetBackTransform())
    matrix = np.eye(4)
    matrix[:3, :3] = np.asarray(found.GetMatrix()).reshape(3, 3)
    matrix[:3, 3] = found.TransformPoint((0.0, 0.0, 0.0))
    middle = fixed.geometry.corners().mean(axis=0)
    shift = float(np.linalg.norm(matrix[:3, :3] @ middle + matrix[:3, 3] - middle))
    turn = float(np.degrees(np.arccos(np.clip((np.trace(matrix[:3, :3]) - 1) / 2, -1, 1))))
    if shift > FARTHEST_MM or turn > FARTHEST_DEGREES:
        raise InputError(
            f"The rigid registration did not succeed (it would move the image by {shift:.0f} mm and {turn:.0f} "
            "degrees); register the phases in Slicer first."
        )
    # Carrying the grid back needs no interpolation; sampling on the fixed grid is the only one.
    carried = Volume(moving.array, moving.geometry.moved(np.linalg.inv(matrix)))
    return resample(carried, fixed.geometry, interpolator), matrix
