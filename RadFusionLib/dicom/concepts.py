"""The coded words of our DICOM objects: standard ones where there are any, our own where there are none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from highdicom.sr import CodedConcept
    from pydicom import Dataset

__all__ = ["MAP_UNITS", "SCHEME", "name_scheme", "own"]

SCHEME = "99RADFUSION"
"""Coding scheme designator of our own words; 99 marks private ones."""

MAP_UNITS = {
    "contribution": ("{risk_points}", "risk points (hundredths of probability)"),
    "patch_probability": ("1", "no units"),
    "gradcam": ("1", "no units"),
    "cam": ("1", "no units"),
    "feature": ("1", "no units"),
}
"""UCUM code and meaning by kind of heatmap; braces mark UCUM's annotations."""


def own(value: str, meaning: str) -> CodedConcept:
    """A word of our own coding scheme."""
    from highdicom.sr import CodedConcept

    return CodedConcept(value, SCHEME, meaning[:64])


def name_scheme(data: Dataset) -> None:
    """Say in an object whose words the private ones are."""
    from pydicom import Dataset as Item

    item: Any = Item()
    item.CodingSchemeDesignator = SCHEME
    item.CodingSchemeName = "RadFusion"
    data.CodingSchemeIdentificationSequence = [item]
