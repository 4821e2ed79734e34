"""Two classes by cross-entropy, as a task of the training loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from RadFusionLib.deep.augmentation import Augmentation
from RadFusionLib.deep.execution import cores, reproducible
from RadFusionLib.deep.inference import Images
from RadFusionLib.deep.training import Task, TrainingSettings
from RadFusionLib.deep.training_state import Figures

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = ["Classification"]

_RECENT = 4096  # scores that the running AUC looks back on: enough to be steady, few enough to cost nothing


class Classification(Task):
    """A network, its images and their classes.

    Parameters
    ----------
    network : torch.nn.Module
        Gives two outputs an image; it ends in ``fc``.
    images : Images
        Read a batch at a time.
    target : numpy.ndarray of int, shape (N,)
        0 or 1.
    augmentation : Augmentation
        What is done to them in training.
    prepare : callable
        From images to the network's input.
    device : str
        Where the network is.
    frozen : bool
        Only ``fc`` is trained: the rest, its batch statistics too, stays as it is.
    """

    def __init__(
        self,
        network: nn.Module,
        images: Images,
        target: np.ndarray,
        augmentation: Augmentation,
        prepare: Callable[[np.ndarray], torch.Tensor],
        device: str,
        frozen: bool,
    ) -> None:
        super().__init__({"network": network})
        self.network, self.images, self.target = network, images, target
        self.augmentation, self.prepare, self.device, self.frozen = augmentation, prepare, device, frozen
        self.seen: list[np.ndarray] = []
        self.scores: list[np.ndarray] = []

    def train_mode(self) -> None:
        """Begin an epoch; a frozen network's batch statistics are not moved."""
        self.network.train(not self.frozen)
        self.seen, self.scores = [], []

    def loss(self, chosen: np.ndarray, generator: np.random.Generator) -> torch.Tensor:
        """Cross-entropy of augmented images."""
        import torch

        images = self.augmentation.training(np.asarray(self.images[chosen], np.float32), generator)
        outputs = self.network(self.prepare(images).to(self.device)).float()
        self.seen.append(self.target[chosen])
        self.scores.append(torch.softmax(outputs.detach(), dim=1)[:, 1].cpu().numpy())
        return torch.nn.functional.cross_entropy(outputs, torch.from_numpy(self.target[chosen]).to(self.device))

    def running(self) -> Figures:
        """AUC of the latest images as they were trained on."""
        return {"AUC": _auc(np.concatenate(self.seen)[-_RECENT:], np.concatenate(self.scores)[-_RECENT:])}

    def end_epoch(self) -> Figures:
        """AUC of all images as they were trained on."""
        return {"AUC": _auc(np.concatenate(self.seen), np.concatenate(self.scores))}

    def settle(self, settings: TrainingSettings, threads: int | None) -> None:
        """Replace the running batch statistics by the mean over all images, as they are seen outside training."""
        import torch

        order = np.random.default_rng((settings.seed, settings.epochs)).permutation(len(self.images))
        parts = np.array_split(order, max(1, len(order) // settings.batch))
        seen = (self.prepare(self.augmentation.prediction(np.asarray(self.images[part], np.float32))) for part in parts)
        with cores(threads), reproducible(self.device), torch.inference_mode():
            torch.optim.swa_utils.update_bn(seen, self.network, device=torch.device(self.device))


def _auc(target: np.ndarray, scores: np.ndarray) -> float | None:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(target, scores)) if len(np.unique(target)) == 2 else None
