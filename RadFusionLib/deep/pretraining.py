"""Pre-train the compact network from scratch on crops alone; no outcome is read.

The network learns to tell the :mod:`~RadFusionLib.deep.pretext` summaries of a crop from the crop, and on its way,
from its middle maps, the texture place by place. As a
command::

    python -m RadFusionLib.deep.pretraining --manifest M --out F.safetensors [--epochs E] [--seed S]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from RadFusionLib.deep.checkpoint import Weights, content_sha256, save_weights
from RadFusionLib.deep.features import global_average, levelled
from RadFusionLib.deep.networks import build, network_spec
from RadFusionLib.deep.training import Task, TrainingSettings, train
from RadFusionLib.deep.training_state import Figures
from RadFusionLib.errors import InputError, RadFusionError
from RadFusionLib.progress import Stage

if TYPE_CHECKING:
    import torch
    from torch import nn

    from RadFusionLib.deep.crops import Crops

__all__ = ["Settings", "main", "pretext_maps", "pretext_targets", "pretrain_compact"]

SOURCE = "pre-trained without outcomes on simulated crops"


@dataclass(frozen=True)
class Settings:
    """What decides the result besides the crops.

    Parameters
    ----------
    seed : int
        Of the initial values, the order of the crops and their turning.
    epochs : int
        Passes over the crops.
    batch : int
        Crops a step.
    learning_rate : float
        Highest rate of Adam; it rises over the first tenth of the steps and falls to nothing along a cosine.
    held_out : float
        Share of the groups (cases) kept aside to report the loss on.
    """

    seed: int = 0
    epochs: int = 20
    batch: int = 24
    learning_rate: float = 2e-3
    held_out: float = 0.1

    @property
    def training(self) -> TrainingSettings:
        """These settings as the training loop takes them."""
        return TrainingSettings(
            optimiser="adam",
            learning_rate=self.learning_rate,
            epochs=self.epochs,
            batch=self.batch,
            schedule="cosine",
            warm_up=0.1,
            seed=self.seed,
        )

    def sha256(self) -> str:
        """Hash of the settings and of nothing else: equal for equal settings, whatever the code."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


def pretrain_compact(
    inputs: np.ndarray,
    targets: np.ndarray,
    seed: int = 0,
    epochs: int = 20,
    progress: Stage | None = None,
    *,
    maps: np.ndarray | None = None,
    groups: Sequence[str] | None = None,
    checkpoint: str | Path | None = None,
    settings: Settings | None = None,
) -> Weights:
    """Train the compact network to tell targets from crops.

    The same arguments give the same weights on one kind of machine; training runs on one core for that.

    Parameters
    ----------
    inputs : numpy.ndarray
        Shape (N, 32, 32, 32), float32, 0 outside the region.
    targets : numpy.ndarray
        Shape (N, T), of mean 0 and standard deviation 1. Never an outcome.
    seed, epochs : int
        See :class:`Settings`.
    progress : Stage, optional
        Told the losses after every epoch; may cancel.
    maps : numpy.ndarray, optional
        Shape (N, 1 + M, 8, 8, 8): local targets as well, after their weights, as :func:`pretext_maps` gives them. A
        summary tells the network one number a crop; a map tells it what the number is made of, and where.
    groups : sequence of str, optional
        The case of each crop; a case is held out whole.
    checkpoint : path, optional
        Written after every epoch; a later call with the same arguments goes on from it and ends with the same
        weights. Removed at the end.
    settings : Settings, optional
        Instead of ``seed`` and ``epochs``.

    Returns
    -------
    Weights
        Rounded to what half precision holds, so that the shipped file is small and says the same.
    """
    import torch

    settings = settings or Settings(seed=seed, epochs=epochs)
    progress = progress or Stage()
    spec = network_spec("compact")
    if inputs.shape[1:] != (spec.input_size,) * 3 or len(inputs) != len(targets):
        raise InputError(f"Pre-training needs cubes of {spec.input_size} voxels and one row of targets for each.")
    x = torch.from_numpy(levelled(np.asarray(inputs, np.float32)))[:, None]
    y = torch.from_numpy(np.asarray(targets, np.float32))
    z = torch.from_numpy(np.zeros((len(x), 1, 1, 1, 1), np.float32) if maps is None else np.asarray(maps, np.float32))
    rows, held = _split(groups or [str(i) for i in range(len(x))], settings)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        task = _Pretext(build("compact"), x, y, z, held, settings.batch)
    history = train(
        task,
        rows,
        settings.training,
        identity={"held_out": settings.held_out, "data": hashlib.sha256(targets.tobytes()).hexdigest()},
        checkpoint=checkpoint,
        progress=progress,
    )
    tensors = _rounded(task.modules["network"])
    last = history[-1] if history else {}
    loss, held_loss = (
        value if (value := last.get(name)) is not None else float("nan") for name in ("loss", "held out")
    )
    notes = {
        **{name: str(value) for name, value in asdict(settings).items()},
        "settings_sha256": settings.sha256(),
        "crops": str(len(x)),
        "cases": str(len(set(groups)) if groups is not None else len(x)),
        "targets": str(y.shape[1]),
        "loss": f"{loss:.4f}",
        "held_out_loss": f"{held_loss:.4f}",
    }
    return Weights("compact", tensors, content_sha256(tensors), SOURCE, notes)


