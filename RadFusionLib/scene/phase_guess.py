"""Which volume of a scene may be which phase: a guess from its name, for a person to confirm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from RadFusionLib.scene.application import Node, Scene

__all__ = ["PhaseGuess", "guess_phases"]


@dataclass(frozen=True)
class PhaseGuess:
    """What was guessed.

    Parameters
    ----------
    phases : dict of str to vtkMRMLScalarVolumeNode
        By role; only where one volume alone fits.
    unclear : dict of str to tuple of str
        Names of the volumes that fit a role equally.
    missing : tuple of str
        Roles that no volume's name speaks of.
    """

    phases: dict[str, Node]
    unclear: dict[str, tuple[str, ...]]
    missing: tuple[str, ...]


def guess_phases(scene: Scene, roles: Sequence[str], case: str = "") -> PhaseGuess:
    """Guess the phases of the scene's volumes by their names, which in Slicer are their series' descriptions.

    A volume that RadFusion put into the scene knows its role. Heatmaps are left out.

    Parameters
    ----------
    scene : vtkMRMLScene
        With one patient's volumes.
    roles : sequence of str
        Those that are wanted.
    case : str
        Only volumes that RadFusion marked with this case, where any are.
    """
    fitting: dict[str, list[Node]] = {role: [] for role in roles}
    for number in range(scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode")):
        node = scene.GetNthNodeByClass(number, "vtkMRMLScalarVolumeNode")
        role = _role(node)
        if role in fitting and (not case or node.GetAttribute("RadFusion.case") == case):
            fitting[role].append(node)
    return PhaseGuess(
        {role: nodes[0] for role, nodes in fitting.items() if len(nodes) == 1},
        {role: tuple(node.GetName() for node in nodes) for role, nodes in fitting.items() if len(nodes) > 1},
        tuple(role for role, nodes in fitting.items() if not nodes),
    )


def _role(node: Node) -> str:
    from RadFusionLib.cohort.guessing import guess_phase

    if node.IsA("vtkMRMLLabelMapVolumeNode") or node.GetAttribute("RadFusion.heatmap"):
        return ""
    return str(node.GetAttribute("RadFusion.phase") or guess_phase(str(node.GetName() or "")))
