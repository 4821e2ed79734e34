"""One thread a worker for every library that could take more, and the proof that it is so."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

__all__ = ["VARIABLES", "environment_of_workers", "one_thread", "threads_in_use"]

VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
    "NUMBA_NUM_THREADS",
)
"""What the libraries read when they are first loaded."""


@contextmanager
def environment_of_workers(names: Sequence[str] = VARIABLES) -> Iterator[None]:
    """The environment in which a worker is started: its libraries load with one thread each."""
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread for BLAS, OpenMP, torch, Numba and ITK in this process.

    A sum that several threads share is added up in another order from run to run; with one thread a worker the same
    case gives the same bits on any number of workers. What is loaded already is put back as it was, but ITK's setting.
    """
    import SimpleITK as sitk
    from threadpoolctl import threadpool_limits

    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    torch, numba = sys.modules.get("torch"), sys.modules.get("numba")
    of_torch = None if torch is None else torch.get_num_threads()
    of_numba = None if numba is None else numba.get_num_threads()
    try:
        if torch is not None:
            torch.set_num_threads(1)
        if numba is not None:
            numba.set_num_threads(1)
        # For libraries that are loaded only now; not Numba's, which refuses another number once it runs.
        with environment_of_workers(VARIABLES[:-1]), threadpool_limits(1):
            yield
    finally:
        if torch is not None:
            torch.set_num_threads(of_torch)
        if numba is not None:
            numba.set_num_threads(of_numba)


def threads_in_use() -> Mapping[str, int]:
    """How many threads each library would use now in this process; 1 for one that is not loaded."""
    import SimpleITK as sitk
    from threadpoolctl import threadpool_info

    pools = threadpool_info()
    torch, numba = sys.modules.get("torch"), sys.modules.get("numba")
    return {
        "BLAS": max((pool["num_threads"] for pool in pools if pool["user_api"] == "blas"), default=1),
        "OpenMP": max((pool["num_threads"] for pool in pools if pool["user_api"] == "openmp"), default=1),
        "ITK": sitk.ProcessObject.GetGlobalDefaultNumberOfThreads(),
        "Numba": 1 if numba is None else numba.get_num_threads(),
        "torch": 1 if torch is None else torch.get_num_threads(),
    }
