"""Results as DICOM, read back by pydicom, highdicom, dcmqi and SimpleITK, and checked by dciodvfy."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from scipy.ndimage import binary_dilation
from synthetic import OBLIQUE, TELLING, volume, write_series

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.dicom import deidentify, read_source
from RadFusionLib.dicom.result import Algorithm, MapResult, RegionResult, Result, RiskResult
from RadFusionLib.dicom.results import write_results
from RadFusionLib.errors import InputError
from RadFusionLib.imaging import read_mask

SHA = "0123456789abcdef" * 4
OUTSIDE = -1000.0
CORONAL = Geometry((24, 20, 9), (1.5, 2.0, 4.0), (-10.0, 20.0, 30.0), ((1.0, 0, 0), (0, 0, 1.0), (0, -1.0, 0)))


def result_on(tumor: Volume, demonstration: bool = True, kind: str = "contribution") -> Result:
    """A made-up result in canonical order, as a prediction has it."""
    shell = binary_dilation(tumor.array, iterations=3) & ~tumor.array
    values = np.where(tumor.array | shell, np.linspace(-3, 5, shell.size).reshape(shell.shape), OUTSIDE)
    heatmap = tumor.with_array(values.astype(np.float32)).canonical()
    regions = {
        "tumor": RegionResult(tumor.canonical(), 1234.5, 17.25),
        "shell": RegionResult(tumor.with_array(shell).canonical(), 2345.5, 31.5),
    }
    return Result(
        case="case-7",
        risk=RiskResult("microvascular invasion", 0.42, 0.2, 0.7, 0.9, 0.36, "high", ("Something lies outside.",)),
        regions=regions,
        heatmap=MapResult(heatmap, kind, OUTSIDE, 5.0),
        algorithm=Algorithm("1.2.3", "hcc-mvi-1-small", SHA),
        notice="Research use only.",
        demonstration=demonstration,
    )


@pytest.fixture(scope="module")
def ball_on(ball: Volume) -> dict[str, Volume]:
    k, j, i = np.indices(CORONAL.shape)
    return {"oblique": ball, "coronal": Volume((i - 9) ** 2 + (j - 12) ** 2 + (2 * (k - 4)) ** 2 < 18, CORONAL)}


@pytest.fixture(scope="module", params=["oblique", "coronal"])
def written(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, ball_on: dict[str, Volume]
) -> tuple[Path, Path, Volume, Result]:
    """Folder of the series, folder of the results, the tumour as drawn, and the result."""
    tumor = ball_on[request.param]
    place = tmp_path_factory.mktemp(request.param)
    series = write_series(place / "series", volume(tumor.geometry))
    result = result_on(tumor)
    write_results(result, read_source(series), place / "out")
    return series, place / "out", tumor, result


def on_series(image: sitk.Image, geometry: Geometry) -> np.ndarray:
    """An image's voxels on a grid, by place in space."""
    reference = Volume(np.zeros(geometry.shape, np.uint8), geometry).to_sitk()
    return sitk.GetArrayFromImage(sitk.Resample(image, reference, sitk.Transform(), sitk.sitkNearestNeighbor, OUTSIDE))


def tool(name: str) -> Path:
    package = importlib.util.find_spec("dcmqi")
    if package is None or not package.submodule_search_locations:
        pytest.skip("dcmqi is not installed; pip install dcmqi")
    return Path(package.submodule_search_locations[0]) / "bin" / name


def test_what_is_said_of_every_object(written: tuple[Path, Path, Volume, Result]) -> None:
    series, out, _, _ = written
    source = pydicom.dcmread(next(series.iterdir()))
    for path in out.iterdir():
        data = pydicom.dcmread(path)
        assert data.SeriesDescription.startswith("RESEARCH DEMONSTRATION ")
        assert data.StudyInstanceUID == source.StudyInstanceUID
        assert data.PatientID == source.PatientID
        assert data.SeriesInstanceUID != source.SeriesInstanceUID
    kinds = {pydicom.dcmread(path).SOPClassUID.name for path in out.iterdir()}
    assert kinds == {"Segmentation Storage", "Parametric Map Storage", "Comprehensive 3D SR Storage"}


def test_every_frame_refers_to_the_slice_at_its_place(written: tuple[Path, Path, Volume, Result]) -> None:
    series, out, _, _ = written
    places = {}
    for path in series.iterdir():
        header = pydicom.dcmread(path, stop_before_pixels=True)
        places[header.SOPInstanceUID] = [float(v) for v in header.ImagePositionPatient]
    for name in ("regions.dcm", "heatmap.dcm"):
        data = pydicom.dcmread(out / name)
        seen = set()
        for group in data.PerFrameFunctionalGroupsSequence:
            (source,) = group.DerivationImageSequence[0].SourceImageSequence
            place = [float(v) for v in group.PlanePositionSequence[0].ImagePositionPatient]
            assert place == pytest.approx(places[source.ReferencedSOPInstanceUID], abs=1e-4)
            seen.add(source.ReferencedSOPInstanceUID)
        assert seen == set(places)


