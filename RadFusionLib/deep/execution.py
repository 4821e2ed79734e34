"""How torch runs: on what, on how many cores, and so that the same work gives the same bits."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from RadFusionLib.errors import InputError

__all__ = ["check_device", "cores", "reproducible"]


def check_device(name: str) -> None:
    """Refuse a device that torch does not know or the machine lacks, before a network is moved there.

    Raises
    ------
    InputError
        Which names it.
    """
    if name == "cpu":
        return
    import torch

    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError) as error:
        raise InputError(f"torch cannot compute on the device {name!r}; use cpu, or cuda with a CUDA build.") from error


@contextmanager
def cores(count: int | None) -> Iterator[None]:
    """Run on ``count`` cores (``None``: as torch is set) and leave torch's setting as it was."""
    import torch

    before = torch.get_num_threads()
    if count is not None:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def reproducible(device: str = "cpu") -> Iterator[None]:
    """The same algorithm every time on a GPU, and none that rounds to TF32; nothing to do on a CPU."""
    import torch

    cudnn = torch.backends.cudnn
    before = cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32
    strict, warning = (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )
    cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32 = True, False, False
    if device.startswith("cuda"):
        # cuBLAS reads this when it is first used; without it a matrix product may differ from run to run.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32 = before
        torch.use_deterministic_algorithms(strict, warn_only=warning)
