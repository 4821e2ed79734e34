"""What the module's logic does, nodes in and nodes out; the same with and without the Slicer window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from RadFusionLib.case import Case, MaskKey
from RadFusionLib.errors import InputError
from RadFusionLib.progress import ProgressCallback, Stage
from RadFusionLib.scene.application import Node
from RadFusionLib.scene.case_scene import scene_to_case
from RadFusionLib.scene.heatmap import HeatmapNodes, heatmap_to_scene
from RadFusionLib.scene.prediction_scene import heatmap_colors, heatmap_kind, is_demonstration
from RadFusionLib.scene.results import result_table
from RadFusionLib.scene.shell_segment import ShellSegment, create_shell_segment

__all__ = ["SceneLogic"]


class SceneLogic:
    """Shell, prediction, heatmap and results on MRML nodes.

    ``RadFusionLogic`` is this with Slicer's base class. Names follow Slicer's.
    """

    def createShell(
        self,
        segmentationNode: Node,
        tumorSegment: str = "tumor",
        marginMm: float = 10.0,
        referenceVolumeNode: Node | None = None,
        liverSegment: str | None = None,
        *,
        otherSegments: Sequence[str] = (),
        lesion: str = "all",
    ) -> ShellSegment:
        """Add the segment ``shell`` or replace it; see :func:`RadFusionLib.scene.create_shell_segment`."""
        return create_shell_segment(
            segmentationNode,
            tumorSegment,
            marginMm,
            referenceVolumeNode,
            liverSegment,
            others=otherSegments,
            lesion=lesion,
        )

    def createCase(
        self,
        phaseNodes: Mapping[str, Node],
        segmentationNode: Node,
        tumorSegment: str | Mapping[str, str] = "tumor",
        liverSegment: str | Mapping[str, str] | None = None,
        clinical: Mapping[str, float] | None = None,
        caseId: str = "scene",
    ) -> Case:
        """Return the case that nodes hold.

        Parameters
        ----------
        phaseNodes : mapping of str to vtkMRMLScalarVolumeNode
            By role.
        segmentationNode : vtkMRMLSegmentationNode
            Holds the segments.
        tumorSegment, liverSegment : str, or mapping of str to str
            Names or IDs of segments; a mapping gives one for every phase by role.
        clinical : mapping of str to float
            By name, in the unit the recipe states.
        caseId : str
            The case's id.
        """
        if segmentationNode is None:
            raise InputError("No segmentation was given; choose the one with the tumour.")
        masks: dict[MaskKey, tuple[Node, str]] = {}
        for region, segments in (("tumor", tumorSegment), ("liver", liverSegment)):
            by_phase = segments if isinstance(segments, Mapping) else {"": segments}
            masks.update({MaskKey(region, p): (segmentationNode, s) for p, s in by_phase.items() if s})
        given = [node for node in phaseNodes.values() if node is not None]
        # Only images that the simulator marked all through count as simulated: a mixed case is a patient's.
        simulated = bool(given) and all(node.GetAttribute("RadFusion.simulated") == "1" for node in given)
        return scene_to_case(caseId, phaseNodes, masks, clinical, simulated=simulated)

    def predict(
        self,
        bundlePath: str | Path,
        phaseNodes: Mapping[str, Node],
        segmentationNode: Node,
        tumorSegment: str | Mapping[str, str] = "tumor",
        liverSegment: str | Mapping[str, str] | None = None,
        clinical: Mapping[str, float] | None = None,
        caseId: str = "scene",
        progress: ProgressCallback | None = None,
        **options: Any,
    ) -> Any:
        """Return the prediction for nodes; ``options`` go to :func:`RadFusionLib.predict`.

        Raises
        ------
        RadFusionError
            When bundle or nodes cannot be used, or ``progress`` returned ``False``; the scene is unchanged.
        """
        from RadFusionLib.bundle import Bundle
        from RadFusionLib.workflow import predict

        stage = Stage(progress)
        stage(0.0, "Reading the bundle")
        bundle = Bundle.load(bundlePath)
        stage(0.02, "Reading the scene")
        wanted = {role: phaseNodes.get(role) for role in bundle.recipe.phases}
        case = self.createCase(wanted, segmentationNode, tumorSegment, liverSegment, clinical, caseId)
        return predict(bundle, case, progress=stage.part(0.05, 1.0), **options)

    def paintHeatmap(
        self, prediction: Any, referenceVolumeNode: Node | None = None, heatmapNode: Node | None = None
    ) -> HeatmapNodes:
        """Put a prediction's heatmap into the scene of the reference volume, or over an earlier heatmap."""
        if prediction.heatmap is None:
            raise InputError("The prediction carries no heatmap; predict with a recipe that paints one.")
        scene = None if referenceVolumeNode is None else referenceVolumeNode.GetScene()
        name = "heatmap" if referenceVolumeNode is None else f"{referenceVolumeNode.GetName()} heatmap"
        return heatmap_to_scene(
            prediction.heatmap,
            heatmap_kind(prediction),
            name,
            scene,
            heatmapNode,
            is_demonstration(prediction),
            heatmap_colors(prediction),
        )

    def createResultTable(self, prediction: Any, tableNode: Node | None = None) -> Node:
        """Put a prediction's numbers and warnings into a table node, a new one or the one given."""
        return result_table(prediction, node=tableNode)
