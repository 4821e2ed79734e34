"""Does pre-training help? The compact network's features against those of random weights, on the same cohort.

As a command::

    python -m RadFusionLib.deep.comparison --manifest M [--weights F.safetensors] [--draws D] [--random R]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from RadFusionLib.deep.checkpoint import Weights, random_weights
from RadFusionLib.deep.features import extract
from RadFusionLib.errors import RadFusionError
from RadFusionLib.progress import Stage

if TYPE_CHECKING:
    from sklearn.base import ClassifierMixin

    from RadFusionLib.deep.crops import Crops

__all__ = ["Comparison", "case_features", "compare", "cross_validated_aucs", "main"]


@dataclass(frozen=True, eq=False)
class Comparison:
    """Cross-validated AUCs of DLR alone, by weights and by draw of the outcome.

    Parameters
    ----------
    pretrained : numpy.ndarray
        Shape (draws,).
    random : numpy.ndarray
        Shape (initialisations, draws).
    """

    pretrained: np.ndarray
    random: np.ndarray

    @property
    def gain(self) -> np.ndarray:
        """Pre-trained minus random on the same cases and outcomes, shape (initialisations, draws)."""
        return self.pretrained[None] - self.random

    def __str__(self) -> str:
        gain = self.gain
        lines = [f"pre-trained  AUC {self.pretrained.mean():.3f} (SD over draws {self.pretrained.std():.3f})"]
        for n, row in enumerate(self.random):
            lines.append(f"random {n}     AUC {row.mean():.3f} (SD over draws {row.std():.3f})")
        lines.append(
            f"gain         {gain.mean():+.3f} (SD over draws and initialisations {gain.std():.3f}; "
            f"least of an initialisation {gain.mean(axis=1).min():+.3f}; above 0 in {100 * (gain > 0).mean():.0f} %)"
        )
        return "\n".join(lines)


def compare(
    pretrained: Weights,
    crops: Crops,
    outcomes: np.ndarray,
    initialisations: int = 3,
    progress: Stage | None = None,
) -> Comparison:
    """Compare pre-trained with random weights of the same network.

    Parameters
    ----------
    pretrained : Weights
        What is tried.
    crops : Crops
        Of a cohort that the weights have not seen.
    outcomes : numpy.ndarray
        Shape (draws, cases), 0 or 1.
    initialisations : int
        How many seeds of random weights.
    progress : Stage, optional
        May cancel.
    """
    progress = progress or Stage()
    aucs = []
    drawn = [random_weights(pretrained.network, seed) for seed in range(initialisations)]
    for n, weights in enumerate([pretrained, *drawn]):
        stage = progress.part(n / (len(drawn) + 1), (n + 1) / (len(drawn) + 1))
        features = case_features(weights, crops, stage.part(0.0, 0.8))
        aucs.append([cross_validated_aucs(features, outcome) for outcome in outcomes])
        stage(1.0, f"{weights.source}: AUC {np.mean(aucs[-1]):.3f}")
    return Comparison(np.array(aucs[0]), np.array(aucs[1:]))


def case_features(weights: Weights, crops: Crops, progress: Stage | None = None) -> np.ndarray:
    """DLR features of every case, phases and regions side by side, shape (cases, phases x regions x features)."""
    cubes = crops.cubes.reshape(-1, *crops.cubes.shape[3:])
    return extract(weights, cubes, progress=progress).reshape(len(crops.cases), -1)


def cross_validated_aucs(
    features: np.ndarray,
    outcome: np.ndarray,
    estimator: ClassifierMixin | None = None,
    folds: int = 5,
    seed: int = 0,
) -> float:
    """Mean AUC over the folds, everything fitted inside them.

    By default z-score, 20 principal components, logistic regression: no choice of features that could
    favour one set of weights.
    """
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    components = min(20, len(outcome) * (folds - 1) // folds - 1)
    model = estimator or make_pipeline(
        StandardScaler(),
        PCA(components, random_state=0),
        StandardScaler(),
        LogisticRegression(C=0.1, max_iter=1000),
    )
    parts = StratifiedKFold(folds, shuffle=True, random_state=seed)
    return float(cross_val_score(model, features, outcome, cv=parts, scoring="roc_auc").mean())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m RadFusionLib.deep.comparison",
        description="Compare pre-trained with random weights of the compact network on a simulated cohort.",
    )
    parser.add_argument("--manifest", required=True, type=Path, help="a simulated cohort's manifest (CSV)")
    parser.add_argument("--weights", type=Path, help="pre-trained weights (default: the shipped ones)")
    parser.add_argument("--draws", type=int, default=5, help="draws of the outcome")
    parser.add_argument("--strength", type=float, default=1.0, help="of the simulated effect")
    parser.add_argument("--random", type=int, default=3, help="initialisations to compare with")
    given = parser.parse_args(arguments)

    def tell(fraction: float, message: str) -> bool:
        print(f"\r{100 * fraction:5.1f} %  {message:<60}", end="", file=sys.stderr, flush=True)
        return True

    try:
        result = _compare_cohort(given, Stage(tell))
    except RadFusionError as error:
        print(f"\n{error}", file=sys.stderr)
        return 2
    print(file=sys.stderr)
    print(result)
    return 0


def _compare_cohort(given: argparse.Namespace, stage: Stage) -> Comparison:
    from RadFusionLib.deep.crops import read_crops
    from RadFusionLib.deep.weights_store import resolve_weights
    from RadFusionLib.simulation import redraw

    weights = resolve_weights("compact", given.weights)
    crops = read_crops(given.manifest, 32, progress=stage.part(0.0, 0.4))
    outcomes = np.array([redraw(given.manifest, given.strength, 1000 + d)["outcome"] for d in range(given.draws)])
    return compare(weights, crops, outcomes, given.random, stage.part(0.4, 1.0))


if __name__ == "__main__":
    sys.exit(main())
