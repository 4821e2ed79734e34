"""Tables of text: what a reader opens in Slicer, and what survives its tab-separated file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from RadFusionLib.scene.application import Node, Scene, current_scene

__all__ = ["read_table", "write_table"]


def write_table(
    name: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    scene: Scene | None = None,
    node: Node | None = None,
) -> Node:
    """Put rows of text into a table node: a new one, or the one given, emptied first.

    Line breaks and tabs become spaces and double quotes single ones: Slicer's writer does not escape them.
    """
    import vtk

    if node is None:
        node = (scene or current_scene()).AddNewNodeByClass("vtkMRMLTableNode", name)
    node.RemoveAllColumns()
    rows = list(rows)
    for number, column in enumerate(columns):
        values = vtk.vtkStringArray()
        values.SetName(column)
        for row in rows:
            values.InsertNextValue(" ".join(row[number].split()).replace('"', "'"))
        node.AddColumn(values)
    node.SetLocked(True)
    return node


def read_table(node: Node) -> list[tuple[str, ...]]:
    """Return the rows of a table node as text."""
    columns = range(node.GetNumberOfColumns())
    return [tuple(node.GetCellText(row, column) for column in columns) for row in range(node.GetNumberOfRows())]
