"""Long work beside the window: asked for here, done in a process of its own, heard of by a timer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import qt

from RadFusionLib.errors import RadFusionError
from RadFusionLib.reading.task_process import News, TaskProcess

__all__ = ["Work"]

LOOK = 100
"""Milliseconds between two looks for news."""


@dataclass(frozen=True)
class _Caller:
    done: Callable[[Any], None]
    failed: Callable[[RadFusionError], None]
    progress: Callable[[float, str], None]


class Work:
    """The process beside the window, and who waits for which of its tasks.

    Every callback runs in the window's own thread, from a timer.
    """

    def __init__(self) -> None:
        self._process: TaskProcess | None = None
        self._for: tuple[str, bool] | None = None
        self._callers: dict[int, _Caller] = {}
        self._timer = qt.QTimer()
        self._timer.setInterval(LOOK)
        self._timer.connect("timeout()", self.look)

    @property
    def busy(self) -> bool:
        """Whether somebody waits for an answer."""
        return bool(self._callers)

    def open(self, bundle: Path, allow_demonstration: bool) -> bool:
        """Work with a bundle from now on; return whether that is another process than before."""
        wanted = (str(bundle), allow_demonstration)
        if wanted == self._for:
            return False
        self.close()
        self._process, self._for = TaskProcess(*wanted), wanted
        return True

    def scratch(self) -> Path:
        """Return a new folder for a task's files."""
        assert self._process is not None
        return self._process.scratch()

    def ask(
        self,
        task: str,
        arguments: dict[str, Any],
        done: Callable[[Any], None],
        failed: Callable[[RadFusionError], None],
        progress: Callable[[float, str], None] = lambda fraction, message: None,
    ) -> int:
        """Ask for a task of :class:`~RadFusionLib.reading.bench_files.BenchFiles`; return its number."""
        assert self._process is not None
        number = self._process.ask(task, **arguments)
        self._callers[number] = _Caller(done, failed, progress)
        self._timer.start()
        return number

    def cancel(self) -> None:
        """Stop what is under way; whoever waits for it hears that it was cancelled."""
        if self._process is not None:
            self._process.cancel()

    def forget(self) -> None:
        """Stop what is under way, and tell nobody."""
        self.cancel()
        self._callers = {}

    def close(self) -> None:
        """End the process; whoever waited hears nothing."""
        self._timer.stop()
        self._callers = {}
        if self._process is not None:
            self._process.stop()
        self._process = self._for = None

    def look(self) -> None:
        """Hand out what has happened."""
        if self._process is None:
            return
        for news in self._process.poll():
            self._hand_out(news)
        if not self._process.busy:
            self._timer.stop()

    def _hand_out(self, news: News) -> None:
        caller = self._callers.get(news.number)
        if news.over:
            self._callers.pop(news.number, None)
        if caller is None:
            return
        if not news.over:
            caller.progress(news.fraction, news.message)
        elif news.error is not None:
            caller.failed(news.error)
        else:
            caller.done(news.answer)
