"""DICOM SEG and RT structure sets as masks, against other readers and other files of the same drawing."""

from __future__ import annotations

from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from matplotlib.path import Path as Polygon
from synthetic import OBLIQUE, TELLING, structure_set, write_series

from RadFusionLib.case import Volume
from RadFusionLib.dicom import open_drawn
from RadFusionLib.dicom.contour import fill_even_odd
from RadFusionLib.dicom.segmentation import DicomSegmentation
from RadFusionLib.errors import InputError
from RadFusionLib.imaging import mask_on_grid, read_image, read_mask, read_tumor


@pytest.fixture
def dcmqi(reference_data: Path) -> Path:
    return reference_data / "dicom_seg" / "dcmqi"


def test_a_segmentation_equals_its_label_image(dcmqi: Path) -> None:
    drawn = read_mask(f"{dcmqi / 'liver.dcm'}#liver")
    stored = read_mask(dcmqi / "liver_seg.nrrd")
    assert drawn.array.sum() == 107_098
    assert drawn.geometry.same_grid(stored.geometry)
    assert np.array_equal(drawn.array, stored.array)
    on_image, notice = mask_on_grid(drawn, read_image(dcmqi / "ct-3slice"), "liver")
    assert not notice
    assert np.array_equal(on_image.array, drawn.array)


def test_overlapping_segments_equal_their_label_images(dcmqi: Path) -> None:
    for number, file in ((1, 1), (2, 2), (3, 3), (4, 1), (5, 1)):
        stored = sitk.GetArrayFromImage(sitk.ReadImage(str(dcmqi / f"partial_overlaps-{file}.nrrd"))) == number
        assert np.array_equal(read_mask(f"{dcmqi / 'partial_overlaps.dcm'}#{number}").array, stored)


CASES = ("binary", "binary_fractional", "binary_overlap", "true_fractional")


@pytest.mark.parametrize("name", CASES)
def test_edge_cases_equal_highdicoms_own_reader(reference_data: Path, name: str) -> None:
    path = reference_data / "dicom_seg" / "highdicom" / f"seg_image_ct_{name}.dcm"
    theirs = highdicom.seg.segread(path)
    for number in theirs.segment_numbers:
        volume = theirs.get_volume(segment_numbers=[number], combine_segments=False)
        ours = read_mask(f"{path}#{number}", canonical=False)
        # highdicom's first axis runs against our normal or along it.
        flip = slice(None, None, -1) if not np.allclose(volume.position, ours.geometry.origin) else slice(None)
        assert np.array_equal(ours.array, volume.array[flip, ..., 0] >= 0.5)
        assert ours.geometry.spacing[::-1] == pytest.approx(volume.spacing)


def test_a_fractional_segment_is_cut_where_it_is_asked(reference_data: Path) -> None:
    path = reference_data / "dicom_seg" / "highdicom" / "seg_image_ct_true_fractional.dcm"
    shares = highdicom.seg.segread(path).get_volume(combine_segments=False).array
    for share in (0.2, 0.5, 0.9):
        assert DicomSegmentation(path, share).mask(1).array.sum() == (shares >= share - 1e-6).sum()


def made(folder: Path, masks: list[np.ndarray], kind: str = "BINARY", labels: tuple[str, ...] = ()) -> Path:
    """A segmentation of the synthetic series by highdicom."""
    sources = [pydicom.dcmread(path) for path in sorted(folder.iterdir(), key=lambda path: path.name[4:])]
    words = pydicom.sr.codedict.codes.SCT
    described = [
        highdicom.seg.SegmentDescription(k + 1, label, words.Tissue, words.Liver, "MANUAL")
        for k, label in enumerate(labels or [f"part {k}" for k in range(len(masks))])
    ]
    array = np.stack(masks, axis=-1).astype(np.uint8)
    if kind == "LABELMAP":
        array = sum((k + 1) * mask.astype(np.uint8) for k, mask in enumerate(masks))
    data = highdicom.seg.Segmentation(
        sources, array, kind, described, highdicom.UID(), 1, highdicom.UID(), 1, "maker", "model", "1", "2"
    )
    data.save_as(folder.parent / "seg.dcm")
    return folder.parent / "seg.dcm"


