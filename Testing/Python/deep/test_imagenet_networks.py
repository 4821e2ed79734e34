"""ResNet-50 and ResNet-101: torchvision's checkpoints by name, and the features before their classifier."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from RadFusionLib.deep import extract, feature_names, load_weights, random_weights
from RadFusionLib.deep.inference import IMAGENET_MEAN, IMAGENET_STD, input_tensor
from RadFusionLib.deep.networks import build_classifier, network_spec
from RadFusionLib.errors import InputError


@pytest.mark.parametrize("network", ["resnet50", "resnet101"])
def test_every_tensor_of_a_torchvision_file_is_used(network, published_state, tmp_path):
    state = published_state(network)
    path = tmp_path / "imagenet.pth"
    torch.save(state, path)
    weights = load_weights(path)
    assert (weights.network, weights.source) == (network, "torchvision ImageNet file")
    filled = weights.module().state_dict()
    assert list(filled) == list(state)
    for name, value in state.items():
        assert torch.equal(filled[name], value), name


def test_the_arithmetic_of_resnet50_is_that_of_torchvision(published_state, tmp_path):
    """A plain forward pass by torchvision's names gives the loaded network's output."""
    state = published_state("resnet50")
    # Weights of a size that keeps the signal alive through 50 layers, so that a wrong stride or path would show.
    generator = torch.Generator().manual_seed(8)
    for name, value in state.items():
        if value.ndim == 4:
            state[name] = torch.randn(value.shape, generator=generator) * (2.0 / value[0].numel()) ** 0.5
        elif name.endswith(("running_var", "weight")) and value.ndim == 1:
            state[name] = torch.rand(value.shape, generator=generator) + 0.5
    torch.save(state, tmp_path / "resnet50.pth")
    network = load_weights(tmp_path / "resnet50.pth").module()

    def normalised(x, conv, norm, stride=1, padding=0):
        x = functional.conv2d(x, state[f"{conv}.weight"], stride=stride, padding=padding)
        mean, var = state[f"{norm}.running_mean"], state[f"{norm}.running_var"]
        return functional.batch_norm(x, mean, var, state[f"{norm}.weight"], state[f"{norm}.bias"])

    x = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        y = functional.relu(normalised(x, "conv1", "bn1", 2, 3))
        y = functional.max_pool2d(y, 3, 2, 1)
        for layer, blocks in enumerate((3, 4, 6, 3), start=1):
            for block in range(blocks):
                name = f"layer{layer}.{block}"
                stride = 2 if layer > 1 and block == 0 else 1
                z = functional.relu(normalised(y, f"{name}.conv1", f"{name}.bn1"))
                z = functional.relu(normalised(z, f"{name}.conv2", f"{name}.bn2", stride, 1))
                z = normalised(z, f"{name}.conv3", f"{name}.bn3")
                if block == 0:
                    y = normalised(y, f"{name}.downsample.0", f"{name}.downsample.1", stride)
                y = functional.relu(y + z)
        expected = functional.linear(y.mean(dim=(2, 3)), state["fc.weight"], state["fc.bias"])
        torch.testing.assert_close(network(x), expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))


def test_a_slice_gives_2048_features_before_the_classifier():
    weights = random_weights("resnet50", 0)
    images = np.random.default_rng(1).random((2, 224, 224), dtype=np.float32)
    features = extract(weights, images, normalisation="imagenet")
    assert features.shape == (2, 2048)
    assert len(feature_names("resnet50", "CT-AP", "tumor")) == 2048
    network = weights.module()
    mean, std = (np.array(v, np.float32).reshape(1, 3, 1, 1) for v in (IMAGENET_MEAN, IMAGENET_STD))
    given = torch.from_numpy((images[:, None] - mean) / std)
    with torch.inference_mode():
        expected = network(given).numpy()
        classes = network.fc(torch.from_numpy(features)).numpy()
    np.testing.assert_allclose(classes, expected, atol=1e-3 * np.abs(expected).max())
    np.testing.assert_array_equal(extract(weights, images[:1], normalisation="imagenet")[0], features[0])


def test_channels_are_repeated_and_normalised():
    images = np.random.default_rng(0).random((2, 6, 6), dtype=np.float32)
    plain = input_tensor(images, network_spec("resnet50")).numpy()
    for channel in range(3):
        np.testing.assert_array_equal(plain[:, channel], images)
        normalised = input_tensor(images, network_spec("resnet50"), "imagenet").numpy()[:, channel]
        np.testing.assert_allclose(normalised * IMAGENET_STD[channel] + IMAGENET_MEAN[channel], images, atol=1e-6)
    halved = input_tensor(images, network_spec("compact_2d"), resize=3).numpy()[:, 0]
    np.testing.assert_allclose(halved, images.reshape(2, 3, 2, 3, 2).mean(axis=(2, 4)), atol=1e-6)
    with pytest.raises(InputError, match="needs three"):
        input_tensor(images, network_spec("compact_2d"), "imagenet")


@pytest.mark.parametrize("name", ["resnet50", "resnet101", "compact_2d", "r3d_18", "compact"])
def test_a_classifier_of_two_classes_bears_torchvision_s_name(name):
    with torch.device("meta"):
        network = build_classifier(name)
    spec = network_spec(name)
    assert tuple(network.state_dict()["fc.weight"].shape) == (2, spec.features)


def test_the_compact_network_is_compact_and_takes_small_slices():
    assert network_spec("compact_2d").parameters < 1_000_000
    weights = random_weights("compact_2d", 3)
    assert extract(weights, np.zeros((3, 64, 64))).shape == (3, 128)
    with pytest.raises(InputError, match=r"takes slices of 64 voxels, shape \(N, size, size\)"):
        extract(weights, np.zeros((3, 32, 32)))