def pretext_targets(crops: Crops, progress: Stage | None = None) -> np.ndarray:
    """Standardised summaries of every crop, shape (cases x phases x regions, T), float32.

    They are standardised within each phase and region: what tells an arterial from a portal phase, or a
    tumour from its shell, is no task.
    """
    from RadFusionLib.deep.pretext import summaries

    shape = crops.cubes.shape[:3]
    rows = []
    for n, index in enumerate(np.ndindex(shape)):
        rows.append(summaries(crops.cubes[index], crops.inside[index]))
        if progress is not None:
            progress((n + 1) / int(np.prod(shape)), "summaries")
    table = np.array(rows).reshape(*shape, -1)
    table = (table - table.mean(axis=0)) / np.maximum(table.std(axis=0), 1e-6)
    return np.clip(table, -4, 4).reshape(-1, table.shape[-1]).astype(np.float32)


def pretext_maps(crops: Crops, progress: Stage | None = None) -> np.ndarray:
    """Standardised local maps of every crop, shape (cases x phases x regions, 1 + M, 8, 8, 8), float32.

    The first channel is the weight of a place. Each other is standardised over the phase and region.
    """
    from RadFusionLib.deep.pretext import local_maps

    shape = crops.cubes.shape[:3]
    rows = []
    for n, index in enumerate(np.ndindex(shape)):
        rows.append(local_maps(crops.cubes[index], crops.inside[index]))
        if progress is not None:
            progress((n + 1) / int(np.prod(shape)), "local maps")
    table = np.array(rows).reshape(*shape, *rows[0].shape)
    weight, values = table[:, :, :, :1], table[:, :, :, 1:]
    whole = np.maximum(weight.sum(axis=(0, 4, 5, 6), keepdims=True), 1e-6)
    values = values - (weight * values).sum(axis=(0, 4, 5, 6), keepdims=True) / whole
    spread = np.sqrt((weight * values**2).sum(axis=(0, 4, 5, 6), keepdims=True) / whole)
    values = np.clip(values / np.maximum(spread, 1e-6), -4, 4)
    return np.concatenate([weight, values], axis=3).reshape(-1, *rows[0].shape).astype(np.float32)


