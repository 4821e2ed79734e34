"""The peritumoral shell as a segment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.errors import InputError
from RadFusionLib.imaging import choose_lesion, peritumoral_shell
from RadFusionLib.scene.application import Node
from RadFusionLib.scene.segmentations import (
    mask_from_segment,
    mask_to_segment,
    reference_geometry,
    segment_box,
    segment_id,
)
from RadFusionLib.scene.volumes import node_geometry

__all__ = ["ShellSegment", "create_shell_segment"]


@dataclass(frozen=True)
class ShellSegment:
    """A shell segment and what was cut from it.

    Parameters
    ----------
    segment_id : str
        Of the shell in its segmentation.
    clipped_fraction : float
        Share in [0, 1] of the unclipped shell that the liver or other lesions removed.
    touches_edge : bool
        Whether the shell reaches the edge of the image.
    notice : str
        Which of several lesions was taken; empty when there was one.
    """

    segment_id: str
    clipped_fraction: float
    touches_edge: bool
    notice: str = ""


def create_shell_segment(
    segmentation: Node,
    tumor: str = "tumor",
    margin: float = 10.0,
    reference: Node | None = None,
    liver: str | None = None,
    *,
    others: Sequence[str] = (),
    lesion: str = "all",
    name: str = "shell",
) -> ShellSegment:
    """Add the shell of a tumour segment to its segmentation, or replace it.

    The work is done on the part of the grid within reach of the tumour only.

    Parameters
    ----------
    segmentation : vtkMRMLSegmentationNode
        Holds the tumour, and takes the shell.
    tumor, liver : str
        Names or IDs of segments; without ``liver`` the shell is not clipped.
    margin : float
        mm.
    reference : vtkMRMLScalarVolumeNode, optional
        The image on whose grid the shell is drawn; the segmentation's own reference when not given.
    others : sequence of str
        Segments of other lesions, which the shell leaves out.
    lesion : {'all', 'largest', 'single'}
        Which part of the tumour segment is the tumour; the other parts are left out of the shell.
    name : str
        The shell's segment.

    Raises
    ------
    InputError
        When the tumour is empty or outside the image, the margin is not positive, or nothing is left.
    """
    if not (np.isfinite(margin) and margin > 0):
        raise InputError(f"The shell's margin is {margin} mm; give a positive number.")
    tumor_id = segment_id(segmentation, tumor)
    grid = reference_geometry(segmentation) if reference is None else node_geometry(reference)
    box = segment_box(segmentation, tumor_id, grid, margin)
    if box is None:
        raise InputError(f"The segment {tumor} of {segmentation.GetName()} is empty; draw the tumour first.")
    part = _part(grid, box)
    chosen = choose_lesion(mask_from_segment(segmentation, tumor_id, part), lesion, f"segment {tumor}")
    inside = mask_from_segment(segmentation, liver, part, whole=False) if liver else None
    kept_out = None if chosen.others is None else chosen.others.array.copy()
    for other in others:
        drawn = mask_from_segment(segmentation, other, part, whole=False).array
        kept_out = drawn if kept_out is None else kept_out | drawn
    shell = peritumoral_shell(
        chosen.tumor, margin, inside, None if kept_out is None else Volume(kept_out, chosen.tumor.geometry)
    )
    identity = mask_to_segment(shell.mask, segmentation, name, tags={"RadFusion.region": "shell"})
    return ShellSegment(identity, shell.clipped_fraction, shell.touches_edge, chosen.notice)


def _part(grid: Geometry, box: tuple[slice, slice, slice]) -> Geometry:
    start = np.array([[s.start for s in box[::-1]]])
    first = grid.index_to_physical(start)[0]
    k, j, i = (s.stop - s.start for s in box)
    return Geometry((i, j, k), grid.spacing, (float(first[0]), float(first[1]), float(first[2])), grid.direction)
