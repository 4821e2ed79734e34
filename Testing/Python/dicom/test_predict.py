"""`radfusion predict --write dicom`: objects that refer to the phase's own slices, or a sentence why not."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from synthetic import write_series

from RadFusionLib.bundle import Bundle
from RadFusionLib.case import Volume
from RadFusionLib.cli import main
from RadFusionLib.imaging import read_image, read_mask, write_volume
from RadFusionLib.resources import resource
from RadFusionLib.simulation import simulate_case

BUNDLE = resource("Bundles", "hcc-mvi-demonstration.radfusion")


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated case, its phases as DICOM series, its tumour as NRRD."""
    folder = tmp_path_factory.mktemp("case")
    bundle = Bundle.load(BUNDLE)
    case = simulate_case(90211, 3, bundle.recipe.phases).to_case()
    row = {"case": case.id, "simulated": "1"}
    for number, (role, volume) in enumerate(case.phases.items(), start=1):
        whole = Volume(np.rint(volume.array).astype(np.int16), volume.geometry)
        write_series(folder / role, whole, number)
        row[f"image:{role}"] = role
    for key, volume in case.masks.items():
        write_volume(volume.with_array(volume.array.astype(np.uint8)), folder / f"{key.region}.nrrd")
        row[f"mask:{key.region}"] = f"{key.region}.nrrd"
    row |= {f"clinical:{name}": str(value) for name, value in case.clinical.items()}
    with (folder / "manifest.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, row)
        writer.writeheader()
        writer.writerow(row)
    return folder / "manifest.csv"


def test_results_are_written_beside_the_others(manifest: Path, tmp_path: Path) -> None:
    command = ["predict", "--bundle", str(BUNDLE), "--manifest", str(manifest), "--out", str(tmp_path)]
    assert main([*command, "--write", "dicom,heatmap", "--quiet"]) == 0
    (risk,) = csv.DictReader((tmp_path / "risk.csv").open())
    folder = tmp_path / risk["case"] / "dicom"
    assert sorted(path.name for path in folder.iterdir()) == ["heatmap.dcm", "regions.dcm", "report.dcm"]
    reference = manifest.parent / Bundle.load(BUNDLE).recipe.reference_phase
    slices = {pydicom.dcmread(path).SOPInstanceUID for path in reference.iterdir()}
    for name in ("regions.dcm", "heatmap.dcm"):
        data = pydicom.dcmread(folder / name)
        assert {
            i.ReferencedSOPInstanceUID for i in data.ReferencedSeriesSequence[0].ReferencedInstanceSequence
        } == slices
        assert data.SeriesDescription.startswith("RESEARCH DEMONSTRATION")
    drawn = read_mask(f"{folder / 'regions.dcm'}#tumor")
    assert drawn.geometry.same_grid(read_image(reference).geometry)
    assert np.array_equal(drawn.array, read_mask(manifest.parent / "tumor.nrrd").array)
    values = np.frombuffer(pydicom.dcmread(folder / "heatmap.dcm").FloatPixelData, "<f4")
    stored = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / risk["case"] / "heatmap.nrrd")))
    assert np.array_equal(np.sort(values), np.sort(stored.ravel()))
    texts = {str(e.value) for e in pydicom.dcmread(folder / "report.dcm").iterall() if e.keyword == "TextValue"}
    assert any(hashlib.sha256(BUNDLE.read_bytes()).hexdigest() in text for text in texts)
    numbers = {float(e.value) for e in pydicom.dcmread(folder / "report.dcm").iterall() if e.keyword == "NumericValue"}
    assert any(abs(float(risk["risk"]) - number) < 1e-6 for number in numbers)


def test_a_case_that_is_no_dicom_gets_a_sentence(
    manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    phase = Bundle.load(BUNDLE).recipe.reference_phase
    write_volume(read_image(manifest.parent / phase), manifest.parent / "plain.nrrd")
    text = manifest.read_text().splitlines()
    columns, cells = text[0].split(","), text[1].split(",")
    cells[columns.index(f"image:{phase}")] = "plain.nrrd"
    plain = manifest.parent / "plain.csv"
    plain.write_text("\n".join([text[0], ",".join(cells)]) + "\n")
    command = ["predict", "--bundle", str(BUNDLE), "--manifest", str(plain), "--out", str(tmp_path)]
    assert main([*command, "--write", "dicom"]) == 0
    assert f"no DICOM results, since its {phase} phase is not a DICOM series" in capsys.readouterr().out
    assert not list(tmp_path.rglob("*.dcm"))
