"""Files and folders that take their name only when they are complete and on the disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from uuid import uuid4

__all__ = ["ENDING", "sweep", "whole_file", "whole_folder"]

ENDING = ".partial"
"""What names of unfinished files and folders end in; they begin with a dot."""


@contextmanager
def whole_file(path: str | Path, suffix: str = "") -> Iterator[Path]:
    """Give a place to write to; it becomes ``path`` when the block ends well, and is removed when it does not.

    The bytes are on the disk before the name is: after a loss of power, too, the file is the old one or the new one.

    Parameters
    ----------
    path : path
        Its folder is made when there is none.
    suffix : str
        What the place's name must end in, for writers that choose a format by it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(_partial_name(path.name) + suffix)
    try:
        yield partial
        _to_disk(partial)
        os.replace(partial, path)
        _to_disk(path.parent)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: str | Path) -> Iterator[Path]:
    """The same for a folder and all that is in it; an earlier folder of the name is replaced."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(_partial_name(path.name))
    former = path.with_name(_partial_name(path.name))
    partial.mkdir()
    try:
        yield partial
        for place in sorted(partial.rglob("*")):
            _to_disk(place)
        _to_disk(partial)
        if path.exists():
            os.replace(path, former)
        os.replace(partial, path)
        _to_disk(path.parent)
    finally:
        if former.exists() and not path.exists():
            os.replace(former, path)
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(former, ignore_errors=True)


def sweep(path: str | Path) -> None:
    """Remove what a killed process left of ``path`` half-written; nobody else may be writing it now."""
    path = Path(path)
    for place in path.parent.glob(f".{escape(path.name)}.*{ENDING}*"):
        if place.is_dir():
            shutil.rmtree(place, ignore_errors=True)
        else:
            place.unlink(missing_ok=True)


def _partial_name(name: str) -> str:
    # Not the process' number: on a shared disk another machine may have a process of the same number.
    return f".{name}.{uuid4().hex[:12]}{ENDING}"


def _to_disk(place: Path) -> None:
    if os.name == "nt" and place.is_dir():
        return  # Windows opens no folders; it writes names through by itself.
    handle = os.open(place, os.O_RDONLY if place.is_dir() or os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
