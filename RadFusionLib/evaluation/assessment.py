"""Everything that is measured of one set of cases: discrimination, calibration, utility, survival, subgroups."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from scipy.special import logit

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.baseline import BaselineTable, baseline_table
from RadFusionLib.evaluation.brier import Brier, brier
from RadFusionLib.evaluation.calibration import Calibration, CalibrationCurve, calibration, calibration_curve
from RadFusionLib.evaluation.confusion import ConfusionMatrix
from RadFusionLib.evaluation.correlation_map import CorrelationMap, correlation_map
from RadFusionLib.evaluation.estimate import Estimate
from RadFusionLib.evaluation.follow_up import FollowUp
from RadFusionLib.evaluation.hosmer_lemeshow import HosmerLemeshow, hosmer_lemeshow
from RadFusionLib.evaluation.logistic_table import LogisticTable, logistic_table
from RadFusionLib.evaluation.misprediction import Misprediction, misprediction
from RadFusionLib.evaluation.model_comparison import ModelComparison, ModelFacts, compare_models
from RadFusionLib.evaluation.patch_accuracy import PatchAccuracy, patch_accuracy
from RadFusionLib.evaluation.risk_groups import GroupSurvival, group_survival
from RadFusionLib.evaluation.sample_size import SampleSize, binary_validation
from RadFusionLib.evaluation.subgroups import Grouping, SubgroupTable, auc_estimate, subgroup_table
from RadFusionLib.evaluation.treatment import TreatmentBenefit, as_treated, treatment_benefit
from RadFusionLib.evaluation.utility import DecisionCurve, decision_curve

__all__ = ["APPARENT", "FEWEST", "TEST", "Assessment", "EvaluationSet", "assess"]

TEST, APPARENT = "test", "apparent"
"""Cases that the bundle never saw, and cases that it was trained on."""
FEWEST = 2
"""Cases of each class below which nothing is measured."""
MODEL = "risk"
WITH, WITHOUT = "with the outcome", "without"
CATEGORIES = ("center", "scanner")
"""Groupings that are no clinical variable, and so stand in the baseline table themselves."""
HIGHEST_AUC = 0.995
MOST_DRAWN = 60
"""Features; a map of the correlations of more cannot be read."""
EDGE = 1e-6
RISK_TENTHS = "predicted risk, each 10 points"
ENTRY = 0.1
"""Largest univariate p at which a variable enters the multivariable logistic model."""

Found = TypeVar("Found")


@dataclass(frozen=True, eq=False)
class EvaluationSet:
    """Risks of several cases and what is known of them.

    Parameters
    ----------
    name : str
        ``test`` or ``apparent``.
    cases : tuple of str
        Ids, length n.
    outcome : numpy.ndarray, shape (n,)
        0 or 1.
    risk : numpy.ndarray, shape (n,)
        In [0, 1].
    threshold : float
        Frozen in training; at or above it a case is in the high-risk group.
    times, events : mapping of str to numpy.ndarray, shape (n,) each
        By endpoint, months and 0/1; NaN where a case was not followed.
    treatment : tuple of str
        The manifest's cells; empty when there is no such column.
    clinical : mapping of str to numpy.ndarray, shape (n,) each
        The recipe's variables, for the regressions; NaN when missing.
    described : mapping of str to numpy.ndarray, shape (n,) each
        Every other clinical value of the manifest, for the tables of characteristics.
    groupings : tuple of Grouping
        What the subgroups are made by.
    models : mapping of str to numpy.ndarray, shape (n,) each
        Scores of the models inside the final one and beside it, and the risk under its name; empty where it is alone.
    model_facts : mapping of str to ModelFacts
        What each of them is made of.
    model_notes : tuple of str
        Why a model of the recipe is not among them.
    member_risk : numpy.ndarray, shape (n, members), or None
        By each member of the ensemble.
    fold : numpy.ndarray of int, shape (n,), or None
        Training fold of each case; None for cases of a test.
    features : mapping of str to numpy.ndarray, shape (n,) each
        What the final model uses, what matters most first.
    patches : tuple of numpy.ndarray, shape (m, members) each
        Probability of each case's patches by member; empty where the final model sees none.
    """

    name: str
    cases: tuple[str, ...]
    outcome: np.ndarray
    risk: np.ndarray
    threshold: float
    times: Mapping[str, np.ndarray] = field(default_factory=dict)
    events: Mapping[str, np.ndarray] = field(default_factory=dict)
    treatment: tuple[str, ...] = ()
    clinical: Mapping[str, np.ndarray] = field(default_factory=dict)
    described: Mapping[str, np.ndarray] = field(default_factory=dict)
    groupings: tuple[Grouping, ...] = ()
    models: Mapping[str, np.ndarray] = field(default_factory=dict)
    model_facts: Mapping[str, ModelFacts] = field(default_factory=dict)
    model_notes: tuple[str, ...] = ()
    member_risk: np.ndarray | None = None
    fold: np.ndarray | None = None
    features: Mapping[str, np.ndarray] = field(default_factory=dict)
    patches: tuple[np.ndarray, ...] = ()

    def check(self) -> None:
        """Refuse a set that is too small.

        Raises
        ------
        InputError
            When a class has fewer than two cases.
        """
        positive = int(np.sum(self.outcome))
        for count, word in ((positive, "with"), (len(self.cases) - positive, "without")):
            if count < FEWEST:
                cases = "case" if count == 1 else "cases"
                raise InputError(
                    f"The {self.name} set has {count} {cases} {word} the outcome; performance needs at least "
                    f"{FEWEST} of each class, so add cases."
                )


@dataclass(frozen=True, eq=False)
class Assessment:
    """What was measured; None with a note where something could not be.

    Parameters
    ----------
    name : str
        ``test`` or ``apparent``.
    cases, positive : int
        Cases, and those with the outcome.
    threshold : float
        Of the operating point.
    auc : Estimate
        With DeLong's interval.
    roc : tuple of numpy.ndarray
        False and true positive rates along the curve.
    confusion : ConfusionMatrix
        At the threshold.
    rates : mapping of str to Estimate
        Read from the confusion matrix, with exact intervals.
    baseline : BaselineTable or None
        The clinical values, centre, scanner and treatment by outcome; None when there are none.
    brier, calibration, calibration_curve, hosmer_lemeshow
        Whether the risks are right.
    decision : DecisionCurve
        Net benefit of the model ``risk``.
    survival : tuple of GroupSurvival
        One an endpoint.
    treatment : mapping of str to TreatmentBenefit
        By endpoint.
    subgroups : tuple of SubgroupTable
        One a grouping.
    models : ModelComparison or None
        The recipe's models beside each other; None where the final one is alone.
    misprediction : Misprediction
        The cases on the wrong side of the threshold.
    patches : PatchAccuracy or None
        The same by patch; None where the final model sees no patches.
    regression : LogisticTable or None
        The outcome on each clinical value and on the risk, alone and together; None with a note where there is none.
    correlation : CorrelationMap or None
        Of the features that the final model uses; None with a note where there is nothing to draw.
    wanted : SampleSize or None
        Cases that a test of this model would need.
    notes : tuple of str
        What could not be measured, and why.
    """

    name: str
    cases: int
    positive: int
    threshold: float
    auc: Estimate
    roc: tuple[np.ndarray, np.ndarray]
    confusion: ConfusionMatrix
    rates: Mapping[str, Estimate]
    baseline: BaselineTable | None
    brier: Brier
    calibration: Calibration | None
    calibration_curve: CalibrationCurve | None
    hosmer_lemeshow: HosmerLemeshow | None
    decision: DecisionCurve
    survival: tuple[GroupSurvival, ...]
    treatment: Mapping[str, TreatmentBenefit]
    subgroups: tuple[SubgroupTable, ...]
    models: ModelComparison | None
    misprediction: Misprediction
    patches: PatchAccuracy | None
    regression: LogisticTable | None
    correlation: CorrelationMap | None
    wanted: SampleSize | None
    notes: tuple[str, ...]


def assess(group: EvaluationSet, resamples: int = 1000, seed: int = 0) -> Assessment:
    """Measure a set.

    Parameters
    ----------
    group : EvaluationSet
        At least two cases of each class.
    resamples : int
        Bootstrap samples of the calibration curve's band.
    seed : int
        Of the bootstrap.

    Raises
    ------
    InputError
        When a class has fewer than two cases, or a time or event is wrong.
    """
    from sklearn.metrics import roc_curve

    group.check()
    outcome, risk = np.asarray(group.outcome, dtype=int), np.asarray(group.risk, dtype=float)
    notes: list[str] = []
    area = auc_estimate(outcome, risk)
    false_positive, true_positive, _ = roc_curve(outcome, risk, drop_intermediate=False)
    confusion = ConfusionMatrix.of_scores(outcome, risk, group.threshold)
    survival, treatment = _followed(group, notes)
    return Assessment(
        name=group.name,
        cases=outcome.size,
        positive=int(outcome.sum()),
        threshold=group.threshold,
        auc=area,
        roc=(false_positive, true_positive),
        confusion=confusion,
        rates=confusion.estimates(),
        baseline=_baseline(group),
        brier=brier(outcome, risk),
        calibration=_tried(lambda: calibration(outcome, risk), "Calibration slope", notes),
        calibration_curve=_tried(
            lambda: calibration_curve(outcome, risk, resamples=resamples, seed=seed), "Calibration curve", notes
        ),
        hosmer_lemeshow=_tried(
            lambda: hosmer_lemeshow(outcome, risk, _groups(outcome.size), apparent=group.name == APPARENT),
            "Hosmer-Lemeshow test",
            notes,
        ),
        decision=decision_curve(outcome, {MODEL: risk}),
        survival=survival,
        treatment=treatment,
        subgroups=subgroup_table(outcome, risk, group.threshold, group.groupings),
        models=compare_models(
            outcome, group.models, group.model_facts, untouched=group.name == TEST, notes=group.model_notes
        )
        if group.models
        else None,
        misprediction=misprediction(
            outcome, risk, group.threshold, _characteristics(group), group.member_risk, group.fold
        ),
        patches=patch_accuracy(outcome, group.patches, _characteristics(group), group.fold) if group.patches else None,
        regression=_tried(lambda: _regression(outcome, risk, group), "Logistic regression", notes),
        correlation=_tried(lambda: _correlation(group), "Correlation of the features", notes),
        wanted=_wanted(outcome, risk, area, notes),
        notes=tuple(notes),
    )


def _regression(outcome: np.ndarray, risk: np.ndarray, group: EvaluationSet) -> LogisticTable:
    """The outcome on the clinical values and the risk, a tenth at a time, with backward elimination by AIC."""
    return logistic_table(outcome, {**group.clinical, RISK_TENTHS: 10 * risk}, entry=ENTRY, backward=True)


def _baseline(group: EvaluationSet) -> BaselineTable | None:
    variables = _characteristics(group)
    return baseline_table(np.where(np.asarray(group.outcome) == 1, WITH, WITHOUT), variables) if variables else None


def _characteristics(group: EvaluationSet) -> dict[str, np.ndarray]:
    labels = {g.variable: g.labels for g in group.groupings if g.variable in CATEGORIES}
    words = {name: np.array([label or None for label in cells], dtype=object) for name, cells in labels.items()}
    if any(group.treatment):
        words["treatment"] = np.array([cell or None for cell in group.treatment], dtype=object)
    return {**group.clinical, **group.described, **{name: v for name, v in words.items() if v.any()}}


def _correlation(group: EvaluationSet) -> CorrelationMap:
    if not group.features:
        raise InputError("the model uses no features, but images alone.")
    drawn = list(group.features)[:MOST_DRAWN]
    found = correlation_map(drawn, np.column_stack([group.features[name] for name in drawn]))
    return replace(found, left_out=len(group.features) - len(drawn))


def _groups(cases: int) -> int:
    """Ten groups of risk, or fewer where they would hold less than five cases each."""
    return max(3, min(10, cases // 5))


def _followed(group: EvaluationSet, notes: list[str]) -> tuple[tuple[GroupSurvival, ...], dict[str, TreatmentBenefit]]:
    survival: list[GroupSurvival] = []
    benefit: dict[str, TreatmentBenefit] = {}
    high = group.risk >= group.threshold
    for endpoint in group.times:
        if endpoint not in group.events:
            raise InputError(f"There is a time:{endpoint} but no event:{endpoint}; add the column.")
        data, known = FollowUp.from_columns(group.cases, group.times[endpoint], group.events[endpoint], endpoint)
        if not data.count:
            notes.append(f"{endpoint}: no case had the event, so nothing is said of survival.")
            continue
        clinical = {name: values[known] for name, values in group.clinical.items()}
        survival.append(group_survival(endpoint, data, group.risk[known], high[known], clinical))
        if any(group.treatment):
            treated, told = as_treated(_chosen(group.treatment, known))
            benefit[endpoint] = treatment_benefit(data.of(told), treated[told], high[known][told])
    return tuple(survival), benefit


def _chosen(cells: Sequence[str], known: np.ndarray) -> list[str]:
    return [cell for cell, there in zip(cells, known, strict=True) if there]


def _tried(measure: Callable[[], Found], what: str, notes: list[str]) -> Found | None:
    try:
        return measure()
    except InputError as error:
        notes.append(f"{what}: {error}")
    return None


def _wanted(outcome: np.ndarray, risk: np.ndarray, area: Estimate, notes: list[str]) -> SampleSize | None:
    if not 0.5 < area.value < HIGHEST_AUC:
        notes.append(f"Sample size of a test: an AUC of {area.value:.3f} allows no such calculation.")
        return None
    odds = logit(np.clip(risk, EDGE, 1 - EDGE))
    return binary_validation(float(outcome.mean()), area.value, odds)
