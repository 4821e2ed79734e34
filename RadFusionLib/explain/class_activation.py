"""Class activation maps of a network: which of its last cells speak for a class.

Grad-CAM (Selvaraju et al. 2017) weighs each channel of a layer by the mean gradient of the class's score and keeps
what is positive; the class activation map (Zhou et al. 2016) weighs the channels of the last layer by the linear
classifier that follows its average. What they are: a relative picture, at the layer's coarse resolution, of where
this network's activation speaks for its output. What they are not: a probability, a share of the risk, or evidence
of disease at a place; two maps cannot be compared by their colours, and a map exists for a wrong answer too.

MONAI's ``GradCAM`` and ``CAM`` give the same numbers; they are not used because they leave their hooks on the network,
which here is shared between cases.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.explain.heatmap import SENTINEL, Heatmap
from RadFusionLib.explain.placement import cells_of_layer, place

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = ["activation_heatmap", "class_activation", "grad_cam"]


def grad_cam(
    network: nn.Module,
    inputs: np.ndarray,
    target: int | Callable[[torch.Tensor], torch.Tensor],
    layer: str = "layer4",
    device: str = "cpu",
) -> np.ndarray:
    """Return the Grad-CAM of one input at the resolution of a layer.

    Parameters
    ----------
    network : torch.nn.Module
        As a 2D ResNet or ``r3d_18``; set to evaluation, otherwise left as it is.
    inputs : numpy.ndarray
        Shape (channels, J, I) or (channels, K, J, I), as the network takes it.
    target : int or callable
        The class whose score is explained, as a column of the output; or a function from the output, shape
        (1, classes), to one number.
    layer : str
        The layer's name in the network.
    device : str
        ``cpu``, ``cuda`` or ``cuda:n``.

    Returns
    -------
    numpy.ndarray
        Shape of the layer's cells, ``float32``, at least 0; only its proportions mean anything.

    Raises
    ------
    ValueError
        When the network has no such layer.
    """
    import torch

    with torch.enable_grad():
        # The gradient must reach the layer even where the weights are frozen.
        tensor = _tensor(inputs, device).requires_grad_()
        cells, output = _run(network, tensor, layer, device)
        score = output[0, target] if isinstance(target, int) else target(output)
        (gradient,) = torch.autograd.grad(score.reshape(()), cells)
    weights = gradient[0].flatten(1).mean(dim=1)
    weighted = torch.tensordot(weights, cells[0].detach(), dims=1)
    return torch.relu(weighted).cpu().numpy()


def class_activation(
    network: nn.Module,
    inputs: np.ndarray,
    target: int | np.ndarray,
    layer: str = "layer4",
    device: str = "cpu",
) -> np.ndarray:
    """Return the class activation map of one input at the resolution of the last layer.

    Parameters
    ----------
    network : torch.nn.Module
        With a global average and, where ``target`` is a number, a linear classifier ``fc`` after ``layer``.
    inputs : numpy.ndarray
        Shape (channels, J, I) or (channels, K, J, I).
    target : int or numpy.ndarray, shape (channels of the layer,)
        The class, or the weights of another linear model of the averaged channels, as a signature's.
    layer : str
        The layer whose average is classified.
    device : str
        ``cpu``, ``cuda`` or ``cuda:n``.

    Returns
    -------
    numpy.ndarray
        Shape of the layer's cells, ``float32``: each cell's addend, whose mean is the score less its intercept.

    Raises
    ------
    ValueError
        When the network has no such layer.
    """
    import torch

    with torch.no_grad():
        cells, _ = _run(network, _tensor(inputs, device), layer, device)
        if isinstance(target, np.ndarray):
            weights = torch.as_tensor(target, dtype=cells.dtype, device=cells.device)
        else:
            classifier: Any = network.fc
            weights = classifier.weight[target]
        return torch.tensordot(weights, cells[0], dims=1).cpu().numpy()


def activation_heatmap(values: np.ndarray, seen: Geometry, region: Volume) -> Heatmap:
    """Upsample a map in physical space, and scale what is positive in the region to at most 1.

    Parameters
    ----------
    values : numpy.ndarray
        From :func:`grad_cam` or :func:`class_activation`, shape (K, J, I) or (J, I).
    seen : Geometry
        Where the network's input lies: its grid, one voxel thick for a slice.
    region : Volume
        ``bool``, on the grid of the phase: where the map is wanted. A slice's map is painted on that slice alone.

    Returns
    -------
    Heatmap
        Kind ``cam``: 0 where the layer says nothing for the class, 1 where it says most.
    """
    cells = cells_of_layer(seen, values.shape)
    placed = place(values.reshape(cells.shape), cells, seen, region)
    inside = placed.array != np.float32(SENTINEL)
    positive = np.maximum(placed.array[inside], 0)
    array = placed.array.copy()
    array[inside] = positive / max(float(positive.max(initial=0.0)), np.finfo(np.float32).tiny)
    return Heatmap(placed.with_array(array), "cam")


def _tensor(inputs: np.ndarray, device: str) -> torch.Tensor:
    import torch

    return torch.as_tensor(np.asarray(inputs, dtype=np.float32), device=device)[None]


def _run(network: nn.Module, tensor: torch.Tensor, layer: str, device: str) -> tuple[torch.Tensor, torch.Tensor]:
    """The layer's cells and the network's output."""
    layers = dict(network.named_modules())
    if layer not in layers:
        raise ValueError(f"The network has no layer named {layer!r}; it has {', '.join(n for n in layers if n)}.")
    kept: list[torch.Tensor] = []
    hook = layers[layer].register_forward_hook(lambda _module, _inputs, output: kept.append(output))
    try:
        output = network.to(device).eval()(tensor)
    finally:
        hook.remove()
    return kept[0], output
