"""The regions as a DICOM Segmentation that refers to the slices they were drawn on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from RadFusionLib.dicom.concepts import name_scheme, own
from RadFusionLib.dicom.equipment import algorithm_item, equipment
from RadFusionLib.dicom.grid import as_stored
from RadFusionLib.dicom.result import Result
from RadFusionLib.dicom.series import SourceSeries

if TYPE_CHECKING:
    from highdicom.seg import Segmentation

__all__ = ["SERIES_NUMBER", "make_segmentation", "tracking_of"]

SERIES_NUMBER = 9101
COLOURS = {"tumor": (60.0, 62.0, 48.0), "shell": (80.0, -5.0, 72.0)}
"""CIELab of the recommended display."""


def make_segmentation(result: Result, source: SourceSeries) -> Segmentation:
    """A binary segmentation with a segment a region, every frame on a slice of ``source``.

    Raises
    ------
    InputError
        When a region does not lie on the series' grid.
    """
    from highdicom import UID
    from highdicom.seg import Segmentation

    stacked = np.stack([as_stored(r.mask, source.geometry).array for r in result.regions.values()], axis=-1)
    data = Segmentation(
        source_images=source.headers,
        pixel_array=stacked.astype(np.uint8),
        segmentation_type="BINARY",
        segment_descriptions=[_describe(result, name, k + 1) for k, name in enumerate(result.regions)],
        series_instance_uid=UID(),
        series_number=SERIES_NUMBER,
        sop_instance_uid=UID(),
        instance_number=1,
        content_label="REGIONS",
        content_description="Tumour as drawn, and the shell around it",
        # Every slice, filled or not: then the segmentation's grid is the series' own, for every reader.
        omit_empty_frames=False,
        **equipment(result.algorithm),
    )
    data.SeriesDescription = result.description("regions")
    name_scheme(data)
    return data


def tracking_of(segmentation: Segmentation, name: str) -> tuple[str, str]:
    """Tracking id and UID of a region's segment."""
    item = next(item for item in segmentation.SegmentSequence if item.SegmentLabel == name)
    return str(item.TrackingID), str(item.TrackingUID)


def _describe(result: Result, name: str, number: int) -> Any:
    from highdicom import UID
    from highdicom.color import CIELabColor
    from highdicom.seg import SegmentDescription
    from pydicom.sr.codedict import codes

    drawn = name == "tumor"
    return SegmentDescription(
        segment_number=number,
        segment_label=name,
        segmented_property_category=(
            codes.SCT.MorphologicallyAbnormalStructure if drawn else codes.SCT.SpatialAndRelationalConcept
        ),
        segmented_property_type=codes.SCT.Neoplasm if drawn else own("peritumoral", "Peritumoral shell"),
        algorithm_type="MANUAL" if drawn else "AUTOMATIC",
        algorithm_identification=None if drawn else algorithm_item(result.algorithm, "RadFusion peritumoral shell"),
        tracking_uid=UID(),
        tracking_id=f"{result.case} {name}"[:64],
        anatomic_regions=[codes.SCT.Liver],
        display_color=CIELabColor(*COLOURS.get(name, (70.0, 0.0, 0.0))),
    )
