"""N4 bias field correction of MR images (Tustison et al., IEEE TMI 29:1310, 2010), by SimpleITK."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from RadFusionLib.case import Volume
from RadFusionLib.errors import InputError

__all__ = ["correct_bias_field"]


def correct_bias_field(volume: Volume, shrink: int = 4, iterations: tuple[int, ...] = (50, 50, 50, 50)) -> Volume:
    """Divide out the smooth field that N4 estimates within the Otsu foreground.

    Parameters
    ----------
    volume : Volume
        An MR image with non-negative intensities.
    shrink : int
        Factor by which the image is thinned for the estimate; the field is evaluated at full size.
    iterations : tuple of int
        Iterations a fitting level.

    Raises
    ------
    InputError
        When the image has negative intensities, or only one.
    """
    if volume.array.min() < 0:
        raise InputError("N4 needs an MR image without negative intensities; check that it is the right series.")
    if volume.array.min() == volume.array.max():
        raise InputError("An image is constant and has no bias field; check that it is the right series.")
    image = Volume(np.asarray(volume.array, dtype=np.float32), volume.geometry).to_sitk()
    foreground = sitk.OtsuThreshold(image, 0, 1, 200)
    factors = [min(shrink, max(1, n // 8)) for n in image.GetSize()]
    corrector = sitk.N4BiasFieldCorrectionImageFilter()
    corrector.SetMaximumNumberOfIterations(list(iterations))
    # One thread gives the same field on every machine.
    corrector.SetNumberOfThreads(1)
    corrector.Execute(sitk.Shrink(image, factors), sitk.Shrink(foreground, factors))
    field = sitk.Cast(sitk.Exp(corrector.GetLogBiasFieldAsImage(image)), sitk.sitkFloat32)
    return volume.with_array(sitk.GetArrayFromImage(image / field))
