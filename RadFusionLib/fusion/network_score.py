"""A network that was trained with the member, as a score of cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from RadFusionLib.errors import BundleError, RecipeError
from RadFusionLib.fusion.table import FeatureTable
from RadFusionLib.progress import Stage

if TYPE_CHECKING:
    from RadFusionLib.deep import Weights
    from RadFusionLib.deep.network_classifier import NetworkClassifier

__all__ = ["NetworkScore", "fit_network", "initial_weights", "scaled_images"]

PATCHES = "patch network"
"""The kind of a classifier that sees patches; the module that holds it loads torch."""
AT_ONCE = 32
"""Cases whose images are put together for the network; more would only need more memory."""


@dataclass(frozen=True, eq=False)
class NetworkScore:
    """The mean probability that a fitted network gives the images of a case: one slice, or its patches.

    Parameters
    ----------
    network : str
        Its name in the recipe, under which a table holds the images.
    classifier : NetworkClassifier
        Fitted.
    mean : float
        Mean score of the training cases: where an average case stands.
    """

    network: str
    classifier: NetworkClassifier
    mean: float

    @property
    def features(self) -> tuple[str, ...]:
        """No column of the table is needed."""
        return ()

    @property
    def holds_cases(self) -> bool:
        """Whether it holds feature values of training cases."""
        return False

    @property
    def images(self) -> tuple[str, ...]:
        """The network's own."""
        return (self.network,)

    @property
    def sees_patches(self) -> bool:
        """Whether a case is many patches to it, rather than one slice."""
        return self.classifier.kind == PATCHES

    def score(self, table: FeatureTable) -> np.ndarray:
        """Probability of each case, shape (n,), in [0, 1]."""
        images = table.images[self.network]
        # A heatmap asks for the same images many times over, and for many that differ a little.
        known = list({id(image): image for image in images}.values())
        probability: dict[int, float] = {}
        for start in range(0, len(known), AT_ONCE):
            part = known[start : start + AT_ONCE]
            edges = np.cumsum([len(image) for image in part])[:-1]
            found = np.split(self.probabilities(np.concatenate(part)), edges)
            probability |= {id(image): float(p.mean()) for image, p in zip(part, found, strict=True)}
        return np.array([probability[id(image)] for image in images])

    def signature(self, table: FeatureTable) -> np.ndarray:
        """The same, shape (n,)."""
        return self.score(table)

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Probability of each of a case's images, shape (m,), in [0, 1]."""
        return self.classifier.predict_proba(scaled_images(images))[:, 1]

    def to_parts(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """A JSON structure and arrays."""
        structure, arrays = self.classifier.to_parts()
        return {"network": self.network, "mean": self.mean, "classifier": structure}, arrays

    @classmethod
    def from_parts(cls, content: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> NetworkScore:
        """Take back what :meth:`to_parts` gave.

        Raises
        ------
        BundleError
            When description and arrays do not fit each other.
        """
        structure = content["classifier"]
        kinds = {kind.kind: kind for kind in _classifiers().values()}
        if structure.get("kind") not in kinds:
            raise BundleError(f"The bundle has a network of the kind {structure.get('kind')!r}, which is not allowed.")
        classifier = kinds[structure["kind"]].from_parts(structure, arrays)
        return cls(str(content["network"]), classifier, float(content["mean"]))


def fit_network(
    table: FeatureTable,
    y: np.ndarray,
    network: str,
    section: Mapping[str, Any],
    seed: int,
    *,
    checkpoint: Path | None = None,
    progress: Stage | None = None,
) -> NetworkScore:
    """Fit a network of the recipe to the images of these cases.

    Parameters
    ----------
    table : FeatureTable
        The training cases, n of them, with their images.
    y : numpy.ndarray of int, shape (n,)
        0 or 1.
    network : str
        Its name in the recipe.
    section : mapping
        The recipe's entry: ``input`` and ``training``.
    seed : int
        Of initial values, order and augmentation.
    checkpoint : path, optional
        Written after every epoch and gone on from; one that is damaged is begun anew.
    progress : Stage, optional
        Told loss and AUC after every step; may cancel.

    Raises
    ------
    RecipeError
        When the training has an unknown setting.
    """
    from RadFusionLib.deep.patch_classifier import PatchNetworkClassifier
    from RadFusionLib.deep.training_state import CheckpointError

    classifier = _classifier(network, section, seed)
    images = table.images[network]
    counts = [len(image) for image in images]
    stacked = scaled_images(np.concatenate(images))
    labels, owners = np.repeat(y, counts), np.repeat(np.arange(len(counts)), counts)
    grouped = {"groups": owners} if isinstance(classifier, PatchNetworkClassifier) else {}
    try:
        classifier.fit(stacked, labels, checkpoint=checkpoint, progress=progress, **grouped)
    except CheckpointError:
        assert checkpoint is not None
        checkpoint.unlink()
        classifier.fit(stacked, labels, checkpoint=checkpoint, progress=progress, **grouped)
    found = NetworkScore(network, classifier, 0.0)
    return NetworkScore(network, classifier, float(found.score(table).mean()))


def initial_weights(network: str, section: Mapping[str, Any], seed: int) -> Weights:
    """What :func:`fit_network` starts from with the same arguments."""
    from RadFusionLib.deep import Weights, resolve_weights

    classifier = _classifier(network, section, seed)
    if isinstance(classifier.weights, Weights):
        return classifier.weights
    return resolve_weights(classifier.network, classifier.weights, seed=seed)


def _classifier(network: str, section: Mapping[str, Any], seed: int) -> NetworkClassifier:
    from RadFusionLib.deep.training import TrainingSettings

    kind = _classifiers()[section["input"]["kind"]]
    settings = {part.name for part in fields(TrainingSettings)}
    known = {*settings, *kind._get_param_names()}
    unknown = sorted(set(section["training"]) - known)
    if unknown:
        raise RecipeError(f"The training of the network {network} has unknown settings {', '.join(unknown)}.")
    training = {k: v for k, v in section["training"].items() if k in settings}
    own = {k: v for k, v in section["training"].items() if k not in settings}
    return kind(training=TrainingSettings(**{**training, "seed": seed}), **own)


def _classifiers() -> dict[str, type[NetworkClassifier]]:
    from RadFusionLib.deep.patch_classifier import PatchNetworkClassifier
    from RadFusionLib.deep.slice_classifier import SliceNetworkClassifier

    return {"slice": SliceNetworkClassifier, "patches": PatchNetworkClassifier}


def scaled_images(images: np.ndarray | Sequence[np.ndarray]) -> np.ndarray:
    """Grey levels as intensities in [0, 1], ``float32``."""
    images = np.asarray(images)
    return images.astype(np.float32) / np.float32(255) if images.dtype == np.uint8 else images
