"""From input cubes or slices to global-average features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from RadFusionLib.deep.checkpoint import Weights
from RadFusionLib.deep.execution import check_device
from RadFusionLib.deep.inference import Normalisation, in_batches, input_tensor
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
    normalisation: Normalisation = "none",
    batch: int | None = None,
    device: str = "cpu",
    threads: int | None = None,
    progress: Stage | None = None,
) -> np.ndarray:
    """Return the global-average features of input cubes or slices, the network as it is (frozen).

    Parameters
    ----------
    weights : Weights, or (network name, module)
        The module already filled, when the caller keeps it between calls.
    inputs : numpy.ndarray
        Shape (N, size, size, size), axes KJI, as :func:`~RadFusionLib.deep.region_input.region_input` gives
        them; for a network of two dimensions (N, size, size), axes JI, as
        :func:`~RadFusionLib.deep.slices.slice_input` does. The channel is repeated where the network takes three.
    normalisation : {"none", "imagenet"}
        Shift and scale the channels as ImageNet's, which torchvision's 2D checkpoints were trained on.
    batch : int, optional
        Inputs run together; by default the network's own. A short batch is filled up with zeros, so that an
        input's features do not depend on how many others are extracted with it, to the last bit. Another
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
    name, network = (weights.network, weights.module()) if isinstance(weights, Weights) else weights
    spec = network_spec(name)
    images = _checked(inputs, spec)
    if spec.level_outside:
        images = levelled(images)
    check_device(device)
    network = network.to(device).eval()
    return in_batches(
        lambda tensor: global_average(network, tensor),
        images,
        lambda part: input_tensor(part, spec, normalisation),
        batch=batch or spec.batch,
        width=spec.features,
        device=device,
        threads=threads,
        progress=progress,
        task="deep features",
    )


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
    """Features (N, features) before any classifier, of a MONAI ResNet and input (N, channels, [K,] J, I)."""
    maps = network.act(network.bn1(network.conv1(tensor)))  # type: ignore[operator]
    if not network.no_max_pool:
        maps = network.maxpool(maps)  # type: ignore[operator]
    for layer in ("layer1", "layer2", "layer3", "layer4"):
        maps = getattr(network, layer)(maps)
    return maps.mean(dim=tuple(range(2, maps.ndim)))


def _checked(inputs: np.ndarray | Sequence[np.ndarray], spec: NetworkSpec) -> np.ndarray:
    images = np.asarray(inputs, dtype=np.float32)
    edges = (spec.input_size,) * spec.dimensions
    if images.size == 0:
        return images.reshape(0, *edges)
    if images.shape[1:] != edges:
        kind, maker = ("cubes", "region_input") if spec.dimensions == 3 else ("slices", "slice_input")
        raise InputError(
            f"{spec.name} takes {kind} of {spec.input_size} voxels, shape (N{', size' * spec.dimensions}), "
            f"not {images.shape}; make them with {maker}."
        )
    if not np.isfinite(images).all():
        raise InputError("A network input has values that are not finite; mend the image it was made from.")
    return images
