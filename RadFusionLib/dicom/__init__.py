"""DICOM: masks and phase roles out of it, results into it, and patients' identity out of both."""

from RadFusionLib.dicom.deidentification import Deidentified, deidentify
from RadFusionLib.dicom.drawn import Drawn, is_drawn, open_drawn
from RadFusionLib.dicom.header import is_dicom
from RadFusionLib.dicom.phase_role import RoleGuess, SeriesTags, guess_roles, read_tags
from RadFusionLib.dicom.series import SourceSeries, check_files, check_slice, check_slices, find_series, read_source

__all__ = [
    "Deidentified",
    "Drawn",
    "RoleGuess",
    "SeriesTags",
    "SourceSeries",
    "check_files",
    "check_slice",
    "check_slices",
    "deidentify",
    "find_series",
    "guess_roles",
    "is_dicom",
    "is_drawn",
    "open_drawn",
    "read_source",
    "read_tags",
]
