"""Segments of a segmentation node to masks and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

import numpy as np

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.errors import InputError
from RadFusionLib.imaging import mask_on_grid
from RadFusionLib.imaging.reading import SPELLINGS
from RadFusionLib.scene.application import Node, Scene, current_scene, slicer_module
from RadFusionLib.scene.volumes import (
    array_to_vtk,
    geometry_from_matrix,
    keep_geometry,
    kept_geometry,
    matrix_to_numpy,
    matrix_to_vtk,
    node_geometry,
    ras_matrix,
    vtk_to_array,
    world_matrix,
)

__all__ = [
    "COLORS",
    "is_drawn",
    "mask_from_segment",
    "mask_to_segment",
    "new_segmentation",
    "reference_geometry",
    "segment_box",
    "segment_id",
    "segment_names",
    "segment_tag",
]

COLORS = {"tumor": (0.95, 0.80, 0.10), "shell": (0.15, 0.75, 0.35), "liver": (0.85, 0.60, 0.45)}
"""Segment colour (red, green, blue in [0, 1]) by region; none of them lies on the heatmap's scale."""

LABELMAP = "Binary labelmap"
"""The representation in which segments are read and written."""
ALIGNED = 1e-3
"""A segment is on the reference grid when no voxel of it is further off than this share of a voxel."""


def new_segmentation(name: str, geometry: Geometry, reference: Node | None = None, scene: Scene | None = None) -> Node:
    """Add an empty segmentation node whose reference grid is that of a volume node, or the geometry given."""
    slicer = slicer_module()
    node = (scene or current_scene()).AddNewNodeByClass("vtkMRMLSegmentationNode", name)
    node.CreateDefaultDisplayNodes()
    segmentation = node.GetSegmentation()
    segmentation.SetSourceRepresentationName(LABELMAP)
    keep_geometry(node, geometry)
    if reference is not None:
        node.SetReferenceImageGeometryParameterFromVolumeNode(reference)
        return node
    image = slicer.vtkOrientedImageData()
    image.SetDimensions(*geometry.size)
    image.SetGeometryFromImageToWorldMatrix(matrix_to_vtk(ras_matrix(geometry)))
    text = slicer.vtkSegmentationConverter.SerializeImageGeometry(image)
    segmentation.SetConversionParameter(slicer.vtkSegmentationConverter.GetReferenceImageGeometryParameterName(), text)
    return node


def segment_names(node: Node) -> tuple[str, ...]:
    """Return the names of all segments, in order."""
    segmentation = node.GetSegmentation()
    return tuple(segmentation.GetNthSegment(i).GetName() for i in range(segmentation.GetNumberOfSegments()))


def segment_id(node: Node, segment: str) -> str:
    """Return the ID of a segment given its ID, its name (any case), or the region it stands for.

    Raises
    ------
    InputError
        When there is none, or more than one of that name.
    """
    if node is None:
        raise InputError("No segmentation was given; choose one.")
    segmentation = node.GetSegmentation()
    if segmentation.GetSegment(segment) is not None:
        return segment
    ids = [segmentation.GetNthSegmentID(i) for i in range(segmentation.GetNumberOfSegments())]
    wanted = [segment.lower()]
    found = [i for i in ids if segmentation.GetSegment(i).GetName().lower() in wanted]
    if not found:
        wanted = list(SPELLINGS.get(segment, wanted))
        found = [i for i in ids if segmentation.GetSegment(i).GetName().lower() in wanted]
    if len(found) != 1:
        have = ", ".join(segment_names(node)) or "none"
        raise InputError(
            f"The segmentation {node.GetName()} has {len(found) or 'no'} segment{'s' if len(found) > 1 else ''} named "
            f"{' or '.join(wanted)} (it has {have}); choose one of them."
        )
    return found[0]


def is_drawn(node: Node, segment: str) -> bool:
    """Whether anything is drawn in a segment, given by its name or ID."""
    return _labelmap(node, segment) is not None


