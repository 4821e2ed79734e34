"""Nothing of a DICOM header but what the manifest repeats is written or said, by good cases and by bad ones."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pydicom
import pytest

from RadFusionLib.bundle import Bundle
from RadFusionLib.case import Volume
from RadFusionLib.cli import main
from RadFusionLib.imaging import read_mask, write_volume
from RadFusionLib.resources import resource
from RadFusionLib.simulation import simulate_case

sys.path.insert(0, str(Path(__file__).parents[1] / "dicom"))
from synthetic import ROOT, TELLING, write_series

BUNDLE = resource("Bundles", "hcc-mvi-demonstration.radfusion")
SECRETS = [value for value in TELLING.values() if len(value) > 5] + ["elltale", ROOT]
"""Of the header; the root stands for every UID."""


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated case whose phases and tumour are DICOM with a telling header, and three that cannot be used."""
    folder = tmp_path_factory.mktemp("cohort")
    case = simulate_case(90211, 3, Bundle.load(BUNDLE).recipe.phases).to_case()
    row = {"case": "good", "simulated": "1"}
    for number, (role, volume) in enumerate(case.phases.items(), start=1):
        whole = Volume(np.rint(volume.array).astype(np.int16), volume.geometry)
        write_series(folder / role, whole, number)
        row[f"image:{role}"] = role
    for key, volume in case.masks.items():
        write_volume(volume.with_array(volume.array.astype(np.uint8)), folder / f"{key.region}.nrrd")
        row[f"mask:{key.region}"] = f"{key.region}.nrrd"
    row |= {f"clinical:{name}": str(value) for name, value in case.clinical.items()}
    first = next(column for column in row if column.startswith("image:"))
    rows = [row]
    for name, spoil in (("cut", _cut), ("frames", _many_frames), ("turned", _no_position)):
        shutil.copytree(folder / row[first], folder / name)
        spoil(sorted((folder / name).iterdir())[2])
        rows.append({**row, "case": name, first: name})
    with (folder / "manifest.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, row)
        writer.writeheader()
        writer.writerows(rows)
    return folder / "manifest.csv"


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:1500])


def _many_frames(path: Path) -> None:
    data = pydicom.dcmread(path)
    data.NumberOfFrames = 7
    data.save_as(path)


def _no_position(path: Path) -> None:
    data = pydicom.dcmread(path)
    data.ImagePositionPatient = None
    data.PatientAge = "Telltale" * 3
    data.save_as(path)


def secrets_in(text: bytes) -> list[str]:
    return [secret for secret in SECRETS if secret.encode() in text]


def written(folder: Path) -> bytes:
    """Names and bytes of all files, and what zip archives among them hold."""
    parts = []
    for path in sorted(found for found in folder.rglob("*") if found.is_file()):
        parts += [str(path).encode(), path.read_bytes()]
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                parts += [archive.read(name) for name in archive.namelist()]
    return b"\n".join(parts)


def test_what_is_written_and_said_of_a_cohort_tells_nothing(manifest: Path, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "RadFusionLib", "predict", "--bundle", str(BUNDLE), "--manifest", str(manifest)]
    words += ["--out", str(tmp_path / "out"), "--write", "heatmap,explanation,report,overlay,scene,dicom", "--json"]
    words += ["--no-contours", "--deidentify"]
    environment = {**os.environ, "RADFUSION_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(words, capture_output=True, cwd=tmp_path, env=environment)
    assert done.returncode == 1, done.stderr.decode()
    failures = list(csv.DictReader((tmp_path / "out" / "failures.csv").open()))
    assert [row["case"] for row in failures] == ["cut", "frames", "turned"]
    assert secrets_in(done.stdout + done.stderr) == []
    assert secrets_in(written(tmp_path)) == []
    folder = tmp_path / "out" / "good" / "dicom"
    assert {"regions.dcm", "heatmap.dcm", "report.dcm", "source"} <= {path.name for path in folder.iterdir()}
    _check_stripped(folder, manifest)


def _check_stripped(folder: Path, manifest: Path) -> None:
    """The results belong to the copies, and the copies are the same images."""
    recipe = Bundle.load(BUNDLE).recipe
    copies = {pydicom.dcmread(path).SOPInstanceUID for path in (folder / "source").rglob("*.dcm")}
    for name in ("regions.dcm", "heatmap.dcm"):
        data = pydicom.dcmread(folder / name)
        assert (str(data.PatientName), data.PatientID) == ("good", "good")
        referred = {
            item.ReferencedSOPInstanceUID for item in data.ReferencedSeriesSequence[0].ReferencedInstanceSequence
        }
        assert referred
        assert referred < copies
    assert sorted(path.name for path in (folder / "source").iterdir()) == sorted(recipe.phases)
    for path in (folder / "source").rglob("*.dcm"):
        assert pydicom.dcmread(path, stop_before_pixels=True).PatientIdentityRemoved == "YES"
    tumor = read_mask(f"{folder / 'regions.dcm'}#tumor")
    assert np.array_equal(tumor.array, read_mask(manifest.parent / "tumor.nrrd").array)


def test_the_secrets_are_there_to_be_found(manifest: Path) -> None:
    assert len(secrets_in(written(manifest.parent))) == len(SECRETS)


@pytest.mark.parametrize("options", [["--deidentify"], ["--write", "dicom", "--deidentify-key", "k"]])
def test_stripping_without_dicom_results_is_refused(
    options: list[str], manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["predict", "--bundle", str(BUNDLE), "--manifest", str(manifest), "--out", str(tmp_path)]
    assert main([*command, *options]) == 2
    assert "--deidentify strips DICOM results" in capsys.readouterr().err
