"""The zip around a bundle: the same content gives the same bytes, and only what is listed is read."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from RadFusionLib.bounded_zip import RefusedEntry, most_unpacked, packed_entries, read_entry
from RadFusionLib.errors import BundleError

__all__ = ["SCHEMA", "read_archive", "write_archive"]

SCHEMA = 3
REFUSED = {
    1: "its interval is of another kind; train it again",
    2: "it does not know what its training images looked like; train it again",
}
"""Older schemas, and why they cannot be read."""
INDEX = "bundle.json"
LARGEST = {
    INDEX: 64 << 20,
    "card.md": 1 << 20,
    "domain.safetensors": 64 << 20,
    "estimators.safetensors": 256 << 20,
    "network.safetensors": 1 << 30,
}
"""The files a bundle may hold, and the most bytes of each that a file of any length may claim."""
UNPACKED = 4
"""Whatever its length, a member may be so many times as long as it is packed: trained networks hardly shrink."""
REFUSED_ENTRY = {
    "twice": "holds files that a bundle does not have",
    "packing": "is packed as no bundle is",
    "length": "holds a {} that is too large",
}
EPOCH = (1980, 1, 1, 0, 0, 0)


def write_archive(path: Path, index: Mapping[str, Any], members: Mapping[str, bytes]) -> None:
    """Write ``bundle.json`` (with the SHA-256 of every member, and of itself) and the members, whole or not at all."""
    content = {
        "schema": SCHEMA,
        **index,
        "members": {name: hashlib.sha256(data).hexdigest() for name, data in sorted(members.items())},
    }
    content["sha256"] = _own_hash(content)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with zipfile.ZipFile(partial, "w") as archive:
            for name, data in [
                (INDEX, json.dumps(content, sort_keys=True, indent=1).encode()),
                *sorted(members.items()),
            ]:
                entry = zipfile.ZipInfo(name, date_time=EPOCH)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, data, compresslevel=6)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def read_archive(path: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Read ``bundle.json`` and the members it lists, after checking every hash.

    Raises
    ------
    BundleError
        When the file is missing, no zip, of an unknown schema, holds anything unlisted or too large, or a hash
        differs.
    """
    if not path.is_file():
        raise BundleError(f"{path} does not exist; give the path of a .radfusion bundle.")
    try:
        length = path.stat().st_size
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            if INDEX not in names or names - set(LARGEST):
                raise BundleError(f"{path} holds files that a bundle does not have; do not use it.")
            data = {}
            for entry in packed_entries(archive):
                most = most_unpacked(LARGEST[entry.filename], UNPACKED, entry.compress_size, length)
                data[entry.filename] = read_entry(archive, entry, most)
        index = json.loads(data.pop(INDEX))
    except RefusedEntry as error:
        raise BundleError(f"{path} {REFUSED_ENTRY[error.why].format(error.name)}; do not use it.") from error
    except BundleError:
        raise
    except Exception as error:
        raise BundleError(f"{path} is damaged or not a bundle; get it again from where it came.") from error
    _check(path, index, data)
    return index, data


def _check(path: Path, index: Any, data: Mapping[str, bytes]) -> None:
    if not isinstance(index, dict) or index.get("schema") != SCHEMA:
        found = index.get("schema") if isinstance(index, dict) else None
        why = f": {REFUSED[found]}" if isinstance(found, int) and found in REFUSED else ""
        raise BundleError(f"{path} has the bundle schema {found}; this version reads schema {SCHEMA}{why}.")
    listed = index.get("members")
    if not isinstance(listed, dict) or set(listed) != set(data) or index.get("sha256") != _own_hash(index):
        raise BundleError(f"{path} was altered: its list of contents does not fit; get it again from where it came.")
    for name, content in data.items():
        if hashlib.sha256(content).hexdigest() != listed[name]:
            raise BundleError(f"{path} was altered: the hash of {name} differs; get it again from where it came.")


def _own_hash(index: Mapping[str, Any]) -> str:
    content = {key: value for key, value in index.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
