"""Images and masks: reading, checking, resampling, normalising, registering, and the peritumoral shell."""

from RadFusionLib.imaging.bias_field import correct_bias_field
from RadFusionLib.imaging.checks import check_geometry, check_image
from RadFusionLib.imaging.lesions import Lesion, choose_lesion
from RadFusionLib.imaging.normalisation import normalise
from RadFusionLib.imaging.reading import read_image, read_mask
from RadFusionLib.imaging.registration import register_rigid
from RadFusionLib.imaging.resampling import INTERPOLATORS, mask_on_grid, resample, resample_to_spacing
from RadFusionLib.imaging.shell import Shell, peritumoral_shell
from RadFusionLib.imaging.writing import write_volume

__all__ = [
    "INTERPOLATORS",
    "Lesion",
    "Shell",
    "check_geometry",
    "check_image",
    "choose_lesion",
    "correct_bias_field",
    "mask_on_grid",
    "normalise",
    "peritumoral_shell",
    "read_image",
    "read_mask",
    "register_rigid",
    "resample",
    "resample_to_spacing",
    "write_volume",
]