def test_regions_by_our_reader_and_highdicoms(written: tuple[Path, Path, Volume, Result]) -> None:
    _, out, tumor, _ = written
    ours = read_mask(f"{out / 'regions.dcm'}#tumor")
    assert ours.geometry.same_grid(tumor.canonical().geometry)
    assert np.array_equal(ours.array, tumor.canonical().array)
    theirs = highdicom.seg.segread(out / "regions.dcm")
    assert theirs.get_volume(segment_numbers=[1], combine_segments=False).array.sum() == tumor.array.sum()
    described = theirs.get_segment_description(2)
    assert described.algorithm_identification.parameters["bundle SHA-256"] == SHA
    assert theirs.get_segment_description(1).algorithm_type.value == "MANUAL"


def test_regions_by_simpleitk_have_the_same_voxels(written: tuple[Path, Path, Volume, Result]) -> None:
    _, out, tumor, _ = written
    # It takes the frames and no geometry from a segmentation: one segment's frames after the other's.
    stacked = sitk.GetArrayFromImage(sitk.ReadImage(str(out / "regions.dcm"))) > 0
    first = stacked[: tumor.array.shape[0]]
    assert stacked.shape == (2 * tumor.array.shape[0], *tumor.array.shape[1:])
    assert np.array_equal(first, tumor.array) or np.array_equal(first[::-1], tumor.array)


def test_regions_by_dcmqi(written: tuple[Path, Path, Volume, Result], tmp_path: Path) -> None:
    _, out, tumor, _ = written
    command = [tool("segimage2itkimage"), "--inputDICOM", out / "regions.dcm", "--outputDirectory", tmp_path]
    subprocess.run([*command, "-t", "nrrd", "-p", "seg"], check=True, capture_output=True)
    image = sitk.ReadImage(str(tmp_path / "seg-1.nrrd"))
    assert np.array_equal(on_series(image, tumor.geometry) > 0, tumor.array)
    corner = Volume.from_sitk(image).canonical().geometry
    assert corner.same_grid(tumor.canonical().geometry)


def test_the_heatmap_by_highdicom_and_dcmqi(written: tuple[Path, Path, Volume, Result], tmp_path: Path) -> None:
    _, out, _, result = written
    assert result.heatmap is not None
    data = highdicom.pm.ParametricMap.from_dataset(pydicom.dcmread(out / "heatmap.dcm"))
    assert data.ContentQualification == "RESEARCH"
    assert data.FloatPixelPaddingValue == OUTSIDE
    mapping = data.SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence[0]
    assert mapping.MeasurementUnitsCodeSequence[0].CodeValue == "{risk_points}"
    affine = data.get_volume().affine
    heatmap = result.heatmap.volume
    inside = np.argwhere(heatmap.array != OUTSIDE)[::7]
    values = data.get_volume().array
    for k, j, i in inside:
        place = heatmap.geometry.index_to_physical(np.array([[i, j, k]]))[0]
        index = np.rint(np.linalg.solve(affine, [*place, 1.0])[:3]).astype(int)
        assert values[tuple(index)] == heatmap.array[k, j, i]
    command = [tool("paramap2itkimage"), "--inputDICOM", out / "heatmap.dcm", "--outputDirectory", tmp_path]
    subprocess.run([*command, "-t", "nrrd", "-n", "map"], check=True, capture_output=True)
    (path,) = tmp_path.glob("map*.nrrd")
    read = Volume.from_sitk(sitk.ReadImage(str(path))).canonical()
    assert read.geometry.same_grid(heatmap.geometry)
    assert np.array_equal(read.array.astype(np.float32), heatmap.array)


def test_the_report_by_dcmqi(written: tuple[Path, Path, Volume, Result], tmp_path: Path) -> None:
    series, out, _, _ = written
    command = [tool("tid1500reader"), "--inputDICOM", out / "report.dcm", "--outputMetadata", tmp_path / "sr.json"]
    subprocess.run(command, check=True, capture_output=True)
    read = json.loads((tmp_path / "sr.json").read_text())
    assert read["VerificationFlag"] == "UNVERIFIED"
    tumor, shell = read["Measurements"]
    values = {
        m["quantity"]["CodeValue"]: (float(m["value"]), m["units"]["CodeValue"]) for m in tumor["measurementItems"]
    }
    assert values == {
        "YEKZ": (1234.5, "mm3"),
        "L0JK": (17.25, "mm"),
        "risk": (0.42, "1"),
        "risk-low": (0.2, "1"),
        "risk-high": (0.7, "1"),
        "threshold": (0.36, "1"),
    }
    assert [m["value"] for m in shell["measurementItems"]] == ["2345.5", "31.5"]
    group = {e["conceptCode"]["CodeMeaning"]: e["conceptValue"]["CodeMeaning"] for e in tumor["qualitativeEvaluations"]}
    assert group["Lesion Risk"] == "High risk"
    said = tumor["measurementAlgorithmIdentification"]
    assert said["AlgorithmName"] == "RadFusion"
    assert said["AlgorithmVersion"] == "1.2.3"
    assert SHA in said["AlgorithmParameters"][0]
    assert tumor["segmentationSOPInstanceUID"] == pydicom.dcmread(out / "regions.dcm").SOPInstanceUID
    slices = {pydicom.dcmread(path).SOPInstanceUID for path in series.iterdir()}
    assert slices < set(read["imageLibrary"])


