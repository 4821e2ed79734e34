"""Measurements and risk as a DICOM structured report after TID 1500, unverified."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from RadFusionLib.dicom.concepts import name_scheme, own
from RadFusionLib.dicom.equipment import MANUFACTURER
from RadFusionLib.dicom.result import Algorithm, RegionResult, Result
from RadFusionLib.dicom.segmentation_object import tracking_of
from RadFusionLib.dicom.series import SourceSeries

if TYPE_CHECKING:
    from highdicom.seg import Segmentation
    from highdicom.sr import Comprehensive3DSR
    from pydicom import Dataset

__all__ = ["SERIES_NUMBER", "make_report"]

SERIES_NUMBER = 9103


def make_report(
    result: Result, source: SourceSeries, segmentation: Segmentation, others: tuple[Dataset, ...] = ()
) -> Comprehensive3DSR:
    """A Comprehensive 3D SR: a group of measurements a region, the risk in the tumour's.

    Parameters
    ----------
    source : SourceSeries
        The slices that everything was measured on.
    segmentation : Segmentation
        Of the regions.
    others : tuple of Dataset
        Further evidence, as the heatmap.
    """
    from highdicom import UID
    from highdicom.sr import Comprehensive3DSR, MeasurementReport
    from pydicom.sr.codedict import codes

    groups = [
        _group(result, name, region, segmentation, number)
        for number, (name, region) in enumerate(result.regions.items(), start=1)
    ]
    content = MeasurementReport(
        observation_context=_observer(result.algorithm),
        procedure_reported=codes.SCT.ImagingProcedure,
        imaging_measurements=groups,
        title=codes.DCM.ImagingMeasurementReport,
    )
    data = Comprehensive3DSR(
        evidence=[*source.headers, segmentation, *others],
        content=content,
        series_instance_uid=UID(),
        series_number=SERIES_NUMBER,
        sop_instance_uid=UID(),
        instance_number=1,
        manufacturer=MANUFACTURER,
        is_complete=True,
        is_final=False,
        is_verified=False,
    )
    data.SeriesDescription = result.description("measurements and risk")
    data.CompletionFlagDescription = result.description("use only, not for diagnosis or treatment")
    name_scheme(data)
    return data


def _observer(algorithm: Algorithm) -> Any:
    from highdicom.sr import DeviceObserverIdentifyingAttributes, ObservationContext, ObserverContext
    from pydicom.sr.codedict import codes
    from pydicom.uid import generate_uid

    device = DeviceObserverIdentifyingAttributes(
        uid=generate_uid(prefix=None, entropy_srcs=[MANUFACTURER, algorithm.version, algorithm.sha256]),
        name=MANUFACTURER,
        manufacturer_name=MANUFACTURER,
        model_name=algorithm.bundle,
        serial_number=algorithm.sha256[:16],
    )
    return ObservationContext(
        observer_device_context=ObserverContext(codes.DCM.Device, device),
    )


def _group(result: Result, name: str, region: RegionResult, segmentation: Segmentation, number: int) -> Any:
    from highdicom.sr import (
        FindingSite,
        ReferencedSegment,
        TrackingIdentifier,
        VolumetricROIMeasurementsAndQualitativeEvaluations,
    )
    from pydicom.sr.codedict import codes

    tumor = name == "tumor"
    identifier, uid = tracking_of(segmentation, name)
    return VolumetricROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(uid=uid, identifier=identifier),
        referenced_segment=ReferencedSegment.from_segmentation(segmentation, segment_number=number),
        finding_type=codes.SCT.Neoplasm if tumor else own("peritumoral", "Peritumoral shell"),
        finding_sites=[FindingSite(anatomic_location=codes.SCT.Liver)],
        algorithm_id=_algorithm(result),
        measurements=[*_sizes(region), *(_risks(result) if tumor else [])],
        qualitative_evaluations=_evaluations(result) if tumor else None,
    )


def _algorithm(result: Result) -> Any:
    from highdicom.sr import AlgorithmIdentification

    return AlgorithmIdentification(
        name=MANUFACTURER,
        version=result.algorithm.version,
        parameters=[
            # In one parameter: a reader that shows but the first shows what identifies the model.
            f"bundle {result.algorithm.bundle}, SHA-256 {result.algorithm.sha256}",
            f"notice: {result.notice}",
            *(f"warning: {warning}" for warning in result.risk.warnings),
        ],
    )


def _sizes(region: RegionResult) -> list[Any]:
    from highdicom.sr import CodedConcept, Measurement
    from pydicom.sr.codedict import codes

    return [
        Measurement(
            name=CodedConcept("YEKZ", "IBSI", "Volume from Voxel Summation"),
            value=region.volume,
            unit=codes.UCUM.CubicMillimeter,
        ),
        Measurement(
            name=CodedConcept("L0JK", "IBSI", "Maximum 3D Diameter of a Mesh"),
            value=region.diameter,
            unit=codes.UCUM.Millimeter,
        ),
    ]


def _risks(result: Result) -> list[Any]:
    from highdicom.sr import Measurement
    from pydicom.sr.codedict import codes

    risk = result.risk
    of, level = risk.outcome, f"{100 * risk.level:.0f} %"
    return [
        Measurement(name=own(code, meaning), value=value, unit=codes.UCUM.NoUnits)
        for code, meaning, value in (
            ("risk", f"Calibrated risk of {of}", risk.risk),
            ("risk-low", f"Lower end of the risk's {level} interval", risk.low),
            ("risk-high", f"Upper end of the risk's {level} interval", risk.high),
            ("threshold", "Frozen threshold between the risk groups", risk.threshold),
        )
    ]


def _evaluations(result: Result) -> list[Any]:
    from highdicom.sr import QualitativeEvaluation
    from pydicom.sr.codedict import codes

    value = codes.SCT.HighRisk if result.risk.group == "high" else codes.SCT.LowRisk
    purpose = "demonstration" if result.demonstration else "research"
    return [
        QualitativeEvaluation(name=codes.DCM.LesionRisk, value=value),
        QualitativeEvaluation(
            name=own("purpose", "What this result may be used for"),
            value=own(purpose, f"{purpose.upper()} only, not for diagnosis or treatment"),
        ),
    ]
