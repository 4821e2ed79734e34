"""What an input may not do to the process that reads it: leave its folder, run code, open a connection, take too much.

A process that watches itself cannot be trusted with its own end; who started it notices that.
"""

from __future__ import annotations

import ctypes
import os
import resource
import struct
import sys
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["ADDRESS_SPACE", "LARGEST_FILE", "Measured", "Watch", "limit_resources"]

ADDRESS_SPACE = 4 << 30
"""Bytes that the process may have beyond what it has once everything is imported."""

LARGEST_FILE = 64 << 20
FORBIDDEN = (
    "ctypes.dlopen",
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.spawn",
    "os.system",
    "pickle.find_class",
    "pty.spawn",
    "socket.bind",
    "socket.connect",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "socket.sendto",
    "subprocess.Popen",
    "urllib.Request",
)
"""Audit events that no input may cause."""

TRACE = "touched"
"""What every piece of code that hides in an input would do: leave a file of this name."""

CHANGING = (
    "os.chmod",
    "os.chown",
    "os.link",
    "os.mkdir",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.symlink",
    "os.truncate",
)
OWN = (*sysconfig.get_paths().values(), sys.prefix, sys.base_prefix, Path(__file__).parents[2])
HOMES = (
    *(str(Path(path).resolve()) for path in OWN),
    *("/proc/self", "/sys/", "/usr/share/zoneinfo", "/dev/null", "/dev/urandom"),
)
"""Where Python itself reads: its packages, this repository, and what the system tells of itself."""

READ, CHANGED = 0x1 | 0x10 | 0x20, 0x2 | 0x4 | 0x8 | 0x40 | 0x80 | 0x100 | 0x200 | 0x400
"""inotify's masks for files that are read (or opened, or closed unwritten) and files that change."""


@dataclass
class Measured:
    """What an input cost and what it did that it may not."""

    seconds: float = 0.0
    bytes: int = 0
    breaches: list[str] = field(default_factory=list)


class Watch:
    """Notices breaches while an input is read.

    Parameters
    ----------
    folder : Path
        The one folder that may be read; nothing at all may be written.
    outside : Path
        A folder beside it, in which the kernel tells of every access, that of native readers too.
    reads_anywhere : bool
        Whether the input may name files anywhere, as a manifest does; they may still not change.
    scratch : Path, optional
        A folder for temporary files, the one place where files may come and go.
    """

    def __init__(self, folder: Path, outside: Path, reads_anywhere: bool = False, scratch: Path | None = None) -> None:
        self._folder, self._reads_anywhere = str(folder.resolve()), reads_anywhere
        self._scratch = str(scratch.resolve()) if scratch else None
        self._found: list[str] | None = None
        self._kernel = _Notifier(outside, CHANGED if reads_anywhere else CHANGED | READ)
        sys.addaudithook(self._hear)

    @contextmanager
    def watching(self) -> Iterator[Measured]:
        """Measure what is done inside."""
        measured = Measured()
        before = _reset_peak()
        self._kernel.events()
        self._found = measured.breaches
        start = time.process_time()
        try:
            yield measured
        finally:
            measured.seconds = time.process_time() - start
            self._found = None
            measured.bytes = max(0, _peak() - before)
            measured.breaches += [f"{name} was touched" for name in self._kernel.events()]

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        found = self._found
        if found is None:
            return
        if event in FORBIDDEN or (event in CHANGING and not self._in_scratch(event, arguments)):
            found.append(f"{event} {str(arguments)[:200]}")
        elif event == "open":
            self._opened(found, *arguments)
        elif event == "compile" and TRACE in str(arguments[0]):
            found.append("code of the input was compiled")
        elif event == "exec" and not str(arguments[0].co_filename).startswith(
            (*HOMES, "<frozen", "<__array", "<string>")
        ):
            found.append(f"code of {arguments[0].co_filename} was run")

    def _in_scratch(self, event: str, arguments: tuple[Any, ...]) -> bool:
        if not self._scratch or event in ("os.link", "os.rename", "os.symlink"):
            return False
        base = arguments[-1] if event in ("os.mkdir", "os.remove", "os.rmdir") else -1
        parent = os.readlink(f"/proc/self/fd/{base}") if base >= 0 else "."
        place = os.path.abspath(os.path.join(parent, os.fsdecode(arguments[0])))
        return place.startswith(self._scratch + os.sep)

    def _opened(self, found: list[str], path: Any, mode: str | None, flags: int) -> None:
        if isinstance(path, int):
            return
        place = os.path.abspath(os.fsdecode(path))
        if self._scratch and (place + os.sep).startswith(self._scratch + os.sep):
            return
        if self._scratch and (flags & os.O_ACCMODE) == os.O_RDONLY and os.path.dirname(place) == os.getcwd():
            # Relative to a folder that is being removed; where it seems to lie, nothing is.
            return
        if (mode and set(mode) & set("wax+")) or flags & (os.O_WRONLY | os.O_RDWR):
            if place != "/dev/null":
                found.append(f"{place[:200]} was opened to be written")
        elif not self._reads_anywhere and not place.startswith((self._folder, *HOMES)):
            found.append(f"{place[:200]} was opened")


def limit_resources(address_space: int = ADDRESS_SPACE) -> None:
    """Let the system refuse this process what no input needs."""
    have = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (have + address_space, have + address_space))
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class _Notifier:
    """The kernel's word for accesses to the files of a folder."""

    def __init__(self, folder: Path, mask: int) -> None:
        library = ctypes.CDLL(None, use_errno=True)
        self._descriptor = library.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        for path in (folder, *folder.iterdir()):
            if library.inotify_add_watch(self._descriptor, os.fsencode(path), mask) < 0:
                raise OSError(ctypes.get_errno(), "inotify does not watch", str(path))

    def events(self) -> list[str]:
        """Names of what was accessed since the last call."""
        try:
            data = os.read(self._descriptor, 1 << 16)
        except BlockingIOError:
            return []
        found, at = set(), 0
        while at < len(data):
            _, _, _, length = struct.unpack_from("iIII", data, at)
            name = data[at + 16 : at + 16 + length].rstrip(b"\0").decode() or "a file outside"
            found.add(name)
            at += 16 + length
        return sorted(found)


def _reset_peak() -> int:
    """Make the system forget the most memory this process has had; return what it has."""
    with open("/proc/self/clear_refs", "w") as stream:
        stream.write("5")
    return _of_status("VmRSS")


def _peak() -> int:
    return _of_status("VmHWM")


def _of_status(key: str) -> int:
    with open("/proc/self/status") as stream:
        for line in stream:
            if line.startswith(key):
                return int(line.split()[1]) << 10
    return 0
