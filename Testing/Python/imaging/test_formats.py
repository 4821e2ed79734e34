"""The same case as NRRD, NIfTI, DICOM, flipped and permuted gives the same voxels and geometry."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from RadFusionLib.case import Case, Geometry, MaskKey, Volume
from RadFusionLib.imaging import read_image, read_mask, write_volume
from RadFusionLib.recipe import load_recipe
from RadFusionLib.simulation import draw_latents, simulate_case
from RadFusionLib.simulation.latents import CENTERS
from RadFusionLib.workflow.preprocess import PreparedCase, prepare_case

PHASES = ("AP", "PP", "HBP")


def write_dicom(
    volume: Volume, folder: Path, series: str = "1.2.826.0.1.3680043.2.1125.7", description: str = ""
) -> Path:
    """A MR series of int16 slices, as a scanner would export it."""
    folder.mkdir(parents=True, exist_ok=True)
    image = sitk.Cast(volume.to_sitk(), sitk.sitkInt16)
    writer = sitk.ImageFileWriter()
    writer.KeepOriginalImageUIDOn()
    direction = np.asarray(volume.geometry.direction)
    orientation = "\\".join(repr(float(v))[:16] for v in (*direction[:, 0], *direction[:, 1]))
    for k in range(image.GetDepth()):
        part = image[:, :, k]
        position = volume.geometry.index_to_physical([[0, 0, k]])[0]
        tags = {
            "0008|0008": "ORIGINAL\\PRIMARY\\AXIAL",
            "0008|0016": "1.2.840.10008.5.1.4.1.1.4",
            "0008|0018": f"{series}.{k + 1}",
            "0008|0060": "MR",
            "0008|103e": description,
            "0020|000d": "1.2.826.0.1.3680043.2.1125.1",
            "0020|000e": series,
            "0020|0013": str(k + 1),
            "0020|0032": "\\".join(f"{v:.10f}"[:16] for v in position),
            "0020|0037": orientation,
            "0018|0050": repr(volume.geometry.spacing[2]),
            "0018|0088": repr(volume.geometry.spacing[2]),
            "0008|0012": time.strftime("%Y%m%d", time.gmtime(0)),
        }
        for tag, value in tags.items():
            part.SetMetaData(tag, value)
        writer.SetFileName(str(folder / f"{image.GetDepth() - k:04d}.dcm"))
        writer.Execute(part)
    return folder


@pytest.fixture(scope="module")
def case() -> Case:
    # Centre C: slices tilted by six degrees.
    index = next(i for i in range(50) if CENTERS[draw_latents(21, i).center] == "C")
    return simulate_case(21, index, PHASES).to_case()


@pytest.fixture(scope="module")
def prepared(case: Case) -> PreparedCase:
    return prepare_case(case, load_recipe("hcc-mvi", "small"))


def assert_same_volume(found: Volume, expected: Volume, atol: float = 1e-4) -> None:
    expected = expected.canonical()
    np.testing.assert_array_equal(found.array, expected.array)
    np.testing.assert_allclose(found.geometry.matrix, expected.geometry.matrix, atol=atol)


@pytest.mark.parametrize("suffix", [".nrrd", ".nii", ".nii.gz", ".mha"])
def test_an_image_comes_back_from_its_file(case: Case, tmp_path: Path, suffix: str) -> None:
    path = write_volume(case.phases["AP"], tmp_path / f"AP{suffix}")
    assert_same_volume(read_image(path), case.phases["AP"])
    assert [p.name for p in tmp_path.iterdir()] == [f"AP{suffix}"]


def test_an_image_comes_back_from_a_dicom_series(case: Case, tmp_path: Path) -> None:
    assert_same_volume(read_image(write_dicom(case.phases["AP"], tmp_path / "AP")), case.phases["AP"])


def test_a_mask_comes_back_from_its_file(case: Case, tmp_path: Path) -> None:
    mask = case.masks[MaskKey("tumor")]
    for suffix in (".nrrd", ".nii.gz"):
        assert_same_volume(read_mask(write_volume(mask, tmp_path / f"m{suffix}")), mask)


def permuted(volume: Volume) -> Volume:
    """The same voxels stored with K first and two axes backwards."""
    old = volume.geometry
    axes = np.asarray(old.direction)[:, [2, 0, 1]] * [-1, 1, -1]
    corner = old.index_to_physical([[0, old.size[1] - 1, old.size[2] - 1]])[0]
    array = volume.array.transpose(1, 2, 0)[::-1, :, ::-1]
    geometry = Geometry(
        (old.size[2], old.size[0], old.size[1]),
        (old.spacing[2], old.spacing[0], old.spacing[1]),
        tuple(float(v) for v in corner),
        tuple(tuple(float(v) for v in row) for row in axes),
    )
    return Volume(array, geometry)


@pytest.mark.parametrize("form", [".nrrd", ".nii.gz", "dicom", "permuted", "permuted.nii.gz", "permuted mask only"])
def test_every_form_of_a_case_gives_the_same_prepared_case(
    case: Case, prepared: PreparedCase, tmp_path: Path, form: str
) -> None:
    def again(volume: Volume, name: str, image: bool) -> Volume:
        if form == "permuted mask only":
            return volume if image else permuted(volume)
        volume = permuted(volume) if form.startswith("permuted") else volume
        if form == "permuted":
            return volume
        if form == "dicom" and image:
            return read_image(write_dicom(volume, tmp_path / name))
        suffix = ".nrrd" if form == "dicom" else form.removeprefix("permuted")
        path = write_volume(volume, tmp_path / f"{name}{suffix}")
        return read_image(path) if image else read_mask(path)

    phases = {role: again(volume, role, True) for role, volume in case.phases.items()}
    masks = {key: again(mask, key.region, False) for key, mask in case.masks.items() if not key.reader}
    found = prepare_case(Case(case.id, phases, masks, case.clinical), load_recipe("hcc-mvi", "small"))
    assert found.notices == prepared.notices
    for role, expected in prepared.phases.items():
        np.testing.assert_allclose(found.phases[role].image.array, expected.image.array, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(found.phases[role].image.geometry.matrix, expected.image.geometry.matrix, atol=1e-4)
        for region, mask in expected.regions.items():
            np.testing.assert_array_equal(found.phases[role].regions[region].array, mask.array)


def test_real_dicom_lies_where_its_nifti_labels_lie(reference_data: Path) -> None:
    folder = reference_data / "liver_images" / "totalsegmentator"
    image = read_image(folder / "example_ct_dicom")
    liver = read_mask(f"{folder / 'example_seg_dicom.nii.gz'}#5", "liver")
    assert liver.geometry.same_grid(image.geometry)
    assert liver.array.sum() == 366_708
    assert image.array[liver.array].mean() == pytest.approx(89, abs=1)


def test_real_nifti_labels_are_read_by_number(reference_data: Path) -> None:
    folder = reference_data / "liver_images" / "totalsegmentator"
    liver = read_mask(f"{folder / 'example_seg_mr.nii.gz'}#5", "liver")
    assert liver.array.sum() == 18_480


def test_real_dicom_of_three_slices_fits_its_segmentation(reference_data: Path) -> None:
    folder = reference_data / "dicom_seg" / "dcmqi"
    image = read_image(folder / "ct-3slice")
    liver = read_mask(folder / "liver_seg.nrrd", "liver")
    assert liver.array.sum() == 107_098
    assert liver.geometry.same_grid(image.geometry)
    assert image.array[liver.array].mean() == pytest.approx(37.3, abs=0.1)
