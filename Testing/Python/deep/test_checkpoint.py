import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from RadFusionLib.deep.checkpoint import (
    Weights,
    content_sha256,
    load_weights,
    random_weights,
    save_weights,
)
from RadFusionLib.deep.networks import build
from RadFusionLib.errors import InputError


@pytest.fixture(scope="module")
def torchvision_state(published_state):
    return published_state("r3d_18")


@pytest.fixture(scope="module")
def torchvision_file(torchvision_state, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "r3d_18.pth"
    torch.save(torchvision_state, path)
    return path


def test_every_tensor_of_a_torchvision_file_is_used(torchvision_file, torchvision_state):
    weights = load_weights(torchvision_file)
    assert (weights.network, weights.source, weights.is_random) == ("r3d_18", "torchvision Kinetics file", False)
    network = weights.module()
    filled = network.state_dict()
    assert len(filled) == len(torchvision_state) == 122
    # Published order is the order of MONAI's modules too, so position by position is a check apart from the
    # names.
    for (name, value), (published, expected) in zip(filled.items(), torchvision_state.items(), strict=True):
        assert torch.equal(value, expected), (name, published)


def test_the_arithmetic_is_that_of_torchvision(torchvision_file, torchvision_state):
    """A plain forward pass by torchvision's names gives the loaded network's output."""
    network = load_weights(torchvision_file).module()
    state, functional = torchvision_state, torch.nn.functional

    def normalised(x, conv, norm, stride, padding):
        x = functional.conv3d(x, state[f"{conv}.weight"], stride=stride, padding=padding)
        mean, var = state[f"{norm}.running_mean"], state[f"{norm}.running_var"]
        return functional.batch_norm(x, mean, var, state[f"{norm}.weight"], state[f"{norm}.bias"])

    x = torch.rand(1, 3, 8, 16, 16, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        y = functional.relu(normalised(x, "stem.0", "stem.1", (1, 2, 2), (1, 3, 3)))
        for layer in range(1, 5):
            for block in range(2):
                stride = 2 if layer > 1 and block == 0 else 1
                name = f"layer{layer}.{block}"
                z = functional.relu(normalised(y, f"{name}.conv1.0", f"{name}.conv1.1", stride, 1))
                z = normalised(z, f"{name}.conv2.0", f"{name}.conv2.1", 1, 1)
                if stride == 2:
                    y = normalised(y, f"{name}.downsample.0", f"{name}.downsample.1", 2, 0)
                y = functional.relu(y + z)
        expected = functional.linear(y.mean(dim=(2, 3, 4)), state["fc.weight"], state["fc.bias"])
        torch.testing.assert_close(network(x), expected, rtol=1e-4, atol=1e-5)


def test_an_old_file_without_counters_loads(torchvision_state, tmp_path):
    old = {name: value for name, value in torchvision_state.items() if not name.endswith("num_batches_tracked")}
    torch.save(old, tmp_path / "old.pt")
    load_weights(tmp_path / "old.pt").module()


def test_a_torchvision_safetensors_file_loads_the_same(torchvision_file, torchvision_state, tmp_path):
    from safetensors.torch import save_file

    save_file(torchvision_state, tmp_path / "r3d_18.safetensors")
    again = load_weights(tmp_path / "r3d_18.safetensors", "r3d_18")
    first = load_weights(torchvision_file)
    assert content_sha256(again.tensors) == content_sha256(first.tensors)
    assert again.sha256 != first.sha256
    assert again.source == "torchvision Kinetics file"


def _renamed(state):
    state["layer9.weight"] = state.pop("fc.weight")


def _incomplete(state):
    del state["layer2.0.conv1.0.weight"]


def _misshapen(state):
    state["fc.weight"] = state["fc.weight"][:10].clone()


def _not_finite(state):
    state["fc.bias"] = torch.full_like(state["fc.bias"], float("nan"))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_renamed, "layer9.weight, which r3d_18 does not have"),
        (_incomplete, "lacks the tensor layer2.0.conv1.weight"),
        (_misshapen, r"fc.weight has shape \(10, 512\) where r3d_18 has \(400, 512\)"),
        (_not_finite, "not finite"),
    ],
)
def test_a_wrong_file_is_refused_in_a_sentence(torchvision_state, tmp_path, spoil, words):
    state = dict(torchvision_state)
    spoil(state)
    torch.save(state, tmp_path / "wrong.pth")
    with pytest.raises(InputError, match=words):
        load_weights(tmp_path / "wrong.pth")


class _Trap:
    def __reduce__(self):
        return (Path("ran.txt").write_text, ("code of the file ran",))


def test_no_code_of_a_file_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"fc.weight": _Trap()}, "trap.pth")
    Path("pickle.pt").write_bytes(pickle.dumps(_Trap()))
    for name in ("trap.pth", "pickle.pt"):
        with pytest.raises(InputError, match="without running code"):
            load_weights(name)
    assert not Path("ran.txt").exists()


@pytest.mark.parametrize("name", ["missing.pth", "notes.txt", "broken.safetensors", "broken.pth", "list.pt"])
def test_a_file_of_another_kind_is_refused(tmp_path, name):
    path = tmp_path / name
    if name == "list.pt":
        torch.save([torch.zeros(1)], path)
    elif not name.startswith("missing"):
        path.write_bytes(b"no weights here")
    with pytest.raises(InputError, match=name):
        load_weights(path)


def test_random_weights_are_seeded_and_say_so():
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    first, again, other = (
        random_weights("compact", 1),
        random_weights("compact", 1),
        random_weights("compact", 2),
    )
    assert torch.equal(torch.rand(1), expected), "torch's own generator was moved"
    assert first.source == "random (seed 1)"
    assert first.is_random
    assert first.sha256 == again.sha256 != other.sha256


def _half_exact(seed):
    weights = random_weights("compact", seed)
    rounded = {name: values.astype(np.float16).astype(values.dtype) for name, values in weights.tensors.items()}
    return Weights("compact", rounded, content_sha256(rounded), "a trial", {"cases": "3"})


def test_saved_weights_come_back_with_their_record(tmp_path):
    weights = _half_exact(0)
    digest = save_weights(weights, tmp_path / "a.safetensors", half=True)
    again = load_weights(tmp_path / "a.safetensors")
    assert (again.network, again.source, again.sha256) == ("compact", "a trial", digest)
    assert again.notes == {"cases": "3", "file": "a.safetensors"}
    for name, value in again.module().state_dict().items():
        if not name.endswith("num_batches_tracked"):
            np.testing.assert_array_equal(value.numpy(), weights.tensors[name])
    assert save_weights(weights, tmp_path / "b.safetensors", half=True) == digest
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.safetensors", "b.safetensors"]
    with pytest.raises(InputError, match="holds weights of compact, not of r3d_18"):
        load_weights(tmp_path / "a.safetensors", "r3d_18")


def test_half_precision_never_changes_a_value(tmp_path):
    with pytest.raises(ValueError, match="not exact"):
        save_weights(random_weights("compact"), tmp_path / "a.safetensors", half=True)
    assert not list(tmp_path.iterdir())


def test_the_module_is_ready_for_use():
    network = random_weights("compact").module()
    assert not network.training
    assert not any(p.requires_grad for p in network.parameters())
    assert sum(p.numel() for p in network.parameters()) == sum(p.numel() for p in build("compact").parameters())
