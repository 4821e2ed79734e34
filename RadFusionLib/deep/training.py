"""The one training loop: pre-training, slices, patches and cubes all run in it.

A :class:`Task` knows its networks, its data and its loss; the loop knows the order of the data, the optimiser and its
rate, checkpoints, reports and cancelling.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from RadFusionLib.deep.execution import cores, reproducible
from RadFusionLib.deep.training_state import Figures, load_state, save_state
from RadFusionLib.errors import InputError
from RadFusionLib.progress import Stage

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = ["Task", "TrainingSettings", "train"]

_OPTIMISERS = ("adam", "sgd")
_SCHEDULES = ("constant", "cosine", "step")


@dataclass(frozen=True)
class TrainingSettings:
    """What decides a training besides its data.

    Parameters
    ----------
    optimiser : {"adam", "sgd"}
        Adam with torch's moments (0.9, 0.999), or stochastic gradient descent.
    learning_rate : float
        Highest rate.
    epochs : int
        Passes over the data.
    batch : int
        Inputs a step; the last step of an epoch may have fewer.
    schedule : {"constant", "cosine", "step"}
        How the rate falls: not at all; to nothing along half a cosine over all steps (Loshchilov and Hutter 2017,
        without restarts); or by ``step_factor`` every ``step_epochs`` epochs.
    warm_up : float
        Share of all steps over which the rate rises in a line to its highest.
    step_epochs, step_factor : int, float
        See ``schedule``.
    momentum : float
        Of ``sgd``.
    weight_decay : float
        Share of a weight added to its gradient.
    seed : int
        Of the initial values, the order of the data and their augmentation.

    Raises
    ------
    InputError
        When a value cannot be used; the sentence names it.
    """

    optimiser: Literal["adam", "sgd"] = "adam"
    learning_rate: float = 1e-3
    epochs: int = 50
    batch: int = 32
    schedule: Literal["constant", "cosine", "step"] = "constant"
    warm_up: float = 0.0
    step_epochs: int = 5
    step_factor: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        whole = {"epochs": 0, "batch": 1, "step_epochs": 1, "seed": 0}
        for name, least in whole.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise InputError(f"{name} of a training must be a whole number of {least} or more, not {value!r}.")
        ranges = {
            "learning_rate": math.inf,
            "warm_up": 1.0,
            "step_factor": 1.0,
            "momentum": 1.0,
            "weight_decay": math.inf,
        }
        for name, most in ranges.items():
            value = getattr(self, name)
            number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
            if not number or not 0 <= value <= most:
                raise InputError(f"{name} of a training must be a number from 0 to {most:g}, not {value!r}.")
        if self.optimiser not in _OPTIMISERS or self.schedule not in _SCHEDULES:
            raise InputError(
                f"A training with optimiser {self.optimiser!r} and schedule {self.schedule!r} is not known; "
                f"choose of {', '.join(_OPTIMISERS)} and of {', '.join(_SCHEDULES)}."
            )

    def factor(self, step: int, steps_per_epoch: int) -> float:
        """Share of the highest rate at a step, counted from 0 over all epochs."""
        steps = max(1, self.epochs * steps_per_epoch)
        rise = max(1, int(self.warm_up * steps))
        fall = 1.0
        if self.schedule == "cosine":
            fall = 0.5 * (1 + math.cos(math.pi * min(step / steps, 1.0)))
        elif self.schedule == "step":
            fall = self.step_factor ** (step // steps_per_epoch // self.step_epochs)
        return min((step + 1) / rise, fall)


class Task:
    """What is trained: networks, data and loss.

    Parameters
    ----------
    modules : mapping of str to torch.nn.Module
        All that is trained, by name; parameters that require no gradient stay as they are.
    """

    def __init__(self, modules: Mapping[str, nn.Module]) -> None:
        self.modules = dict(modules)

    def loss(self, chosen: np.ndarray, generator: np.random.Generator) -> torch.Tensor:
        """Mean loss of the inputs of these row numbers, augmented from ``generator``."""
        raise NotImplementedError

    def train_mode(self) -> None:
        """Set the modules to training before an epoch."""
        for module in self.modules.values():
            module.train()

    def running(self) -> Figures:
        """Figures of the epoch so far, beside the loss."""
        return {}

    def end_epoch(self) -> Figures:
        """Figures of the epoch that ended, beside the loss."""
        return self.running()


def train(
    task: Task,
    rows: np.ndarray,
    settings: TrainingSettings,
    *,
    identity: Mapping[str, Any] | None = None,
    checkpoint: str | Path | None = None,
    device: str = "cpu",
    threads: int | None = 1,
    progress: Stage | None = None,
) -> list[Figures]:
    """Train a task.

    The same arguments give the same bits on one kind of processor with one number of threads.

    Parameters
    ----------
    task : Task
        Its modules are on ``device`` and hold the initial values.
    rows : numpy.ndarray of int
        Row numbers of the inputs to train on.
    settings : TrainingSettings
        How.
    identity : mapping, optional
        What else decides the result (network, data), as JSON; it guards the checkpoint.
    checkpoint : path, optional
        Written after every epoch; a later call with the same arguments goes on from it and ends with the same bits.
        Removed at the end.
    device : str
        ``cpu``, ``cuda`` or ``cuda:n``.
    threads : int, optional
        Cores to use; ``None`` leaves torch's setting, and results then depend on it in their last bits.
    progress : Stage, optional
        Told the running figures after every step; may cancel, and then the last epoch's checkpoint stays.

    Returns
    -------
    list of dict
        Figures by epoch: ``loss`` and those of the task.
    """
    import torch

    progress = progress or Stage()
    path = Path(checkpoint) if checkpoint is not None else None
    whole = {**asdict(settings), "inputs": len(rows), **(identity or {})}
    optimiser = _optimiser(task, settings)
    with cores(threads), reproducible(device), torch.random.fork_rng(devices=_cuda(device)):
        history = load_state(path, whole, task.modules, optimiser) if path is not None else []
        for epoch in range(len(history), settings.epochs):
            # An epoch's randomness is its own, so that a resumed training sees what the whole one would have.
            torch.manual_seed(settings.seed * 100_003 + epoch)
            stage = progress.part(epoch / settings.epochs, (epoch + 1) / settings.epochs)
            history.append(_epoch(task, rows, settings, optimiser, epoch, stage))
            if path is not None:
                save_state(path, whole, task.modules, optimiser, history)
            stage(1.0, _message(epoch, settings, history[-1]))
    if path is not None:
        path.unlink(missing_ok=True)
    return history


def _epoch(
    task: Task,
    rows: np.ndarray,
    settings: TrainingSettings,
    optimiser: torch.optim.Optimizer,
    epoch: int,
    stage: Stage,
) -> Figures:
    generator = np.random.default_rng((settings.seed, epoch))
    order = generator.permutation(rows)
    steps = -(-len(order) // settings.batch)
    task.train_mode()
    total = 0.0
    for step in range(steps):
        chosen = order[step * settings.batch : (step + 1) * settings.batch]
        for group in optimiser.param_groups:
            group["lr"] = settings.learning_rate * settings.factor(epoch * steps + step, steps)
        optimiser.zero_grad()
        loss = task.loss(chosen, generator)
        loss.backward()
        optimiser.step()
        value = float(loss.detach())
        if not math.isfinite(value):
            raise InputError(
                f"The training's loss is no longer a number in epoch {epoch + 1}; lower its learning_rate, "
                f"{settings.learning_rate:g}."
            )
        total += value * len(chosen)
        done = min((step + 1) * settings.batch, len(order))
        stage(done / len(order), _message(epoch, settings, {"loss": total / done, **task.running()}))
    return {"loss": total / len(order), **task.end_epoch()}


def _optimiser(task: Task, settings: TrainingSettings) -> torch.optim.Optimizer:
    import torch

    trained = [p for module in task.modules.values() for p in module.parameters() if p.requires_grad]
    if settings.optimiser == "sgd":
        return torch.optim.SGD(
            trained, settings.learning_rate, momentum=settings.momentum, weight_decay=settings.weight_decay
        )
    return torch.optim.Adam(trained, settings.learning_rate, weight_decay=settings.weight_decay)


def _message(epoch: int, settings: TrainingSettings, figures: Figures) -> str:
    told = ", ".join(f"{name} {value:.3f}" for name, value in figures.items() if value is not None)
    return f"epoch {epoch + 1}/{settings.epochs}: {told}"


def _cuda(device: str) -> list[str]:
    return [device] if device.startswith("cuda") else []
