"""What a scene keeps of a prediction in words and numbers, as a text node beside its heatmap and its table."""

from __future__ import annotations

from RadFusionLib.scene.application import Node, Scene
from RadFusionLib.scene.case_scene import mark, node_name

__all__ = ["read_prediction_text", "write_prediction_text"]

ROLE = "prediction"


def write_prediction_text(case_id: str, text: str, scene: Scene) -> Node:
    """Put a text on a case's prediction into a scene; it is saved with the scene."""
    node = scene.AddNewNodeByClass("vtkMRMLTextNode", node_name(case_id, ROLE))
    node.SetText(text)
    mark(node, case=case_id, text=ROLE)
    return node


def read_prediction_text(case_id: str, scene: Scene) -> str:
    """Return what :func:`write_prediction_text` put into a scene, also after saving and reading it; else nothing."""
    for number in range(scene.GetNumberOfNodesByClass("vtkMRMLTextNode")):
        node = scene.GetNthNodeByClass(number, "vtkMRMLTextNode")
        if node.GetAttribute("RadFusion.text") == ROLE and node.GetAttribute("RadFusion.case") == case_id:
            return str(node.GetText() or "")
    return ""
