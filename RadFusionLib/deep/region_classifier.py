"""The network of paper 002: a 3D ResNet-18 on the cube of a region."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from RadFusionLib.deep.checkpoint import Weights
from RadFusionLib.deep.inference import Normalisation
from RadFusionLib.deep.network_classifier import NetworkClassifier
from RadFusionLib.deep.training import TrainingSettings

__all__ = ["REGION_TRAINING", "RegionNetworkClassifier"]

REGION_TRAINING = TrainingSettings(
    optimiser="adam", learning_rate=1e-4, epochs=50, batch=32, schedule="step", step_epochs=5, step_factor=0.1
)
"""Paper 002: Adam, 1e-4, a tenth every 5 epochs, 50 epochs, batch 32."""


class RegionNetworkClassifier(NetworkClassifier):
    """A network fitted to cubes of :func:`~RadFusionLib.deep.region_input.region_input`, turned and flipped at random.

    Parameters are those of :class:`~RadFusionLib.deep.network_classifier.NetworkClassifier`; the defaults are paper
    002's: the classifier of a Kinetics ResNet-18, the rest frozen, so that
    :meth:`~RadFusionLib.deep.network_classifier.NetworkClassifier.features` know nothing of the labels. With
    ``fine_tune="all"`` they do, and must be taken out of fold.
    """

    kind: ClassVar[str] = "region network"

    def __init__(
        self,
        network: str = "r3d_18",
        weights: Weights | str | Path | None = None,
        training: TrainingSettings | None = REGION_TRAINING,
        fine_tune: Literal["all", "classifier"] = "classifier",
        flips: bool = True,
        quarter_turns: bool = True,
        crop: int | None = None,
        resize: int | None = None,
        normalisation: Normalisation = "none",
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
