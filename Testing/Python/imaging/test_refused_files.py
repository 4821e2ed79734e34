"""What cannot be used is refused in one sentence that names the file."""

from __future__ import annotations

import gzip
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.errors import InputError
from RadFusionLib.imaging import read_image, read_mask, write_volume

VALUES = np.random.default_rng(8).normal(100, 10, (6, 7, 8)).astype(np.float32)


def refused(path: Path | str, sentence: str, read: object = read_image) -> None:
    assert callable(read)
    with pytest.raises(InputError, match=sentence) as caught:
        read(path)
    text = str(caught.value)
    assert Path(str(path).split("#")[0]).name in text
    assert "\n" not in text
    assert text.endswith(".")
    assert ". " not in text.replace(str(path), "")


def test_a_missing_file(tmp_path: Path) -> None:
    refused(tmp_path / "none.nrrd", "does not exist")
    refused(tmp_path / "none.nrrd", "does not exist", read_mask)


@pytest.mark.parametrize("suffix", [".nrrd", ".nii", ".nii.gz"])
def test_a_truncated_file(tmp_path: Path, suffix: str) -> None:
    path = write_volume(Volume(VALUES, Geometry((8, 7, 6))), tmp_path / f"a{suffix}")
    path.write_bytes(path.read_bytes()[:420])
    refused(path, "cannot be read as an image")


def test_a_file_that_is_no_image(tmp_path: Path) -> None:
    path = tmp_path / "a.nrrd"
    path.write_text("no image")
    refused(path, "cannot be read as an image")


@pytest.mark.parametrize("line", ["data file: b.raw", "# x\rdata file: b.raw", "content: x\r\rdata file: b.raw"])
def test_voxels_in_another_file(tmp_path: Path, line: str) -> None:
    """Also where the line follows a carriage return alone, which Teem takes for a line's end."""
    (tmp_path / "b.raw").write_bytes(bytes(60))
    header = f"NRRD0004\ntype: uchar\ndimension: 3\nsizes: 3 4 5\nencoding: raw\n{line}\n\n"
    (tmp_path / "a.nrrd").write_bytes(header.encode() + bytes(60))
    if "\r\r" in line:
        # An empty line ends the header.
        read_image(tmp_path / "a.nrrd")
    else:
        refused(tmp_path / "a.nrrd", "keeps its voxels in another file")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_voxels_that_are_no_numbers(tmp_path: Path, value: float) -> None:
    bad = VALUES.copy()
    bad[1, 2, 3] = value
    refused(write_volume(Volume(bad, Geometry((8, 7, 6))), tmp_path / "a.nrrd"), "1 voxels that are NaN or infinite")
    refused(tmp_path / "a.nrrd", "NaN", read_mask)


def test_a_series_of_volumes(tmp_path: Path) -> None:
    sitk.WriteImage(sitk.JoinSeries([sitk.GetImageFromArray(VALUES)] * 3), str(tmp_path / "a.nrrd"))
    refused(tmp_path / "a.nrrd", "4 dimensions")


def test_a_series_of_one_volume_is_that_volume(tmp_path: Path) -> None:
    sitk.WriteImage(sitk.JoinSeries([sitk.GetImageFromArray(VALUES)]), str(tmp_path / "a.nii.gz"))
    assert read_image(tmp_path / "a.nii.gz").array.shape == VALUES.shape


def test_a_single_slice_file(tmp_path: Path) -> None:
    sitk.WriteImage(sitk.GetImageFromArray(VALUES[0]), str(tmp_path / "a.mha"))
    refused(tmp_path / "a.mha", "2 dimensions")


def test_several_values_a_voxel(tmp_path: Path) -> None:
    image = sitk.GetImageFromArray(np.stack([VALUES] * 3, axis=-1), isVector=True)
    sitk.WriteImage(image, str(tmp_path / "a.nrrd"))
    refused(tmp_path / "a.nrrd", "3 values a voxel")
    refused(tmp_path / "a.nrrd", "several values a voxel", read_mask)


def test_sheared_axes_in_nrrd(tmp_path: Path) -> None:
    header = (
        "NRRD0004\ntype: float\ndimension: 3\nspace: left-posterior-superior\nsizes: 8 7 6\n"
        "space directions: (1,0,0) (0.2,1,0) (0,0,2)\nkinds: domain domain domain\nendian: little\nencoding: raw\n"
        "space origin: (0,0,0)\n\n"
    )
    (tmp_path / "a.nrrd").write_bytes(header.encode() + VALUES.astype("<f4").tobytes())
    refused(tmp_path / "a.nrrd", "not at right angles")
    refused(tmp_path / "a.nrrd", "not at right angles", read_mask)


