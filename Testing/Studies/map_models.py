"""The models whose maps are judged: as trained, and made so that there is nothing to find."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cohorts
import numpy as np

from RadFusionLib.bundle import Bundle
from RadFusionLib.cli.demo import BUNDLE
from RadFusionLib.deep import Weights
from RadFusionLib.fusion import Ensemble, FeatureTable, Member
from RadFusionLib.fusion.calibration import PlattCalibration
from RadFusionLib.fusion.case_score import CaseScore
from RadFusionLib.fusion.linear_score import LinearScore
from RadFusionLib.fusion.scores import LinearScore as LinearClassifier
from RadFusionLib.fusion.stacked_score import StackedScore
from RadFusionLib.fusion.training import fold_members
from RadFusionLib.progress import Stage
from RadFusionLib.recipe import Recipe
from RadFusionLib.resources import resource

__all__ = [
    "demonstration",
    "fitted_members",
    "network_cohort",
    "permuted_members",
    "random_backbone_cohort",
    "randomised",
    "signature_alone",
    "training_cohort",
    "with_members",
]

PERMUTATION_SEED = 9100
"""The first of the permuted outcomes' seeds; no other study uses them."""


def demonstration() -> Bundle:
    """The bundle that comes with RadFusion, trained on 120 simulated cases."""
    return Bundle.load(resource("Bundles", BUNDLE))


def with_members(bundle: Bundle, members: Sequence[Member]) -> Bundle:
    """The bundle with other members, whose mean score is taken for the log-odds: enough to paint with."""
    ensemble = Ensemble(tuple(members), PlattCalibration(1.0, 0.0), bundle.ensemble.interval, 0.5)
    return replace(bundle, ensemble=ensemble)


def signature_alone(member: Member, model: str) -> Member:
    """A member that says what one signature of its stack says."""
    stack = member.scores[member.final]
    if not isinstance(stack, StackedScore):
        raise TypeError(f"{member.final} is not a stack.")
    return Member({model: stack.signatures[model]}, model, {})


def randomised(member: Member, generator: np.random.Generator) -> Member:
    """A member whose weights are drawn anew, of a stack and of the models in it: any sign, the same length.

    Raises
    ------
    TypeError
        When a part of the model has no weights, such as trees.
    """
    return Member({member.final: _drawn_anew(member.scores[member.final], generator)}, member.final, {})


def _drawn_anew(score: CaseScore, generator: np.random.Generator) -> CaseScore:
    if isinstance(score, LinearScore):
        return replace(score, weight=_any_direction(score.weight, generator))
    if isinstance(score, StackedScore) and isinstance(score.classifier, LinearClassifier):
        signatures = {name: _drawn_anew(inner, generator) for name, inner in score.signatures.items()}
        weight = _any_direction(score.classifier.weight, generator)
        return replace(score, signatures=signatures, classifier=replace(score.classifier, weight=weight))
    raise TypeError(f"A {type(score).__name__} is not linear, so it has no weights to draw anew.")


def _any_direction(weight: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    drawn = generator.normal(size=len(weight))
    return np.asarray(drawn / np.linalg.norm(drawn) * np.linalg.norm(weight)) if len(weight) else weight


def permuted_members(
    table: FeatureTable, outcome: np.ndarray, recipe: Recipe, number: int, models: Sequence[str] = ()
) -> list[Member]:
    """Members of the whole recipe, or of some of its models, trained as ever, on outcomes dealt out anew."""
    permuted = np.random.default_rng(PERMUTATION_SEED + number).permutation(outcome)
    return fitted_members(table, permuted, recipe, models or recipe.final_candidates)


def fitted_members(table: FeatureTable, outcome: np.ndarray, recipe: Recipe, models: Sequence[str]) -> list[Member]:
    """One member a fold, with its final model alone."""
    _, members = fold_members(table, outcome, recipe, models, seed=1)
    return [Member({m.final: m.scores[m.final]}, m.final, {}) for m in members]


def training_cohort(folder: Path, jobs: int, stage: Stage) -> tuple[FeatureTable, np.ndarray]:
    """The 120 cases that the demonstration bundle was trained on, with their outcomes."""
    cohort = cohorts.load_cohort(folder, cohorts.TRAINING, 120, jobs=jobs, progress=stage)
    return cohort.table, cohort.manifest.outcomes()


def random_backbone_cohort(folder: Path, weights: Weights, jobs: int, stage: Stage) -> tuple[FeatureTable, np.ndarray]:
    """Deep features of 60 cases by a network that was never trained, with their outcomes."""
    cohort = cohorts.load_cohort(
        folder, cohorts.TEST, 60, weights=weights, families=("dlr",), jobs=jobs, progress=stage
    )
    return cohort.table, cohort.manifest.outcomes()


def network_cohort(
    folder: Path, recipe: Recipe, seed: int, cases: int, jobs: int, stage: Stage
) -> tuple[FeatureTable, np.ndarray]:
    """The simulated cohort of a recipe that trains a network, with its outcomes."""
    cohort = cohorts.load_recipe_cohort(folder, recipe, seed, cases, jobs, stage)
    return cohort.table, cohort.manifest.outcomes()
