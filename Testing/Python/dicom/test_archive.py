"""A whole study through a DICOM archive by C-STORE and back by C-GET: scans, drawing and results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from archive import TITLE, Archive
from pynetdicom import AE, build_role, evt
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelGet
from synthetic import OBLIQUE, STUDY, structure_set
from test_results import result_on

from RadFusionLib.case import Volume
from RadFusionLib.dicom import read_source
from RadFusionLib.dicom.results import write_results
from RadFusionLib.imaging import read_image, read_mask

SQUARE = OBLIQUE.index_to_physical(np.array([[5.0, 5, 4], [14, 5, 4], [14, 13, 4], [5, 13, 4]]))
UID = pydicom.uid.ExplicitVRLittleEndian


@pytest.fixture
def study(tmp_path: Path, series: Path, ball: Volume) -> Path:
    """A folder with the series, a structure set, and the results on it."""
    structure_set(tmp_path / "rt.dcm", {"tumor": [SQUARE]})
    write_results(result_on(ball), read_source(series), tmp_path / "dicom")
    return tmp_path


def send(archive: Archive, files: list[Path]) -> None:
    """Store files by C-STORE."""
    entity = AE("TESTER")
    headers = [pydicom.dcmread(path) for path in files]
    for kind in {header.SOPClassUID for header in headers}:
        entity.add_requested_context(kind, UID)
    link = entity.associate("127.0.0.1", archive.port, ae_title=TITLE)
    assert link.is_established
    try:
        assert {link.send_c_store(header).Status for header in headers} == {0}
    finally:
        link.release()


def fetch(archive: Archive, kinds: set[str], folder: Path) -> list[Path]:
    """Fetch the study by C-GET into a folder for each series."""
    stored: list[Path] = []

    def keep(event: Any) -> int:
        data = event.dataset
        data.file_meta = event.file_meta
        place = folder / str(data.SeriesInstanceUID)
        place.mkdir(parents=True, exist_ok=True)
        stored.append(place / f"{data.SOPInstanceUID}.dcm")
        data.save_as(stored[-1], enforce_file_format=True)
        return 0

    entity = AE("TESTER")
    entity.add_requested_context(StudyRootQueryRetrieveInformationModelGet)
    for kind in kinds:
        entity.add_requested_context(kind, UID)
    roles = [build_role(kind, scp_role=True) for kind in kinds]
    link = entity.associate(
        "127.0.0.1", archive.port, ae_title=TITLE, ext_neg=roles, evt_handlers=[(evt.EVT_C_STORE, keep)]
    )
    assert link.is_established
    wanted = pydicom.Dataset()
    wanted.QueryRetrieveLevel, wanted.StudyInstanceUID = "STUDY", STUDY
    try:
        statuses = [status.Status for status, _ in link.send_c_get(wanted, StudyRootQueryRetrieveInformationModelGet)]
    finally:
        link.release()
    assert statuses[-1] == 0
    return stored


def test_a_study_comes_back_as_it_went(orthanc: Archive, study: Path, image: Volume, ball: Volume) -> None:
    files = sorted(study.rglob("*.dcm"))
    headers = {path: pydicom.dcmread(path) for path in files}
    assert len(files) == OBLIQUE.size[2] + 1 + 3
    send(orthanc, files)
    back = fetch(orthanc, {str(header.SOPClassUID) for header in headers.values()}, study / "back")
    by_uid = {pydicom.dcmread(path).SOPInstanceUID: path for path in back}
    assert set(by_uid) == {header.SOPInstanceUID for header in headers.values()}
    for header in headers.values():
        assert pydicom.dcmread(by_uid[header.SOPInstanceUID]) == header
    scans = next(path.parent for path in back if pydicom.dcmread(path).Modality == "MR")
    returned = read_image(scans, canonical=False)
    assert returned.geometry.same_grid(OBLIQUE)
    assert np.array_equal(returned.array, image.array)
    regions = by_uid[headers[study / "dicom" / "regions.dcm"].SOPInstanceUID]
    assert np.array_equal(read_mask(f"{regions}#tumor").array, ball.canonical().array)
    drawn = by_uid[headers[study / "rt.dcm"].SOPInstanceUID]
    assert np.array_equal(read_mask(drawn).array, read_mask(study / "rt.dcm").array)
