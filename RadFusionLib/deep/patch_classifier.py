"""The network of paper 004: from scratch on patches, and a patient's score from his patches."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal, Self

import numpy as np

from RadFusionLib.deep.checkpoint import Weights
from RadFusionLib.deep.inference import Images, Normalisation
from RadFusionLib.deep.network_classifier import NetworkClassifier
from RadFusionLib.deep.training import TrainingSettings
from RadFusionLib.errors import InputError
from RadFusionLib.progress import Stage

__all__ = ["PATCH_TRAINING", "PatchNetworkClassifier", "mean_by_group"]

PATCH_TRAINING = TrainingSettings(optimiser="adam", learning_rate=0.00025, epochs=50, batch=128)
"""Paper 004: 0.00025, 50 epochs, batch 128; Adam and a constant rate are not stated there."""


class PatchNetworkClassifier(NetworkClassifier):
    """A network fitted from scratch to patches of :func:`~RadFusionLib.deep.patches.extract_patches`.

    Parameters are those of :class:`~RadFusionLib.deep.network_classifier.NetworkClassifier`; the defaults are paper
    004's: ResNet-50, patches resized to 224 pixels, no augmentation.
    """

    kind: ClassVar[str] = "patch network"

    def __init__(
        self,
        network: str = "resnet50",
        weights: Weights | str | Path | None = "random",
        training: TrainingSettings | None = PATCH_TRAINING,
        fine_tune: Literal["all", "classifier"] = "all",
        flips: bool = False,
        quarter_turns: bool = False,
        crop: int | None = None,
        resize: int | None = 224,
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

    def fit(  # type: ignore[override]
        self,
        images: Images,
        y: np.ndarray,
        groups: np.ndarray,
        *,
        checkpoint: str | Path | None = None,
        progress: Stage | None = None,
    ) -> Self:
        """Fit the network to the patches of whole patients.

        Parameters
        ----------
        images, checkpoint, progress
            As in :meth:`~RadFusionLib.deep.network_classifier.NetworkClassifier.fit`.
        y : array-like, shape (N,)
            The outcome of the patient of each patch.
        groups : array-like, shape (N,)
            The patient of each patch.

        Raises
        ------
        InputError
            Also when the patches of one patient have different outcomes.
        """
        y, groups = np.asarray(y), _checked(groups, len(images))
        names, first, of = np.unique(groups, return_index=True, return_inverse=True)
        if y.shape == groups.shape and (y != y[first][of]).any():
            name = names[of[np.argmax(y != y[first][of])]]
            raise InputError(f"The patches of case {name} have different outcomes; give each the outcome of its case.")
        return super().fit(images, y, checkpoint=checkpoint, progress=progress)

    def patient_scores(
        self, images: Images, groups: np.ndarray, *, progress: Stage | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Each patient's score: the mean probability of his patches.

        Returns
        -------
        patients : numpy.ndarray, shape (P,)
            In the order in which they first appear.
        scores : numpy.ndarray, shape (P,)
        """
        groups = _checked(groups, len(images))
        return mean_by_group(self.predict_proba(images, progress=progress)[:, 1], groups)


def mean_by_group(values: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Groups in the order in which they first appear, and the mean of each one's values."""
    names, first, of = np.unique(groups, return_index=True, return_inverse=True)
    means = np.bincount(of, weights=np.asarray(values, np.float64)) / np.bincount(of)
    order = np.argsort(first)
    return names[order], means[order]


def _checked(groups: np.ndarray, patches: int) -> np.ndarray:
    groups = np.asarray(groups)
    if groups.shape != (patches,):
        raise InputError(f"{patches} patches need the case of each, not groups of shape {groups.shape}.")
    return groups
