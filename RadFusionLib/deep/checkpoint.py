"""A network's weights: read from a file by name or drawn from a seed, and where they came from."""

from __future__ import annotations

import hashlib
import json
import pickle
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from RadFusionLib.deep.networks import build, network_spec
from RadFusionLib.errors import InputError

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = [
    "Weights",
    "content_sha256",
    "load_weights",
    "random_weights",
    "save_weights",
]

_METADATA_KEY = "radfusion"
_COUNTER = ".num_batches_tracked"
_FILE_SUFFIXES = (".pth", ".pt", ".safetensors")


@dataclass(frozen=True, eq=False)
class Weights:
    """The values of a network and where they came from; needs no torch until :meth:`module` is called.

    Parameters
    ----------
    network : str
        Name of a :class:`~RadFusionLib.deep.networks.NetworkSpec`.
    tensors : mapping of str to numpy.ndarray
        By MONAI's names; floating values are float32.
    sha256 : str
        Of the file they were read from; of their content (:func:`content_sha256`) when there is no file.
    source : str
        For the card: ``"torchvision Kinetics file"``, ``"random (seed n)"``, ``"shipped compact"``...
    notes : mapping of str to str
        What else is known of them: file name, pre-training seed, cases, loss.
    """

    network: str
    tensors: Mapping[str, np.ndarray]
    sha256: str
    source: str
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_random(self) -> bool:
        """Whether the values were drawn, not learnt; a card must then say so."""
        return self.source.startswith("random")

    def module(self) -> nn.Module:
        """Return the network filled with these values, in evaluation mode, gradients off."""
        import torch

        # Without storage of its own the network draws no initial values, and leaves torch's generator alone.
        with torch.device("meta"):
            network = build(self.network)
        state = {name: torch.from_numpy(np.array(values)) for name, values in self.tensors.items()}
        counters = {k: torch.tensor(0) for k in network.state_dict() if k.endswith(_COUNTER) and k not in state}
        network.load_state_dict({**state, **counters}, strict=True, assign=True)
        return network.requires_grad_(False).eval()


def content_sha256(tensors: Mapping[str, np.ndarray]) -> str:
    """SHA-256 of the names, shapes, types and values, the same whatever file held them."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        values = np.ascontiguousarray(tensors[name])
        digest.update(f"{name} {values.dtype.str} {values.shape}\n".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()


def random_weights(network: str, seed: int = 0) -> Weights:
    """Return weights drawn from ``seed`` by the network's own initialisation; torch's stays untouched."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        tensors = _as_arrays(build(network).state_dict())
    return Weights(network, tensors, content_sha256(tensors), f"random (seed {seed})", {"seed": str(seed)})


def load_weights(path: str | Path, network: str | None = None, source: str | None = None) -> Weights:
    """Read weights from a file, every tensor of the file used and every tensor of the network filled.

    Parameters
    ----------
    path : path
        A torchvision state dict (``.pth``, ``.pt``; read without running code from it), the same as
        ``.safetensors``, or a file of :func:`save_weights`.
    network : str, optional
        The network they must be for. By default the one the file names; a file that names none is taken for
        that of torchvision's networks whose tensors it has.
    source : str, optional
        Overrides what the record says, and the file's own word becomes the note ``origin``.

    Raises
    ------
    InputError
        When the file cannot be read, lacks a tensor, or has one too many or of another shape.
    """
    path = Path(path)
    state, metadata = _read(path)
    named = metadata.get("network")
    if network is not None and named is not None and named != network:
        raise InputError(f"{path.name} holds weights of {named}, not of {network}; give a file for {network}.")
    spec = network_spec(network or named or _recognised(state))
    if named is None and spec.name == "r3d_18":
        state = {_monai_name(name): values for name, values in state.items()}
    _check_fit(state, spec.name, path.name)
    default = spec.published if named is None and spec.published else f"file {path.name}"
    notes = {k: v for k, v in metadata.items() if k not in ("network", "source")}
    if source is not None and "source" in metadata:
        notes["origin"] = metadata["source"]
    return Weights(
        network=spec.name,
        tensors=state,
        sha256=file_sha256(path),
        source=source or metadata.get("source", default),
        notes={**notes, "file": path.name},
    )


