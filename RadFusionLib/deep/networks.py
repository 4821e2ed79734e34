"""The networks that give DLR features and slice or patch probabilities, as MONAI builds them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from RadFusionLib.errors import InputError, MissingPackageError

if TYPE_CHECKING:
    from torch import nn

__all__ = [
    "NETWORKS",
    "NetworkSpec",
    "build",
    "build_classifier",
    "compact",
    "compact_2d",
    "network_spec",
    "r3d_18",
    "resnet50",
    "resnet101",
]


@dataclass(frozen=True)
class NetworkSpec:
    """What the rest of the library must know of a network without building it.

    Parameters
    ----------
    name : str
        The name in recipes, bundles and on the command line.
    dimensions : int
        3 for cubes, 2 for slices and patches.
    input_size : int
        Edge of the input, voxels or pixels.
    channels : int
        Input channels; a region's single channel is repeated to fill them.
    features : int
        Length of the global-average feature vector.
    parameters : int
        Number of trainable values, the classifier of the published checkpoint included.
    batch : int
        Inputs run together. The same number is always run, a short batch being filled up with zeros, because
        the convolution library's choice of algorithm, and with it the last bit of a feature, depends on it.
    level_outside : bool
        Show the network the region's mean where a cube is 0, outside the region. Else the edge of the region is by
        far the strongest edge of the cube, and a small network spends itself on it. A published network gets its
        cube as the paper says.
    published : str
        What a checkpoint by torchvision's names is called on a card; empty where none is published.
    summary : str
        One line for reports and cards.
    """

    name: str
    dimensions: int
    input_size: int
    channels: int
    features: int
    parameters: int
    batch: int
    level_outside: bool
    published: str
    summary: str


_KINETICS = "torchvision Kinetics file"
_IMAGENET = "torchvision ImageNet file"

NETWORKS: dict[str, NetworkSpec] = {
    spec.name: spec
    for spec in (
        # One large volume fills the cores by itself; eight small ones are three times faster together.
        NetworkSpec(
            "r3d_18", 3, 64, 3, 512, 33_371_472, 1, False, _KINETICS, "3D ResNet-18 of torchvision (Kinetics-400)"
        ),
        NetworkSpec("compact", 3, 32, 1, 128, 897_360, 8, True, "", "compact 3D ResNet, one basic block a stage"),
        NetworkSpec(
            "resnet50", 2, 224, 3, 2048, 25_557_032, 4, False, _IMAGENET, "ResNet-50 of torchvision (ImageNet)"
        ),
        NetworkSpec(
            "resnet101", 2, 224, 3, 2048, 44_549_160, 4, False, _IMAGENET, "ResNet-101 of torchvision (ImageNet)"
        ),
        NetworkSpec("compact_2d", 2, 64, 1, 128, 307_504, 32, False, "", "compact 2D ResNet, one basic block a stage"),
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
    return _BUILDERS[name]()


def build_classifier(name: str, classes: int = 2) -> nn.Module:
    """Return the network ``name`` with a classifier of ``classes`` in place of its own, which bears torchvision's name.

    The initial values come from torch's global generator, the classifier's last.
    """
    import torch

    network = build(name)
    network.fc = torch.nn.Linear(network_spec(name).features, classes)
    return network


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


def resnet50() -> nn.Module:
    """Return torchvision's ``resnet50`` as MONAI builds it: 25,557,032 parameters, 1,000 classes.

    Input (N, 3, 224, 224). Names, shapes and arithmetic are torchvision's: the stem has stride 2 and the shortcuts no
    bias, which are not MONAI's defaults.
    """
    return (
        _nets()
        .resnet50(spatial_dims=2, n_input_channels=3, num_classes=1000, bias_downsample=False, conv1_t_stride=2)
        .eval()
    )


def resnet101() -> nn.Module:
    """Return torchvision's ``resnet101`` as MONAI builds it: 44,549,160 parameters, 1,000 classes.

    Otherwise as :func:`resnet50`.
    """
    return (
        _nets()
        .resnet101(spatial_dims=2, n_input_channels=3, num_classes=1000, bias_downsample=False, conv1_t_stride=2)
        .eval()
    )


def compact_2d() -> nn.Module:
    """Return the compact network for slices and patches: 307,504 parameters, 128 features, no classifier.

    Input (N, 1, S, S) with S of 32 or more.
    """
    return (
        _nets()
        .ResNet(
            block="basic",
            layers=[1, 1, 1, 1],
            block_inplanes=[16, 32, 64, 128],
            spatial_dims=2,
            n_input_channels=1,
            conv1_t_size=5,
            conv1_t_stride=2,
            feed_forward=False,
            bias_downsample=False,
        )
        .eval()
    )


_BUILDERS: dict[str, Callable[[], nn.Module]] = {
    "r3d_18": r3d_18,
    "compact": compact,
    "resnet50": resnet50,
    "resnet101": resnet101,
    "compact_2d": compact_2d,
}


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
