"""The whole of an evaluation, as a report shows it and ``report.json`` keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from RadFusionLib.evaluation.assessment import APPARENT, TEST, Assessment
from RadFusionLib.evaluation.finding_agreement import FindingAgreement
from RadFusionLib.evaluation.missing import MissingValues
from RadFusionLib.evaluation.reading_agreement import ReadingAgreement
from RadFusionLib.evaluation.sample_size import SampleSize

if TYPE_CHECKING:
    from RadFusionLib.explain import Nomogram
    from RadFusionLib.explain.plots import Shares
    from RadFusionLib.fusion.lasso_path import LassoPath

__all__ = ["BundleFacts", "Development", "EvaluatedCase", "Evaluation", "NomogramFacts"]


@dataclass(frozen=True)
class BundleFacts:
    """What a report must say of the model it evaluates.

    Parameters
    ----------
    name, title, recipe, profile, outcome, positive : str
        Of the bundle and its recipe.
    preoperative : bool
        Whether all that the model needs is known before the operation.
    phases, regions, features, clinical, steps : tuple of str
        What it is made of; ``features`` are those that the risk depends on.
    classifier, network, finals : str
        Names; ``finals`` says which models the members chose.
    members : int
        Of the ensemble.
    threshold : float
        Frozen in training.
    cases, events : int
        Training cases, and those with the outcome.
    out_of_fold_auc : mapping of str to float
        Of the training cases, by members that never saw them.
    out_of_fold_interval : mapping of str to tuple of float or None
        The 95 % interval of each, patients resampled.
    lasso : mapping of str to tuple of LassoPath
        By model with a LASSO among its steps, each member's path.
    histories : mapping of str to tuple
        By network, each member's loss and AUC of the training images, epoch by epoch.
    scanners : tuple of str
        Of the training cases.
    demonstration : bool
        Whether it was trained on simulated cases.
    notice, card : str
        The sentence that every result carries, and the bundle's card in Markdown.
    seed : int
        Of the training.
    """

    name: str
    title: str
    recipe: str
    profile: str
    outcome: str
    positive: str
    preoperative: bool
    phases: tuple[str, ...]
    regions: tuple[str, ...]
    features: tuple[str, ...]
    clinical: tuple[str, ...]
    steps: tuple[str, ...]
    classifier: str
    network: str
    finals: str
    members: int
    threshold: float
    cases: int
    events: int
    out_of_fold_auc: Mapping[str, float]
    out_of_fold_interval: Mapping[str, tuple[float, ...] | None]
    lasso: Mapping[str, tuple[LassoPath, ...]]
    histories: Mapping[str, tuple[tuple[Mapping[str, float | None], ...], ...]]
    scanners: tuple[str, ...]
    demonstration: bool
    notice: str
    card: str
    seed: int


@dataclass(frozen=True)
class EvaluatedCase:
    """One case: its risk, its outcome, and whether the bundle knew it.

    ``set`` is ``test`` or ``apparent``; ``outcome`` is None when unknown.
    """

    case: str
    set: str
    outcome: int | None
    risk: float
    low: float
    high: float
    group: str
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Development:
    """Whether the training cases were enough.

    Parameters
    ----------
    candidates : int
        Features that the recipe could choose from.
    auc : float
        Expected of the model: the out-of-fold AUC of the training cases.
    wanted : SampleSize or None
        For that many candidates; None when the AUC allows no calculation.
    cases, events : int
        Training cases, and those with the outcome.
    """

    candidates: int
    auc: float
    wanted: SampleSize | None
    cases: int
    events: int

    @property
    def events_a_candidate(self) -> float:
        """Training cases with the outcome, or without it where those are fewer, a candidate feature; NaN for none."""
        return min(self.events, self.cases - self.events) / self.candidates if self.candidates else float("nan")

    @property
    def events_worded(self) -> str:
        """The same in words; a recipe of a trained network alone has no candidate features."""
        if not self.candidates:
            return "no candidate features, but a trained network, for whose weights no rule of events exists"
        return f"{self.candidates:,} candidate features: {self.events_a_candidate:.3g} events a candidate"


@dataclass(frozen=True)
class NomogramFacts:
    """The nomogram of the final model.

    Parameters
    ----------
    nomogram : Nomogram or None
        Of the members' mean coefficients.
    reason : str
        Why there is none; empty where there is one.
    largest_difference : float
        Between its risk and the ensemble's over the evaluated cases, in [0, 1]; NaN where there is none.
    """

    nomogram: Nomogram | None
    reason: str = ""
    largest_difference: float = float("nan")


@dataclass(frozen=True)
class Evaluation:
    """An evaluation.

    Parameters
    ----------
    bundle : BundleFacts
        What was evaluated.
    manifest : str
        Name of the file that listed the cases.
    cases : tuple of EvaluatedCase
        In the manifest's order.
    failures : mapping of str to str
        Why a case could not be predicted.
    sets : mapping of str to Assessment
        ``test``, ``apparent`` or both.
    missing : tuple of MissingValues
        A row a variable.
    development : Development
        Whether the training cases were enough.
    nomogram : NomogramFacts
        Of the final model, or why there is none.
    shares : Shares
        What each input adds to the log-odds of each case of the main set.
    readings : tuple of ReadingAgreement
        A row a repeated contour.
    findings : tuple of FindingAgreement
        A row a clinical value that another reader read too.
    warnings : tuple of str
        What a reader must know first.
    centers, scanners : tuple of str
        Of the evaluated cases.
    versions : mapping of str to str
        Of Python and packages.
    """

    bundle: BundleFacts
    manifest: str
    cases: tuple[EvaluatedCase, ...]
    failures: Mapping[str, str]
    sets: Mapping[str, Assessment]
    missing: tuple[MissingValues, ...]
    development: Development
    nomogram: NomogramFacts
    shares: Shares
    readings: tuple[ReadingAgreement, ...]
    findings: tuple[FindingAgreement, ...]
    warnings: tuple[str, ...]
    centers: tuple[str, ...]
    scanners: tuple[str, ...]
    versions: Mapping[str, str]

    @property
    def main(self) -> Assessment:
        """The set to look at first: the test set where there is one."""
        return self.sets[TEST] if TEST in self.sets else self.sets[APPARENT]
