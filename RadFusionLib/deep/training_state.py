"""Where a training stands, in one safetensors file, so that it can be taken up again to the last bit.

The tensors of networks and optimiser are the file's; epoch, figures and what the training is of are JSON in its
header. There is no pickle, and the file is replaced whole or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from RadFusionLib.errors import InputError
from RadFusionLib.whole_file import whole_file

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = ["CheckpointError", "Figures", "load_state", "save_state"]


class CheckpointError(InputError):
    """A file that a training cannot be taken up from: of another one, or damaged."""


Figures = dict[str, float | None]
"""Named figures of an epoch, such as its loss; ``None`` where there is none."""

_KEY = "radfusion-training"
_OPTIMISER = "optimiser"


def save_state(
    path: Path,
    identity: Mapping[str, Any],
    modules: Mapping[str, nn.Module],
    optimiser: torch.optim.Optimizer,
    history: list[Figures],
) -> None:
    """Write the state after ``len(history)`` epochs.

    Parameters
    ----------
    path : path
        The file.
    identity : mapping
        What decides the training's result, as JSON; a state of another identity is refused.
    modules : mapping of str to torch.nn.Module
        All that is trained.
    optimiser : torch.optim.Optimizer
        Its moments are kept; its rates follow from the settings.
    history : list of dict
        Figures by epoch.
    """
    from safetensors.torch import save

    tensors = {
        f"{part}/{name}": tensor for part, module in modules.items() for name, tensor in module.state_dict().items()
    }
    for index, moments in optimiser.state_dict()["state"].items():
        kept = {name: tensor for name, tensor in moments.items() if tensor is not None}
        tensors |= {f"{_OPTIMISER}/{index}/{name}": tensor for name, tensor in kept.items()}
    header = json.dumps({"identity": dict(identity), "history": history}, sort_keys=True)
    content = save({n: t.detach().cpu().contiguous() for n, t in tensors.items()}, metadata={_KEY: header})
    with whole_file(path) as partial:
        partial.write_bytes(content)


def load_state(
    path: Path,
    identity: Mapping[str, Any],
    modules: Mapping[str, nn.Module],
    optimiser: torch.optim.Optimizer,
) -> list[Figures]:
    """Take up the state in a file; without the file there is nothing to take up.

    The parameters are those of :func:`save_state`.

    Returns
    -------
    list of dict
        Figures of the epochs already done.

    Raises
    ------
    CheckpointError
        When the file is of another training (the sentence names the first setting that differs), or damaged.
    """
    if not path.is_file():
        return []
    header, tensors = _read(path)
    _check_identity(path, header.get("identity"), identity)
    try:
        for part, module in modules.items():
            module.load_state_dict({n: tensors.pop(f"{part}/{n}") for n in module.state_dict()}, strict=True)
        moments: dict[int, dict[str, torch.Tensor]] = {}
        for name, tensor in tensors.items():
            kind, index, moment = name.split("/")
            if kind != _OPTIMISER:
                raise KeyError(name)
            moments.setdefault(int(index), {})[moment] = tensor
        optimiser.load_state_dict({**optimiser.state_dict(), "state": moments})
        return [{str(k): None if v is None else float(v) for k, v in row.items()} for row in header["history"]]
    except (KeyError, ValueError, RuntimeError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{path} is damaged; remove it, and the training starts again.") from error


def _read(path: Path) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as stream:
            header = json.loads((stream.metadata() or {})[_KEY])
            return header, {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118
    except (SafetensorError, KeyError, ValueError, OSError) as error:
        raise CheckpointError(f"{path} is no checkpoint of a training; remove it, or name another file.") from error


def _check_identity(path: Path, found: Any, wanted: Mapping[str, Any]) -> None:
    """One sentence that names what differs."""
    wanted = json.loads(json.dumps(dict(wanted)))
    if found == wanted:
        return
    found = found if isinstance(found, dict) else {}
    name = next(name for name in [*wanted, *found] if found.get(name) != wanted.get(name))
    raise CheckpointError(
        f"{path} belongs to another training ({name} is {found.get(name)!r} there, {wanted.get(name)!r} here); "
        "remove it, or name another file."
    )
