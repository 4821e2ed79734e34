"""Who works on the cases: this process, several on this machine, or a cluster."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from RadFusionLib.computing.threads import one_thread

__all__ = ["Died", "Work", "Workers", "here", "workers_of"]

Work = Callable[[Any, Any], Any]
"""``work(shared, task)``; known by name in every process, and catching whatever may go wrong with one case."""


@dataclass(frozen=True)
class Died:
    """What comes back for a task whose worker died: killed, crashed, or out of memory.

    Parameters
    ----------
    reason : str
        For the user.
    """

    reason: str


class Workers(Protocol):
    """Something that works on tasks; at most a few are in flight, however many there are."""

    def run(self, work: Work, shared: Any, tasks: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        """Yield each task's number with ``work(shared, task)``, or :class:`Died`, as they are done.

        Parameters
        ----------
        work : callable
            What it raises ends the run.
        shared : object
            Sent to each worker once.
        tasks : sequence
            Handed out in order.
        """
        ...


class _Here:
    """This process, one task after another."""

    def run(self, work: Work, shared: Any, tasks: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        with one_thread():
            for number, task in enumerate(tasks):
                yield number, work(shared, task)


here: Workers = _Here()
"""This process, one task after another."""


def workers_of(jobs: int = 1, scheduler: str | None = None) -> Workers:
    """Workers as a command asks for them.

    Parameters
    ----------
    jobs : int
        Processes on this machine.
    scheduler : str, optional
        Address of a Dask scheduler, which then decides how many.
    """
    if scheduler:
        from RadFusionLib.computing.cluster import Cluster

        return Cluster(scheduler)
    slicer = sys.modules.get("slicer")
    if jobs > 1 and getattr(slicer, "app", None) is None:  # Inside Slicer, a worker would be another Slicer.
        from RadFusionLib.computing.processes import Processes

        return Processes(jobs)
    return here
