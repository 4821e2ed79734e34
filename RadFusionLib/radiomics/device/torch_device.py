"""Which device torch computes on, and how much of its memory a batch may take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from RadFusionLib.errors import InputError

if TYPE_CHECKING:
    import torch

__all__ = ["CPU", "batch_bytes", "open_device"]

CPU = "cpu"
"""The name that leaves the work to the compiled kernels."""

_SHARE = 0.1  # of the device's free memory for one batch's largest table; several of its size live at a time
_ON_CPU = 64 << 20


def open_device(name: str) -> torch.device:
    """Give torch's device of that name.

    Raises
    ------
    InputError
        If torch does not know it or the machine has none.
    """
    import torch

    try:
        device = torch.device(name)
        torch.zeros(1, dtype=torch.float64, device=device)
    except (RuntimeError, AssertionError, TypeError) as error:
        raise InputError(f"torch cannot compute on the device {name!r}; use cpu, or cuda with a CUDA build.") from error
    return device


def batch_bytes(device: torch.device) -> int:
    """Give the bytes that the largest table of a batch may take."""
    import torch

    if device.type != "cuda":
        return _ON_CPU
    free, _ = torch.cuda.mem_get_info(device)
    return int(free * _SHARE)