@pytest.mark.parametrize("kind", ["BINARY", "LABELMAP"])
def test_an_oblique_segmentation_with_empty_slices_left_out(
    tmp_path: Path, series: Path, ball: Volume, kind: str
) -> None:
    other = np.zeros_like(ball.array)
    other[1, 2, 3] = other[9, 4, 5] = True
    path = made(series, [ball.array, other & ~ball.array], kind, ("Tumor", "Liver"))
    for region, wanted in (("tumor", ball.array), ("liver", other)):
        mask, _ = mask_on_grid(read_mask(path, region), Volume(wanted, OBLIQUE), "mask")
        assert np.array_equal(mask.array, wanted)
    tumor, named = read_tumor(path)
    assert set(named) == {"Tumor"}
    assert tumor.array.sum() == ball.array.sum()


def test_segments_that_are_not_there_or_there_twice(series: Path, ball: Volume) -> None:
    path = made(series, [ball.array, ~ball.array], labels=("Tumor", "tumor"))
    with pytest.raises(InputError, match=r"2 segments named .* \(it has 1, 2\); name one as seg\.dcm#NUMBER"):
        read_mask(path)
    assert read_mask(f"{path}#2").array.sum() == (~ball.array).sum()
    with pytest.raises(InputError, match="no segment named 7"):
        read_mask(f"{path}#7")


def test_a_truncated_segmentation(series: Path, ball: Volume) -> None:
    path = made(series, [ball.array])
    whole = path.read_bytes()
    for left in (100, 600, 3000, len(whole) - 40):
        path.write_bytes(whole[:left])
        with pytest.raises(InputError, match=r"seg\.dcm"):
            read_mask(path)


def test_frames_far_apart_ask_for_no_memory(series: Path, ball: Volume) -> None:
    path = made(series, [ball.array])
    data = pydicom.dcmread(path)
    plane = data.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence[0]
    data.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].SpacingBetweenSlices = 3.0
    plane.ImagePositionPatient = [*plane.ImagePositionPatient[:2], plane.ImagePositionPatient[2] + 3e7]
    data.save_as(path)
    with pytest.raises(InputError, match="more voxels than a scan has"):
        read_mask(path)


# --- RT structure sets ---


def circle(centre: tuple[float, float], radius: float, k: float, points: int = 40) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, points, endpoint=False)
    plane = np.stack([centre[0] + radius * np.cos(angle), centre[1] + radius * np.sin(angle)], axis=1)
    return OBLIQUE.index_to_physical(np.column_stack([plane, np.full(points, k)]))


def inside(contours: list[np.ndarray]) -> np.ndarray:
    """Voxel centres inside an odd number of polygons, by matplotlib."""
    columns, rows = OBLIQUE.size[:2]
    centres = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1).reshape(-1, 2)
    count = sum(Polygon(OBLIQUE.physical_to_index(c)[:, :2]).contains_points(centres).astype(int) for c in contours)
    return (count % 2 == 1).reshape(rows, columns)


def test_contours_with_holes_and_islands(tmp_path: Path, series: Path) -> None:
    ring = [circle((11.3, 9.2), 7.1, 4), circle((11.3, 9.2), 4.2, 4), circle((11.1, 9.4), 1.7, 4)]
    path = structure_set(tmp_path / "rt.dcm", {"GTV 1": ring, "liver": [circle((12.2, 9.1), 8.3, 7.1)]})
    tumor = read_mask(f"{path}#gtv 1", canonical=False)
    assert tumor.geometry.same_grid(OBLIQUE, 1e-6)
    assert np.array_equal(tumor.array[4], inside(ring))
    assert tumor.array.sum() == inside(ring).sum() > 90
    liver = read_mask(path, "liver", canonical=False)
    assert np.array_equal(liver.array[7], inside([circle((12.2, 9.1), 8.3, 7)]))


def test_the_series_is_found_where_the_case_has_it(tmp_path: Path, series: Path) -> None:
    place = tmp_path / "a" / "b" / "c"
    place.mkdir(parents=True)
    far = structure_set(place / "rt.dcm", {"tumor": [circle((10, 9), 5, 3)]})
    with pytest.raises(InputError, match="a series that is not found"):
        read_mask(far)
    assert read_mask(far, series=[tmp_path / "none", series]).array.any()