def test_sheared_axes_in_nifti(tmp_path: Path) -> None:
    path = write_volume(Volume(VALUES, Geometry((8, 7, 6))), tmp_path / "plain.nii")
    data = bytearray(path.read_bytes())
    struct.pack_into("<h", data, 252, 0)
    struct.pack_into("<h", data, 254, 1)
    for row, values in enumerate(((-1.0, 0.3, 0.0, 0.0), (0.0, -1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0))):
        struct.pack_into("<4f", data, 280 + 16 * row, *values)
    (tmp_path / "a.nii.gz").write_bytes(gzip.compress(bytes(data)))
    refused(tmp_path / "a.nii.gz", "not at right angles")


def test_folders_that_hold_no_series_or_two(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", "holds no DICOM series")
    for number in (1, 2):
        series(tmp_path / "two", number, range(3))
    refused(tmp_path / "two", "2 DICOM series")


def series(folder: Path, number: int, places: object, tilt: float = 0.0, turn: float = 0.0) -> Path:
    """MR slices at ``places`` (mm along the normal), each shifted by ``tilt`` mm a slice within its plane."""
    folder.mkdir(exist_ok=True)
    writer = sitk.ImageFileWriter()
    writer.KeepOriginalImageUIDOn()
    for k, z in enumerate(places):  # type: ignore[call-overload]
        part = sitk.GetImageFromArray(np.full((7, 8), 10 * k, np.int16))
        part.SetMetaData("0008|0016", "1.2.840.10008.5.1.4.1.1.4")
        part.SetMetaData("0008|0018", f"1.2.3.{number}.{k + 1}")
        part.SetMetaData("0008|0060", "MR")
        part.SetMetaData("0020|000d", "1.2.3")
        part.SetMetaData("0020|000e", f"1.2.3.{number}")
        part.SetMetaData("0020|0013", str(k + 1))
        part.SetMetaData("0020|0032", f"0\\{tilt * k}\\{z}")
        part.SetMetaData("0020|0037", f"1\\0\\0\\0\\{np.cos(turn * k)}\\{np.sin(turn * k)}")
        writer.SetFileName(str(folder / f"{number}-{k}.dcm"))
        writer.Execute(part)
    return folder


def test_even_slices_are_read(tmp_path: Path) -> None:
    volume = read_image(series(tmp_path / "even", 1, (0.0, 2.5, 5.0, 7.5)))
    assert volume.geometry.spacing == pytest.approx((1, 1, 2.5))
    assert volume.array[:, 0, 0].tolist() == [0, 10, 20, 30]


@pytest.mark.parametrize(
    ("places", "tilt", "turn", "sentence"),
    [
        ((0.0, 2.5, 7.5, 10.0), 0.0, 0.0, "uneven distances"),
        ((0.0, 2.5, 5.0, 0.0, 2.5, 5.0), 0.0, 0.0, "several slices at one place"),
        ((0.0, 2.5, 5.0), 0.8, 0.0, "not at right angles"),
        ((0.0, 2.5, 5.0), 0.0, 0.1, "several orientations"),
    ],
)
def test_slices_that_make_no_even_stack(
    tmp_path: Path, places: tuple[float, ...], tilt: float, turn: float, sentence: str
) -> None:
    refused(series(tmp_path / "series", 1, places, tilt, turn), sentence)


def test_a_dicom_segmentation_is_not_taken_for_an_image(reference_data: Path) -> None:
    path = reference_data / "dicom_seg" / "dcmqi" / "liver.dcm"
    refused(path, "DICOM segmentation, not an image", read_image)


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    volume = Volume(VALUES, Geometry((8, 7, 6)))
    with pytest.raises(InputError, match=r"shell.txt does not end in .nrrd"):
        write_volume(volume, tmp_path / "shell.txt")
    (tmp_path / "folder.nrrd").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        write_volume(volume, tmp_path / "folder.nrrd")
    shutil.rmtree(tmp_path / "folder.nrrd")
    assert list(tmp_path.iterdir()) == []


def test_a_nrrd_file_called_nifti(tmp_path: Path) -> None:
    # As Slicer writes a segmentation that is given this ending.
    path = write_volume(Volume(VALUES, Geometry((8, 7, 6))), tmp_path / "a.nrrd").rename(tmp_path / "a.nii.gz")
    refused(path, "NRRD file under another name")
