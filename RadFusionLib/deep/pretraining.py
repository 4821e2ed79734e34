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
import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from RadFusionLib.deep.checkpoint import Weights, content_sha256, save_weights
from RadFusionLib.deep.features import global_average, levelled
from RadFusionLib.deep.networks import build, network_spec
from RadFusionLib.errors import InputError, RadFusionError
from RadFusionLib.progress import Stage

if TYPE_CHECKING:
    import torch
    from torch import nn

    from RadFusionLib.deep.crops import Crops

__all__ = ["Settings", "main", "pretext_maps", "pretext_targets", "pretrain_compact"]

SOURCE = "pre-trained without outcomes on simulated crops"

_STATE = ("network", "head", "map_head", "optimiser", "schedule")


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
    train, held = _split(groups or [str(i) for i in range(len(x))], settings)
    identity = settings.sha256() + hashlib.sha256(targets.tobytes()).hexdigest()
    with _one_core(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        run = _Run(build("compact"), y.shape[1], z.shape[1] - 1, settings, len(train))
        start = run.resume(checkpoint, identity)
        for epoch in range(start, settings.epochs):
            stage = progress.part(epoch / settings.epochs, (epoch + 1) / settings.epochs)
            loss = run.epoch(x, y, z, train, epoch, stage)
            run.losses.append((loss, run.loss(x, y, z, held)))
            run.save(checkpoint, identity, epoch + 1)
            stage(1.0, f"epoch {epoch + 1}/{settings.epochs}: loss {loss:.3f}, held out {run.losses[-1][1]:.3f}")
        tensors = _rounded(run.network)
    if checkpoint is not None:
        Path(checkpoint).unlink(missing_ok=True)
    loss, held_loss = run.losses[-1] if run.losses else (float("nan"), float("nan"))
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


class _Run:
    """Network, heads, optimiser and schedule of one training."""

    def __init__(self, network: nn.Module, targets: int, maps: int, settings: Settings, crops: int) -> None:
        import torch

        # Channels last is a third faster on a core.
        self.network = network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
        self.settings = settings
        self.losses: list[tuple[float, float]] = []
        self.head = torch.nn.Linear(network_spec("compact").features, targets)
        self.map_head = torch.nn.Conv3d(32, max(maps, 1), 1)
        self.middle: list[torch.Tensor] = []
        network.layer2.register_forward_hook(lambda module, given, made: self.middle.append(made))  # type: ignore[union-attr]
        parts = (network, self.head, self.map_head)
        self.optimiser = torch.optim.Adam([p for m in parts for p in m.parameters()], lr=settings.learning_rate)
        steps = max(1, settings.epochs * -(-crops // settings.batch))
        rise = max(1, steps // 10)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimiser,
            lambda step: min((step + 1) / rise, 0.5 * (1 + math.cos(math.pi * min(step / steps, 1.0)))),
        )

    def epoch(
        self, x: torch.Tensor, y: torch.Tensor, z: torch.Tensor, train: np.ndarray, epoch: int, stage: Stage
    ) -> float:
        """One pass in an order of its own, so that a resumed training sees what the whole one would have."""
        import torch

        rng = np.random.default_rng((self.settings.seed, epoch))
        order = rng.permutation(train)
        self.network.train()
        total = 0.0
        for start in range(0, len(order), self.settings.batch):
            chosen = order[start : start + self.settings.batch]
            turned = [_turned(rng, x[i], z[i]) for i in chosen]
            cubes, places = (torch.stack(part) for part in zip(*turned, strict=True))
            loss = self._loss(cubes.to(memory_format=torch.channels_last_3d), y[chosen], places)
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
            self.schedule.step()
            total += float(loss.detach()) * len(chosen)
            done = start + len(chosen)
            stage(done / len(order), f"epoch {epoch + 1}/{self.settings.epochs}: loss {total / done:.3f}")
        return total / len(order)

    def loss(self, x: torch.Tensor, y: torch.Tensor, z: torch.Tensor, held: np.ndarray) -> float:
        """The loss on crops that were not trained on."""
        import torch

        if not len(held):
            return float("nan")
        self.network.eval()
        with torch.inference_mode():
            parts = np.array_split(held, -(-len(held) // self.settings.batch))
            return float(sum(float(self._loss(x[part], y[part], z[part])) * len(part) for part in parts)) / len(held)

    def resume(self, checkpoint: str | Path | None, identity: str) -> int:
        """Take up an interrupted training of the same crops and settings; return the epoch to go on with."""
        import torch

        if checkpoint is None or not Path(checkpoint).is_file():
            return 0
        state = torch.load(checkpoint, weights_only=True)
        if state["identity"] != identity:
            raise InputError(f"{checkpoint} belongs to another training; remove it, or name another file.")
        for name in _STATE:
            getattr(self, name).load_state_dict(state[name])
        self.losses = [(a, b) for a, b in state["losses"]]
        return int(state["epoch"])

    def save(self, checkpoint: str | Path | None, identity: str, epoch: int) -> None:
        """Write where the training stands, whole or not at all."""
        import torch

        if checkpoint is None:
            return
        state = {name: getattr(self, name).state_dict() for name in _STATE}
        # A schedule made of a function keeps no more than its step.
        state["schedule"] = {k: v for k, v in state["schedule"].items() if k != "lr_lambdas"} | {"lr_lambdas": [None]}
        partial = Path(f"{checkpoint}.part")
        torch.save({**state, "identity": identity, "epoch": epoch, "losses": self.losses}, partial)
        partial.replace(checkpoint)

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


@contextmanager
def _one_core() -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


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
