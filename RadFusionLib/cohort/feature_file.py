"""Extracted features on disk: one Parquet file with a row a case, and how they were made."""

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


@dataclass(frozen=True)
class FeatureFile:
    """Features of a cohort and how they were made.

    Parameters
    ----------
    table : FeatureTable
        CR and DLR features; the clinical values stay in the manifest.
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
    columns: dict[str, Any] = {"case": list(features.table.cases), "fingerprint": list(features.fingerprints)}
    columns |= {name: features.table.values[:, i] for i, name in enumerate(features.table.names)}
    note = json.dumps({"record": features.record, "reasons": features.reasons}, sort_keys=True)
    table = pa.table(columns).replace_schema_metadata({KEY: note.encode()})
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        pq.write_table(table, partial)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return path


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
        cases = tuple(table.column("case").to_pylist())
        prints = tuple(table.column("fingerprint").to_pylist())
        names = tuple(n for n in table.column_names if n not in ("case", "fingerprint"))
        values = np.column_stack([table.column(n).to_numpy() for n in names]).astype(np.float64)
    except (OSError, KeyError, ValueError, pa.ArrowException) as error:
        raise InputError(f"{path} is not a feature file; make one with radfusion extract.") from error
    return FeatureFile(FeatureTable(cases, names, values), prints, note["record"], note["reasons"])
