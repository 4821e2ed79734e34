"""Extracted features on disk: one Parquet file with a row a case and reading, and how they were made."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from RadFusionLib.errors import InputError
from RadFusionLib.fusion.table import FeatureTable

__all__ = ["FeatureFile", "read_features", "write_features"]

KEY = b"radfusion"
PLAIN = ("case", "reading", "fingerprint")
IMAGE, SHAPE = "image:", "shape:"


@dataclass(frozen=True)
class FeatureFile:
    """Features of a cohort and how they were made.

    Parameters
    ----------
    table : FeatureTable
        CR and DLR features, those of repeated contours, and what the trained networks see; the clinical values and
        scanners stay in the manifest.
    fingerprints : tuple of str
        Of each case's voxels, in the table's order.
    record : mapping
        Recipe, profile, engine, network and versions.
    reasons : mapping of str to mapping of str to str
        By case and feature, why a value is NaN.
    """

    table: FeatureTable
    fingerprints: tuple[str, ...]
    record: Mapping[str, Any]
    reasons: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def write_features(features: FeatureFile, path: str | Path) -> Path:
    """Write the features whole or not at all."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    kinds = {name: str(images[0].dtype) for name, images in features.table.images.items()}
    note = json.dumps({"record": features.record, "reasons": features.reasons, "images": kinds}, sort_keys=True)
    table = pa.table(_columns(features)).replace_schema_metadata({KEY: note.encode()})
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        pq.write_table(table, partial)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def _columns(features: FeatureFile) -> dict[str, Any]:
    """The first readings, then the repeated ones; images as bytes with their shape beside them."""
    table = features.table
    repeated = list(table.readings.items())
    columns: dict[str, Any] = {
        "case": [*table.cases, *(case for _, part in repeated for case in part.cases)],
        "reading": [""] * len(table.cases) + [key for key, part in repeated for _ in part.cases],
        "fingerprint": [*features.fingerprints, *("" for _, part in repeated for _ in part.cases)],
    }
    values = np.concatenate([table.values, *(part.columns(table.names) for _, part in repeated)])
    columns |= {name: values[:, i] for i, name in enumerate(table.names)}
    again = len(columns["case"]) - len(table.cases)
    for name, images in table.images.items():
        arrays = [np.ascontiguousarray(image) for image in images]
        columns[IMAGE + name] = [a.tobytes() for a in arrays] + [None] * again
        columns[SHAPE + name] = [list(a.shape) for a in arrays] + [None] * again
    return columns


def read_features(path: str | Path) -> FeatureFile:
    """Read what :func:`write_features` wrote.

    Raises
    ------
    InputError
        When the file is missing or not such a file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = Path(path)
    try:
        table = pq.read_table(path)
        note = json.loads((table.schema.metadata or {})[KEY])
        cases = np.array(table.column("case").to_pylist(), dtype=object)
        repeats = "reading" in table.column_names
        reading = np.array(table.column("reading").to_pylist() if repeats else [""] * len(cases), dtype=object)
        first = np.flatnonzero(reading == "")
        prints = table.column("fingerprint").to_pylist()
        names = tuple(n for n in table.column_names if n not in PLAIN and not n.startswith((IMAGE, SHAPE)))
        values = np.empty((len(cases), len(names)))
        for number, name in enumerate(names):
            values[:, number] = table.column(name).to_numpy()
        images = {name: _images(table, name, np.dtype(kind), first) for name, kind in note.get("images", {}).items()}
    except (OSError, KeyError, ValueError, TypeError, pa.ArrowException) as error:
        raise InputError(f"{path} is not a feature file; make one with radfusion extract.") from error
    repeated = {
        key: FeatureTable(tuple(cases[reading == key]), names, values[reading == key])
        for key in dict.fromkeys(reading)
        if key
    }
    found = FeatureTable(tuple(cases[first]), names, values[first], readings=repeated, images=images)
    return FeatureFile(found, tuple(prints[i] for i in first), note["record"], note["reasons"])


def _images(table: Any, name: str, kind: np.dtype, rows: np.ndarray) -> tuple[np.ndarray, ...]:
    if kind not in (np.float32, np.uint8):
        raise ValueError(f"images of {kind}")
    data, shapes = table.column(IMAGE + name), table.column(SHAPE + name)
    return tuple(np.frombuffer(data[int(i)].as_py(), dtype=kind).reshape(shapes[int(i)].as_py()).copy() for i in rows)
