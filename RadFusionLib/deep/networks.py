"""The networks that give DLR features, as MONAI builds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from RadFusionLib.errors import InputError, MissingPackageError

if TYPE_CHECKING:
    from torch import nn

__all__ = ["NETWORKS", "NetworkSpec", "build", "compact", "network_spec", "r3d_18"]


@dataclass(frozen=True)
class NetworkSpec:
    """What the rest of the library must know of a network without building it.

    Parameters
    ----------
    name : str
        The name in recipes, bundles and on the command line.
    input_size : int
        Edge of the input cube, voxels.
    channels : int
        Input channels; a region's single channel is repeated to fill them.
    features : int
        Length of the global-average feature vector.
    parameters : int
        Number of trainable values, the classifier of the published checkpoint included.
    batch : int
        Volumes run together. The same number is always run, a short batch being filled up with zeros, because
        the convolution library's choice of algorithm, and with it the last bit of a feature, depends on it.
    level_outside : bool
        Show the network the region's mean where a cube is 0, outside the region. Else the edge of the region is by
        far the strongest edge of the cube, and a small network spends itself on it. A published network gets its
        cube as the paper says.
    summary : str
        One line for reports and cards.
    """

    name: str
    input_size: int
    channels: int
    features: int
    parameters: int
    batch: int
    level_outside: bool
    summary: str


NETWORKS: dict[str, NetworkSpec] = {
    spec.name: spec
    for spec in (
        # One large volume fills the cores by itself; eight small ones are three times faster together.
        NetworkSpec("r3d_18", 64, 3, 512, 33_371_472, 1, False, "3D ResNet-18 of torchvision (Kinetics-400)"),
        NetworkSpec("compact", 32, 1, 128, 897_360, 8, True, "compact 3D ResNet, one basic block a stage"),
    )
}
"""The known networks by name."""


def network_spec(name: str) -> NetworkSpec:
    """Return the description of the network ``name``.

    Raises
    ------
    InputError
        When there is none of that name.
    """
    if name not in NETWORKS:
        raise InputError(f"There is no network named {name!r}; choose one of {', '.join(NETWORKS)}.")
    return NETWORKS[name]


def build(name: str) -> nn.Module:
    """Return the network ``name`` with its initial values, in evaluation mode.

    The initial values come from torch's global generator; use
    :func:`~RadFusionLib.deep.checkpoint.random_weights` for seeded ones.
    """
    network_spec(name)
    return {"r3d_18": r3d_18, "compact": compact}[name]()


def r3d_18() -> nn.Module:
    """Return torchvision's ``r3d_18`` as MONAI builds it: 33,371,472 parameters, 400 classes.

    Input (N, 3, 64, 64, 64). The stem is 3 x 7 x 7 with stride 1 x 2 x 2, there is no max-pooling, and the
    shortcuts have no bias: with these the names and the arithmetic are torchvision's.
    """
    nets = _nets()
    return nets.resnet18(
        spatial_dims=3,
        n_input_channels=3,
        num_classes=400,
        bias_downsample=False,
        conv1_t_size=(3, 7, 7),
        conv1_t_stride=(1, 2, 2),
        no_max_pool=True,
    ).eval()


def compact() -> nn.Module:
    """Return the compact network of the ``small`` profile: 897,360 parameters, 128 features, no classifier.

    Input (N, 1, 32, 32, 32).
    """
    nets = _nets()
    return nets.ResNet(
        block="basic",
        layers=[1, 1, 1, 1],
        block_inplanes=[16, 32, 64, 128],
        spatial_dims=3,
        n_input_channels=1,
        conv1_t_size=3,
        conv1_t_stride=2,
        no_max_pool=True,
        feed_forward=False,
        bias_downsample=False,
    ).eval()


def _nets() -> Any:
    """MONAI's networks, or one sentence on what to install."""
    try:
        from monai.networks import nets
    except ImportError as error:
        raise MissingPackageError(
            f"Deep features need torch and MONAI, and {error.name or 'one of them'} is not installed; "
            "install torch 2.13.0 and monai 1.6.1."
        ) from error
    return nets
