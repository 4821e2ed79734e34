"""N4 bias field correction of MR images (Tustison et al., IEEE TMI 29:1310, 2010), by SimpleITK."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from RadFusionLib.case import Volume

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
    """
    image = Volume(np.asarray(volume.array, dtype=np.float32), volume.geometry).to_sitk()
    foreground = sitk.OtsuThreshold(image, 0, 1, 200)
    factors = [min(shrink, max(1, n // 8)) for n in image.GetSize()]
    corrector = sitk.N4BiasFieldCorrectionImageFilter()
    corrector.SetMaximumNumberOfIterations(list(iterations))
    corrector.Execute(sitk.Shrink(image, factors), sitk.Shrink(foreground, factors))
    field = sitk.Cast(sitk.Exp(corrector.GetLogBiasFieldAsImage(image)), sitk.sitkFloat32)
    return volume.with_array(sitk.GetArrayFromImage(image / field))
