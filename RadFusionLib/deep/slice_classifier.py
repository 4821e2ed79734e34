"""The network of paper 000: fine-tuned on the slice with the largest cross-section."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from RadFusionLib.deep.checkpoint import Weights
from RadFusionLib.deep.inference import Normalisation
from RadFusionLib.deep.network_classifier import NetworkClassifier
from RadFusionLib.deep.training import TrainingSettings

__all__ = ["SLICE_TRAINING", "SliceNetworkClassifier"]

SLICE_TRAINING = TrainingSettings(optimiser="sgd", learning_rate=0.01, epochs=50, batch=32, schedule="cosine")
"""Paper 000: SGD, 0.01, cosine annealing, 50 epochs, batch 32; momentum 0.9 and no weight decay are not stated."""


class SliceNetworkClassifier(NetworkClassifier):
    """A network fine-tuned on slices of :func:`~RadFusionLib.deep.slices.prepare_slice`, cropped and flipped at random.

    Parameters are those of :class:`~RadFusionLib.deep.network_classifier.NetworkClassifier`; the defaults are paper
    000's: all layers of an ImageNet ResNet-101, 224 of 256 pixels. ImageNet's normalisation is not stated there.
    """

    kind: ClassVar[str] = "slice network"

    def __init__(
        self,
        network: str = "resnet101",
        weights: Weights | str | Path | None = None,
        training: TrainingSettings | None = SLICE_TRAINING,
        fine_tune: Literal["all", "classifier"] = "all",
        flips: bool = True,
        quarter_turns: bool = False,
        crop: int | None = 224,
        resize: int | None = None,
        normalisation: Normalisation = "imagenet",
        settle: bool = False,
        device: str = "cpu",
        threads: int | None = 1,
    ) -> None:
        super().__init__(
            network,
            weights,
            training,
            fine_tune,
            flips,
            quarter_turns,
            crop,
            resize,
            normalisation,
            settle,
            device,
            threads,
        )
