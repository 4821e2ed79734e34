"""A manifest guessed from folders names what is plain, and lists what is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.cli import main
from RadFusionLib.cohort import read_manifest
from RadFusionLib.cohort.guessing import guess_manifest, guess_phase, guess_region
from RadFusionLib.errors import InputError
from RadFusionLib.imaging import write_volume

VOLUME = Volume(np.arange(60, dtype=np.int16).reshape(3, 4, 5), Geometry((5, 4, 3)))


@pytest.mark.parametrize(
    ("name", "modality", "phase"),
    [
        ("AP", "", "AP"),
        ("t1_vibe_fs_tra_arterial", "MR", "AP"),
        ("T1 VIBE portal venous", "MR", "PP"),
        ("t1_hbp_20min", "MR", "HBP"),
        ("t2_haste", "MR", "T2"),
        ("ep2d_diff_b800", "MR", "DWI"),
        ("ep2d_diff_ADC", "MR", "ADC"),
        ("t1_vibe_pre", "MR", "T1"),
        ("liver ct arterial", "", "CT-AP"),
        ("Abdomen portal venous", "CT", "CT-VP"),
        ("Abdomen plain", "CT", "CT-NP"),
        ("localizer", "MR", ""),
        ("apple", "", ""),
    ],
)
def test_phases_by_name(name: str, modality: str, phase: str) -> None:
    assert guess_phase(name, modality) == phase


@pytest.mark.parametrize(
    ("name", "region"),
    [
        ("tumor", "tumor"),
        ("AP_tumour_mask", "tumor"),
        ("liver", "liver"),
        ("liver-seg", "liver"),
        ("seg", "mask"),
        ("AP", ""),
    ],
)
def test_regions_by_name(name: str, region: str) -> None:
    assert guess_region(name) == region


def dicom(folder: Path, description: str) -> None:
    folder.mkdir(parents=True)
    writer = sitk.ImageFileWriter()
    writer.KeepOriginalImageUIDOn()
    for k in range(3):
        part = VOLUME.to_sitk()[:, :, k]
        tags = {
            "0008|0016": "1.2.840.10008.5.1.4.1.1.4", "0008|0018": f"1.2.3.{len(description)}.{k}", "0008|0060": "MR",
            "0008|103e": description, "0020|000d": "1.2", "0020|000e": f"1.2.3.{len(description)}",
            "0020|0032": f"0\\0\\{k}", "0020|0037": "1\\0\\0\\0\\1\\0", "0020|0013": str(k),
        }  # fmt: skip
        for tag, value in tags.items():
            part.SetMetaData(tag, value)
        writer.SetFileName(str(folder / f"{k}.dcm"))
        writer.Execute(part)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    scans = tmp_path / "scans"
    for patient in ("A 1", "B"):
        for name in ("AP.nrrd", "hbp.nii.gz", "tumor.nrrd", "liver.nrrd", "notes-scan.nrrd"):
            write_volume(VOLUME, scans / patient / name)
    dicom(scans / "A 1" / "series4", "T1 portal venous")
    dicom(scans / "B" / "series9", "localizer tra")
    write_volume(VOLUME, scans / "B" / "arterial.nrrd")
    return scans


def test_a_guess_fills_what_is_plain_and_lists_the_rest(folder: Path) -> None:
    guess = guess_manifest(folder)
    first, second = guess.rows
    assert first["case"] == "A_1"
    assert set(first) == {"case", "image:AP", "image:HBP", "image:PP", "mask:tumor", "mask:liver"}
    assert set(second) == {"case", "image:HBP", "mask:tumor", "mask:liver"}
    assert guess.columns == ["case", "image:AP", "image:PP", "image:HBP", "mask:liver", "mask:tumor"]
    assert any("image:AP could be any of" in line for line in guess.unknown)
    assert any("series9 has no phase" in line for line in guess.unknown)
    assert any("notes-scan.nrrd has no phase or region" in line for line in guess.unknown)


@pytest.mark.parametrize("name", ["m.csv", "m.parquet"])
def test_the_command_writes_a_manifest_that_can_be_read(
    folder: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "deep" / name
    assert main(["manifest", str(folder), "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "Not understood" in said
    assert "guessed: look at every cell" in said
    manifest = read_manifest(out)
    assert [row.id for row in manifest] == ["A_1", "B"]
    assert manifest.rows[0].images["AP"].resolve() == (folder / "A 1" / "AP.nrrd").resolve()
    assert main(["manifest", str(folder), "--out", str(out)]) == 2
    assert "is there already" in capsys.readouterr().err


def test_a_folder_without_patients_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no subfolder with an image"):
        guess_manifest(tmp_path)
    with pytest.raises(InputError, match="is not a folder"):
        guess_manifest(tmp_path / "none")
