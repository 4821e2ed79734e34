"""One run at a time on one output."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from RadFusionLib.errors import InputError

__all__ = ["locked"]


@contextmanager
def locked(file: str | Path, what: str | Path) -> Iterator[None]:
    """Hold ``file`` as the lock of ``what``; it is let go when this process ends, however it ends.

    Raises
    ------
    InputError
        When another run holds it.
    """
    file = Path(file)
    file.parent.mkdir(parents=True, exist_ok=True)
    with _opened(file, what) as stream:
        stream.truncate(0)
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
        stream.write(f"process {os.getpid()} on {socket.gethostname()}, since {now}\n")
        stream.flush()
        yield


def _opened(file: Path, what: str | Path) -> IO[str]:
    while True:
        stream = file.open("a+", encoding="utf-8")
        if not _taken(stream):
            with stream:
                stream.seek(0)
                who = stream.read().strip() or "another process"
            raise InputError(
                f"Another run is writing to {what} ({who}); wait until it has ended, or name another place with --out."
            )
        # Who held it before may have removed it: then we hold a file that nobody else will find.
        if file.exists() and os.path.samestat(file.stat(), os.fstat(stream.fileno())):
            return stream
        stream.close()
        file.parent.mkdir(parents=True, exist_ok=True)


def _taken(stream: IO[str]) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            stream.seek(0x7FFF0000)  # Far behind the text, so that others can still read who holds it.
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl

            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
