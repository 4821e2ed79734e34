"""A trained recipe in one file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from RadFusionLib.bundle.archive import read_archive, write_archive
from RadFusionLib.bundle.card import DEMONSTRATION, RESEARCH_USE
from RadFusionLib.bundle.estimators import ensemble_from_parts, ensemble_to_parts
from RadFusionLib.bundle.record import TrainingRecord
from RadFusionLib.bundle.rehearsal import rehearse
from RadFusionLib.deep import Weights
from RadFusionLib.doubt import TrainingDomain
from RadFusionLib.errors import BundleError
from RadFusionLib.fusion import Ensemble
from RadFusionLib.recipe import Recipe

__all__ = ["Bundle"]


@dataclass(frozen=True)
class Bundle:
    """Recipe, ensemble, network, training domain, record and card.

    Parameters
    ----------
    recipe : Recipe
        With its profile.
    ensemble : Ensemble
        Members, calibration, interval and threshold.
    weights : Weights or None
        The network of the DLR features.
    domain : TrainingDomain
        What the training cases were like, for the domain report.
    record : TrainingRecord
        How it came about.
    card : str
        Markdown.
    sha256 : str
        Of the file that it was read from, hexadecimal; empty for one that was never in a file.
    """

    recipe: Recipe
    ensemble: Ensemble
    weights: Weights | None
    domain: TrainingDomain
    record: TrainingRecord
    card: str
    sha256: str = field(default="", compare=False)

    @property
    def notice(self) -> str:
        """The sentence that every risk, map and report of this bundle carries."""
        return f"{DEMONSTRATION} {RESEARCH_USE}" if self.record.demonstration else RESEARCH_USE

    @cached_property
    def name(self) -> str:
        """Recipe, version and profile in one word."""
        return f"{self.recipe.name}-{self.recipe.version}-{self.recipe.profile}"

    def on_device(self, device: str) -> Bundle:
        """The same bundle with its trained networks working on ``cpu``, ``cuda`` or ``cuda:n``."""
        return replace(self, ensemble=self.ensemble.on_device(device))

    def save(self, path: str | Path) -> Path:
        """Write the bundle, whole or not at all; the same bundle gives the same bytes."""
        from safetensors.numpy import save

        path = Path(path)
        structure, arrays = ensemble_to_parts(self.ensemble)
        domain, matrices = self.domain.to_parts()
        members = {
            "card.md": self.card.encode(),
            "estimators.safetensors": save(arrays),
            "domain.safetensors": save(matrices),
        }
        index = {
            "recipe": self.recipe.to_json(),
            "features": list(self.ensemble.features),
            "ensemble": structure,
            "domain": domain,
            "record": self.record.to_json(),
        }
        if self.weights is not None:
            members["network.safetensors"] = save(
                {k: np.asarray(v, order="C") for k, v in self.weights.tensors.items()}
            )
            index["network"] = {
                "network": self.weights.network,
                "sha256": self.weights.sha256,
                "source": self.weights.source,
                "notes": dict(self.weights.notes),
            }
        write_archive(path, index, members)
        return path

    @classmethod
    def load(cls, path: str | Path) -> Bundle:
        """Read a bundle; no code from the file is run.

        Raises
        ------
        BundleError
            When it is missing, damaged, altered, of an unknown schema or holds what is not allowed.
        """
        from safetensors.numpy import load

        path = Path(path)
        index, members = read_archive(path)
        try:
            arrays = load(members["estimators.safetensors"])
            weights = None
            if "network.safetensors" in members:
                tensors = load(members["network.safetensors"])
                weights = Weights(tensors=tensors, **index["network"])
            bundle = cls(
                recipe=Recipe.from_json(index["recipe"]),
                ensemble=ensemble_from_parts(index["ensemble"], arrays),
                weights=weights,
                domain=TrainingDomain.from_parts(index["domain"], load(members["domain.safetensors"])),
                record=TrainingRecord.from_json(index["record"]),
                card=members["card.md"].decode("utf-8"),
                sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
            )
            rehearse(bundle)
            return bundle
        except BundleError:
            raise
        except Exception as error:
            # A forged bundle can make any part of a prediction fail, in any way.
            raise BundleError(f"{path} does not hold what a bundle must; get it again from where it came.") from error
