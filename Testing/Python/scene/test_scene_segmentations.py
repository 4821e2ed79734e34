"""Segments carry masks exactly, and a shell segment is the library's shell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from RadFusionLib.case import Case, Geometry, Volume
from RadFusionLib.errors import InputError
from RadFusionLib.imaging import mask_on_grid, peritumoral_shell
from RadFusionLib.scene import (
    SceneLogic,
    create_shell_segment,
    mask_from_segment,
    mask_to_segment,
    segment_id,
    volume_to_node,
)
from RadFusionLib.scene.segmentations import COLORS, new_segmentation, reference_geometry, segment_names


@pytest.fixture
def image(scene: Any, case: Case) -> Any:
    return volume_to_node(case.phases["AP"], "AP")


@pytest.fixture
def drawn(image: Any, case: Case, geometry: Geometry) -> Any:
    node = new_segmentation("lesions", geometry, image)
    for region in ("tumor", "liver"):
        mask = case.mask(region)
        assert mask is not None
        mask_to_segment(mask, node, region)
    return node


def test_round_trip_on_the_reference_grid(drawn: Any, case: Case, geometry: Geometry) -> None:
    for region in ("tumor", "liver"):
        mask = case.mask(region)
        assert mask is not None
        assert np.array_equal(mask_from_segment(drawn, region, geometry).array, mask.array)
    assert segment_names(drawn) == ("tumor", "liver")
    assert drawn.GetSegmentation().GetSegment("tumor").GetColor() == pytest.approx(COLORS["tumor"])
    assert reference_geometry(drawn).same_grid(geometry, 1e-9)


def test_labelmaps_are_cropped_and_apart(drawn: Any) -> None:
    segmentation = drawn.GetSegmentation()
    assert segmentation.GetNumberOfLayers() == 2
    extent = segmentation.GetSegment("tumor").GetRepresentation("Binary labelmap").GetExtent()
    assert extent[1] - extent[0] < 12


def test_segments_that_share_a_labelmap(
    scene: Any, image: Any, geometry: Geometry, ball: Callable[..., Volume]
) -> None:
    """As Slicer keeps them after import: replacing one leaves the other, and no ghost of the old."""
    import slicer

    left, right = ball(geometry, 5.0, (-6, 0, 0)), ball(geometry, 5.0, (6, 0, 0))
    labels = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "labels")
    volume_to_node(Volume(left.array * np.uint8(1) + right.array * np.uint8(2), geometry), "", node=labels)
    node = new_segmentation("shared", geometry, image)
    slicer.vtkSlicerSegmentationsModuleLogic.ImportLabelmapToSegmentationNode(labels, node, "")
    first, second = segment_names(node)
    assert node.GetSegmentation().GetNumberOfLayers() == 1
    assert np.array_equal(mask_from_segment(node, first, geometry).array, left.array)
    moved = ball(geometry, 4.0, (3, 0, 0))
    mask_to_segment(moved, node, first)
    assert np.array_equal(mask_from_segment(node, first, geometry).array, moved.array)
    assert np.array_equal(mask_from_segment(node, second, geometry).array, right.array)
    assert segment_names(node) == (first, second)


def test_empty_segment_gives_an_empty_mask(drawn: Any, geometry: Geometry) -> None:
    mask_to_segment(Volume(np.zeros(geometry.shape, bool), geometry), drawn, "nothing")
    assert not mask_from_segment(drawn, "nothing", geometry).array.any()
    drawn.GetSegmentation().AddEmptySegment("bare", "bare")
    assert not mask_from_segment(drawn, "bare", geometry).array.any()
    with pytest.raises(InputError, match="bare of lesions is empty"):
        create_shell_segment(drawn, "bare")


def test_other_grid_goes_by_nearest_neighbour(drawn: Any, case: Case) -> None:
    other = case.phases["HBP"]
    mask = case.mask("tumor")
    assert mask is not None
    wanted, notice = mask_on_grid(mask, other, "tumor mask")
    assert notice
    assert np.array_equal(mask_from_segment(drawn, "tumor", other.geometry).array, wanted.array)


def test_part_beyond_the_grid_is_an_error_unless_allowed(drawn: Any, geometry: Geometry) -> None:
    half = Geometry((geometry.size[0] // 2, *geometry.size[1:]), geometry.spacing, geometry.origin, geometry.direction)
    with pytest.raises(InputError, match="% of the segment liver of lesions lies outside the image"):
        mask_from_segment(drawn, "liver", half)
    kept = mask_from_segment(drawn, "liver", half, whole=False)
    assert np.array_equal(kept.array, mask_from_segment(drawn, "liver", geometry).array[:, :, : half.size[0]])


def test_parent_transform_moves_a_segment_with_its_image(scene: Any, drawn: Any, image: Any, case: Case) -> None:
    import vtk

    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(0, 3, 12.5)
    transform.SetMatrixTransformToParent(matrix)
    for node in (drawn, image):
        node.SetAndObserveTransformNodeID(transform.GetID())
    moved = reference_geometry(drawn)
    assert moved.origin[0] == pytest.approx(case.phases["AP"].geometry.origin[0] - 12.5)
    mask = case.mask("tumor")
    assert mask is not None
    assert np.array_equal(mask_from_segment(drawn, "tumor", moved).array, mask.array)
    mask_to_segment(Volume(mask.array, moved), drawn, "copy")
    assert np.array_equal(mask_from_segment(drawn, "copy", moved).array, mask.array)


def test_reference_geometry_without_a_volume(scene: Any, geometry: Geometry) -> None:
    node = new_segmentation("alone", geometry)
    assert reference_geometry(node).same_grid(geometry, 1e-9)
    bare = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "bare")
    with pytest.raises(InputError, match="bare has no reference volume"):
        reference_geometry(bare)


def test_names_are_found_and_misses_are_told(drawn: Any, geometry: Geometry) -> None:
    drawn.GetSegmentation().GetSegment("tumor").SetName("Lesion")
    assert segment_id(drawn, "tumor") == "tumor"
    assert segment_id(drawn, "lesion") == "tumor"
    with pytest.raises(InputError, match=r"has no segment named spleen \(it has Lesion, liver\)"):
        segment_id(drawn, "spleen")
    with pytest.raises(InputError, match="No segmentation was given"):
        segment_id(None, "tumor")


def test_surface_segmentation_is_refused(drawn: Any, geometry: Geometry) -> None:
    segmentation = drawn.GetSegmentation()
    segmentation.CreateRepresentation("Closed surface")
    segmentation.SetSourceRepresentationName("Closed surface")
    with pytest.raises(InputError, match="stored as closed surface"):
        mask_from_segment(drawn, "tumor", geometry)


@pytest.mark.parametrize("liver", [None, "liver"])
def test_shell_segment_is_the_librarys_shell(drawn: Any, image: Any, case: Case, liver: str | None) -> None:
    tumor = case.mask("tumor")
    assert tumor is not None
    wanted = peritumoral_shell(tumor, 10.0, case.mask("liver") if liver else None)
    made = SceneLogic().createShell(drawn, "tumor", 10.0, image, liver)
    mask = mask_from_segment(drawn, made.segment_id, tumor.geometry)
    assert np.array_equal(mask.array, wanted.mask.array)
    assert made.clipped_fraction == pytest.approx(wanted.clipped_fraction)
    assert made.touches_edge == wanted.touches_edge
    assert np.array_equal(mask_from_segment(drawn, "tumor", tumor.geometry).array, tumor.array)
    assert segment_names(drawn) == ("tumor", "liver", "shell")


def test_shell_is_replaced_and_follows_the_tumour(
    drawn: Any, case: Case, geometry: Geometry, ball: Callable[..., Volume]
) -> None:
    create_shell_segment(drawn, "tumor", 10.0)
    smaller = ball(geometry, 4.0, (3, 1, 0))
    mask_to_segment(smaller, drawn, "tumor")
    create_shell_segment(drawn, "tumor", 5.0)
    wanted = peritumoral_shell(smaller, 5.0).mask.array
    assert np.array_equal(mask_from_segment(drawn, "shell", geometry).array, wanted)
    assert segment_names(drawn).count("shell") == 1


def test_shell_at_the_edge_of_the_image(
    scene: Any, case: Case, ball: Callable[..., Volume], oblique: Callable[..., Geometry]
) -> None:
    geometry = oblique()
    tumor = ball(geometry, 6.0, (-11, 0, 0))
    node = new_segmentation("edge", geometry, volume_to_node(case.phases["AP"], "AP"))
    mask_to_segment(tumor, node, "tumor")
    made = create_shell_segment(node)
    wanted = peritumoral_shell(tumor, 10.0)
    assert wanted.touches_edge
    assert made.touches_edge
    assert np.array_equal(mask_from_segment(node, "shell", geometry).array, wanted.mask.array)


def test_shell_leaves_out_other_lesions(
    drawn: Any, geometry: Geometry, case: Case, ball: Callable[..., Volume]
) -> None:
    tumor, near = case.mask("tumor"), ball(geometry, 4.0, (8, 0, 0))
    assert tumor is not None
    mask_to_segment(near, drawn, "second")
    create_shell_segment(drawn, "tumor", others=("second",))
    wanted = peritumoral_shell(tumor, 10.0, other=near).mask.array
    assert np.array_equal(mask_from_segment(drawn, "shell", geometry).array, wanted)
    mask_to_segment(tumor.with_array(tumor.array | near.array), drawn, "both")
    made = create_shell_segment(drawn, "both", lesion="largest")
    assert "2 lesions" in made.notice
    assert np.array_equal(mask_from_segment(drawn, "shell", geometry).array, wanted)


@pytest.mark.parametrize("margin", [0.0, -3.0, float("nan")])
def test_margin_must_be_positive(drawn: Any, margin: float) -> None:
    with pytest.raises(InputError, match="give a positive number"):
        create_shell_segment(drawn, margin=margin)
    assert "shell" not in segment_names(drawn)
