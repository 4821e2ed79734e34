"""The workers of a Dask cluster, on this machine or on many: SLURM, Kubernetes, or started by hand."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from RadFusionLib.computing.threads import one_thread
from RadFusionLib.computing.workers import Died, Work
from RadFusionLib.errors import InputError, MissingPackageError

if TYPE_CHECKING:
    from distributed import Client, Future

__all__ = ["Cluster"]

ANSWER = 30
"""Seconds within which a scheduler must answer and a first worker be there."""
SILENCE = 30
"""Seconds without a result after which it is asked whether there are workers."""
DESERTED = 20
"""How often in a row there may be none: ten minutes, in which a queue may give others."""
AHEAD = 4
"""Tasks at the scheduler for each thread of the workers, so that none waits for us."""


class Cluster:
    """The workers of the scheduler at ``address``; they may come and go while a run is under way.

    Results are light (features go to the store, not through the network), and so is what waits at the scheduler.
    """

    def __init__(self, address: str) -> None:
        self.address = address

    def run(self, work: Work, shared: Any, tasks: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        """See :class:`~RadFusionLib.computing.workers.Workers`.

        Raises
        ------
        MissingPackageError
            When dask.distributed is not installed.
        InputError
            When no scheduler answers, no worker comes, or all have left.
        """
        client = self._client()
        try:
            yield from self._results(client, work, shared, tasks)
        finally:
            client.close()

    def _client(self) -> Client:
        try:
            from distributed import Client
        except ImportError as error:
            raise MissingPackageError(
                "--scheduler needs dask.distributed, which is not installed; run: pip install 'radfusion[cluster]'"
            ) from error
        try:
            client = Client(self.address, timeout=ANSWER, set_as_default=False)
        except (OSError, ValueError) as error:
            raise InputError(
                f"No Dask scheduler answers at {self.address}; start one (dask scheduler) and name its address."
            ) from error
        try:
            client.wait_for_workers(1, timeout=ANSWER)
        except TimeoutError as error:
            client.close()
            raise InputError(
                f"The scheduler at {self.address} has no workers; start some (dask worker {self.address} --nthreads 1)."
            ) from error
        return client

    def _results(self, client: Client, work: Work, shared: Any, tasks: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        run = f"radfusion-{uuid4().hex}"
        # The scheduler keeps it for workers that come later, and for those that come back.
        client.register_plugin(_shared_plugin(run, shared))
        flying: dict[Future, int] = {}
        handed_out = 0
        try:
            while handed_out < len(tasks) or flying:
                while handed_out < len(tasks) and len(flying) < AHEAD * max(1, _threads(client)):
                    future = client.submit(_call, run, work, tasks[handed_out], key=f"{run}-{handed_out}", pure=False)
                    flying[future] = handed_out
                    handed_out += 1
                for future in self._finished(client, list(flying)):
                    number = flying.pop(future)
                    yield number, _result(future)
                    future.release()
        finally:
            client.cancel(list(flying), force=True)
            client.unregister_worker_plugin(run)

    def _finished(self, client: Client, futures: list[Future]) -> list[Future]:
        from distributed import wait

        deserted = 0
        while True:
            try:
                with client.as_current():
                    return list(wait(futures, timeout=SILENCE, return_when="FIRST_COMPLETED").done)
            except TimeoutError:
                deserted = 0 if _threads(client) else deserted + 1
                if deserted >= DESERTED:
                    raise InputError(
                        f"The scheduler at {self.address} has had no workers for {SILENCE * DESERTED // 60} minutes; "
                        "start some and run again with --resume."
                    ) from None


def _threads(client: Client) -> int:
    return sum(int(worker["nthreads"]) for worker in client.scheduler_info(n_workers=-1)["workers"].values())


def _result(future: Future) -> Any:
    from distributed.scheduler import KilledWorker

    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, KilledWorker):
        return Died("the workers that worked on it died one after another, perhaps for want of memory")
    raise error


def _shared_plugin(run: str, shared: Any) -> Any:
    from RadFusionLib.computing.shared_plugin import SharedPlugin

    return SharedPlugin(run, pickle.dumps(shared))


def _call(run: str, work: Work, task: Any) -> Any:
    """What a worker does: one task, with what all share."""
    from distributed import get_worker

    with one_thread():
        plugin: Any = get_worker().plugins[run]
        return work(plugin.shared, task)