def test_the_report_carries_its_notice(written: tuple[Path, Path, Volume, Result]) -> None:
    _, out, _, _ = written
    report = highdicom.sr.srread(out / "report.dcm")
    assert report.VerificationFlag == "UNVERIFIED"
    texts = [str(element.value) for element in report.iterall() if element.keyword == "TextValue"]
    assert "notice: Research use only." in texts
    assert "warning: Something lies outside." in texts


def test_dciodvfy_finds_no_error(written: tuple[Path, Path, Volume, Result]) -> None:
    _, out, _, _ = written
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy is not installed; on Debian: apt-get install dicom3tools")
    checked(out)


def test_dciodvfy_does_find_errors(written: tuple[Path, Path, Volume, Result], tmp_path: Path) -> None:
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy is not installed; on Debian: apt-get install dicom3tools")
    data = pydicom.dcmread(written[1] / "regions.dcm")
    del data.SegmentationType
    data.save_as(tmp_path / "broken.dcm")
    said = subprocess.run(["dciodvfy", "-new", tmp_path / "broken.dcm"], capture_output=True, text=True)
    assert "Error" in said.stdout + said.stderr


@pytest.mark.parametrize(("kind", "unit"), [("patch_probability", "1"), ("cam", "1")])
def test_maps_of_other_kinds_and_trained_bundles(
    series: Path, tmp_path: Path, ball: Volume, kind: str, unit: str
) -> None:
    write_results(result_on(ball, demonstration=False, kind=kind), read_source(series), tmp_path / "out")
    data = pydicom.dcmread(tmp_path / "out" / "heatmap.dcm")
    assert data.SeriesDescription == "RESEARCH heatmap"
    mapping = data.SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence[0]
    assert mapping.MeasurementUnitsCodeSequence[0].CodeValue == unit


def test_results_of_a_copy_without_identity_have_none(series: Path, tmp_path: Path, ball: Volume) -> None:
    copied = deidentify(series, tmp_path / "copy", case="case-7")
    folder = next(iter(copied.files.values())).parent
    write_results(result_on(ball), read_source(folder), tmp_path / "out")
    for path in (tmp_path / "out").iterdir():
        content = path.read_bytes()
        assert not [v for v in TELLING.values() if len(v) > 4 and v.encode() in content]
    checked(tmp_path / "out")


def test_a_result_on_another_grid_is_refused(series: Path, tmp_path: Path) -> None:
    other = Geometry(OBLIQUE.size, (1.4, 1.5, 3.0), OBLIQUE.origin, OBLIQUE.direction)
    with pytest.raises(InputError, match="does not lie on the DICOM series' own grid"):
        write_results(result_on(Volume(np.ones(OBLIQUE.shape, bool), other)), read_source(series), tmp_path / "out")


def test_a_source_without_a_frame_of_reference(tmp_path: Path, image: Volume, ball: Volume) -> None:
    series = write_series(tmp_path / "series", image, FrameOfReferenceUID=None)
    with pytest.raises(InputError, match="series names no frame of reference") as caught:
        write_results(result_on(ball), read_source(series), tmp_path / "out")
    assert "elltale" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def checked(folder: Path) -> None:
    """No error by dciodvfy, where it is installed."""
    for path in sorted(folder.iterdir()):
        if shutil.which("dciodvfy") is not None:
            said = subprocess.run(["dciodvfy", "-new", path], capture_output=True, text=True)
            assert "Error" not in said.stdout + said.stderr, f"{path.name}: {said.stderr}"


@pytest.mark.parametrize(
    ("characters", "name"),
    [("", "Plain^Name"), (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎"), ("ISO_IR 100", "Jörg^Ä")],
)
def test_names_in_any_alphabet_and_headers_with_little_in_them(
    tmp_path: Path, image: Volume, ball: Volume, characters: str, name: str
) -> None:
    bare = dict.fromkeys(("PatientID", "StudyDate", "StudyTime", "StudyID", "AccessionNumber", "PatientSex"))
    series = write_series(tmp_path / "series", image, SpecificCharacterSet=characters, PatientName=name, **bare)
    write_results(result_on(ball), read_source(series), tmp_path / "out")
    for path in (tmp_path / "out").iterdir():
        assert str(pydicom.dcmread(path).PatientName) == name
    checked(tmp_path / "out")


def test_results_on_a_real_scan(reference_data: Path, tmp_path: Path) -> None:
    folder = reference_data / "dicom_seg" / "dcmqi"
    liver = read_mask(folder / "liver.dcm", "liver", canonical=False)
    write_results(result_on(liver), read_source(folder / "ct-3slice"), tmp_path / "out")
    assert read_mask(f"{tmp_path / 'out' / 'regions.dcm'}#tumor").array.sum() == 107_098
    checked(tmp_path / "out")
