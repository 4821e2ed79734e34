"""DICOM made from nothing: series as a scanner writes them, with a header that would tell who the patient is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pydicom import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from RadFusionLib.case import Geometry, Volume

ROOT = "1.2.826.0.1.3680043.2.1125.77"
STUDY = f"{ROOT}.1"
FRAME = f"{ROOT}.900"
STORAGE = {"MR": "1.2.840.10008.5.1.4.1.1.4", "CT": "1.2.840.10008.5.1.4.1.1.2"}

TELLING = {
    "PatientName": "Quasimodo^Telltale",
    "PatientID": "PID-998877",
    "PatientBirthDate": "19410203",
    "PatientSex": "M",
    "PatientAge": "083Y",
    "PatientAddress": "Rue Telltale 5",
    "OtherPatientIDs": "OTHER-112233",
    "AccessionNumber": "ACC-445566",
    "StudyID": "STU-7788",
    "InstitutionName": "Hospital Telltale",
    "InstitutionAddress": "Telltale Square",
    "ReferringPhysicianName": "Referrer^Telltale",
    "PerformingPhysicianName": "Performer^Telltale",
    "OperatorsName": "Operator^Telltale",
    "StationName": "TELLTALESTATION",
    "DeviceSerialNumber": "SER-3141",
    "StudyDescription": "Study of Telltale",
    "StudyDate": "20240506",
    "SeriesDate": "20240506",
    "AcquisitionDate": "20240506",
    "ContentDate": "20240506",
    "StudyTime": "070809",
    "ContentTime": "070809",
    "ProtocolName": "Protocol Telltale",
    "ImageComments": "Telltale was here",
    "PatientComments": "Telltale has a cat",
    "RequestingPhysician": "Requester^Telltale",
}
"""Header values of which none may be found where they do not belong."""

OBLIQUE = Geometry(
    size=(24, 20, 12),
    spacing=(1.5, 1.5, 3.0),
    origin=(-31.25, 12.5, -87.5),
    direction=((0.8, -0.6, 0.0), (0.6, 0.8, 0.0), (0.0, 0.0, 1.0)),
)


def volume(geometry: Geometry = OBLIQUE, seed: int = 3) -> Volume:
    """Noise that no flip leaves as it is."""
    return Volume(np.random.default_rng(seed).integers(0, 900, geometry.shape).astype(np.int16), geometry)


def slice_header(image: Volume, k: int, number: int = 1, modality: str = "MR", **tags: Any) -> Dataset:
    """The header of slice ``k`` of series ``number``; ``tags`` replace or, being ``None``, remove."""
    geometry = image.geometry
    axes = np.asarray(geometry.direction)
    data = Dataset()
    data.SOPClassUID = STORAGE[modality]
    data.SOPInstanceUID = f"{ROOT}.{number}.{k + 1}"
    data.StudyInstanceUID, data.SeriesInstanceUID, data.FrameOfReferenceUID = STUDY, f"{ROOT}.{number}", FRAME
    data.Modality, data.Manufacturer, data.ManufacturerModelName = modality, "Maker", "Model"
    data.ImageType = ["ORIGINAL", "PRIMARY", "M" if modality == "MR" else "AXIAL"]
    data.SeriesNumber, data.InstanceNumber, data.AcquisitionNumber = number, k + 1, 1
    data.PositionReferenceIndicator = ""
    data.SeriesTime = data.AcquisitionTime = "070900"
    data.SliceThickness = data.SpacingBetweenSlices = geometry.spacing[2]
    if modality == "CT":
        del data.SpacingBetweenSlices
        data.RescaleIntercept, data.RescaleSlope = -1024, 1
        data.KVP = 120
    data.PixelSpacing = [geometry.spacing[1], geometry.spacing[0]]
    data.ImageOrientationPatient = [round(float(v), 10) for v in (*axes[:, 0], *axes[:, 1])]
    place = geometry.index_to_physical(np.array([[0, 0, k]]))[0]
    data.ImagePositionPatient = [round(float(v), 8) for v in place]
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.Rows, data.Columns = geometry.size[1], geometry.size[0]
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 1
    for keyword, value in {**TELLING, **tags}.items():
        if value is None:
            if keyword in data:
                delattr(data, keyword)
        else:
            setattr(data, keyword, value)
    return data


def write_series(folder: Path, image: Volume, number: int = 1, modality: str = "MR", **tags: Any) -> Path:
    """A series of 16-bit slices, a file each; names do not follow the order in space."""
    folder.mkdir(parents=True, exist_ok=True)
    for k in range(image.geometry.size[2]):
        data = slice_header(image, k, number, modality, **tags)
        data.PixelData = image.array[k].astype("<i2").tobytes()
        save(data, folder / f"{(7 * k) % image.geometry.size[2]:03d}-{k:03d}.dcm")
    return folder


def save(data: Dataset, path: Path) -> Path:
    """Write in DICOM's file format."""
    data.file_meta = FileMetaDataset()
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.save_as(path, enforce_file_format=True)
    return path


def structure_set(
    path: Path, regions: dict[str, list[np.ndarray]], series: str = f"{ROOT}.1", kind: str = "CLOSED_PLANAR"
) -> Path:
    """An RT structure set: each region's contours as LPS points, shape (n, 3)."""
    data = Dataset()
    data.SOPClassUID, data.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.481.3", f"{ROOT}.9.9"
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = STUDY, f"{ROOT}.9", "RTSTRUCT"
    for keyword, value in TELLING.items():
        setattr(data, keyword, value)
    data.StructureSetLabel = "Set of Telltale"
    of_series, study, frame = Dataset(), Dataset(), Dataset()
    of_series.SeriesInstanceUID = series
    study.ReferencedSOPClassUID, study.ReferencedSOPInstanceUID = "1.2.840.10008.3.1.2.3.1", STUDY
    study.RTReferencedSeriesSequence = [of_series]
    frame.FrameOfReferenceUID, frame.RTReferencedStudySequence = FRAME, [study]
    data.ReferencedFrameOfReferenceSequence = [frame]
    data.StructureSetROISequence, data.ROIContourSequence = [], []
    for number, (name, contours) in enumerate(regions.items(), start=1):
        named, drawn = Dataset(), Dataset()
        named.ROINumber, named.ROIName, named.ReferencedFrameOfReferenceUID = number, name, FRAME
        drawn.ReferencedROINumber, drawn.ContourSequence = number, []
        for points in contours:
            contour = Dataset()
            contour.ContourGeometricType, contour.NumberOfContourPoints = kind, len(points)
            contour.ContourData = [round(float(v), 6) for v in np.asarray(points).ravel()]
            drawn.ContourSequence.append(contour)
        data.StructureSetROISequence.append(named)
        data.ROIContourSequence.append(drawn)
    return save(data, path)
