"""Inputs that do what none may, to prove that each of it is noticed."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import ClassVar

import numpy as np
from target import Target

from RadFusionLib.errors import InputError

__all__ = ["Planted"]


class Planted(Target):
    """Does one thing after another that no input may, but for the first; the word in the file says which."""

    name: ClassVar[str] = "planted"
    deeds: ClassVar[tuple[str, ...]] = (
        "clear", "crash", "segfault", "unclear", "read", "native", "write", "process", "code", "network", "memory",
        "hang",
    )  # fmt: skip

    def whole(self) -> list[Path]:
        self._path = self.folder / "p.txt"
        self._path.write_text("nothing")
        return [self._path]

    def mutant(self, rng: np.random.Generator) -> Path:
        self._path.write_text(self.deeds[self.number])
        return self._path

    def use(self, path: Path) -> None:
        getattr(self, f"_{path.read_text()}")()

    def _nothing(self) -> None:
        pass

    def _clear(self) -> None:
        raise InputError(f"{self._path} is not an image; name another.")

    def _unclear(self) -> None:
        raise InputError("no sentence")

    def _crash(self) -> None:
        raise KeyError("x")

    def _segfault(self) -> None:
        ctypes.string_at(0)

    def _read(self) -> None:
        Path("/etc/hostname").read_text()

    def _native(self) -> None:
        library = ctypes.CDLL(None)
        library.close(library.open(os.fsencode(self.folder.parents[1] / "outside" / "canary.nrrd"), os.O_RDONLY))

    def _write(self) -> None:
        (self.folder.parent / "written").write_text("x")

    def _process(self) -> None:
        subprocess.run([sys.executable, "--version"], check=True, capture_output=True)

    def _code(self) -> None:
        eval("len('touched')")

    def _network(self) -> None:
        with socket.socket() as opened:
            opened.connect_ex(("127.0.0.1", 9))

    def _memory(self) -> None:
        np.ones(1 << 27)

    def _hang(self) -> None:
        time.sleep(3600)
