"""A case as nodes, and nodes as a case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from RadFusionLib.case import Case, Geometry, MaskKey, Volume
from RadFusionLib.errors import InputError
from RadFusionLib.scene.application import Node, Scene, current_scene
from RadFusionLib.scene.segmentations import (
    mask_from_segment,
    mask_to_segment,
    new_segmentation,
    reference_geometry,
    segment_tag,
)
from RadFusionLib.scene.text_tables import read_table, write_table
from RadFusionLib.scene.volumes import image_from_node, node_geometry, volume_to_node

__all__ = ["CaseNodes", "case_from_scene", "case_to_scene", "mark", "node_name", "scene_to_case"]

PREFIX = "RadFusion."
"""Begins the names of the node attributes and segment tags by which a scene knows its case again."""


@dataclass(frozen=True)
class CaseNodes:
    """The nodes of one case.

    Parameters
    ----------
    phases : dict of str to vtkMRMLScalarVolumeNode
        By role.
    segmentations : tuple of vtkMRMLSegmentationNode
        One for every grid on which masks were drawn.
    clinical : vtkMRMLTableNode or None
        Names and values; ``None`` without clinical values.
    """

    phases: dict[str, Node] = field(default_factory=dict)
    segmentations: tuple[Node, ...] = ()
    clinical: Node | None = None


def node_name(case_id: str, ending: str) -> str:
    """Return a node's name from its case's: Slicer's subject hierarchy does not escape what XML reserves."""
    return "".join("_" if letter in "<>&\"'" or ord(letter) < 32 else letter for letter in f"{case_id} {ending}")


def mark(node: Node, **values: str) -> None:
    """Set node attributes that are saved with the scene; an empty value sets none."""
    for key, value in values.items():
        if value:
            node.SetAttribute(PREFIX + key, value)


def case_to_scene(case: Case, scene: Scene | None = None) -> CaseNodes:
    """Put a case's phases, masks and clinical values into a scene."""
    scene = scene or current_scene()
    simulated = "1" if case.simulated else ""
    phases = {}
    for role, volume in case.phases.items():
        node = volume_to_node(volume, node_name(case.id, role), scene)
        mark(node, case=case.id, phase=role, simulated=simulated, scanner=case.scanner, center=case.center)
        phases[role] = node
    grids: list[tuple[Geometry, Node]] = []
    for key, mask in sorted(case.masks.items()):
        node = next((n for grid, n in grids if grid.same_grid(mask.geometry, 1e-6)), None)
        if node is None:
            reference = _phase_on_grid(case, key, mask, phases)
            ending = f" {len(grids) + 1}" if grids else ""
            node = new_segmentation(node_name(case.id, f"segmentation{ending}"), mask.geometry, reference, scene)
            mark(node, case=case.id)
            grids.append((mask.geometry, node))
        name = " ".join(part for part in (key.region, key.phase, key.reader, key.reading) if part)
        tags = {
            PREFIX + "region": key.region,
            PREFIX + "phase": key.phase,
            PREFIX + "reader": key.reader,
            PREFIX + "reading": key.reading,
        }
        mask_to_segment(mask, node, name, tags={k: v for k, v in tags.items() if v})
    clinical = None
    if case.clinical:
        rows = [(name, repr(float(value))) for name, value in case.clinical.items()]
        clinical = write_table(node_name(case.id, "clinical values"), ("name", "value"), rows, scene)
        mark(clinical, case=case.id)
    return CaseNodes(phases, tuple(node for _, node in grids), clinical)


