"""Copies that no longer say who the patient is, and still are the same images and drawings."""

from __future__ import annotations

import csv
import io
import json
import re
import urllib.request
from pathlib import Path

import numpy as np
import pydicom
import pytest
from archive import Archive
from pydicom.datadict import dictionary_VR, tag_for_keyword
from synthetic import OBLIQUE, ROOT, STUDY, TELLING, slice_header, structure_set, write_series

from RadFusionLib.case import Volume
from RadFusionLib.cli import main
from RadFusionLib.cohort import read_manifest
from RadFusionLib.dicom import deidentify, read_source
from RadFusionLib.dicom.basic_profile import PROFILE, action_of
from RadFusionLib.dicom.deidentification import deidentify_dataset, hashed_uid
from RadFusionLib.errors import InputError
from RadFusionLib.imaging import read_image, read_mask

SECRETS = [value for value in TELLING.values() if len(value) > 4]
PLANE = np.array([[5.0, 5, 4], [14, 5, 4], [14, 13, 4], [5, 13, 4]])


def everything(folder: Path) -> str:
    """Names and bytes of all files of a folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return "\n".join([*map(str, files), *(path.read_bytes().decode("latin-1") for path in files)])


@pytest.fixture
def study(tmp_path: Path, image: Volume) -> Path:
    """A scan and a structure set, with private elements and secrets within sequences."""
    folder = tmp_path / "Quasimodo"
    write_series(folder / "MR Telltale", image)
    for path in (folder / "MR Telltale").iterdir():
        data = pydicom.dcmread(path)
        block = data.private_block(0x0029, "TELLTALE CORP", create=True)
        block.add_new(1, "LO", "Quasimodo^Telltale")
        data.add_new(0x60000022, "LO", "Overlay of Telltale")
        request = pydicom.Dataset()
        request.AccessionNumber, request.RequestedProcedureID = "ACC-445566", "REQ-Telltale"
        data.RequestAttributesSequence = [request]
        kept = pydicom.Dataset()
        kept.CodeValue, kept.CodingSchemeDesignator, kept.CodeMeaning = "T-62000", "SRT", "Liver"
        kept.private_block(0x0029, "TELLTALE CORP", create=True).add_new(1, "LO", "Telltale again")
        kept.PersonName = "Telltale^Again"
        data.AnatomicRegionSequence = [kept]
        other = pydicom.Dataset()
        other.ReferencedSOPClassUID, other.ReferencedSOPInstanceUID = data.SOPClassUID, f"{ROOT}.1.1"
        data.ReferencedImageSequence = [other]
        data.preamble = b"Quasimodo Telltale".ljust(128, b"\0")
        data.save_as(path, enforce_file_format=True)
    structure_set(folder / "rt.dcm", {"Tumor": [OBLIQUE.index_to_physical(PLANE)], "Telltale": []})
    return folder


def test_no_secret_is_left_anywhere(study: Path, tmp_path: Path) -> None:
    found = deidentify(study, tmp_path / "out", case="case-1")
    assert len(found.files) == 13
    text = everything(tmp_path / "out")
    assert not [secret for secret in SECRETS if secret in text]
    assert "elltale" not in text.lower()
    assert ROOT not in text
    for path in found.files.values():
        data = pydicom.dcmread(path)
        assert not [element for element in data.iterall() if element.tag.is_private]
        assert not [element for element in data if element.tag.group & 0xFF00 == 0x6000]
        dates = {str(e.value) for e in data.iterall() if e.VR in ("DA", "DT")}
        assert dates <= {"", "None", "19000101", "19000101000000"}
        assert data.PatientIdentityRemoved == "YES"
        assert (data.PatientName, data.PatientID) == ("case-1", "case-1")
        assert data.DeidentificationMethodCodeSequence[0].CodeValue == "113100"


def test_what_geometry_and_voxels_need_is_left(study: Path, tmp_path: Path, image: Volume) -> None:
    found = deidentify(study, tmp_path / "out")
    folder = next(copy.parent for original, copy in found.files.items() if original.name != "rt.dcm")
    copied = read_image(folder, canonical=False)
    assert copied.geometry.same_grid(OBLIQUE, 1e-6)
    assert np.array_equal(copied.array, image.array)
    header = read_source(folder).headers[0]
    assert header.AnatomicRegionSequence[0].CodeMeaning == "Liver"
    drawn = found.files[study / "rt.dcm"]
    before = read_mask(f"{study / 'rt.dcm'}#tumor", series=[study / "MR Telltale"])
    after = read_mask(f"{drawn}#tumor")
    assert before.array.any()
    assert np.array_equal(before.array, after.array)
    assert [str(item.ROIName) for item in pydicom.dcmread(drawn).StructureSetROISequence] == ["Tumor", "ROI 2"]


def test_uids_change_and_agree(study: Path, tmp_path: Path) -> None:
    found = deidentify(study, tmp_path / "out")
    again = deidentify(study, tmp_path / "again")
    other = deidentify(study, tmp_path / "keyed", key=b"a secret")
    drawn = pydicom.dcmread(found.files[study / "rt.dcm"])
    frame = drawn.ReferencedFrameOfReferenceSequence[0]
    series = frame.RTReferencedStudySequence[0].RTReferencedSeriesSequence[0].SeriesInstanceUID
    for original, path in found.files.items():
        data = pydicom.dcmread(path)
        assert data.file_meta.MediaStorageSOPInstanceUID == data.SOPInstanceUID
        assert data.StudyInstanceUID == hashed_uid(STUDY)
        assert data.SOPInstanceUID == pydicom.dcmread(again.files[original]).SOPInstanceUID
        assert data.SOPInstanceUID != pydicom.dcmread(other.files[original]).SOPInstanceUID
        assert re.fullmatch(r"2\.25\.[1-9]\d{30,38}", data.SOPInstanceUID)
        if data.Modality == "MR":
            assert data.SeriesInstanceUID == series
            assert data.FrameOfReferenceUID == frame.FrameOfReferenceUID
            assert data.SOPClassUID == "1.2.840.10008.5.1.4.1.1.4"
            assert data.ReferencedImageSequence[0].ReferencedSOPInstanceUID == hashed_uid(f"{ROOT}.1.1")


def test_what_may_hold_names_in_its_voxels_or_body_is_not_copied(tmp_path: Path, image: Volume) -> None:
    write_series(tmp_path / "in" / "a", image)
    write_series(tmp_path / "in" / "b", image, number=2, SOPClassUID="1.2.840.10008.5.1.4.1.1.7")
    write_series(tmp_path / "in" / "c", image, number=3, Modality="SR")
    found = deidentify(tmp_path / "in", tmp_path / "out")
    assert len(found.files) == 12
    assert found.left_out == {"neither a scan nor a drawing": 24}
    write_series(tmp_path / "in" / "d", image, number=4, BurnedInAnnotation="YES")
    with pytest.raises(InputError, match="text is burnt into its voxels"):
        deidentify(tmp_path / "in", tmp_path / "out2")
    assert not (tmp_path / "out2").exists()


@pytest.mark.parametrize("left", [600, 2200])
def test_a_damaged_file_stops_it_and_leaves_nothing(series: Path, tmp_path: Path, left: int) -> None:
    victim = sorted(series.iterdir())[4]
    victim.write_bytes(victim.read_bytes()[:left])
    with pytest.raises(InputError, match=victim.name) as caught:
        deidentify(series, tmp_path / "out")
    assert "elltale" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["series"]
    with pytest.raises(InputError, match="is there already"):
        deidentify(series, series)


def telling_dataset() -> tuple[pydicom.Dataset, set[str]]:
    """A data set with a secret in every listed element that takes text, and the keywords."""
    data, filled = slice_header(Volume(np.zeros((1, 4, 4), np.int16), OBLIQUE_SMALL), 0), set()
    values = {"DA": "20240506", "TM": "070809", "DT": "20240506070809", "AS": "083Y", "UI": f"{ROOT}.55.66"}
    for keywords in PROFILE.values():
        for keyword in keywords.split():
            kind = dictionary_VR(keyword)
            if (tag_for_keyword(keyword) or 0) >> 16 <= 2:
                continue  # of messages and of the file's own group, which no data set has
            if kind in values or kind in ("LO", "SH", "LT", "ST", "UT", "UC", "PN", "CS", "AE"):
                setattr(data, keyword, values.get(kind, "TELLTALE"))
                filled.add(keyword)
    return data, filled


OBLIQUE_SMALL = type(OBLIQUE)((4, 4, 1), OBLIQUE.spacing, OBLIQUE.origin, OBLIQUE.direction)


def test_every_listed_element_loses_its_value() -> None:
    data, filled = telling_dataset()
    assert len(filled) > 450
    before = {keyword: str(data[keyword].value) for keyword in filled}
    deidentify_dataset(data)
    for keyword in sorted(filled):
        after = str(data[keyword].value) if keyword in data else ""
        assert after != before[keyword], keyword
        if action_of(keyword) == "X":
            assert keyword not in data


def test_elements_that_no_profile_lists_are_kept_only_when_they_are_about_the_machine() -> None:
    data, _ = telling_dataset()
    data.Manufacturer, data.ConvolutionKernel = "Maker", "B30f"
    data.ScheduledProtocolCodeSequence = []
    data.add_new(0x00091234, "LO", "private")
    data.add_new(0x00081235, "LO", "in no dictionary")
    data.InstanceOriginStatus = "LOCAL"
    data.ContentDescription = "Scan of Quasimodo"
    deidentify_dataset(data)
    assert (data.Manufacturer, data.ConvolutionKernel) == ("Maker", "B30f")
    assert "ContentDescription" not in data
    assert 0x00091234 not in data
    assert 0x00081235 not in data


def test_the_command_lists_copies_and_keeps_the_names_apart(
    tmp_path: Path, image: Volume, capsys: pytest.CaptureFixture[str]
) -> None:
    for patient in ("Quasimodo", "Esmeralda"):
        write_series(tmp_path / "cohort" / patient / "s1", image, SeriesDescription="T1 arterial of Telltale")
        structure_set(tmp_path / "cohort" / patient / "rt.dcm", {"tumor": [OBLIQUE.index_to_physical(PLANE)]})
        (tmp_path / "cohort" / patient / "liver-seg.nrrd").write_bytes(b"not DICOM")
    command = ["manifest", str(tmp_path / "cohort"), "--out", str(tmp_path / "m.csv"), "--json"]
    assert main([*command, "--deidentify", str(tmp_path / "copies")]) == 0
    said = capsys.readouterr().out
    assert not [word for word in ("Quasimodo", "Esmeralda", "elltale") if word in said]
    assert json.loads(said.splitlines()[-1])["guesses"][0]["confidence"] == "medium"
    assert "no DICOM, which were not copied" in said
    manifest = read_manifest(tmp_path / "m.csv")
    assert sorted(row.id for row in manifest) == ["case-0001", "case-0002"]
    for row in manifest:
        assert read_image(row.images["AP"]).array.shape == image.canonical().array.shape
        (mask,) = row.masks.values()
        assert read_mask(mask).array.any()
    names = (tmp_path / "copies-folders.csv").read_text()
    assert {row["folder"] for row in csv.DictReader(io.StringIO(names))} == {"Quasimodo", "Esmeralda"}
    assert (tmp_path / "copies-folders.csv").stat().st_mode & 0o077 == 0
    assert "elltale" not in everything(tmp_path / "copies")


def test_whatever_an_archive_would_take_out_is_out(orthanc: Archive) -> None:
    """Orthanc has the profile of 2008 and 2017c in its program: of what it removes or replaces we keep nothing."""
    data, filled = telling_dataset()
    data.file_meta = pydicom.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    stream = io.BytesIO()
    data.save_as(stream, enforce_file_format=True)
    sent = urllib.request.Request(f"{orthanc.address}/instances", stream.getvalue(), method="POST")
    stored = json.loads(urllib.request.urlopen(sent).read())["ID"]
    asked = urllib.request.Request(f"{orthanc.address}/instances/{stored}/anonymize", b'{"DicomVersion": "2017c"}')
    theirs = pydicom.dcmread(io.BytesIO(urllib.request.urlopen(asked).read()))
    before = {keyword: str(data[keyword].value) for keyword in filled}
    taken = {k for k in filled if k not in theirs or str(theirs[k].value) != before[k]}
    deidentify_dataset(data)
    kept = {k for k in filled if k in data and str(data[k].value) == before[k]}
    assert len(taken) > 200
    assert not taken & kept
