"""Finished work on disk, found by what it was made from."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from RadFusionLib.errors import RadFusionError
from RadFusionLib.whole_file import ENDING, whole_file

__all__ = ["Entry", "Store", "StoreError", "digest_of", "file_digest"]

HEX = 64


class StoreError(RadFusionError):
    """Finished work cannot be kept: the disk is full or may not be written to. It ends the run; no case is to blame."""

    def __init__(self, folder: str, reason: str) -> None:
        super().__init__(folder, reason)
        self.folder, self.reason = folder, reason

    def __str__(self) -> str:
        return (
            f"Finished work cannot be kept in {self.folder}: {self.reason}; mend that and run again with --resume, "
            "which repeats no finished case."
        )


@dataclass(frozen=True)
class Entry:
    """What is kept of a piece of work: plain values, and arrays by name."""

    note: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)


def digest_of(*parts: object) -> str:
    """SHA-256 of plain values (by their JSON) and arrays (by their type, shape and bytes), hexadecimal."""
    whole = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            array = np.ascontiguousarray(part)
            whole.update(f"{array.dtype.str}{array.shape}".encode())
            # A second digest, so that where one array ends and the next begins is part of the whole.
            whole.update(hashlib.sha256(array.data if array.size else b"").digest())
        else:
            text = json.dumps(part, sort_keys=True)
            whole.update(f"{len(text)}:{text}".encode())
    return whole.hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class Store:
    """A folder of entries, one file each, by kind and key.

    An entry is written whole or not at all and carries its own digest: one that was cut short or altered is no entry.
    Several processes and machines may write to it at once, since the same key means the same content. It holds
    digests, features, networks and risks, and of a patient nothing but the case id.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def get(self, kind: str, key: str) -> Entry | None:
        """The entry, or None when there is none that is whole."""
        try:
            return _unpacked(self._path(kind, key).read_bytes())
        except (OSError, ValueError, KeyError, TypeError, zlib.error):
            return None

    def put(self, kind: str, key: str, entry: Entry) -> None:
        """Keep an entry.

        Raises
        ------
        StoreError
            When it cannot be written.
        """
        try:
            with whole_file(self._path(kind, key)) as partial:
                partial.write_bytes(_packed(entry))
        except OSError as error:
            raise StoreError(str(self.folder), error.strerror or str(error)) from error

    def sweep(self) -> None:
        """Remove what killed processes left half-written; nobody else may be writing now."""
        for place in self.folder.rglob(f".*{ENDING}"):
            place.unlink(missing_ok=True)

    def _path(self, kind: str, key: str) -> Path:
        return self.folder / kind / key[:2] / key


def _packed(entry: Entry) -> bytes:
    arrays = {name: np.ascontiguousarray(array) for name, array in entry.arrays.items()}
    shapes = {name: [array.dtype.str, list(array.shape)] for name, array in arrays.items()}
    head = json.dumps({"note": entry.note, "arrays": shapes}).encode()
    body = len(head).to_bytes(8, "little") + head + b"".join(array.tobytes() for array in arrays.values())
    packed = zlib.compress(body, level=1)
    return hashlib.sha256(packed).hexdigest().encode() + packed


def _unpacked(content: bytes) -> Entry:
    if hashlib.sha256(content[HEX:]).hexdigest().encode() != content[:HEX]:
        raise ValueError("not whole")
    body = zlib.decompress(content[HEX:])
    start = 8 + int.from_bytes(body[:8], "little")
    head = json.loads(body[8:start])
    arrays = {}
    for name, (kind, shape) in head["arrays"].items():
        count = int(np.prod(shape))
        arrays[name] = np.frombuffer(body, dtype=np.dtype(kind), count=count, offset=start).reshape(shape)
        start += arrays[name].nbytes
    return Entry(head["note"], arrays)
