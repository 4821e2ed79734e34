"""Zips from strangers: what an entry says of itself is believed no further than the zip's own length."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Literal

__all__ = ["DAMAGED", "RefusedEntry", "leaves_folder", "most_unpacked", "packed_entries", "read_entry", "unpack"]

DAMAGED = (
    *(OSError, ValueError, EOFError, NotImplementedError, RuntimeError, OverflowError, LookupError),
    *(zipfile.BadZipFile, zlib.error, struct.error),
)
"""What `zipfile` raises on zips that are not whole."""

CHUNK = 1 << 20


class RefusedEntry(Exception):
    """An entry that no zip of ours has.

    Parameters
    ----------
    name : str
        Of the entry.
    why : {'twice', 'packing', 'length', 'place'}
        Two entries bear the name; it is packed neither by deflate nor not at all; it is longer than it may be; its
        name leads out of the folder.
    """

    def __init__(self, name: str, why: Literal["twice", "packing", "length", "place"]) -> None:
        super().__init__(name, why)
        self.name, self.why = name, why


def most_unpacked(small: int, times: int, packed: int, length: int) -> int:
    """The most bytes that something may be long.

    Parameters
    ----------
    small : int
        Bytes that it may be whatever the zip's length.
    times : int
        Where that is more, so many times as long as it is packed.
    packed : int
        Its packed length as the zip says, which is no more than the zip's own.
    length : int
        Of the zip.
    """
    return max(small, times * min(packed, length))


def leaves_folder(name: str) -> bool:
    """Whether a name, taken as a path of any system, can lead out of the folder that it is put into."""
    name = name.replace("\\", "/")
    parts = PurePosixPath(name).parts
    return name.startswith("/") or ".." in parts or bool(parts and parts[0].endswith(":"))


def packed_entries(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The entries, each of its own name, stored or deflated.

    Raises
    ------
    RefusedEntry
        When one is not.
    """
    entries = archive.infolist()
    seen: set[str] = set()
    for entry in entries:
        if entry.filename in seen:
            raise RefusedEntry(entry.filename, "twice")
        seen.add(entry.filename)
    for entry in entries:
        # LZMA's decoder takes as much memory as the file asks for.
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise RefusedEntry(entry.filename, "packing")
    return entries


def read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    """The bytes of an entry, read little further than the most it may have.

    Raises
    ------
    RefusedEntry
        When it is longer.
    """
    if entry.file_size > most:
        raise RefusedEntry(entry.filename, "length")
    # In parts, into what gives its bytes away uncopied: read at once they are held twice.
    held = io.BytesIO()
    with archive.open(entry) as stream:
        while held.tell() <= most and (part := stream.read(CHUNK)):
            held.write(part)
    if held.tell() > most:
        raise RefusedEntry(entry.filename, "length")
    return held.getvalue()


def unpack(archive: zipfile.ZipFile, folder: Path, most: int) -> None:
    """Write all entries into a folder, no more than ``most`` bytes together whatever they claim.

    Raises
    ------
    RefusedEntry
        When an entry is as :func:`packed_entries` refuses it or would lie elsewhere, or the entries are longer.
    """
    entries = packed_entries(archive)
    claimed = 0
    for entry in entries:
        if leaves_folder(entry.filename) or "\\" in entry.filename:
            raise RefusedEntry(entry.filename, "place")
        claimed += entry.file_size
        if claimed > most:
            raise RefusedEntry(entry.filename, "length")
    left = most
    for entry in entries:
        place = folder.joinpath(*PurePosixPath(entry.filename).parts)
        if entry.is_dir():
            place.mkdir(parents=True, exist_ok=True)
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        # Never over a file that is there: two names may be one to the system.
        with archive.open(entry) as stream, place.open("xb") as target:
            while part := stream.read(min(CHUNK, left + 1)):
                left -= len(part)
                if left < 0:
                    raise RefusedEntry(entry.filename, "length")
                target.write(part)
