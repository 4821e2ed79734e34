"""The heatmap as a DICOM Parametric Map of floating point voxels, in the geometry of its source series."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from RadFusionLib.dicom.concepts import MAP_UNITS, name_scheme
from RadFusionLib.dicom.equipment import equipment
from RadFusionLib.dicom.grid import as_stored
from RadFusionLib.dicom.result import MapResult, Result
from RadFusionLib.dicom.series import SourceSeries

if TYPE_CHECKING:
    from highdicom.pm import ParametricMap

__all__ = ["SERIES_NUMBER", "make_parametric_map"]

SERIES_NUMBER = 9102
LEGENDS = {
    "contribution": "influence on the model's output, not probability of disease",
    "patch_probability": "probability of the patches that cover a place",
    "gradcam": "relative activation of a network, not probability of disease",
    "cam": "relative class activation, not probability of disease",
    "feature": "a feature of each neighbourhood, not probability of disease",
}
"""By kind; at most 64 characters."""


def make_parametric_map(result: Result, heatmap: MapResult, source: SourceSeries) -> ParametricMap:
    """A map of content qualification RESEARCH with the code of its unit; padded where it says nothing.

    Raises
    ------
    InputError
        When the heatmap does not lie on the series' grid.
    """
    from highdicom import UID
    from highdicom.content import VOILUTTransformation
    from highdicom.pm import ParametricMap, RealWorldValueMapping
    from highdicom.sr import CodedConcept
    from pydicom.sr.codedict import codes

    unit, meaning = MAP_UNITS[heatmap.kind]
    probability = heatmap.kind == "patch_probability"
    low = 0.0 if heatmap.kind != "contribution" else -heatmap.extent
    mapping = RealWorldValueMapping(
        lut_label=heatmap.kind.upper()[:16],
        lut_explanation=LEGENDS[heatmap.kind],
        unit=CodedConcept(unit, "UCUM", meaning),
        # With the padding: a reader that does not know it stops at a value that no mapping covers.
        value_range=(min(low, heatmap.outside), heatmap.extent),
        slope=1.0,
        intercept=0.0,
        quantity_definition=codes.DCM.Probability if probability else codes.DCM.Saliency,
    )
    data = ParametricMap(
        source_images=source.headers,
        pixel_array=np.asarray(as_stored(heatmap.volume, source.geometry).array, dtype=np.float32),
        series_instance_uid=UID(),
        series_number=SERIES_NUMBER,
        sop_instance_uid=UID(),
        instance_number=1,
        contains_recognizable_visual_features=False,
        real_world_value_mappings=[mapping],
        voi_lut_transformations=[
            VOILUTTransformation(window_center=(low + heatmap.extent) / 2, window_width=heatmap.extent - low)
        ],
        content_label="HEATMAP",
        content_description=LEGENDS[heatmap.kind],
        content_qualification="RESEARCH",
        **equipment(result.algorithm),
    )
    # A range of one value: the standard asks for both ends.
    data.FloatPixelPaddingValue = data.FloatPixelPaddingRangeLimit = float(np.float32(heatmap.outside))
    data.BodyPartExamined = "LIVER"
    _say_where(data)
    _sort_frames(data, source)
    data.SeriesDescription = result.description("heatmap")
    name_scheme(data)
    return data


def _say_where(data: ParametricMap) -> None:
    """Frame Anatomy: the liver, which has no side; dcmqi reads no map without it."""
    from highdicom.sr import CodedConcept
    from pydicom import Dataset
    from pydicom.sr.codedict import codes

    anatomy: Any = Dataset()
    anatomy.AnatomicRegionSequence = [CodedConcept.from_code(codes.SCT.Liver)]
    anatomy.FrameLaterality = "U"
    data.SharedFunctionalGroupsSequence[0].FrameAnatomySequence = [anatomy]


def _sort_frames(data: ParametricMap, source: SourceSeries) -> None:
    """Put the frames in the order of the series' grid: dcmqi, and so Slicer, takes them to be in that order."""
    places = np.array(
        [
            [float(v) for v in group.PlanePositionSequence[0].ImagePositionPatient]
            for group in data.PerFrameFunctionalGroupsSequence
        ]
    )
    order = np.argsort(source.geometry.physical_to_index(places)[:, 2])
    frames = np.frombuffer(data.FloatPixelData, dtype="<f4").reshape(len(places), -1)
    data.FloatPixelData = frames[order].tobytes()
    data.PerFrameFunctionalGroupsSequence = [data.PerFrameFunctionalGroupsSequence[int(k)] for k in order]
