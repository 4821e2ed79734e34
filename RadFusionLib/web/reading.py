"""The open case: its nodes in the scene, and the case that they hold as it is drawn now."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from RadFusionLib.case import Case, MaskKey, Volume
from RadFusionLib.errors import InputError
from RadFusionLib.scene import case_from_scene, case_to_scene, create_shell_segment, mask_from_segment, mask_to_segment
from RadFusionLib.scene.application import Node, Scene
from RadFusionLib.scene.segmentations import new_segmentation, reference_geometry, segment_tag
from RadFusionLib.scene.shell_segment import ShellSegment

__all__ = ["Reading"]

REGION = "RadFusion.region"
OTHER_READER = (0.9, 0.3, 0.9)
"""Colour of another reader's tumour: on no scale, and no other segment's."""


class Reading:
    """A case put into a scene, where its tumour can be drawn.

    Parameters
    ----------
    case : Case
        As loaded; a case without a tumour gets an empty tumour segment.
    scene : vtkMRMLScene
        Takes the nodes.
    reference : str
        The phase on whose grid a new tumour is drawn.
    """

    def __init__(self, case: Case, scene: Scene, reference: str) -> None:
        self.loaded = case
        self._scene = scene
        nodes = case_to_scene(case, scene)
        self.phases: Mapping[str, Node] = nodes.phases
        self.segmentation: Node = self._with_tumor(nodes.segmentations, reference)
        self.tumor_id = self._tumor_id(self.segmentation)
        self.drawn_on: Node = self._phase_of(self.segmentation, reference)
        self._unchanged = self.contour()

    def check_present(self) -> None:
        """Raise when a node of the case is no longer in the scene.

        Raises
        ------
        InputError
            When somebody has removed it; the sentence names it.
        """
        nodes = {"its segmentation": self.segmentation} | {f"its {role} image": n for role, n in self.phases.items()}
        for what, node in nodes.items():
            if self._scene.GetNodeByID(node.GetID() or "") is not node:
                raise InputError(f"Case {self.id} has lost {what} from the scene; open the case again.")

    @property
    def id(self) -> str:
        """The case's id."""
        return self.loaded.id

    def case(self, clinical: Mapping[str, float]) -> Case:
        """Return the case as it is drawn now, with these clinical values; raises as :meth:`check_present`."""
        self.check_present()
        drawn = case_from_scene(self._scene, self.id)
        masks = {key: mask for key, mask in drawn.masks.items() if key.region != "shell"}
        for key, mask in masks.items():
            if key.region == "tumor" and not mask.array.any():
                raise InputError("The tumour is empty; paint it first.")
        segments = self.loaded.segments
        if segments and self.contour() != self._unchanged:
            segments = _redrawn(self.loaded, masks)
        return replace(drawn, masks=masks, clinical=dict(clinical), segments=segments)

    def shown_phase(self, role: str) -> Node:
        """Return a phase's node; raises as :meth:`check_present`."""
        self.check_present()
        return self.phases[role]

    def contour(self) -> str:
        """SHA-256 of where tumour and liver are drawn; the shell, which follows from them, has no part in it."""
        self.check_present()
        digest = hashlib.sha256()
        for node in self._segmentations():
            segmentation = node.GetSegmentation()
            for number in range(segmentation.GetNumberOfSegments()):
                identity = segmentation.GetNthSegmentID(number)
                if segment_tag(node, identity, REGION) not in ("tumor", "liver"):
                    continue
                mask = mask_from_segment(node, identity, reference_geometry(node), whole=False)
                digest.update(identity.encode())
                digest.update(np.packbits(mask.array).tobytes())
        return digest.hexdigest()

    def tumor(self) -> Volume:
        """Return the tumour as it is drawn now."""
        return mask_from_segment(self.segmentation, self.tumor_id, reference_geometry(self.segmentation))

    def draw_shell(self, margin_mm: float, within_liver: bool, lesion: str) -> ShellSegment:
        """Draw the shell of the tumour as it is now."""
        liver = self._segment_of("liver") if within_liver else None
        return create_shell_segment(
            self.segmentation,
            self.tumor_id,
            margin_mm,
            liver=liver,
            lesion=lesion if lesion in ("all", "largest", "single") else "all",
        )

    def same_phase_tumor(self, other: Case) -> Volume:
        """Return another reading's tumour mask for the phase on which this one is drawn."""
        drawn_on = next((role for role, node in self.phases.items() if node is self.drawn_on), "")
        mask = other.mask("tumor", drawn_on)
        if mask is None:
            raise InputError(f"Case {self.id} has no tumor mask of that reading; fill it in the manifest.")
        return mask

    def show_other_tumor(self, mask: Volume, name: str) -> None:
        """Show another reading's tumour beside this one; it is no mask of the case."""
        mask_to_segment(mask, self.segmentation, name, OTHER_READER)

    def centre(self) -> tuple[float, float, float] | None:
        """Return the middle of the tumour in RAS mm; ``None`` when it is empty."""
        tumor = self.tumor()
        where = np.argwhere(tumor.array)
        if not len(where):
            return None
        left, posterior, superior = tumor.geometry.index_to_physical(where.mean(axis=0)[::-1][None])[0]
        return -float(left), -float(posterior), float(superior)

    def shell(self) -> Volume | None:
        """Return the shell as it is drawn now; ``None`` when there is none."""
        drawn = self._segment_of("shell")
        if drawn is None:
            return None
        return mask_from_segment(self.segmentation, drawn, reference_geometry(self.segmentation))

    def has_liver(self) -> bool:
        """Whether a liver is drawn beside the tumour."""
        return self._segment_of("liver") is not None

    def _segment_of(self, region: str) -> str | None:
        segmentation = self.segmentation.GetSegmentation()
        for number in range(segmentation.GetNumberOfSegments()):
            identity = segmentation.GetNthSegmentID(number)
            if segment_tag(self.segmentation, identity, REGION) == region:
                return str(identity)
        return None

    def _with_tumor(self, nodes: tuple[Node, ...], reference: str) -> Node:
        for node in nodes:
            if self._tumor_id(node):
                return node
        volume = self.loaded.phase(reference)
        node = next((n for n in nodes if reference_geometry(n).same_grid(volume.geometry, 1e-6)), None)
        if node is None:
            image = self.phases[reference]
            node = new_segmentation(f"{self.id} segmentation", volume.geometry, image, self._scene)
            node.SetAttribute("RadFusion.case", self.id)
        empty = volume.with_array(np.zeros(volume.array.shape, dtype=bool))
        mask_to_segment(empty, node, "tumor", tags={REGION: "tumor"})
        return node

    def _tumor_id(self, node: Node) -> str:
        segmentation = node.GetSegmentation()
        for number in range(segmentation.GetNumberOfSegments()):
            identity = segmentation.GetNthSegmentID(number)
            if segment_tag(node, identity, REGION) == "tumor":
                return str(identity)
        return ""

    def _phase_of(self, node: Node, reference: str) -> Node:
        own = node.GetNodeReference(node.GetReferenceImageGeometryReferenceRole())
        return own if own is not None else self.phases[reference]

    def _segmentations(self) -> list[Node]:
        count = self._scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode")
        nodes = [self._scene.GetNthNodeByClass(n, "vtkMRMLSegmentationNode") for n in range(count)]
        return [node for node in nodes if node.GetAttribute("RadFusion.case") == self.id]


def _redrawn(case: Case, masks: Mapping[MaskKey, Volume]) -> dict[str, dict[str, Volume]]:
    """The named segments with the tumour's own as it is drawn now, so that other lesions are still known."""
    redrawn = {}
    for phase, segments in case.segments.items():
        before, now = case.masks[MaskKey("tumor", phase)], masks.get(MaskKey("tumor", phase))
        redrawn[phase] = {
            name: now if now is not None and _same(segment, before) else segment for name, segment in segments.items()
        }
    return redrawn


def _same(one: Volume, other: Volume) -> bool:
    return bool(one.array.sum() == other.array.sum())