def scene_to_case(
    case_id: str,
    phases: Mapping[str, Node],
    masks: Mapping[MaskKey, tuple[Node, str]],
    clinical: Mapping[str, float] | None = None,
    *,
    scanner: str = "",
    center: str = "",
    simulated: bool = False,
) -> Case:
    """Return the case that nodes hold.

    Parameters
    ----------
    case_id : str
        The case's id.
    phases : mapping of str to vtkMRMLScalarVolumeNode
        By role.
    masks : mapping of MaskKey to (vtkMRMLSegmentationNode, str)
        Which segment, by name or ID, is which mask. It is read on its segmentation's reference grid, or on
        the grid of its own phase (else the first) when the segmentation has none.
    clinical : mapping of str to float, optional
        Clinical values by name.

    Raises
    ------
    InputError
        When a node cannot be used; the sentence names it.
    """
    for role, node in phases.items():
        if node is None:
            raise InputError(f"No volume was given for the {role} phase; choose one.")
    volumes = {role: image_from_node(node) for role, node in phases.items()}
    drawn = {}
    for key, (node, segment) in masks.items():
        drawn[key] = mask_from_segment(node, segment, _mask_grid(node, key, phases)).canonical()
    return Case(
        case_id,
        volumes,
        drawn,
        {k: float(v) for k, v in (clinical or {}).items()},
        scanner,
        center,
        simulated,
    )


def case_from_scene(scene: Scene | None = None, case_id: str | None = None) -> Case:
    """Return the case that :func:`case_to_scene` put into a scene, also after saving and reading it.

    Parameters
    ----------
    scene : vtkMRMLScene, optional
        The current scene when not given.
    case_id : str, optional
        Needed when the scene holds several cases.

    Raises
    ------
    InputError
        When the scene holds no such case, or several and none is named.
    """
    scene = scene or current_scene()
    volumes = [n for n in _nodes(scene, "vtkMRMLScalarVolumeNode") if _marked(n, "phase")]
    ids = sorted({_marked(n, "case") for n in volumes})
    if case_id is None:
        if len(ids) != 1:
            raise InputError(
                f"The scene holds {len(ids) or 'no'} cases{': ' + ', '.join(ids) if ids else ''}; name one."
            )
        case_id = ids[0]
    volumes = [n for n in volumes if _marked(n, "case") == case_id]
    if not volumes:
        raise InputError(f"The scene holds no case {case_id}; it has {', '.join(ids) or 'none'}.")
    masks: dict[MaskKey, tuple[Node, str]] = {}
    for node in _nodes(scene, "vtkMRMLSegmentationNode"):
        if _marked(node, "case") != case_id:
            continue
        segmentation = node.GetSegmentation()
        for number in range(segmentation.GetNumberOfSegments()):
            identity = segmentation.GetNthSegmentID(number)
            region, *rest = (segment_tag(node, identity, PREFIX + k) for k in ("region", "phase", "reader", "reading"))
            if region:
                masks[MaskKey(region, *rest)] = (node, identity)
    clinical: dict[str, float] = {}
    for node in _nodes(scene, "vtkMRMLTableNode"):
        if _marked(node, "case") == case_id and not _marked(node, "result"):
            clinical = _clinical(node)
    first = volumes[0]
    return scene_to_case(
        case_id,
        {_marked(n, "phase"): n for n in volumes},
        masks,
        clinical,
        scanner=_marked(first, "scanner"),
        center=_marked(first, "center"),
        simulated=all(_marked(n, "simulated") == "1" for n in volumes),
    )


def _clinical(node: Node) -> dict[str, float]:
    try:
        return {name: float(value) for name, value in read_table(node)}
    except ValueError as error:
        raise InputError(
            f"The table {node.GetName()} does not hold clinical values (a name and a number in each row); mend it."
        ) from error


def _phase_on_grid(case: Case, key: MaskKey, mask: Volume, nodes: Mapping[str, Node]) -> Node | None:
    roles = [key.phase, *case.phases]
    return next(
        (nodes[r] for r in roles if r in nodes and case.phases[r].geometry.same_grid(mask.geometry, 1e-6)),
        None,
    )


def _mask_grid(node: Node, key: MaskKey, phases: Mapping[str, Node]) -> Geometry:
    try:
        return reference_geometry(node)
    except InputError:
        own = phases.get(key.phase) or next(iter(phases.values()), None)
        if own is None:
            raise
        return node_geometry(own)


def _nodes(scene: Scene, kind: str) -> list[Node]:
    return [scene.GetNthNodeByClass(i, kind) for i in range(scene.GetNumberOfNodesByClass(kind))]


def _marked(node: Node, key: str) -> str:
    return str(node.GetAttribute(PREFIX + key) or "")
