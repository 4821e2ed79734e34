"""Images and masks: reading, checking, resampling, normalising, registering, and the peritumoral shell."""

from RadFusionLib.imaging.bias_field import correct_bias_field
from RadFusionLib.imaging.checks import check_geometry, check_image
from RadFusionLib.imaging.lesions import (
    RULES,
    Lesion,
    choose_lesion,
    choose_segment,
    is_lesion_name,
    refuse_single_slice,
)
from RadFusionLib.imaging.normalisation import normalise
from RadFusionLib.imaging.reading import read_image, read_mask, read_tumor
from RadFusionLib.imaging.registration import register_rigid
from RadFusionLib.imaging.resampling import INTERPOLATORS, mask_on_grid, resample, resample_to_spacing
from RadFusionLib.imaging.shell import Shell, peritumoral_shell
from RadFusionLib.imaging.writing import check_writable, write_volume

__all__ = [
    "INTERPOLATORS",
    "RULES",
    "Lesion",
    "Shell",
    "check_geometry",
    "check_image",
    "check_writable",
    "choose_lesion",
    "choose_segment",
    "correct_bias_field",
    "is_lesion_name",
    "mask_on_grid",
    "normalise",
    "peritumoral_shell",
    "read_image",
    "read_mask",
    "read_tumor",
    "refuse_single_slice",
    "register_rigid",
    "resample",
    "resample_to_spacing",
    "write_volume",
]
