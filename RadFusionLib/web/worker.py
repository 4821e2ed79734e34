"""A process beside the page that does the long work, one task after the other."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from RadFusionLib.errors import Cancelled, RadFusionError
from RadFusionLib.progress import Stage
from RadFusionLib.reading.bench import Bench

__all__ = ["Worker"]

Report = Callable[[float, str], None]

OFTEN = 0.1
"""Seconds between two reports of one task: each makes the page draw its progress anew."""


class Worker:
    """Runs the tasks of a :class:`~RadFusionLib.reading.bench.Bench` in a process of its own.

    A process rather than a thread: the page's scene must not be touched while it is drawn, and Python's threads
    would take turns with the views.

    Parameters
    ----------
    bundle : str or Path
        The bundle's file.
    allow_demonstration : bool
        Let a bundle trained on simulated cases predict other cases.
    """

    def __init__(self, bundle: str | Path, allow_demonstration: bool = False) -> None:
        self._arguments = (str(bundle), allow_demonstration)
        # Spawned, not forked: a forked process would share the page's render windows.
        self._context = multiprocessing.get_context("spawn")
        # The number of the last task that is to stop.
        self._cancelled = self._context.Value("q", 0)
        self._number = 0
        self._process: Any = None
        self._connection: Connection | None = None
        self._turn = asyncio.Lock()
        # Waits for the answer, and touches nothing else.
        self._waiting = ThreadPoolExecutor(1, thread_name_prefix="reader-worker")

    async def ask(self, task: str, *arguments: Any, report: Report | None = None) -> Any:
        """Return what a task of the bench returns; ``report(fraction, message)`` hears how far it is.

        Raises
        ------
        RadFusionError
            As the task raised it, and when the process stopped.
        Cancelled
            After :meth:`cancel`, even if the task had just ended: whoever cancels wants no answer any more.
        """
        self._number += 1
        number = self._number
        async with self._turn:
            loop = asyncio.get_running_loop()
            answer = await loop.run_in_executor(self._waiting, self._converse, loop, number, task, arguments, report)
            if self._cancelled.value >= number:
                raise Cancelled("The work was cancelled.")
            return answer

    def cancel(self) -> None:
        """Stop the task under way, and those that wait for their turn, at their next step."""
        self._cancelled.value = self._number

    def start(self) -> None:
        """Start the process, if it does not run."""
        if self._process is not None and self._process.is_alive():
            return
        self._connection, theirs = self._context.Pipe()
        self._process = self._context.Process(
            target=_serve, args=(theirs, self._cancelled, *self._arguments), daemon=True, name="radfusion-reader-worker"
        )
        self._process.start()
        theirs.close()

    def stop(self) -> None:
        """End the process, and with it whatever it does."""
        if self._process is not None:
            self._process.terminate()
            self._process.join(5)
        self._waiting.shutdown(wait=False, cancel_futures=True)

    def _converse(
        self,
        loop: asyncio.AbstractEventLoop,
        number: int,
        task: str,
        arguments: tuple[Any, ...],
        report: Report | None,
    ) -> Any:
        self.start()
        assert self._connection is not None
        try:
            self._connection.send((number, task, arguments))
            while True:
                kind, *content = self._connection.recv()
                if kind == "done":
                    return content[0]
                if kind == "failed":
                    raise content[0]
                if report is not None:
                    loop.call_soon_threadsafe(report, *content)
        except (EOFError, OSError) as error:
            raise RadFusionError("The work stopped unexpectedly, perhaps for want of memory; try again.") from error


class _Reporter:
    """Tells the page how far a task is, though not at its every step, and the task whether to go on."""

    def __init__(self, connection: Connection, cancelled: Any, number: int) -> None:
        self._connection = connection
        self._cancelled = cancelled
        self._number = number
        self._last = float("-inf")

    def __call__(self, fraction: float, message: str) -> bool:
        now = time.monotonic()
        if fraction >= 1.0 or now - self._last >= OFTEN:
            self._last = now
            self._connection.send(("report", fraction, message))
        return bool(self._cancelled.value < self._number)


def _serve(connection: Connection, cancelled: Any, bundle: str, allow_demonstration: bool) -> None:
    """What runs in the process: take a task, report, answer."""
    # Ctrl-C is for the page, which then ends this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    bench = Bench(bundle, allow_demonstration)
    while True:
        try:
            number, task, arguments = connection.recv()
        except (EOFError, OSError):
            return

        reporter = _Reporter(connection, cancelled, number)
        try:
            if cancelled.value >= number:
                raise Cancelled("The work was cancelled.")
            answer = ("done", getattr(bench, task)(Stage(reporter), *arguments))
        except RadFusionError as error:
            answer = ("failed", error)
        except Exception as error:
            answer = ("failed", RuntimeError(f"{type(error).__name__}: {error}"))
        with contextlib.suppress(OSError):
            connection.send(answer)