@pytest.mark.parametrize(
    ("contour", "kind", "sentence"),
    [
        (circle((10, 9), 5, 3.5), "CLOSED_PLANAR", "between the slices"),
        (circle((10, 9), 5, 30), "CLOSED_PLANAR", "outside its series"),
        (OBLIQUE.index_to_physical(np.array([[3, 3, 1], [9, 3, 1], [9, 3, 8.0]])), "CLOSED_PLANAR", "across the"),
        (circle((10, 9), 5, 3), "OPEN_PLANAR", "no closed planar contour"),
        (circle((10, 9), 5, 3)[:2], "CLOSED_PLANAR", "damaged"),
    ],
)
def test_contours_that_enclose_nothing_on_a_slice(
    tmp_path: Path, series: Path, contour: np.ndarray, kind: str, sentence: str
) -> None:
    path = structure_set(tmp_path / "rt.dcm", {"Telltale": [contour]}, kind=kind)
    with pytest.raises(InputError, match=sentence) as caught:
        read_mask(f"{path}#1")
    assert "elltale" not in str(caught.value)


def test_polygons_that_share_an_edge_share_no_voxel() -> None:
    left = np.array([[0, 0], [5, 0], [5, 8], [0, 8.0]])
    right = np.array([[5, 0], [9, 0], [9, 8], [5, 8.0]])
    a, b = fill_even_odd([left], (10, 12)), fill_even_odd([right], (10, 12))
    assert not (a & b).any()
    assert np.array_equal(a | b, fill_even_odd([np.array([[0, 0], [9, 0], [9, 8], [0, 8.0]])], (10, 12)))


@pytest.mark.parametrize("seed", range(5))
def test_wild_triangles_equal_matplotlibs(seed: int) -> None:
    random = np.random.default_rng(seed)
    # Triangles, since matplotlib counts a polygon that crosses itself by its winding.
    triangles = [random.uniform(-3, 20, (3, 2)) for _ in range(5)]
    centres = np.stack(np.meshgrid(np.arange(17), np.arange(15)), axis=-1).reshape(-1, 2)
    count = sum(Polygon(t).contains_points(centres).astype(int) for t in triangles)
    assert np.array_equal(fill_even_odd(triangles, (15, 17)), (count % 2 == 1).reshape(15, 17))


def test_a_drawing_is_no_image_and_an_image_no_drawing(tmp_path: Path, series: Path) -> None:
    path = structure_set(tmp_path / "rt.dcm", {"tumor": [circle((10, 9), 5, 3)]})
    with pytest.raises(InputError, match="DICOM segmentation, not an image"):
        read_image(path)
    with pytest.raises(InputError, match="is not a DICOM segmentation"):
        open_drawn(next(series.iterdir()))


def test_nothing_of_the_header_is_said(tmp_path: Path, series: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = structure_set(tmp_path / "rt.dcm", {"Telltale's tumour": [circle((10, 9), 5, 3)]})
    data = pydicom.dcmread(path)
    for change in ("StructureSetROISequence", "ROIContourSequence", "ReferencedFrameOfReferenceSequence"):
        broken = pydicom.dcmread(path)
        del broken[change]
        broken.save_as(tmp_path / "broken.dcm")
        with pytest.raises(InputError) as caught:
            read_mask(tmp_path / "broken.dcm")
        assert not [v for v in TELLING.values() if len(v) > 4 and v in str(caught.value)]
        assert "elltale" not in str(caught.value)
    data.PatientName = "Quasimodo^Telltale"
    data["PatientBirthDate"]._value = "no date of Telltale"
    data.save_as(tmp_path / "odd.dcm")
    read_mask(f"{tmp_path / 'odd.dcm'}#1")
    written = capfd.readouterr()
    assert "elltale" not in written.out + written.err


def test_a_structure_set_of_another_patients_series(tmp_path: Path, image: Volume) -> None:
    write_series(tmp_path / "other", image, number=5)
    path = structure_set(tmp_path / "rt.dcm", {"tumor": [circle((10, 9), 5, 3)]})
    with pytest.raises(InputError, match="not found; put that DICOM series in a folder beside it"):
        read_mask(path)
