"""Network inputs from plain arrays, run in batches of one size."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from RadFusionLib.deep.execution import cores, reproducible
from RadFusionLib.deep.networks import NetworkSpec
from RadFusionLib.errors import InputError
from RadFusionLib.progress import Stage

if TYPE_CHECKING:
    import torch

__all__ = ["IMAGENET_MEAN", "IMAGENET_STD", "Images", "Normalisation", "in_batches", "input_tensor"]

IMAGENET_MEAN = (0.485, 0.456, 0.406)
"""Mean of the ImageNet training images by channel, on a scale of [0, 1], as torchvision's checkpoints want it."""

IMAGENET_STD = (0.229, 0.224, 0.225)
"""Their standard deviation."""

Normalisation = Literal["none", "imagenet"]
"""Shift and scale the channels as ImageNet's are, or leave them in [0, 1]."""


class Images(Protocol):
    """An array of images, or what reads them only when asked: N inputs of one shape, float32."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape (N, S, S) or (N, S, S, S)."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, chosen: np.ndarray, /) -> np.ndarray: ...


def input_tensor(
    images: np.ndarray, spec: NetworkSpec, normalisation: Normalisation = "none", resize: int | None = None
) -> torch.Tensor:
    """Put images of one channel into the form a network takes.

    Parameters
    ----------
    images : numpy.ndarray
        Shape (N, S, S) or (N, S, S, S), in [0, 1].
    spec : NetworkSpec
        Says how many channels; the one is repeated.
    normalisation : {"none", "imagenet"}
        See :data:`Normalisation`.
    resize : int, optional
        Interpolate images of two dimensions linearly to this edge, pixels.

    Returns
    -------
    torch.Tensor
        float32, shape (N, channels, ...), on the CPU.
    """
    import torch

    tensor = torch.from_numpy(np.ascontiguousarray(images, np.float32))[:, None]
    if resize is not None and resize != tensor.shape[-1]:
        tensor = torch.nn.functional.interpolate(tensor, size=(resize, resize), mode="bilinear", align_corners=False)
    if normalisation == "imagenet":
        around = (1, 3, *(1,) * spec.dimensions)
        mean, std = (torch.tensor(values).reshape(around) for values in (IMAGENET_MEAN, IMAGENET_STD))
        if spec.channels != 3:
            raise InputError(f"{spec.name} takes {spec.channels} channel; ImageNet's normalisation needs three.")
        return (tensor - mean) / std
    return tensor.expand(-1, spec.channels, *(-1,) * spec.dimensions).contiguous()


def in_batches(
    run: Callable[[torch.Tensor], torch.Tensor],
    images: Images,
    prepare: Callable[[np.ndarray], torch.Tensor],
    *,
    batch: int,
    width: int,
    device: str = "cpu",
    threads: int | None = None,
    progress: Stage | None = None,
    task: str = "images",
) -> np.ndarray:
    """Run a network over images, always ``batch`` together.

    A short batch is filled up with zeros, so that an image's result does not depend on how many others are run with
    it, to the last bit.

    Parameters
    ----------
    run : callable
        From a batch on ``device`` to shape (batch, ``width``).
    images : Images
        Read a batch at a time.
    prepare : callable
        From images to the network's input, such as :func:`input_tensor`.
    batch, width : int
        Images run together; values each gives.
    device : str
        ``cpu``, ``cuda`` or ``cuda:n``.
    threads : int, optional
        Cores to use; by default torch's setting.
    progress : Stage, optional
        Told after every batch; may cancel.
    task : str
        What the progress message calls the images.

    Returns
    -------
    numpy.ndarray
        Shape (N, ``width``), float32.
    """
    import torch

    parts = []
    with cores(threads), reproducible(device), torch.inference_mode():
        for start in range(0, len(images), batch):
            part = np.asarray(images[np.arange(start, min(start + batch, len(images)))], np.float32)
            filled = np.zeros((batch, *part.shape[1:]), np.float32)
            filled[: len(part)] = part
            parts.append(run(prepare(filled).to(device))[: len(part)].float().cpu().numpy())
            if progress is not None:
                progress((start + len(part)) / len(images), f"{task} {start + len(part)}/{len(images)}")
    return np.concatenate(parts) if parts else np.zeros((0, width), np.float32)
