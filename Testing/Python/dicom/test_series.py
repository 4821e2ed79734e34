"""DICOM series from strangers: read where they are whole, refused with a word where not, telling nothing."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from synthetic import OBLIQUE, TELLING, save, slice_header, write_series

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.dicom import deidentify, read_source, read_tags
from RadFusionLib.errors import InputError, RadFusionError
from RadFusionLib.imaging import read_image

SECRETS = [value for value in TELLING.values() if len(value) > 4]


def refused(path: Path, sentence: str, read: Any = read_image) -> None:
    """In one sentence that names the path and nothing of the header, with no cause that a log would print."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InputError, match=sentence) as caught:
            read(path)
    text = str(caught.value)
    assert path.name in text
    assert text.endswith(".")
    assert not [secret for secret in SECRETS if secret in text]
    assert not [secret for secret in SECRETS if secret in str(caught.value.__cause__)]


def test_a_series_is_read_and_its_headers_give_the_same_grid(series: Path, image: Volume) -> None:
    read = read_image(series, canonical=False)
    assert read.geometry.same_grid(OBLIQUE, 1e-6)
    assert np.array_equal(read.array, image.array)
    source = read_source(series)
    assert source.geometry.same_grid(OBLIQUE, 1e-6)
    assert [int(header.InstanceNumber) for header in source.headers] == list(range(1, 13))


def test_a_stack_against_its_normal_is_the_same_in_space(tmp_path: Path) -> None:
    turned = Geometry((6, 5, 4), (1.0, 2.0, 3.0), (1.0, 2.0, 3.0), ((1.0, 0, 0), (0, 1.0, 0), (0, 0, -1.0)))
    values = Volume(np.arange(120, dtype=np.int16).reshape(4, 5, 6), turned)
    source = read_source(write_series(tmp_path / "down", values))
    assert [int(header.InstanceNumber) for header in source.headers] == [4, 3, 2, 1]
    assert read_image(tmp_path / "down", canonical=False).geometry.same_grid(source.geometry)


@pytest.mark.parametrize(
    ("tags", "sentence"),
    [
        ({"ImageType": ["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"]}, "is a mosaic"),
        ({"NumberOfFrames": "12"}, "is a multi-frame DICOM image"),
        ({"ImagePositionPatient": None}, "without a position"),
        ({"ImageOrientationPatient": None}, "without a position"),
        ({"ImagePositionPatient": [1.0, 2.0, 3.0]}, "several slices at one place"),
        ({"Rows": 4000}, "damaged or incomplete"),
        ({"Columns": 60000, "Rows": 60000}, "damaged or incomplete"),
    ],
)
def test_what_makes_no_stack(tmp_path: Path, image: Volume, tags: dict[str, Any], sentence: str) -> None:
    folder = write_series(tmp_path / "series", image, **tags)
    refused(folder if "has" in sentence or "position" in sentence or "place" in sentence else _first(folder), sentence)


def _first(folder: Path) -> Path:
    for path in sorted(folder.iterdir())[1:]:
        path.unlink()
    return next(folder.iterdir())


@pytest.mark.parametrize(
    ("keyword", "word"),
    [
        ("TriggerTime", "a gated acquisition"),
        ("EchoTime", "several echoes"),
        ("DiffusionBValue", "several b-values"),
        ("TemporalPositionIdentifier", "several times of one acquisition"),
    ],
)
def test_several_slices_at_one_place_are_told_apart(tmp_path: Path, image: Volume, keyword: str, word: str) -> None:
    folder = tmp_path / "series"
    folder.mkdir()
    for value in (1, 2, 3):
        for k in range(4):
            data = slice_header(image, k, **{keyword: value})
            data.SOPInstanceUID += f".{value}"
            data.PixelData = image.array[k].astype("<i2").tobytes()
            save(data, folder / f"{value}-{k}.dcm")
    refused(folder, word)
    refused(folder, word, read_source)


@pytest.mark.parametrize("left", [0, 60, 200, 700, 1500, 2300])
@pytest.mark.parametrize("which", [0, 5, 11])
def test_a_truncated_slice_is_never_left_out_in_silence(series: Path, left: int, which: int) -> None:
    victim = sorted(series.iterdir())[which]
    victim.write_bytes(victim.read_bytes()[:left])
    refused(victim, "damaged|not a DICOM file|without a position", lambda path: read_image(path.parent))


def test_an_element_that_claims_more_than_the_file_holds(series: Path) -> None:
    victim = sorted(series.iterdir())[3]
    data = bytearray(victim.read_bytes())
    at = data.index(b"Maker") - 2
    data[at : at + 2] = b"\xfe\xff"
    victim.write_bytes(bytes(data))
    refused(victim, "damaged|incomplete", lambda path: read_image(path.parent))


def test_odd_values_reach_neither_log_nor_screen(
    tmp_path: Path, image: Volume, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder = write_series(tmp_path / "series", image, AcquisitionTime="Telltale", PatientAge="Telltale" * 3)
    caplog.clear()
    capfd.readouterr()
    with warnings.catch_warnings(record=True) as warned, caplog.at_level("DEBUG"):
        warnings.simplefilter("always")
        read_image(folder)
        read_source(folder)
        read_tags(folder)
        deidentify(folder, tmp_path / "out")
    assert not [warning for warning in warned if "elltale" in str(warning.message)]
    assert "elltale" not in caplog.text
    shown = capfd.readouterr()
    assert "elltale" not in shown.out + shown.err


def test_slices_without_uids_cannot_be_referred_to(tmp_path: Path, image: Volume) -> None:
    refused(write_series(tmp_path / "series", image, StudyInstanceUID=""), "without UIDs", read_source)


def test_real_slices_without_uids(reference_data: Path) -> None:
    folder = reference_data / "liver_images" / "totalsegmentator" / "example_ct_dicom"
    assert read_image(folder).geometry.spacing == pytest.approx((0.9765625, 0.9765625, 2.0))
    refused(folder, "without UIDs", read_source)


def test_a_deflated_file_is_not_inflated(tmp_path: Path, image: Volume) -> None:
    data = slice_header(image, 0)
    data.PixelData = image.array[0].tobytes()
    data.file_meta = pydicom.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = pydicom.uid.DeflatedExplicitVRLittleEndian
    data.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    refused(tmp_path / "a.dcm", "deflated as a whole")


def test_altered_bytes_never_crash_a_reader(tmp_path: Path, image: Volume) -> None:
    whole = image.geometry
    small = Volume(image.array[:3], Geometry((*whole.size[:2], 3), whole.spacing, whole.origin, whole.direction))
    series = write_series(tmp_path / "series", small)
    victim = sorted(series.iterdir())[1]
    original = victim.read_bytes()
    header = original.index(image.array[0, :4, 0].tobytes()[:2], 1000)
    random = np.random.default_rng(20)
    said: list[str] = []
    for _ in range(60):
        data = bytearray(original)
        for place in random.integers(132, min(header + 400, len(data)), random.integers(1, 6)):
            data[place] = random.integers(256)
        victim.write_bytes(bytes(data))
        for read in (read_image, read_source):
            try:
                read(series)
            except RadFusionError as error:
                said.append(str(error))
    assert len(said) > 20
    assert not [sentence for sentence in said if "elltale" in sentence]
