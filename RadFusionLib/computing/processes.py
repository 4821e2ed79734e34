"""Several processes on this machine, any of which may die without taking the others with it."""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from typing import Any

from RadFusionLib.computing.threads import environment_of_workers, one_thread
from RadFusionLib.computing.workers import Died, Work

__all__ = ["Processes"]

TRIES = 2
"""A task whose worker died is given to another once more: it may have been an accident."""
PATIENCE = 5.0
"""Seconds a worker has to end before it is killed."""


@dataclass
class _Worker:
    process: Any
    pipe: Connection
    task: int


class Processes:
    """``count`` processes, each working on one task at a time.

    Each has its own pipe, so that a death is known for what it is: the task is tried once more by a new process and
    then given up, and nobody else's is lost. They end when this process does, however it ends.
    """

    def __init__(self, count: int) -> None:
        self.count = count

    def run(self, work: Work, shared: Any, tasks: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        """See :class:`~RadFusionLib.computing.workers.Workers`."""
        waiting = deque(range(len(tasks)))
        tries = dict.fromkeys(range(len(tasks)), 0)
        first = pickle.dumps((work, shared))
        busy: dict[Connection, _Worker] = {}
        try:
            while waiting or busy:
                while waiting and len(busy) < self.count:
                    number = waiting.popleft()
                    worker = _start(first, number, tasks[number])
                    busy[worker.pipe] = worker
                for pipe in wait(list(busy)):
                    worker = busy[pipe]  # type: ignore[index]
                    number = worker.task
                    try:
                        result, error = worker.pipe.recv()
                    except (EOFError, OSError):
                        busy.pop(worker.pipe)
                        reason = _end(worker)
                        tries[number] += 1
                        if tries[number] < TRIES:
                            waiting.appendleft(number)
                        else:
                            yield number, Died(reason)
                        continue
                    if error is not None:
                        raise error
                    # The next task goes out before the result is looked at, so that no worker waits for us.
                    if waiting:
                        worker.task = waiting.popleft()
                        _send(worker, tasks[worker.task])
                    else:
                        busy.pop(worker.pipe)
                        _send(worker, None)
                        _end(worker)
                    yield number, result
        finally:
            for worker in busy.values():
                worker.process.terminate()
            for worker in busy.values():
                _end(worker)


def _start(first: bytes, number: int, task: Any) -> _Worker:
    # Spawned, not forked: torch and BLAS do not survive a fork of a process that has used them.
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs,), daemon=True)
    with environment_of_workers():
        process.start()
    theirs.close()
    worker = _Worker(process, ours, number)
    with suppress(OSError):
        ours.send_bytes(first)
    _send(worker, task)
    return worker


def _send(worker: _Worker, task: Any) -> None:
    # If it died, the pipe says so when it is read.
    with suppress(OSError):
        worker.pipe.send((worker.task, task))


def _end(worker: _Worker) -> str:
    """Wait for a worker's end, or bring it about, and say how it came."""
    worker.process.join(PATIENCE)
    if worker.process.is_alive():
        worker.process.kill()
        worker.process.join()
    code = worker.process.exitcode
    worker.pipe.close()
    worker.process.close()
    how = f"killed by signal {-code}" if code is not None and code < 0 else f"exit code {code}"
    return f"the process that worked on it died twice ({how}), perhaps for want of memory; try fewer --jobs"


def _work(pipe: Connection) -> None:
    """What a worker does: take what is shared, then a task at a time, until there is none or nobody to ask."""
    # Ctrl-C reaches the whole group; whether to stop is for the one who started us to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        work, shared = pickle.loads(pipe.recv_bytes())
        while (message := pipe.recv())[1] is not None:
            # Entered anew for each task: torch and Numba may have been loaded by the one before.
            with one_thread():
                try:
                    answer: tuple[Any, BaseException | None] = (work(shared, message[1]), None)
                except Exception as error:
                    answer = (None, error)
            pipe.send(answer)
    except (EOFError, OSError):
        return


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
