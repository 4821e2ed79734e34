"""Zips that no program writes: bombs, and directories that lie."""

from __future__ import annotations

import io
import zipfile
import zlib
from functools import cache

import numpy as np
from mutation import pick

__all__ = ["bomb", "directory_changed"]

BOMB = 1 << 30


@cache
def _packed() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = bytes(1 << 24)
    return b"".join(packer.compress(block) for _ in range(BOMB >> 24)) + packer.flush()


def bomb(content: dict[str, bytes], name: str, honest: bool) -> bytes:
    """A member that unpacks to a gigabyte; a dishonest one says that it is small."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for key, data in content.items():
            if key != name:
                archive.writestr(key, data)
        entry = zipfile.ZipInfo(name)
        entry.compress_type = zipfile.ZIP_STORED
        archive.writestr(entry, _packed())
        # Stored as it is, then called deflated: what is in the file is a whole deflate stream.
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.file_size = BOMB if honest else 100
        entry.CRC = 0
    return buffer.getvalue()


def directory_changed(data: bytes, rng: np.random.Generator, change: str) -> bytes:
    """Other sizes, flags or packing in the zip's central directory."""
    changed = bytearray(data)
    places = [at for at in range(len(data) - 4) if data[at : at + 4] == b"PK\x01\x02"]
    at = pick(rng, places)
    if change == "sizes":
        field = at + pick(rng, (20, 24, 42))
        changed[field : field + 4] = pick(rng, (b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\0", rng.bytes(4)))
    elif change == "flags":
        changed[at + 8] |= pick(rng, (1, 32, 64))
    elif rng.random() < 0.5:
        changed[at + 10 : at + 12] = pick(rng, (b"\x0e\0", b"\x0c\0", b"\x5d\0", b"\x63\0"))
    return bytes(changed)
