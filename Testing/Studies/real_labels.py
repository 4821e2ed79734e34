"""Pipelines of the recipes on public feature tables of real patients, beside what others report of the same tables.

The tables are no part of the repository; where they are absent the study says so and measures nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from real_tables import DATA, RealTable, read_tables
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation import auc, within_fold_auc
from RadFusionLib.evaluation.bootstrap import patient_bootstrap
from RadFusionLib.evaluation.brier import brier
from RadFusionLib.evaluation.calibration import calibration
from RadFusionLib.evaluation.estimate import Estimate
from RadFusionLib.fusion import FeatureTable, fit_member
from RadFusionLib.fusion.training import fit_ensemble, fold_members, out_of_fold_scores
from RadFusionLib.progress import ProgressCallback, Stage
from RadFusionLib.recipe import Recipe, Step, load_recipe

__all__ = ["PIPELINES", "comparator", "measure", "read_tables", "run", "table_recipe"]

SEEDS = (1, 2, 3)
"""Of the folds."""
RESAMPLES, SLOPE_RESAMPLES = 1000, 200
"""Bootstrap samples of patients; a calibration slope takes a fit in each."""
MODEL = "table"
ABSENT = ("reproducibility",)
"""Steps that need repeated contours, of which these tables have none."""


@dataclass(frozen=True)
class Source:
    """Where a pipeline comes from: a recipe's own steps, or those of one of its models.

    ``classifier`` stands in for the model's where that would take hours, and is one of those the recipe names.
    """

    recipe: str
    model: str = ""
    classifier: Step | None = None


PIPELINES: Mapping[str, Source] = {
    "elimination, SVM": Source("hcc-mvi"),
    "LASSO, logistic": Source("icc-pni", "radiomics", Step("logistic", {"C": 1.0})),
    "mRMR, random forest": Source("icc-early-recurrence", "signature"),
}
"""All are run on every table, so that none is picked by its result."""


@dataclass(frozen=True, eq=False)
class Repeat:
    """What one seed of the folds gives; arrays of shape (n,).

    Parameters
    ----------
    fold : numpy.ndarray of int
        In which each patient was held out.
    risk : numpy.ndarray
        Calibrated, by ensembles that never saw the patient.
    simple : numpy.ndarray
        The comparator's probability, on the same folds.
    member, leaky, apparent : float
        AUC of single members: strict, with features selected on everybody, and on the patients that fitted it.
    """

    fold: np.ndarray
    risk: np.ndarray
    simple: np.ndarray
    member: float
    leaky: float
    apparent: float


def run(folder: Path, jobs: int, progress: ProgressCallback) -> dict[str, Any]:
    """Strict, nested, repeated cross-validation of three pipelines on each table."""
    if not DATA.is_dir():
        return {"skipped": f"the public feature tables are absent ({DATA})"}
    tables = read_tables(DATA)
    pairs = [(one, name) for one in tables for name in PIPELINES]
    tasks = [(one, table_recipe(one, PIPELINES[name]), seed) for one, name in pairs for seed in SEEDS]
    stage, repeats = Stage(progress), []
    for repeat in Parallel(n_jobs=jobs, return_as="generator")(delayed(_repeat)(*task) for task in tasks):
        repeats.append(repeat)
        stage(len(repeats) / (len(tasks) + 1), f"Real labels: {len(repeats)} of {len(tasks)} cross-validations")
    found: dict[str, Any] = {one.name: _described(one) for one in tables}
    for number, (one, name) in enumerate(pairs):
        mine = repeats[number * len(SEEDS) : (number + 1) * len(SEEDS)]
        found[one.name]["pipelines"][name] = _summary(one, mine, RESAMPLES, SLOPE_RESAMPLES)
    stage(1.0, "Real labels")
    return found


def measure(one: RealTable, recipe: Recipe, seeds: Sequence[int], resamples: int) -> dict[str, Any]:
    """One recipe on one table, over these seeds of the folds."""
    return _summary(one, [_repeat(one, recipe, seed) for seed in seeds], resamples, resamples)


def table_recipe(one: RealTable, source: Source, folds: Mapping[str, int] | None = None) -> Recipe:
    """The source's steps and classifier, in its small profile, as a recipe for one table of features."""
    origin = load_recipe(source.recipe, "small")
    spec = origin.model(source.model) if source.model else None
    steps = origin.steps if spec is None or spec.steps is None else spec.steps
    classifier = source.classifier or (origin.classifier if spec is None else spec.classifier) or origin.classifier
    left = (*ABSENT, *(() if one.table.scanners else ("combat",)))
    # Ranked models choose their number of features in the inner folds; the others only measure there.
    inner = 3 if any(step.name == "elimination" for step in steps) else 2
    return Recipe.from_document(
        {
            "schema": 1,
            "name": f"{source.recipe}-on-a-table",
            "outcome": {"name": one.outcome_name},
            "imaging": {"phases": list(one.phases), "reference_phase": one.phases[0]},
            "regions": {"tumor": {}},
            "steps": [{step.name: dict(step.parameters)} for step in steps if step.name not in left],
            "classifier": {classifier.name: dict(classifier.parameters)},
            "models": [{"name": MODEL, "families": ["cr"]}],
            "folds": dict(folds or {"outer": 5, "inner": inner}),
            "interval": {"level": 0.9, "refits": 2},
        }
    )