def mask_from_segment(node: Node, segment: str, geometry: Geometry, *, whole: bool = True) -> Volume:
    """Return a segment as a mask on a grid.

    Where the segment's labelmap lies on that grid, voxels are copied; elsewhere they are brought to it by
    nearest neighbour.

    Parameters
    ----------
    node : vtkMRMLSegmentationNode
        Its source is the binary labelmap; a linear parent transform is applied.
    segment : str
        Name or ID.
    geometry : Geometry
        The grid wanted, in the world.
    whole : bool
        Whether everything drawn must lie on the grid; else what lies beyond it is left out.

    Returns
    -------
    Volume
        ``bool``, shape (K, J, I); empty where nothing is drawn.

    Raises
    ------
    InputError
        When there is no such segment, it is not a labelmap, or part of it lies outside the grid.
    """
    image = _labelmap(node, segment)
    mask = np.zeros(geometry.shape, dtype=bool)
    if image is None:
        return Volume(mask, geometry)
    drawn, start, matrix = image
    what = f"segment {segment} of {node.GetName()}"
    offset = _offset_on_grid(drawn.shape, start, matrix, geometry)
    if offset is None:
        own = geometry_from_matrix(_at_index(matrix, start), drawn.shape[::-1])
        target = Volume(np.broadcast_to(np.uint8(0), geometry.shape), geometry)
        try:
            return mask_on_grid(Volume(drawn, own), target, what, whole=whole)[0]
        except InputError:
            if whole:
                raise
            return Volume(mask, geometry)
    there = [slice(max(0, o), min(n, o + m)) for o, n, m in zip(offset, geometry.shape, drawn.shape, strict=True)]
    if any(s.stop <= s.start for s in there):
        if not whole:
            return Volume(mask, geometry)
        raise InputError(f"The {what} lies wholly outside the image; it was drawn on another image or frame.")
    here = tuple(slice(s.start - o, s.stop - o) for s, o in zip(there, offset, strict=True))
    if whole and drawn[here].sum() != drawn.sum():
        lost = 100.0 * (1.0 - drawn[here].sum() / drawn.sum())
        raise InputError(f"{lost:.0f} % of the {what} lies outside the image; draw it on this image.")
    mask[tuple(there)] = drawn[here]
    return Volume(mask, geometry)


def mask_to_segment(
    mask: Volume,
    node: Node,
    name: str,
    color: tuple[float, float, float] | None = None,
    tags: Mapping[str, str] | None = None,
) -> str:
    """Add a mask as a segment, or replace the voxels of the segment of that name; return its ID.

    The segment has a labelmap of its own, cropped to what is drawn, so that no other segment changes.

    Parameters
    ----------
    mask : Volume
        ``bool``, in the world.
    node : vtkMRMLSegmentationNode
        Its reference grid is kept.
    name : str
        The segment's name.
    color : tuple of float, optional
        Of a new segment, each in [0, 1]; that of the region of this name when not given.
    tags : mapping of str to str, optional
        Set on the segment; saved with it.
    """
    slicer = slicer_module()
    segmentation = node.GetSegmentation()
    _require_labelmaps(node)
    existing = segmentation.GetSegmentIdBySegmentName(name)
    image = _oriented_image(mask, world_matrix(node, f"The segmentation {node.GetName()}"))
    if existing:
        # What the old voxels shared with other segments is erased first; the others keep theirs.
        segmentation.ClearSegment(existing)
        segmentation.SeparateSegmentLabelmap(existing)
        segment = segmentation.GetSegment(existing)
    else:
        segment = slicer.vtkSegment()
        segment.SetName(name)
        segment.SetColor(*(color or COLORS.get(name, (0.6, 0.6, 0.6))))
    segment.SetLabelValue(1)
    segment.RemoveRepresentation(LABELMAP)
    segment.AddRepresentation(LABELMAP, image)
    for key, value in (tags or {}).items():
        segment.SetTag(key, quote(value, safe=""))
    if existing:
        segmentation.InvalidateNonSourceRepresentations()
        segmentation.InvokeEvent(slicer.vtkSegmentation.SourceRepresentationModified, None)
        segmentation.Modified()
        return str(existing)
    new_id = segmentation.GenerateUniqueSegmentID(name)
    if not segmentation.AddSegment(segment, new_id):
        raise InputError(f"The segment {name} cannot be added to the segmentation {node.GetName()}.")
    return str(new_id)


def segment_tag(node: Node, segment: str, key: str) -> str:
    """Return a tag that :func:`mask_to_segment` set, or an empty string."""
    import vtk

    value = vtk.reference("")
    found = node.GetSegmentation().GetSegment(segment).GetTag(key, value)
    return unquote(str(value)) if found else ""


def segment_box(node: Node, segment: str, geometry: Geometry, margin: float) -> tuple[slice, slice, slice] | None:
    """Return the part (K, J, I) of a grid that holds a segment and a margin in mm around it, or ``None`` if empty."""
    image = _labelmap(node, segment)
    if image is None:
        return None
    drawn, start, matrix = image
    where = np.argwhere(drawn)[:, ::-1]
    low, high = where.min(axis=0) + start, where.max(axis=0) + start
    corners = np.array(
        [(x, y, z, 1.0) for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])]
    )
    there = (np.linalg.inv(ras_matrix(geometry)) @ matrix @ corners.T)[:3].T[:, ::-1]
    reach = np.array([margin / s for s in geometry.spacing[::-1]]) + 2.0
    first = np.maximum(np.floor(there.min(axis=0) - reach), 0).astype(int)
    last = np.minimum(np.ceil(there.max(axis=0) + reach) + 1, geometry.shape).astype(int)
    if (last <= first).any():
        raise InputError(f"The segment {segment} of {node.GetName()} lies wholly outside the image.")
    k, j, i = (slice(int(a), int(b)) for a, b in zip(first, last, strict=True))
    return k, j, i


