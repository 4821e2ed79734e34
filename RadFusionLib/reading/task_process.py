"""The Slicer window's side of the process beside it: ask, look whether there is news, cancel."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from RadFusionLib.errors import Cancelled, RadFusionError
from RadFusionLib.reading.task_server import Folder
from RadFusionLib.scene.application import in_slicer

__all__ = ["News", "TaskProcess", "interpreter"]

PATIENCE = 4.0
"""Seconds that a cancelled task has to stop at its next step, before its process is ended."""

START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from RadFusionLib.reading.task_server import main; main()"


@dataclass(frozen=True)
class News:
    """What became of a task.

    Parameters
    ----------
    number : int
        As :meth:`TaskProcess.ask` returned it.
    fraction, message : float and str
        How far it is.
    over : bool
        Whether this is the last news of it: ``answer`` or ``error`` is set.
    answer : object
        What the task returned.
    error : RadFusionError or None
        Why it failed, or that it was cancelled.
    """

    number: int
    fraction: float = 0.0
    message: str = ""
    over: bool = False
    answer: Any = None
    error: RadFusionError | None = None


class TaskProcess:
    """A Python process with a bundle, which does one task after the other.

    It touches no scene, and the window's own process waits for nothing: whoever asks also calls :meth:`poll` from
    time to time.

    Parameters
    ----------
    bundle : str or Path
        The bundle's file.
    allow_demonstration : bool
        Let a bundle trained on simulated cases predict other cases.
    """

    def __init__(self, bundle: str | Path, allow_demonstration: bool = False) -> None:
        self._bundle = str(bundle)
        self._allow_demonstration = allow_demonstration
        self._process: subprocess.Popen[str] | None = None
        self._folder: Folder | None = None
        self._number = 0
        self._waiting: list[int] = []
        self._heard: dict[int, tuple[float, str]] = {}
        self._cancelled: dict[int, float] = {}

    @property
    def busy(self) -> bool:
        """Whether a task is under way."""
        return bool(self._waiting)

    def scratch(self) -> Path:
        """Return a new folder for a task's files; it goes with the process."""
        self._start()
        assert self._folder is not None
        return Path(tempfile.mkdtemp(dir=self._folder.path))

    def ask(self, task: str, **arguments: Any) -> int:
        """Give the process a task; return the number under which :meth:`poll` speaks of it."""
        self._start()
        assert self._process is not None
        assert self._process.stdin is not None
        self._number += 1
        line = json.dumps({"number": self._number, "task": task, "arguments": arguments})
        self._waiting.append(self._number)
        # A process that has just died is noticed by poll.
        with contextlib.suppress(OSError):
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        return self._number

    def poll(self) -> list[News]:
        """Return what has happened since the last call."""
        if not self._waiting or self._folder is None or self._process is None:
            return []
        # Asked before the files are read: what a process wrote before it died still counts.
        dead = self._process.poll() is not None
        news = []
        for number in list(self._waiting):
            answer = self._folder.read(f"{number}.answer")
            if answer is None:
                said = self._folder.read(f"{number}.progress")
                if said is not None and self._heard.get(number) != tuple(said):
                    self._heard[number] = (float(said[0]), str(said[1]))
                    news.append(News(number, *self._heard[number]))
                continue
            self._over(number)
            news.append(_last_news(number, answer))
        late = [n for n, since in self._cancelled.items() if time.monotonic() - since > PATIENCE]
        if late:
            news.extend(self._end(Cancelled("The work was cancelled; nothing was written.")))
        elif dead and self._waiting:
            news.extend(
                self._end(RadFusionError("The work stopped unexpectedly, perhaps for want of memory; try again."))
            )
        return news

    def cancel(self) -> None:
        """Stop every task at its next step; one that does not stop soon is ended with its process."""
        if self._folder is None or not self._waiting:
            return
        self._folder.write("cancel", max(self._waiting))
        for number in self._waiting:
            self._cancelled.setdefault(number, time.monotonic())

    def stop(self) -> None:
        """End the process and delete its files."""
        process, folder = self._process, self._folder
        self._process = self._folder = None
        self._waiting, self._cancelled = [], {}
        if process is not None:
            process.kill()
            process.wait(10)
            if process.stdin is not None:
                with contextlib.suppress(OSError):
                    process.stdin.close()
        if folder is not None:
            shutil.rmtree(folder.path, ignore_errors=True)

    def _over(self, number: int) -> None:
        self._waiting.remove(number)
        self._cancelled.pop(number, None)
        self._heard.pop(number, None)

    def _end(self, error: RadFusionError) -> list[News]:
        numbers = list(self._waiting)
        self.stop()
        return [News(number, over=True, error=error) for number in numbers]

    def _start(self) -> None:
        if self._process is not None and self._process.poll() is None:
            return
        if self._process is not None and not self._waiting:
            self.stop()
        self._folder = Folder(Path(tempfile.mkdtemp(prefix="radfusion-")))
        library = Path(__file__).resolve().parents[2]
        allowed = "1" if self._allow_demonstration else "0"
        words = [interpreter(), "-c", START, str(library), str(self._folder.path), self._bundle, allowed]
        self._process = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            **_without_console(),
        )


def interpreter() -> str:
    """Return the Python to run: Slicer's ``PythonSlicer`` in Slicer, this one elsewhere.

    Raises
    ------
    RadFusionError
        When Slicer's is not where it should be.
    """
    if not in_slicer():
        return sys.executable
    found = shutil.which("PythonSlicer")
    if found is None:
        raise RadFusionError("Slicer's own Python (PythonSlicer) was not found; install Slicer again.")
    return found


def _without_console() -> dict[str, Any]:
    """On Windows, a process started from a window opens a console of its own unless told not to."""
    if os.name != "nt":
        return {}
    return {"creationflags": 0x08000000}


def _last_news(number: int, answer: dict[str, Any]) -> News:
    if "done" in answer:
        return News(number, 1.0, over=True, answer=answer["done"])
    if "cancelled" in answer:
        return News(number, over=True, error=Cancelled(answer["cancelled"]))
    if "failed" in answer:
        return News(number, over=True, error=RadFusionError(answer["failed"]))
    said = f"RadFusion failed unexpectedly ({answer['broken']}); please report it."
    return News(number, over=True, error=RadFusionError(said))
