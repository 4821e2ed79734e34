"""Which segments are the tumour and the liver: found by name, made ready to be drawn, copied for each phase."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np

from RadFusionLib.case import Volume
from RadFusionLib.errors import InputError
from RadFusionLib.imaging import is_lesion_name
from RadFusionLib.scene.application import Node, Scene
from RadFusionLib.scene.segmentations import (
    mask_from_segment,
    mask_to_segment,
    new_segmentation,
    reference_geometry,
    segment_names,
    segment_tag,
)
from RadFusionLib.scene.volumes import node_geometry

__all__ = ["contour_digest", "copy_for_phases", "find_region", "make_ready", "segments_by_phase", "tagged_segments"]

REGION, PHASE, READER = "RadFusion.region", "RadFusion.phase", "RadFusion.reader"


def tagged_segments(node: Node, region: str) -> dict[str, str]:
    """Return the first reader's segments that RadFusion marked with a region: the segment's ID by its phase."""
    segmentation = node.GetSegmentation()
    ids = [segmentation.GetNthSegmentID(number) for number in range(segmentation.GetNumberOfSegments())]
    return {
        segment_tag(node, one, PHASE): str(one)
        for one in ids
        if segment_tag(node, one, REGION) == region and not segment_tag(node, one, READER)
    }


def find_region(node: Node, region: str) -> str:
    """Return the name of the segment that stands for a region, or an empty string when none or several may.

    A segment that RadFusion marked comes first, then one of the region's name, then one whose name speaks of it.
    """
    segmentation = node.GetSegmentation()
    marked = tagged_segments(node, region).get("")
    if marked:
        return str(segmentation.GetSegment(marked).GetName())
    names = segment_names(node)
    same = [name for name in names if name.strip().lower() == region]
    speaks = same or [name for name in names if _speaks_of(name, region)]
    return speaks[0] if len(speaks) == 1 else ""


def make_ready(scene: Scene, reference: Node, node: Node | None = None, name: str = "RadFusion segmentation") -> Node:
    """Return a segmentation in which a tumour and a liver segment wait to be drawn: a new one, or the one given.

    Parameters
    ----------
    scene : vtkMRMLScene
        Takes a new one.
    reference : vtkMRMLScalarVolumeNode
        The image on whose grid they are drawn.
    node : vtkMRMLSegmentationNode, optional
        Only what it lacks is added.
    """
    geometry = node_geometry(reference)
    if node is None:
        node = new_segmentation(name, geometry, reference, scene)
    nothing = Volume(np.zeros(geometry.shape, dtype=bool), geometry)
    for region in ("tumor", "liver"):
        if not find_region(node, region) and region not in segment_names(node):
            mask_to_segment(nothing, node, region, tags={REGION: region})
    return node


def copy_for_phases(node: Node, segment: str, region: str, roles: Iterable[str]) -> list[str]:
    """Copy a segment once for each phase, to be drawn there by itself; return the new segments' names.

    A phase that has its own keeps it.
    """
    there = tagged_segments(node, region)
    mask = mask_from_segment(node, segment, reference_geometry(node))
    if not mask.array.any():
        raise InputError(f"The segment {segment} is empty; draw it before it is copied for each phase.")
    made = []
    for role in roles:
        if role not in there:
            mask_to_segment(mask, node, f"{region} {role}", tags={REGION: region, PHASE: role})
            made.append(f"{region} {role}")
    return made


def segments_by_phase(node: Node, segment: str, region: str, roles: Sequence[str]) -> dict[str, str]:
    """Return which segment serves which phase: those drawn for a phase, and ``segment`` (for ``""``) all others."""
    chosen = {"": segment} if segment else {}
    return chosen | {phase: one for phase, one in tagged_segments(node, region).items() if phase in roles}


def contour_digest(contours: Iterable[tuple[Node, str]]) -> str:
    """SHA-256 of where segments, given by segmentation and ID, are drawn."""
    digest = hashlib.sha256()
    for node, identity in contours:
        mask = mask_from_segment(node, identity, reference_geometry(node), whole=False)
        digest.update(identity.encode())
        digest.update(np.packbits(mask.array).tobytes())
    return digest.hexdigest()


def _speaks_of(name: str, region: str) -> bool:
    return is_lesion_name(name) if region == "tumor" else name.strip().lower().startswith(region)
