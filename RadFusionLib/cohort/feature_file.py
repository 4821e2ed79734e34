"""Extracted features on disk: one Parquet file with a row a case and reading, and how they were made."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from RadFusionLib.errors import InputError
from RadFusionLib.fusion.table import FeatureTable
from RadFusionLib.whole_file import whole_file

__all__ = ["FeatureFile", "FeatureWriter", "feature_writer", "read_features", "write_features"]

KEY = b"radfusion"
PLAIN = ("case", "reading", "fingerprint")
IMAGE, SHAPE = "image:", "shape:"
HELD = 64 << 20
"""Bytes of rows that are gathered before they are written together."""


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
    table = features.table
    kinds = {name: str(images[0].dtype) for name, images in table.images.items()}
    with feature_writer(path, table.names, kinds, features.record, features.reasons) as writer:
        for row, (case, print_) in enumerate(zip(table.cases, features.fingerprints, strict=True)):
            images = {name: of_cases[row] for name, of_cases in table.images.items()}
            writer.add(case, "", print_, table.values[row], images)
        for reading, part in table.readings.items():
            for case, values in zip(part.cases, part.columns(table.names), strict=True):
                writer.add(case, reading, "", values)
    return Path(path)


@contextmanager
def feature_writer(
    path: str | Path,
    names: Sequence[str],
    kinds: Mapping[str, str],
    record: Mapping[str, Any],
    reasons: Mapping[str, Mapping[str, str]],
) -> Iterator[FeatureWriter]:
    """Write a feature file row by row, without holding the cohort in memory; whole or not at all.

    Parameters
    ----------
    path : path
        The file.
    names : sequence of str
        Feature names, in the order of the columns.
    kinds : mapping of str to str
        The number type of each trained network's images.
    record, reasons
        As :class:`FeatureFile` has them.

    Raises
    ------
    InputError
        When it cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    note = json.dumps({"record": record, "reasons": reasons, "images": kinds}, sort_keys=True)
    columns = [pa.field(name, pa.string()) for name in PLAIN] + [pa.field(name, pa.float64()) for name in names]
    for name in kinds:
        columns += [pa.field(IMAGE + name, pa.binary()), pa.field(SHAPE + name, pa.list_(pa.int64()))]
    schema = pa.schema(columns, metadata={KEY: note.encode()})
    try:
        with whole_file(path) as partial, pq.ParquetWriter(partial, schema) as file:
            writer = FeatureWriter(file, names, kinds)
            yield writer
            writer.flush()
    except OSError as error:
        # Arrow says what happened in a text of its own, with the half-written file's name.
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise InputError(
            f"{path} cannot be written: {reason}; free space or name another place, and run again with --resume, which "
            "repeats no finished case."
        ) from error


class FeatureWriter:
    """Takes the rows of a feature file; see :func:`feature_writer`. The first readings come first."""

    def __init__(self, file: Any, names: Sequence[str], kinds: Mapping[str, str]) -> None:
        self._file, self._names, self._kinds = file, tuple(names), tuple(kinds)
        self._rows: list[tuple[str, str, str]] = []
        self._values: list[np.ndarray] = []
        self._images: list[Mapping[str, np.ndarray]] = []
        self._bytes = 0

    def add(
        self,
        case: str,
        reading: str,
        print_: str,
        values: np.ndarray,
        images: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        """Add a row: a case's values, shape (p,), and for its first reading what the trained networks see."""
        self._rows.append((case, reading, print_))
        self._values.append(np.asarray(values, dtype=np.float64))
        self._images.append({name: np.ascontiguousarray(image) for name, image in (images or {}).items()})
        self._bytes += self._values[-1].nbytes + sum(image.nbytes for image in self._images[-1].values())
        if self._bytes > HELD:
            self.flush()

    def flush(self) -> None:
        """Write what has been added so far."""
        import pyarrow as pa

        if not self._rows:
            return
        columns: list[Any] = [list(cells) for cells in zip(*self._rows, strict=True)]
        columns += list(np.stack(self._values).T)
        for name in self._kinds:
            images = [found.get(name) for found in self._images]
            columns.append([None if image is None else image.tobytes() for image in images])
            columns.append([None if image is None else list(image.shape) for image in images])
        schema = self._file.schema
        arrays = [pa.array(cells, type=kind) for cells, kind in zip(columns, schema.types, strict=True)]
        self._file.write_table(pa.Table.from_arrays(arrays, schema=schema))
        self._rows, self._values, self._images, self._bytes = [], [], [], 0


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
