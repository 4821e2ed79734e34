"""What workers do in the tests: known by name in every process."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from RadFusionLib.computing import threads_in_use
from RadFusionLib.errors import InputError


def doubled(shared: int, task: int) -> int:
    """The task with what all share."""
    return shared + 2 * task


def die_on(shared: int, task: int) -> int:
    """Be killed by one task, however often it is tried."""
    if task == shared:
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def die_once(shared: str, task: int) -> int:
    """Be killed by the first try of the second task."""
    marker = Path(shared) / "died"
    if task == 1 and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def refuse(shared: int, task: int) -> int:
    """Say that nobody can go on."""
    if task == shared:
        raise InputError("The disk is full.")
    return task


def sleep(shared: str, task: int) -> int:
    """Say that work has begun, and take long."""
    (Path(shared) / f"{os.getpid()}.working").touch()
    time.sleep(60)
    return task


def threads(shared: None, task: int) -> dict[str, Any]:
    """What the libraries would use here, with all of them loaded."""
    import numba  # noqa: F401
    import torch  # noqa: F401

    from RadFusionLib.computing import one_thread

    with one_thread():
        return dict(threads_in_use())
