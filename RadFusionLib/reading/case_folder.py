"""Cases and volumes as files between two processes of one computer: every number comes back as it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from RadFusionLib.case import Case, Geometry, MaskKey, Volume

__all__ = ["read_array_volume", "read_case", "write_array_volume", "write_case"]

CASE = "case.json"


def write_array_volume(volume: Volume, path: Path) -> dict[str, Any]:
    """Write a volume's voxels to a ``.npy`` file; return what :func:`read_array_volume` needs beside it."""
    np.save(path, volume.array, allow_pickle=False)
    grid = volume.geometry
    return {"file": path.name, "geometry": [grid.size, grid.spacing, grid.origin, grid.direction]}


def read_array_volume(folder: Path, record: dict[str, Any]) -> Volume:
    """Read a volume from the folder where :func:`write_array_volume` put it."""
    size, spacing, origin, direction = record["geometry"]
    geometry = Geometry(tuple(size), tuple(spacing), tuple(origin), tuple(tuple(row) for row in direction))  # type: ignore[arg-type]
    return Volume(np.load(folder / record["file"], allow_pickle=False), geometry)


def write_case(case: Case, folder: Path) -> Path:
    """Write a case into a folder, which is made when absent.

    An image format would keep a direction and a spacing as their product, from which they come back different in
    their last digits: enough to tip a voxel that lies halfway between two others.
    """
    folder.mkdir(parents=True, exist_ok=True)
    volumes = [
        {**write_array_volume(volume, folder / f"{number}.npy"), "kind": kind, "name": name}
        for number, (kind, name, volume) in enumerate(_volumes(case))
    ]
    document = {
        "id": case.id,
        "clinical": dict(case.clinical),
        "scanner": case.scanner,
        "center": case.center,
        "simulated": case.simulated,
        "volumes": volumes,
    }
    (folder / CASE).write_text(json.dumps(document), encoding="utf-8")
    return folder


def read_case(folder: Path) -> Case:
    """Read the case that :func:`write_case` wrote."""
    document = json.loads((folder / CASE).read_text(encoding="utf-8"))
    phases: dict[str, Volume] = {}
    masks: dict[MaskKey, Volume] = {}
    segments: dict[str, dict[str, Volume]] = {}
    for record in document["volumes"]:
        volume, name = read_array_volume(folder, record), record["name"]
        if record["kind"] == "phase":
            phases[name[0]] = volume
        elif record["kind"] == "mask":
            masks[MaskKey(*name)] = volume
        else:
            segments.setdefault(name[0], {})[name[1]] = volume
    return Case(
        document["id"],
        phases,
        masks,
        document["clinical"],
        document["scanner"],
        document["center"],
        document["simulated"],
        segments,
    )


def _volumes(case: Case) -> Iterator[tuple[str, list[str], Volume]]:
    for role, volume in case.phases.items():
        yield "phase", [role], volume
    for key, volume in case.masks.items():
        yield "mask", [key.region, key.phase, key.reader, key.reading], volume
    for phase, named in case.segments.items():
        for name, volume in named.items():
            yield "segment", [phase, name], volume
