"""Existing segmentations are taken as they are: labels by number, segments by name, overlapping ones in layers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.errors import InputError
from RadFusionLib.imaging import choose_lesion, is_lesion_name, read_mask, read_tumor, write_volume

Grid = Callable[..., Geometry]
Ball = Callable[..., Volume]


def write_segmentation(
    path: Path, layers: list[np.ndarray], geometry: Geometry, segments: list[tuple[str, int, int]]
) -> Path:
    """A ``.seg.nrrd`` with the header fields that Slicer writes; ``segments`` are (name, layer, label)."""
    arrays = np.stack(layers, axis=-1) if len(layers) > 1 else layers[0]
    image = sitk.GetImageFromArray(arrays.astype(np.uint8), isVector=len(layers) > 1)
    image.SetSpacing(geometry.spacing)
    image.SetOrigin(geometry.origin)
    image.SetDirection([v for row in geometry.direction for v in row])
    for number, (name, layer, label) in enumerate(segments):
        fields = {"ID": f"Segment_{number + 1}", "Name": name, "Layer": str(layer), "LabelValue": str(label)}
        for field, value in fields.items():
            image.SetMetaData(f"Segment{number}_{field}", value)
    sitk.WriteImage(image, str(path), useCompression=True)
    return path


@pytest.fixture
def bodies(grid: Grid, ball: Ball) -> dict[str, Volume]:
    geometry = grid(size=(48, 34, 18), angles=(6, -4, 3))
    return {
        "liver": ball(geometry, 22.0),
        "one": ball(geometry, 5.0, (-5, 0, 0)),
        "two": ball(geometry, 4.0, (9, 0, 0)),
    }


@pytest.fixture
def layered(bodies: dict[str, Volume], tmp_path: Path) -> Path:
    """The liver in a layer of its own, since the lesions lie in it."""
    lesions = bodies["one"].array * 1 + bodies["two"].array * 2
    return write_segmentation(
        tmp_path / "case.seg.nrrd", [bodies["liver"].array, lesions], bodies["liver"].geometry,
        [("Liver", 0, 1), ("Tumor", 1, 1), ("Lesion S8", 1, 2)],
    )  # fmt: skip


def test_a_segment_is_found_by_name_in_upper_or_lower_case(bodies: dict[str, Volume], layered: Path) -> None:
    for name in ("Lesion S8", "lesion s8", "LESION S8"):
        np.testing.assert_array_equal(read_mask(f"{layered}#{name}").array, bodies["two"].array)


def test_regions_are_found_by_their_usual_names_in_overlapping_layers(bodies: dict[str, Volume], layered: Path) -> None:
    np.testing.assert_array_equal(read_mask(layered, "liver").array, bodies["liver"].array)
    np.testing.assert_array_equal(read_mask(layered, "tumor").array, bodies["one"].array)


def test_an_unknown_segment_is_refused_with_the_names_there_are(layered: Path) -> None:
    with pytest.raises(
        InputError, match=r"no segment named cyst \(it has Liver, Tumor, Lesion S8\).*case.seg.nrrd#NAME"
    ):
        read_mask(f"{layered}#cyst")


def test_a_single_segment_of_any_name_is_the_tumour_but_not_the_liver(
    bodies: dict[str, Volume], tmp_path: Path
) -> None:
    path = write_segmentation(
        tmp_path / "a.seg.nrrd", [bodies["one"].array], bodies["one"].geometry, [("Segment_1", 0, 1)]
    )
    assert read_mask(path).array.any()
    with pytest.raises(InputError, match="no segment named liver"):
        read_mask(path, "liver")


def test_labels_of_a_nifti_are_taken_by_number(bodies: dict[str, Volume], tmp_path: Path) -> None:
    labels = bodies["liver"].array * 1
    labels[bodies["one"].array] = 2
    path = write_volume(bodies["liver"].with_array(labels.astype(np.uint8)), tmp_path / "labels.nii.gz")
    np.testing.assert_array_equal(read_mask(f"{path}#2").array, bodies["one"].array)
    np.testing.assert_array_equal(read_mask(path, "liver").array, labels > 0)
    assert not read_mask(f"{path}#7").array.any()
    for wrong in ("tumor", "0"):
        with pytest.raises(InputError, match="label image without names"):
            read_mask(f"{path}#{wrong}")


def test_a_hash_in_the_file_s_own_name_is_no_segment(bodies: dict[str, Volume], tmp_path: Path) -> None:
    path = write_volume(bodies["one"], tmp_path / "mask#3.nrrd")
    assert read_mask(path).array.any()
    assert read_mask(f"{path}#1").array.any()


def test_the_tumour_brings_the_other_segments_cut_to_their_extent(bodies: dict[str, Volume], layered: Path) -> None:
    tumor, named = read_tumor(layered)
    np.testing.assert_array_equal(tumor.array, bodies["one"].array)
    assert list(named) == ["Tumor", "Lesion S8"]
    assert named["Lesion S8"].array.sum() == bodies["two"].array.sum()
    assert named["Lesion S8"].array.size < bodies["two"].array.size


def test_several_lesions_without_a_tumour_among_them_come_together(bodies: dict[str, Volume], tmp_path: Path) -> None:
    labels = bodies["one"].array * 1 + bodies["two"].array * 2
    path = write_segmentation(
        tmp_path / "a.seg.nrrd", [labels], bodies["one"].geometry, [("HCC S5", 0, 1), ("HCC S8", 0, 2)]
    )
    tumor, named = read_tumor(path)
    np.testing.assert_array_equal(tumor.array, labels > 0)
    assert list(named) == ["HCC S5", "HCC S8"]


def test_a_segment_without_a_layer_that_exists_is_refused(bodies: dict[str, Volume], tmp_path: Path) -> None:
    path = write_segmentation(tmp_path / "a.seg.nrrd", [bodies["one"].array], bodies["one"].geometry, [("tumor", 3, 1)])
    with pytest.raises(InputError, match="without a layer"):
        read_mask(path)


def test_a_real_slicer_segmentation_is_read_by_name(bodies: dict[str, Volume], tmp_path: Path) -> None:
    pytest.importorskip("slicer", reason="slicer-core is not installed")
    from RadFusionLib import scene
    from RadFusionLib.scene.application import slicer_module
    from RadFusionLib.scene.segmentations import mask_to_segment, new_segmentation

    node = new_segmentation("case", bodies["liver"].geometry)
    for name, body in (("Liver", "liver"), ("Tumor", "one"), ("Lesion 2", "two")):
        mask_to_segment(bodies[body], node, name)
    path = tmp_path / "slicer.seg.nrrd"
    storage = slicer_module().vtkMRMLSegmentationStorageNode()
    storage.SetFileName(str(path))
    assert storage.WriteData(node)
    scene.close()
    tumor, named = read_tumor(path)
    assert sorted(named) == ["Lesion 2", "Tumor"]
    assert tumor.array.sum() == bodies["one"].array.sum()
    from RadFusionLib.imaging import mask_on_grid

    image = Volume(np.zeros(bodies["liver"].array.shape), bodies["liver"].geometry)
    for wanted, body in (("liver", "liver"), ("tumor", "one")):
        moved, notice = mask_on_grid(read_mask(path, wanted), image, wanted)
        np.testing.assert_array_equal(moved.array, bodies[body].array)
        assert notice == ""


def test_real_segmentations_by_dcmqi_are_read(reference_data: Path) -> None:
    folder = reference_data / "dicom_seg" / "dcmqi"
    assert read_mask(folder / "liver_seg.nrrd", "liver").array.sum() == 107_098


@pytest.mark.parametrize("name", ["tumor", "Tumour 2", "HCC", "Lesion S8", "metastasis", "ICC", "iCCA left"])
def test_names_of_lesions(name: str) -> None:
    assert is_lesion_name(name)


@pytest.mark.parametrize(
    "name", ["liver", "shell", "peritumoral", "Peritumor 10 mm", "portal vein", "spleen", "gallbladder"]
)
def test_names_of_what_is_no_lesion(name: str) -> None:
    assert not is_lesion_name(name)


def test_two_components_are_refused_where_one_is_expected(bodies: dict[str, Volume]) -> None:
    both = bodies["one"].with_array(bodies["one"].array | bodies["two"].array)
    with pytest.raises(InputError, match="mask of case 3 has 2 separate parts where one is expected"):
        choose_lesion(both, "single", "mask of case 3")
    largest = choose_lesion(both, "largest", "mask of case 3")
    np.testing.assert_array_equal(largest.tumor.array, bodies["one"].array)
    assert largest.others is not None
    np.testing.assert_array_equal(largest.others.array, bodies["two"].array)
    assert "2 lesions; the largest" in largest.notice
    np.testing.assert_array_equal(choose_lesion(both, "all", "mask").tumor.array, both.array)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_mask_in_one_slice_is_refused_along_any_axis(bodies: dict[str, Volume], axis: int) -> None:
    flat = np.zeros_like(bodies["liver"].array)
    where = [slice(None)] * 3
    where[axis] = slice(8, 9)
    flat[tuple(where)] = bodies["liver"].array[tuple(where)]
    with pytest.raises(InputError, match="single slice"):
        choose_lesion(bodies["liver"].with_array(flat), "single", "mask")


def test_voxels_that_touch_at_a_corner_are_one_lesion(bodies: dict[str, Volume]) -> None:
    array = np.zeros_like(bodies["liver"].array)
    array[2:4, 2:4, 2:4] = True
    array[4:6, 4:6, 4:6] = True
    assert choose_lesion(bodies["liver"].with_array(array), "single", "mask").others is None
