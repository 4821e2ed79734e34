"""A network as a classifier with scikit-learn's contract, over arrays of images instead of rows of features."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from RadFusionLib.deep.augmentation import Augmentation
from RadFusionLib.deep.checkpoint import Weights, content_sha256
from RadFusionLib.deep.classification import Classification
from RadFusionLib.deep.classifier_parts import PARAMETERS, read_parameters, read_record, read_tensors
from RadFusionLib.deep.execution import check_device
from RadFusionLib.deep.features import global_average
from RadFusionLib.deep.inference import Images, Normalisation, in_batches, input_tensor
from RadFusionLib.deep.networks import build_classifier, network_spec
from RadFusionLib.deep.training import TrainingSettings, train
from RadFusionLib.deep.weights_store import resolve_weights
from RadFusionLib.errors import InputError
from RadFusionLib.progress import Stage

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = ["NetworkClassifier"]

_HEAD = "fc."
_BLOCK = 256
_LEAST_EDGE = {2: 64, 3: 32}  # so that the last maps have more than one place, even for a batch of one


class NetworkClassifier(ClassifierMixin, BaseEstimator):
    """A network fitted to two classes by cross-entropy; its kinds differ in their defaults.

    Parameters
    ----------
    network : str
        Name of a :class:`~RadFusionLib.deep.networks.NetworkSpec`.
    weights : Weights, str or path, optional
        What it starts from: weights, or a choice that :func:`~RadFusionLib.deep.weights_store.resolve_weights`
        knows; ``"random"`` is from scratch, drawn from the training's seed.
    training : TrainingSettings
        Optimiser, rate, epochs, batch and seed.
    fine_tune : {"all", "classifier"}
        Train all layers, or only the last, with the others frozen as they are.
    flips, quarter_turns, crop
        As :class:`~RadFusionLib.deep.augmentation.Augmentation` has them.
    resize : int, optional
        Edge to which images of two dimensions are interpolated before the network, pixels.
    normalisation : {"none", "imagenet"}
        Of the channels.
    settle : bool
        Take the batch statistics anew from all training images at the end, in batches of the training's size (Wu and
        Johnson 2021, "precise" batch normalisation). The running ones forget a tenth a step: after fewer than some 50
        steps they still hold the first, and probabilities are shifted. Not published, so off unless asked for.
    device : str
        ``cpu``, ``cuda`` or ``cuda:n``.
    threads : int, optional
        Cores to use. One gives the same bits on every machine of a kind; ``None`` takes torch's setting.

    Attributes
    ----------
    classes_ : numpy.ndarray
        The two labels; the second is the one whose probability is asked for.
    tensors_ : dict of str to numpy.ndarray
        The fitted network by torchvision's names, the classifier as ``fc``.
    history_ : list of dict
        ``loss`` and ``AUC`` of the training images by epoch, augmented as they were trained on.
    weights_source_ : str
        What it started from.
    """

    kind: ClassVar[str] = "network"

    def __init__(
        self,
        network: str,
        weights: Weights | str | Path | None = None,
        training: TrainingSettings | None = None,
        fine_tune: Literal["all", "classifier"] = "all",
        flips: bool = False,
        quarter_turns: bool = False,
        crop: int | None = None,
        resize: int | None = None,
        normalisation: Normalisation = "none",
        settle: bool = False,
        device: str = "cpu",
        threads: int | None = 1,
    ) -> None:
        self.network = network
        self.weights = weights
        self.training = training
        self.fine_tune = fine_tune
        self.flips = flips
        self.quarter_turns = quarter_turns
        self.crop = crop
        self.resize = resize
        self.normalisation = normalisation
        self.settle = settle
        self.device = device
        self.threads = threads

    def fit(
        self,
        images: Images,
        y: np.ndarray,
        *,
        checkpoint: str | Path | None = None,
        progress: Stage | None = None,
    ) -> Self:
        """Fit the network.

        Parameters
        ----------
        images : array-like
            Shape (N, S, S), or (N, S, S, S) for a network of three dimensions, in [0, 1]; an array, or what reads
            images when asked such as :class:`~RadFusionLib.deep.patches.JoinedPatches`.
        y : array-like, shape (N,)
            Two classes.
        checkpoint : path, optional
            Written after every epoch; fitting again with the same arguments goes on from it and ends with the same
            bits. Removed at the end.
        progress : Stage, optional
            Told the running loss and AUC after every step; may cancel.

        Raises
        ------
        InputError
            When images and labels do not fit each other or the network, there are not two classes, a setting cannot
            be used, or the checkpoint is of another fit.
        """
        import torch

        check_device(self.device)
        images = self._images(images)
        self.classes_, target = _two_classes(y, len(images))
        settings = self.training or TrainingSettings()
        start = (
            self.weights
            if isinstance(self.weights, Weights)
            else resolve_weights(self.network, self.weights, seed=settings.seed)
        )
        if start.network != self.network:
            raise InputError(f"The weights are of {start.network}, not of {self.network}; give weights of the latter.")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            module = _with_head(start)
        _freeze(module, self.fine_tune)
        memory = torch.channels_last if network_spec(self.network).dimensions == 2 else torch.channels_last_3d
        module = module.to(self.device, memory_format=memory)  # type: ignore[call-overload]
        frozen = self.fine_tune == "classifier"
        task = Classification(module, images, target, self._augmentation, self._prepare, self.device, frozen)
        identity = {**self._settings(), "weights": start.sha256}
        if checkpoint is not None:
            identity["data"] = _digest(images, target)
        self.history_ = train(
            task,
            np.arange(len(images)),
            settings,
            identity=identity,
            checkpoint=checkpoint,
            device=self.device,
            threads=self.threads,
            progress=progress,
        )
        if self.settle and not frozen:
            task.settle(settings, self.threads)
        values = {n: t for n, t in module.state_dict().items() if t.is_floating_point()}
        self.tensors_ = {n: t.detach().cpu().contiguous().numpy().copy() for n, t in values.items()}
        self.weights_source_ = start.source
        return self

    def predict_proba(self, images: Images, *, progress: Stage | None = None) -> np.ndarray:
        """Probabilities of the two classes, shape (N, 2): the softmax of the network's outputs."""
        import torch

        network = self.module()
        return self._run(lambda batch: torch.softmax(network(batch).float(), dim=1), images, 2, progress)

    def predict(self, images: Images) -> np.ndarray:
        """The likelier class of each image, shape (N,)."""
        return np.asarray(self.classes_[(self.predict_proba(images)[:, 1] > 0.5).astype(int)])

    def features(self, images: Images, *, progress: Stage | None = None) -> np.ndarray:
        """Global-average features of the fitted network, shape (N, features), float32.

        Features of the images that the network was fitted to know their labels: take them out of fold.
        """
        network = self.module()
        width = network_spec(self.network).features
        return self._run(lambda batch: global_average(network, batch), images, width, progress)

    def on_device(self, device: str) -> Self:
        """The same classifier, working on another device; what is fitted is shared."""
        other = copy(self)
        other.device = device
        return other

    def module(self) -> nn.Module:
        """The fitted network on ``device``, in evaluation mode, gradients off."""
        import torch

        check_is_fitted(self, "tensors_")
        check_device(self.device)
        with torch.device("meta"):
            network = build_classifier(self.network)
        state = {name: torch.from_numpy(np.array(values)) for name, values in self.tensors_.items()}
        # Counters of batches have no part in a prediction and are not kept.
        counters = {name: torch.tensor(0) for name in network.state_dict() if name not in state}
        network.load_state_dict({**state, **counters}, strict=True, assign=True)
        return network.requires_grad_(False).eval().to(self.device)

    def inputs(self, images: Images) -> np.ndarray:
        """What :meth:`module` is given of images: their middle, resized and normalised, (N, channels, ...), float32."""
        given = self._images(images)
        chosen = np.asarray(given[np.arange(len(given))], np.float32)
        return np.asarray(self._prepare(self._augmentation.prediction(chosen)).numpy())

    def to_parts(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Split the fitted classifier into JSON and arrays, from which :meth:`from_parts` makes it again.

        Returns
        -------
        structure : dict
            Plain JSON.
        arrays : dict of str to numpy.ndarray
            The network by torchvision's names.
        """
        check_is_fitted(self, "tensors_")
        structure = {
            "kind": self.kind,
            **self._settings(),
            "training": asdict(self.training or TrainingSettings()),
            "classes": [value.item() for value in self.classes_],
            "weights_source": self.weights_source_,
            "history": [dict(figures) for figures in self.history_],
            "sha256": content_sha256(self.tensors_),
        }
        return structure, dict(self.tensors_)

    @classmethod
    def from_parts(cls, structure: Mapping[str, Any], arrays: Mapping[str, np.ndarray], device: str = "cpu") -> Self:
        """Make a fitted classifier of what :meth:`to_parts` gave.

        Raises
        ------
        BundleError
            When anything is missing, unknown, of a wrong type, shape or size, or not finite.
        """
        parameters = read_parameters(structure, cls.kind)
        fitted = cls(**parameters, device=device)
        fitted.classes_, fitted.weights_source_, fitted.history_ = read_record(structure)
        fitted.tensors_ = read_tensors(fitted.network, arrays, structure["sha256"])
        return fitted

    @property
    def _augmentation(self) -> Augmentation:
        return Augmentation(self.flips, self.quarter_turns, self.crop)

    def _settings(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in PARAMETERS}

    def _prepare(self, images: np.ndarray) -> torch.Tensor:
        if not np.isfinite(images).all():
            raise InputError("A network input has values that are not finite; mend the image it was made from.")
        return input_tensor(images, network_spec(self.network), self.normalisation, self.resize)

    def _run(
        self, run: Callable[[torch.Tensor], torch.Tensor], images: Images, width: int, progress: Stage | None
    ) -> np.ndarray:
        augmentation = self._augmentation
        return in_batches(
            run,
            self._images(images),
            lambda part: self._prepare(augmentation.prediction(part)),
            batch=network_spec(self.network).batch,
            width=width,
            device=self.device,
            threads=self.threads,
            progress=progress,
        )

    def _images(self, images: Images) -> Images:
        """Images of a number of dimensions and a size that the network can take."""
        spec = network_spec(self.network)
        given: Images = np.asarray(images, np.float32) if isinstance(images, np.ndarray | list | tuple) else images
        edges = given.shape[1:]
        if len(edges) != spec.dimensions or len(set(edges)) != 1:
            kind = "cubes" if spec.dimensions == 3 else "squares"
            raise InputError(f"{spec.name} takes {kind}, shape (N{', size' * spec.dimensions}), not {given.shape}.")
        seen = self.resize or self.crop or edges[0]
        if seen < _LEAST_EDGE[spec.dimensions]:
            raise InputError(
                f"{spec.name} would see {seen} pixels, too few for its strides; give it {_LEAST_EDGE[spec.dimensions]}."
            )
        return given


def _two_classes(y: np.ndarray, images: int) -> tuple[np.ndarray, np.ndarray]:
    """The two labels in order, and each image's as 0 or 1."""
    y = np.asarray(y)
    if y.shape != (images,):
        raise InputError(f"{images} images need one label each, not labels of shape {y.shape}.")
    y = y.astype(int) if y.dtype == bool else y
    if y.dtype.kind == "f" and (y == np.round(y)).all():
        y = y.astype(int)
    classes, target = np.unique(y, return_inverse=True)
    if len(classes) != 2 or classes.dtype.kind not in "iuU":
        raise InputError(f"A network learns to tell two classes; the labels have {len(classes)}: check the outcome.")
    return classes, target.astype(np.int64)


def _with_head(start: Weights) -> nn.Module:
    """The network of these weights with a classifier of two classes, drawn from torch's generator."""
    import torch

    module = start.module()
    module.fc = torch.nn.Linear(network_spec(start.network).features, 2)
    return module


def _freeze(module: nn.Module, fine_tune: str) -> None:
    if fine_tune not in ("all", "classifier"):
        raise InputError(f"fine_tune must be all or classifier, not {fine_tune!r}.")
    for name, parameter in module.named_parameters():
        parameter.requires_grad_(fine_tune == "all" or name.startswith(_HEAD))


def _digest(images: Images, target: np.ndarray) -> str:
    """Hash of all images and labels, a block of images at a time."""
    digest = hashlib.sha256(target.tobytes())
    for start in range(0, len(images), _BLOCK):
        block = images[np.arange(start, min(start + _BLOCK, len(images)))]
        digest.update(np.ascontiguousarray(block, np.float32).tobytes())
    return digest.hexdigest()
