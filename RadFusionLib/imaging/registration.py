"""Rigid registration of one phase to another, by SimpleITK."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from RadFusionLib.case import Volume
from RadFusionLib.imaging.resampling import resample

__all__ = ["register_rigid"]


def register_rigid(
    moving: Volume, fixed: Volume, interpolator: str = "linear", seed: int = 1
) -> tuple[Volume, np.ndarray]:
    """Move ``moving`` onto ``fixed`` by rotation and translation (Mattes mutual information).

    Parameters
    ----------
    moving, fixed : Volume
        Two images of one patient.
    interpolator : str
        With which ``moving`` is sampled on the grid of ``fixed``.
    seed : int
        Of the voxels that the metric looks at.

    Returns
    -------
    tuple of (Volume, numpy.ndarray)
        ``moving`` resampled on the grid of ``fixed``, and the 4 x 4 matrix from fixed to moving points, LPS mm.
    """
    target = sitk.Cast(fixed.to_sitk(), sitk.sitkFloat32)
    source = sitk.Cast(moving.to_sitk(), sitk.sitkFloat32)
    start = sitk.CenteredTransformInitializer(
        target, source, sitk.Euler3DTransform(), sitk.CenteredTransformInitializerFilter.GEOMETRY
    )
    start = sitk.Euler3DTransform(start)
    start.SetTranslation((0.0, 0.0, 0.0))
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(48)
    method.SetMetricSamplingStrategy(method.REGULAR)
    method.SetMetricSamplingPercentage(0.2, seed)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(1.0, 1e-3, 200, relaxationFactor=0.6)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel([4, 2, 1])
    method.SetSmoothingSigmasPerLevel([2, 1, 0])
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    # One thread gives the same optimum in every run.
    method.SetGlobalDefaultNumberOfThreads(1)
    method.SetInitialTransform(start, inPlace=False)
    found = sitk.Euler3DTransform(sitk.CompositeTransform(method.Execute(target, source)).GetBackTransform())
    matrix = np.eye(4)
    matrix[:3, :3] = np.asarray(found.GetMatrix()).reshape(3, 3)
    matrix[:3, 3] = found.TransformPoint((0.0, 0.0, 0.0))
    # Carrying the grid back needs no interpolation; sampling on the fixed grid is the only one.
    carried = Volume(moving.array, moving.geometry.moved(np.linalg.inv(matrix)))
    return resample(carried, fixed.geometry, interpolator), matrix
