"""Enhanced multi-frame images, mosaics and gated acquisitions are refused by every way in, each with its word."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset
from synthetic import TELLING, save, slice_header, write_series

from RadFusionLib.case import Volume
from RadFusionLib.dicom import read_source
from RadFusionLib.errors import InputError
from RadFusionLib.imaging import read_image

ENHANCED = {
    "MR": "1.2.840.10008.5.1.4.1.1.4.1",
    "CT": "1.2.840.10008.5.1.4.1.1.2.1",
    "PT": "1.2.840.10008.5.1.4.1.1.130",
}
WAYS = (read_image, lambda path: read_image(path.parent), lambda path: read_source(path.parent))
SECRETS = [value for value in TELLING.values() if len(value) > 4]


def enhanced(path: Path, image: Volume, modality: str, frames: int) -> Path:
    """The whole volume in one object, as scanners write it: places and sizes in functional groups."""
    data = slice_header(image, 0, modality="CT" if modality == "CT" else "MR")
    data.Modality, data.SOPClassUID, data.NumberOfFrames = modality, ENHANCED[modality], frames
    shared, measures, turned = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = data.PixelSpacing, image.geometry.spacing[2]
    turned.ImageOrientationPatient = data.ImageOrientationPatient
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [turned]
    data.SharedFunctionalGroupsSequence, data.PerFrameFunctionalGroupsSequence = [shared], []
    for k in range(frames):
        group, plane = Dataset(), Dataset()
        place = image.geometry.index_to_physical(np.array([[0, 0, k]]))[0]
        plane.ImagePositionPatient = [round(float(v), 8) for v in place]
        group.PlanePositionSequence = [plane]
        data.PerFrameFunctionalGroupsSequence.append(group)
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness"):
        delattr(data, keyword)
    data.PixelData = image.array[:frames].astype("<i2").tobytes()
    path.parent.mkdir(exist_ok=True)
    return save(data, path)


@pytest.mark.parametrize("way", WAYS, ids=["file", "folder", "source"])
@pytest.mark.parametrize("modality", ENHANCED)
def test_an_enhanced_image_of_many_frames(tmp_path: Path, image: Volume, modality: str, way: object) -> None:
    path = enhanced(tmp_path / "series" / "a.dcm", image, modality, image.geometry.size[2])
    refused(path, "is a multi-frame DICOM image; export it as single-frame slices", way)


@pytest.mark.parametrize("way", WAYS, ids=["file", "folder", "source"])
def test_an_enhanced_image_of_one_frame_is_made_as_one_of_many(tmp_path: Path, image: Volume, way: object) -> None:
    refused(enhanced(tmp_path / "series" / "a.dcm", image, "MR", 1), "is a multi-frame DICOM image", way)


@pytest.mark.parametrize("way", WAYS, ids=["file", "folder", "source"])
def test_a_mosaic(tmp_path: Path, image: Volume, way: object) -> None:
    folder = write_series(tmp_path / "series", image, ImageType=["ORIGINAL", "PRIMARY", "M", "MOSAIC"])
    refused(sorted(folder.iterdir())[0], "is a mosaic", way)


@pytest.mark.parametrize("keyword", ["TriggerTime", "NominalPercentageOfCardiacPhase"])
@pytest.mark.parametrize("way", WAYS[1:], ids=["folder", "source"])
def test_a_gated_acquisition(tmp_path: Path, image: Volume, keyword: str, way: object) -> None:
    folder = tmp_path / "series"
    folder.mkdir()
    for beat in (0, 25, 50):
        for k in range(4):
            data = slice_header(image, k, **{keyword: beat})
            data.SOPInstanceUID += f".{beat}"
            data.PixelData = image.array[k].astype("<i2").tobytes()
            save(data, folder / f"{beat}-{k}.dcm")
    refused(folder / "0-0.dcm", "gated acquisition", way, folder)


def refused(path: Path, sentence: str, way: object, named: Path | None = None) -> None:
    assert callable(way)
    with pytest.raises(InputError, match=sentence) as caught:
        way(path)
    text = str(caught.value)
    assert (named or path).name in text
    assert not [secret for secret in SECRETS if secret in text]
