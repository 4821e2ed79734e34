"""What dealing patches instead of patients to folds does to a result (paper 004), where there is nothing to find.

Every simulated patient has a texture of his own, as a tumour has; neighbouring patches share three quarters of their
width; outcomes are drawn by lot. A network can then know a patch's outcome only by knowing the patient. With patch
folds it has seen him; with patient folds it has not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.deep.patch_classifier import PatchNetworkClassifier, mean_by_group
from RadFusionLib.deep.patches import JoinedPatches, PatchSettings, extract_patches
from RadFusionLib.progress import Stage

__all__ = ["ProtocolResult", "compare_protocols", "patient_texture", "textured_patients"]

Protocol = Literal["published", "strict"]


@dataclass(frozen=True)
class ProtocolResult:
    """Out-of-fold AUCs of one protocol.

    Parameters
    ----------
    patch_auc : tuple of float
        Of the patches held out, by fold.
    patient_auc : float
        Of the patients by the mean probability of their patches, held out by the protocol's folds; pairs of patients
        are compared within a fold for ``strict``, where each fold's network is another.
    """

    patch_auc: tuple[float, ...]
    patient_auc: float

    @property
    def mean_patch_auc(self) -> float:
        """Mean over the folds, as paper 004 reports it."""
        return float(np.mean(self.patch_auc))


def patient_texture(generator: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """A texture that is one patient's: brightness, contrast, and noise in a band of wavelengths and directions.

    Returns
    -------
    numpy.ndarray
        Shape (rows, columns), float32, around 0.
    """
    frequency = np.hypot(np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(columns)[None, :])
    angle = np.arctan2(np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(columns)[None, :])
    centre = np.exp(generator.uniform(np.log(0.04), np.log(0.3)))
    direction, sharpness = generator.uniform(0, np.pi), generator.uniform(0, 3)
    band = np.exp(-0.5 * (np.log(np.maximum(frequency, 1e-6) / centre) / 0.35) ** 2)
    band *= np.exp(sharpness * (np.cos(2 * (angle - direction)) - 1))
    noise = np.fft.irfft2(np.fft.rfft2(generator.normal(size=(rows, columns))) * band, (rows, columns))
    texture = generator.normal(0, 0.5) + generator.uniform(0.6, 1.4) * noise / noise.std()
    return np.asarray(texture, np.float32)


def textured_patients(
    count: int, rows: int = 10, columns: int = 20, seed: int = 0, settings: PatchSettings | None = None
) -> JoinedPatches:
    """The patches of simulated patients, ``rows`` x ``columns`` each, cut by the rule of paper 004.

    Parameters
    ----------
    count : int
        Patients.
    rows, columns : int
        Of patches; the slice is as large as they need.
    seed : int
        Of the textures.
    settings : PatchSettings, optional
        By default 64 pixels every 16: smaller than the paper's, with the same overlap of three quarters.
    """
    settings = settings or PatchSettings(size=64, stride=16, level=0.0, width=8.0)
    height, width = (settings.size + settings.stride * (n - 1) for n in (rows, columns))
    geometry = Geometry((width, height, 1))
    whole = Volume(np.ones(geometry.shape, bool), geometry)
    parts = []
    for patient in range(count):
        texture = patient_texture(np.random.default_rng((seed, patient)), height, width)
        parts.append(extract_patches(Volume(texture[None], geometry), whole, settings))
    return JoinedPatches(parts)


def compare_protocols(
    patches: JoinedPatches,
    outcome: np.ndarray,
    classifier: Callable[[], PatchNetworkClassifier],
    *,
    folds: int = 5,
    seed: int = 0,
    protocols: tuple[Protocol, ...] = ("published", "strict"),
    progress: Stage | None = None,
) -> dict[Protocol, ProtocolResult]:
    """Cross-validate a patch network with patches dealt to the folds, and with patients dealt to them.

    Parameters
    ----------
    patches : JoinedPatches
        One part a patient.
    outcome : numpy.ndarray of int, shape (patients,)
        0 or 1.
    classifier : callable
        Gives an unfitted classifier.
    folds, seed : int
        Of the cross-validation, stratified by outcome.
    protocols : tuple of {"published", "strict"}
        Which to run.
    progress : Stage, optional
        May cancel.
    """
    from sklearn.model_selection import StratifiedKFold

    progress = progress or Stage()
    outcome = np.asarray(outcome)
    patient = patches.owners([str(n) for n in range(len(outcome))])
    number = patient.astype(int)
    label = outcome[number]
    pixels = patches[np.arange(len(patches))]
    dealer = StratifiedKFold(folds, shuffle=True, random_state=seed)
    by_patient = np.empty(len(outcome), int)
    by_patch = np.empty(len(label), int)
    for fold, (_, held) in enumerate(dealer.split(outcome[:, None], outcome)):
        by_patient[held] = fold
    for fold, (_, held) in enumerate(dealer.split(label[:, None], label)):
        by_patch[held] = fold
    result: dict[Protocol, ProtocolResult] = {}
    for at, protocol in enumerate(protocols):
        of = by_patch if protocol == "published" else by_patient[number]
        score = np.empty(len(label))
        for fold in range(folds):
            start = (at * folds + fold) / (len(protocols) * folds)
            stage = progress.part(start, start + 1 / (len(protocols) * folds))
            train, held = of != fold, of == fold
            fitted = classifier().fit(pixels[train], label[train], patient[train], progress=stage)
            score[held] = fitted.predict_proba(pixels[held])[:, 1]
        patch_auc = tuple(_auc(label[of == fold], score[of == fold]) for fold in range(folds))
        means = mean_by_group(score, number)[1]
        within = np.zeros_like(by_patient) if protocol == "published" else by_patient
        result[protocol] = ProtocolResult(patch_auc, _auc_within(outcome, means, within))
    return result


def _auc(label: np.ndarray, score: np.ndarray) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(label, score))


def _auc_within(label: np.ndarray, score: np.ndarray, fold: np.ndarray) -> float:
    """Share of the pairs of one fold that are in the right order, ties counted half."""
    pairs = (label[:, None] == 1) & (label[None, :] == 0) & (fold[:, None] == fold[None, :])
    higher = (score[:, None] > score[None, :]) + 0.5 * (score[:, None] == score[None, :])
    return float(higher[pairs].mean())