def comparator(features: int) -> Pipeline:
    """The features with the largest F and a logistic regression: what the figures that come with the tables used."""
    return make_pipeline(StandardScaler(), SelectKBest(f_classif, k=features), LogisticRegression(max_iter=2000))


def _repeat(one: RealTable, recipe: Recipe, seed: int) -> Repeat:
    trained = fit_ensemble(one.table, one.outcome, recipe, seed)
    whole = fit_member(one.table, one.outcome, recipe, [MODEL], seed)
    chosen = whole.features
    few = FeatureTable(one.table.cases, chosen, one.table.columns(chosen), one.table.scanners)
    leaky = 0.5
    if chosen:
        fold, members = fold_members(few, one.outcome, recipe, [MODEL], seed)
        leaky = within_fold_auc(one.outcome, out_of_fold_scores(few, members, fold), fold)
    apparent = auc(one.outcome, whole.score(one.table))
    return Repeat(trained.folds, trained.out_of_fold, _simple(one, trained.folds), trained.auc[MODEL], leaky, apparent)


def _simple(one: RealTable, fold: np.ndarray) -> np.ndarray:
    probability = np.empty(len(fold))
    values = one.table.values[:, np.ptp(one.table.values, axis=0) > 0]
    for number in np.unique(fold):
        held = fold == number
        fitted = comparator(one.compared_features).fit(values[~held], one.outcome[~held])
        probability[held] = fitted.predict_proba(values[held])[:, 1]
    return probability


def _summary(one: RealTable, repeats: Sequence[Repeat], resamples: int, slope_resamples: int) -> dict[str, Any]:
    """Means over the seeds, with intervals that resample patients; what was fitted stays fitted."""
    y, patients = one.outcome, one.table.cases

    def area(rows: np.ndarray, of: Callable[[Repeat], np.ndarray]) -> float:
        return float(np.mean([within_fold_auc(y[rows], of(r)[rows], r.fold[rows]) for r in repeats]))

    def score(rows: np.ndarray) -> float:
        return float(np.mean([brier(y[rows], r.risk[rows]).score for r in repeats]))

    def slope(rows: np.ndarray) -> float:
        try:
            return float(np.mean([calibration(y[rows], r.risk[rows]).slope.value for r in repeats]))
        except InputError:
            return float("nan")

    def more(rows: np.ndarray) -> float:
        return area(rows, lambda r: r.risk) - area(rows, lambda r: r.simple)

    each = [within_fold_auc(y, r.risk, r.fold) for r in repeats]
    return {
        "auc": _plain(patient_bootstrap(lambda rows: area(rows, lambda r: r.risk), patients, y, resamples)),
        "auc_by_seed": [float(value) for value in each],
        "brier": _plain(patient_bootstrap(score, patients, y, resamples, stratified=False)),
        "brier_of_the_prevalence": float(y.mean() * (1 - y.mean())),
        "calibration_slope": _plain(patient_bootstrap(slope, patients, y, slope_resamples, stratified=False)),
        "comparator_auc": _plain(
            patient_bootstrap(lambda rows: area(rows, lambda r: r.simple), patients, y, resamples)
        ),
        "more_than_comparator": _plain(patient_bootstrap(more, patients, y, resamples)),
        "member_auc": float(np.mean([r.member for r in repeats])),
        "leaky_auc": float(np.mean([r.leaky for r in repeats])),
        "apparent_auc": float(np.mean([r.apparent for r in repeats])),
    }


def _plain(estimate: Estimate) -> list[float]:
    return [estimate.value, estimate.low, estimate.high]


def _described(one: RealTable) -> dict[str, Any]:
    return {
        "outcome": one.outcome_name,
        "patients": len(one.outcome),
        "positive": int(one.outcome.sum()),
        "features": len(one.table.names),
        "sites": sorted(set(one.table.scanners)),
        "left_out": list(one.left_out),
        "reported": [asdict(figure) for figure in one.reported],
        "pipelines": {},
    }