def save_weights(weights: Weights, path: str | Path, half: bool = False) -> str:
    """Write weights as safetensors and return the file's SHA-256; the same weights give the same bytes.

    Parameters
    ----------
    weights : Weights
        What to write; ``network``, ``source`` and ``notes`` go into the file's metadata.
    path : path
        Written whole or not at all.
    half : bool
        Store float16. Values that are not exact in float16 are refused, for a file must not change a feature.
    """
    from safetensors.numpy import save

    path = Path(path)
    tensors = {name: np.ascontiguousarray(v) for name, v in weights.tensors.items() if not name.endswith(_COUNTER)}
    if half:
        with np.errstate(over="ignore"):
            short = {name: values.astype(np.float16) for name, values in tensors.items()}
        if any(not np.array_equal(short[name].astype(np.float32), tensors[name]) for name in tensors):
            raise ValueError("These weights are not exact in half precision; round them first.")
        tensors = short
    metadata = {"network": weights.network, "source": weights.source, **weights.notes}
    # One key: the format does not keep the order of several, and the bytes must not change from run to run.
    content = save(tensors, metadata={_METADATA_KEY: json.dumps(metadata, sort_keys=True)})
    partial = path.with_name(path.name + ".part")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return hashlib.sha256(content).hexdigest()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Tensors and our metadata (empty for a file of others)."""
    if not path.is_file():
        raise InputError(f"There is no weights file {path}; check the path.")
    if path.suffix not in _FILE_SUFFIXES:
        raise InputError(f"{path.name} is no weights file; give one that ends in {', '.join(_FILE_SUFFIXES)}.")
    if path.suffix == ".safetensors":
        return _read_safetensors(path)
    import torch

    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise InputError(
            f"{path.name} is not a plain state dict that can be read without running code from it; "
            "save the network's state_dict() alone."
        ) from error
    if not isinstance(state, Mapping) or not all(isinstance(v, torch.Tensor) for v in state.values()):
        raise InputError(f"{path.name} is not a plain state dict of tensors; save the network's state_dict() alone.")
    return _as_arrays(state), {}


def _read_safetensors(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as stream:
            metadata = json.loads((stream.metadata() or {}).get(_METADATA_KEY, "{}"))
            names = stream.keys()
            tensors = {name: stream.get_tensor(name) for name in names}
    except (SafetensorError, json.JSONDecodeError, TypeError, OSError) as error:
        raise InputError(f"{path.name} cannot be read as safetensors; fetch or save it again.") from error
    floats = {n: v.astype(np.float32) if v.dtype == np.float16 else v for n, v in tensors.items()}
    return floats, {str(k): str(v) for k, v in metadata.items()}


def _as_arrays(state: Mapping[str, torch.Tensor]) -> dict[str, np.ndarray]:
    return {n: (t.float() if t.is_floating_point() else t).detach().cpu().numpy().copy() for n, t in state.items()}


def _recognised(state: Mapping[str, np.ndarray]) -> str:
    """Which of torchvision's networks a state dict is for, by what only that network has."""
    for network, tensor in (("resnet101", "layer3.22.conv3.weight"), ("resnet50", "layer3.5.conv3.weight")):
        if tensor in state:
            return network
    return "r3d_18"


def _monai_name(name: str) -> str:
    """MONAI's name of a tensor of torchvision's ``r3d_18``."""
    name = re.sub(r"^stem\.0\.", "conv1.", name)
    name = re.sub(r"^stem\.1\.", "bn1.", name)
    name = re.sub(r"^(layer\d\.\d+)\.conv(\d)\.0\.", r"\1.conv\2.", name)
    return re.sub(r"^(layer\d\.\d+)\.conv(\d)\.1\.", r"\1.bn\2.", name)


def _check_fit(state: Mapping[str, np.ndarray], network: str, file: str) -> None:
    """One sentence when the tensors are not exactly the network's."""
    import torch

    with torch.device("meta"):
        expected = {name: tuple(t.shape) for name, t in build(network).state_dict().items()}
    unknown = sorted(set(state) - set(expected))
    missing = sorted(name for name in set(expected) - set(state) if not name.endswith(_COUNTER))
    wrong = [name for name in expected if name in state and state[name].shape != expected[name]]
    mend = f"give a checkpoint of {network}."
    if unknown:
        raise InputError(f"{file} has {_some(unknown)}, which {network} does not have; {mend}")
    if missing:
        raise InputError(f"{file} lacks {_some(missing)} of {network}; {mend}")
    if wrong:
        name = wrong[0]
        raise InputError(
            f"In {file}, {name} has shape {state[name].shape} where {network} has {expected[name]}; {mend}"
        )
    if any(not np.isfinite(values).all() for values in state.values()):
        raise InputError(f"{file} holds values that are not finite; fetch or save it again.")


def _some(names: list[str]) -> str:
    return f"{names[0]} and {len(names) - 1} more tensors" if len(names) > 1 else f"the tensor {names[0]}"