def reference_geometry(node: Node) -> Geometry:
    """Return the grid on which a segmentation was drawn: its reference volume's, else the one it remembers.

    Raises
    ------
    InputError
        When it has neither.
    """
    slicer = slicer_module()
    volume = node.GetNodeReference(node.GetReferenceImageGeometryReferenceRole())
    if volume is not None and volume.GetImageData() is not None:
        return node_geometry(volume)
    name = slicer.vtkSegmentationConverter.GetReferenceImageGeometryParameterName()
    text = node.GetSegmentation().GetConversionParameter(name)
    image = slicer.vtkOrientedImageData()
    if not text or not slicer.vtkSegmentationConverter.DeserializeImageGeometry(text, image, False):
        raise InputError(f"The segmentation {node.GetName()} has no reference volume; choose the image it belongs to.")
    extent = image.GetExtent()
    matrix = matrix_to_vtk(np.eye(4))
    image.GetImageToWorldMatrix(matrix)
    local = _at_index(matrix_to_numpy(matrix), np.array(extent[::2]))
    transform = world_matrix(node, f"The segmentation {node.GetName()}")
    if transform is None:
        return kept_geometry(node, geometry_from_matrix(local, image.GetDimensions()))
    return geometry_from_matrix(transform @ local, image.GetDimensions())


def _labelmap(node: Node, segment: str) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Voxels (K, J, I), first index (I, J, K) and matrix from index to RAS of what is drawn; ``None`` if nothing is."""
    slicer = slicer_module()
    import vtk

    identity = segment_id(node, segment)
    _require_labelmaps(node)
    segmentation = node.GetSegmentation()
    source = segmentation.GetSegment(identity).GetRepresentation(LABELMAP)
    if source is None or source.GetPointData().GetScalars() is None:
        return None
    label = segmentation.GetSegment(identity).GetLabelValue()
    extent = slicer.vtkOrientedImageData.SafeDownCast(source).GetExtent()
    drawn = vtk_to_array(source) == label
    if not drawn.any():
        return None
    matrix = vtk.vtkMatrix4x4()
    source.GetImageToWorldMatrix(matrix)
    local = matrix_to_numpy(matrix)
    transform = world_matrix(node, f"The segmentation {node.GetName()}")
    return drawn, np.array(extent[::2]), local if transform is None else transform @ local


def _require_labelmaps(node: Node) -> None:
    segmentation = node.GetSegmentation()
    source = segmentation.GetSourceRepresentationName()
    if source == LABELMAP or not segmentation.GetNumberOfSegments():
        return
    raise InputError(
        f"The segmentation {node.GetName()} is stored as {source.lower()}; make the binary labelmap its source in "
        "the Segmentations module first."
    )


def _oriented_image(mask: Volume, transform: np.ndarray | None) -> Any:
    image = slicer_module().vtkOrientedImageData()
    matrix = ras_matrix(mask.geometry)
    if transform is not None:
        matrix = np.linalg.inv(transform) @ matrix
    where = np.nonzero(mask.array)
    if len(where[0]):
        box = tuple(slice(int(w.min()), int(w.max()) + 1) for w in where)
        k, j, i = box
        image.SetExtent(i.start, i.stop - 1, j.start, j.stop - 1, k.start, k.stop - 1)
        image.GetPointData().SetScalars(array_to_vtk(mask.array[box]))
    else:
        image.SetExtent(0, -1, 0, -1, 0, -1)
    image.SetGeometryFromImageToWorldMatrix(matrix_to_vtk(matrix))
    return image


def _offset_on_grid(
    shape: tuple[int, ...], start: np.ndarray, matrix: np.ndarray, geometry: Geometry
) -> list[int] | None:
    """Offset (K, J, I) of a labelmap on a grid, or ``None`` when it does not lie on it voxel by voxel."""
    between = np.linalg.inv(ras_matrix(geometry)) @ matrix
    ends = start + np.array(shape[::-1]) - 1
    corners = np.array(
        [(x, y, z) for x in (start[0], ends[0]) for y in (start[1], ends[1]) for z in (start[2], ends[2])]
    )
    there = corners @ between[:3, :3].T + between[:3, 3]
    shift = np.rint(there[0] - corners[0])
    if np.abs(there - corners - shift).max() > ALIGNED:
        return None
    return [int(v) for v in (start + shift)[::-1]]


def _at_index(matrix: np.ndarray, start: np.ndarray) -> np.ndarray:
    """The same matrix with its origin moved to index ``start`` (I, J, K)."""
    moved = matrix.copy()
    moved[:3, 3] = matrix[:3, :3] @ start + matrix[:3, 3]
    return moved
