"""From input cubes to global-average features."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from RadFusionLib.deep.checkpoint import Weights
from RadFusionLib.deep.networks import NetworkSpec, network_spec
from RadFusionLib.errors import InputError
from RadFusionLib.progress import Stage

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = ["extract", "feature_names", "global_average", "levelled"]


def feature_names(network: str, phase: str, region: str) -> list[str]:
    """Names of the features of a phase and region, ``<phase>_<region>_dlr_<index>``, counted from 0."""
    return [f"{phase}_{region}_dlr_{index}" for index in range(network_spec(network).features)]


def extract(
    weights: Weights | tuple[str, nn.Module],
    inputs: np.ndarray | Sequence[np.ndarray],
    *,
    batch: int | None = None,
    device: str = "cpu",
    threads: int | None = None,
    progress: Stage | None = None,
) -> np.ndarray:
    """Return the global-average features of input cubes.

    Parameters
    ----------
    weights : Weights, or (network name, module)
        The module already filled, when the caller keeps it between calls.
    inputs : numpy.ndarray
        Shape (N, size, size, size), axes KJI, as :func:`~RadFusionLib.deep.region_input.region_input` gives
        them. The channel is repeated where the network takes three.
    batch : int, optional
        Volumes run together; by default the network's own. A short batch is filled up with zeros, so that a
        volume's features do not depend on how many others are extracted with it, to the last bit. Another
        ``batch`` may change the last bit (6e-8 of features near 0.03 for ``compact``, 3e-7 of 0.3 for
        ``r3d_18``), another device or build of torch about 1e-6 of a feature.
    device : str
        ``cpu``, ``cuda`` or ``cuda:n``.
    threads : int, optional
        Cores to use; by default torch's setting. It does not change a feature.
    progress : Stage, optional
        Told after every batch; may cancel.

    Returns
    -------
    numpy.ndarray
        Shape (N, features), float32, after the last ReLU and the global average.
    """
    import torch

    name, network = (weights.network, weights.module()) if isinstance(weights, Weights) else weights
    spec = network_spec(name)
    cubes = _checked(inputs, spec)
    if spec.level_outside:
        cubes = levelled(cubes)
    size = batch or spec.batch
    network = network.to(device).eval()
    parts = []
    with _threads(threads), _reproducible(), torch.inference_mode():
        for start in range(0, len(cubes), size):
            part = cubes[start : start + size]
            filled = np.zeros((size, 1, *cubes.shape[1:]), np.float32)
            filled[: len(part), 0] = part
            tensor = torch.from_numpy(filled).expand(-1, spec.channels, -1, -1, -1).contiguous().to(device)
            parts.append(global_average(network, tensor)[: len(part)].cpu().numpy())
            if progress is not None:
                progress((start + len(part)) / len(cubes), f"deep features {start + len(part)}/{len(cubes)}")
    return np.concatenate(parts) if parts else np.zeros((0, spec.features), np.float32)


def levelled(cubes: np.ndarray) -> np.ndarray:
    """Give the voxels of value 0, which lie outside the region, the mean of the others, cube by cube.

    Parameters
    ----------
    cubes : numpy.ndarray
        Shape (N, size, size, size), 0 outside the region. Voxels inside that are exactly 0, the darkest of the
        scale, are taken for outside too.
    """
    outside = cubes == 0
    count = np.maximum((~outside).sum(axis=(1, 2, 3)), 1)
    mean = (cubes.sum(axis=(1, 2, 3), dtype=np.float64) / count).astype(np.float32)
    return np.where(outside, mean[:, None, None, None], cubes)


def global_average(network: nn.Module, tensor: torch.Tensor) -> torch.Tensor:
    """Features (N, features) before any classifier, of a MONAI ResNet and input (N, channels, K, J, I)."""
    maps = network.act(network.bn1(network.conv1(tensor)))  # type: ignore[operator]
    if not network.no_max_pool:
        maps = network.maxpool(maps)  # type: ignore[operator]
    for layer in ("layer1", "layer2", "layer3", "layer4"):
        maps = getattr(network, layer)(maps)
    return maps.mean(dim=(2, 3, 4))


def _checked(inputs: np.ndarray | Sequence[np.ndarray], spec: NetworkSpec) -> np.ndarray:
    cubes = np.asarray(inputs, dtype=np.float32)
    if cubes.size == 0:
        return cubes.reshape(0, *(spec.input_size,) * 3)
    if cubes.ndim != 4 or cubes.shape[1:] != (spec.input_size,) * 3:
        raise InputError(
            f"{spec.name} takes cubes of {spec.input_size} voxels, shape (N, size, size, size), "
            f"not {cubes.shape}; make them with region_input(..., size={spec.input_size})."
        )
    if not np.isfinite(cubes).all():
        raise InputError("A network input has values that are not finite; mend the image it was made from.")
    return cubes


@contextmanager
def _threads(count: int | None) -> Iterator[None]:
    """Run on ``count`` cores and leave torch's setting as it was."""
    import torch

    before = torch.get_num_threads()
    if count is not None:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _reproducible() -> Iterator[None]:
    """The same algorithm every time on a GPU, and none that rounds to TF32; nothing to do on a CPU."""
    import torch

    cudnn = torch.backends.cudnn
    before = cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32
    cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32 = True, False, False
    try:
        yield
    finally:
        cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32 = before
