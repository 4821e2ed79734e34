"""The scene: MRML nodes to arrays and back, on Slicer's core libraries and in Slicer itself.

Slicer and VTK are imported inside the functions that use them, never at import.
"""

from RadFusionLib.scene.application import close, current_scene, in_slicer, private_scene
from RadFusionLib.scene.case_scene import CaseNodes, case_from_scene, case_to_scene, scene_to_case
from RadFusionLib.scene.heatmap import HeatmapNodes, heatmap_to_scene
from RadFusionLib.scene.logic import SceneLogic
from RadFusionLib.scene.prediction_scene import write_scene
from RadFusionLib.scene.results import result_table
from RadFusionLib.scene.saving import load_scene, save_scene
from RadFusionLib.scene.segmentations import mask_from_segment, mask_to_segment, segment_id
from RadFusionLib.scene.shell_segment import ShellSegment, create_shell_segment
from RadFusionLib.scene.volumes import image_from_node, volume_from_node, volume_to_node

__all__ = [
    "CaseNodes",
    "HeatmapNodes",
    "SceneLogic",
    "ShellSegment",
    "case_from_scene",
    "case_to_scene",
    "close",
    "create_shell_segment",
    "current_scene",
    "heatmap_to_scene",
    "image_from_node",
    "in_slicer",
    "load_scene",
    "mask_from_segment",
    "mask_to_segment",
    "private_scene",
    "result_table",
    "save_scene",
    "scene_to_case",
    "segment_id",
    "volume_from_node",
    "volume_to_node",
    "write_scene",
]