class _Pretext(Task):
    """The compact network with a head for the summaries and one for the local maps."""

    def __init__(
        self, network: nn.Module, x: torch.Tensor, y: torch.Tensor, z: torch.Tensor, held: np.ndarray, batch: int
    ) -> None:
        import torch

        # Channels last is a third faster on a core.
        self.network = network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
        self.head = torch.nn.Linear(network_spec("compact").features, y.shape[1])
        self.map_head = torch.nn.Conv3d(32, max(z.shape[1] - 1, 1), 1)
        super().__init__({"network": self.network, "head": self.head, "map_head": self.map_head})
        self.middle: list[torch.Tensor] = []
        network.layer2.register_forward_hook(lambda module, given, made: self.middle.append(made))  # type: ignore[union-attr]
        self.x, self.y, self.z, self.held, self.batch = x, y, z, held, batch

    def loss(self, chosen: np.ndarray, generator: np.random.Generator) -> torch.Tensor:
        """Of crops turned and flipped at random."""
        import torch

        turned = [_turned(generator, self.x[i], self.z[i]) for i in chosen]
        cubes, places = (torch.stack(part) for part in zip(*turned, strict=True))
        return self._loss(cubes.to(memory_format=torch.channels_last_3d), self.y[chosen], places)

    def end_epoch(self) -> Figures:
        """The loss on crops that were not trained on."""
        import torch

        if not len(self.held):
            return {"held out": None}
        self.network.eval()
        with torch.inference_mode():
            parts = np.array_split(self.held, -(-len(self.held) // self.batch))
            losses = [float(self._loss(self.x[part], self.y[part], self.z[part])) * len(part) for part in parts]
        return {"held out": float(sum(losses)) / len(self.held)}

    def _loss(self, x: torch.Tensor, y: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        """Of the summaries, plus that of the maps weighted by how much of a place is in the region."""
        import torch

        distance = torch.nn.functional.smooth_l1_loss
        loss = distance(self.head(global_average(self.network, x)), y)
        maps = self.map_head(self.middle.pop())
        if z.shape[1] == 1:
            return loss
        weight, wanted = z[:, :1], z[:, 1:]
        local = (weight * distance(maps, wanted, reduction="none")).mean(dim=1).sum() / weight.sum().clamp(min=1.0)
        return loss + local


def _turned(rng: np.random.Generator, *arrays: torch.Tensor) -> list[torch.Tensor]:
    """Arrays (channels, K, J, I) flipped along any axis and turned by quarters within the slices, all alike."""
    import torch

    axes = [axis for axis in (1, 2, 3) if rng.random() < 0.5]
    quarters = int(rng.integers(4))
    return [torch.rot90(torch.flip(array, axes), quarters, (2, 3)) for array in arrays]


def _split(groups: Sequence[str], settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    """Crops to train on and crops held out, by group."""
    names = np.array(sorted(set(groups)))
    count = round(settings.held_out * len(names))
    kept_aside = np.random.default_rng((settings.seed, len(names))).permutation(names)[:count]
    held = np.isin(np.asarray(groups), kept_aside)
    return np.flatnonzero(~held), np.flatnonzero(held)


def _rounded(network: nn.Module) -> dict[str, np.ndarray]:
    """The network's values as half precision holds them, in float32."""
    state = {n: t for n, t in network.state_dict().items() if not n.endswith("num_batches_tracked")}
    return {n: t.detach().half().float().numpy().copy() for n, t in state.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m RadFusionLib.deep.pretraining",
        description="Pre-train the compact network on the crops of a cohort, without its outcomes.",
    )
    parser.add_argument("--manifest", required=True, type=Path, help="the cohort's manifest (CSV)")
    parser.add_argument("--out", required=True, type=Path, help="the weights file to write (.safetensors)")
    parser.add_argument("--epochs", type=int, default=Settings.epochs)
    parser.add_argument("--seed", type=int, default=Settings.seed)
    parser.add_argument("--resume", action="store_true", help="keep and use a checkpoint beside the output")
    given = parser.parse_args(arguments)

    def tell(fraction: float, message: str) -> bool:
        print(f"\r{100 * fraction:5.1f} %  {message:<60}", end="", file=sys.stderr, flush=True)
        return True

    try:
        digest = _pretrain_cohort(given, Stage(tell))
    except RadFusionError as error:
        print(f"\n{error}", file=sys.stderr)
        return 2
    print(f"\n{given.out}  SHA-256 {digest}", file=sys.stderr)
    return 0


def _pretrain_cohort(given: argparse.Namespace, stage: Stage) -> str:
    from RadFusionLib.deep.crops import read_crops

    if given.out.suffix != ".safetensors" or not given.out.resolve().parent.is_dir():
        raise InputError(f"{given.out} cannot be written; name a .safetensors file in a folder that exists.")
    crops = read_crops(given.manifest, network_spec("compact").input_size, progress=stage.part(0.0, 0.15))
    targets = pretext_targets(crops, stage.part(0.15, 0.25))
    maps = pretext_maps(crops, stage.part(0.25, 0.3))
    per_case = crops.cubes.shape[1] * crops.cubes.shape[2]
    weights = pretrain_compact(
        crops.cubes.reshape(-1, *crops.cubes.shape[3:]),
        targets,
        given.seed,
        given.epochs,
        stage.part(0.3, 1.0),
        maps=maps,
        groups=[case for case in crops.cases for _ in range(per_case)],
        checkpoint=given.out.with_suffix(".checkpoint") if given.resume else None,
    )
    notes = {**weights.notes, "phases": " ".join(crops.phases)}
    return save_weights(
        Weights("compact", weights.tensors, weights.sha256, weights.source, notes), given.out, half=True
    )


if __name__ == "__main__":
    sys.exit(main())
