"""What a bundle says of its training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from RadFusionLib.errors import BundleError
from RadFusionLib.fusion.lasso_path import LassoPath

__all__ = ["TrainingRecord"]


@dataclass(frozen=True)
class TrainingRecord:
    """How a bundle came about.

    Parameters
    ----------
    seed : int
        Of folds and halves.
    cases, events : int
        Training cases, and those with the outcome.
    folds : mapping of str to int
        Fold by the fingerprint of the case's voxels.
    out_of_fold_auc : mapping of str to float
        By model; of the whole ensemble under ``ensemble``.
    demonstration : bool
        Whether any training case was simulated.
    network : mapping or None
        Name, SHA-256 and source of the network's weights.
    versions : mapping of str to str
        Of Python and packages.
    published : mapping or None
        What the paper's own protocol would have reported, for comparison only: ``deviations`` from the strict one,
        ``training_auc`` and ``held_out_auc``. None when it was not asked for.
    out_of_fold_interval : mapping of str to sequence of float or None
        The 95 % interval of each out-of-fold AUC, patients resampled; None where there are too few.
    lasso : mapping of str to sequence of mapping
        By model with a LASSO among its steps, each member's path (:class:`~RadFusionLib.fusion.lasso_path.LassoPath`).
    """

    seed: int
    cases: int
    events: int
    folds: Mapping[str, int]
    out_of_fold_auc: Mapping[str, float]
    demonstration: bool
    network: Mapping[str, str] | None
    versions: Mapping[str, str]
    published: Mapping[str, Any] | None = None
    out_of_fold_interval: Mapping[str, Sequence[float] | None] = field(default_factory=dict)
    lasso: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)

    @property
    def optimism(self) -> str:
        """The paper's protocol beside the strict one, in a sentence; empty when it was not measured."""
        if not self.published:
            return ""
        ways = ", ".join(f"{key} {value}" for key, value in self.published["deviations"].items()) or "no difference"
        return (
            f"The paper's own protocol ({ways}) would report an AUC of {self.published['training_auc']:.3f} in "
            f"training and {self.published['held_out_auc']:.3f} held out; strict, out of fold: "
            f"{self.out_of_fold_auc['ensemble']:.3f}. For comparison only: the bundle is the strict one."
        )

    @property
    def paths(self) -> dict[str, tuple[LassoPath, ...]]:
        """Each member's path of the models with a LASSO.

        Raises
        ------
        BundleError
            When a path is damaged.
        """
        try:
            return {name: tuple(LassoPath.from_json(path) for path in paths) for name, paths in self.lasso.items()}
        except (KeyError, TypeError, ValueError) as error:
            raise BundleError("The bundle's record of a LASSO is damaged; get the bundle again.") from error

    @property
    def prevalence(self) -> float:
        """Share of training cases with the outcome, in [0, 1]."""
        return self.events / self.cases

    def to_json(self) -> dict[str, Any]:
        """For ``bundle.json``."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> TrainingRecord:
        """Take back what :meth:`to_json` gave."""
        return cls(**content)
