"""Train a recipe on a cohort into a bundle."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from RadFusionLib.bundle import Bundle, TrainingRecord, write_card
from RadFusionLib.cohort import FeatureFile, Manifest
from RadFusionLib.computing import Store
from RadFusionLib.deep import Weights
from RadFusionLib.deep.execution import check_device
from RadFusionLib.doubt import TrainingDomain
from RadFusionLib.errors import InputError
from RadFusionLib.fusion.network_fits import NetworkFits, begin_log
from RadFusionLib.fusion.published import published_result
from RadFusionLib.fusion.step_check import check_steps
from RadFusionLib.fusion.table import CLINICAL, FeatureTable
from RadFusionLib.fusion.training import TrainedEnsemble, fit_ensemble
from RadFusionLib.progress import Stage
from RadFusionLib.recipe import Recipe
from RadFusionLib.selection import InformativeFeatures
from RadFusionLib.workflow.cohort_extraction import extract_cohort, versions

__all__ = ["check_origin", "clinical_table", "train", "training_table"]


def train(
    recipe: Recipe,
    manifest: Manifest,
    *,
    features: FeatureFile | None = None,
    weights: Weights | None = None,
    seed: int = 1,
    jobs: int = 1,
    device: str = "cpu",
    published: bool = False,
    store: Store | None = None,
    resume: bool = False,
    log: Path | None = None,
    progress: Stage | None = None,
) -> Bundle:
    """Train on the manifest's training cases; cases of the split ``test`` are not looked at.

    Parameters
    ----------
    recipe : Recipe
        The method, with its profile.
    manifest : Manifest
        The cohort, with outcomes.
    features : FeatureFile, optional
        Extracted before, by the same recipe and profile; extracted now when not given.
    weights : Weights, optional
        The network of the DLR features.
    seed : int
        Of folds and halves. The same cases, outcomes and seed give the same bundle, byte for byte.
    jobs : int
        Processes; the result does not depend on it.
    device : str
        ``cpu``, ``cuda`` or ``cuda:n``, for the frozen network and those that are trained.
    published : bool
        Measure too what the paper's own protocol would have reported, and record it. The bundle stays the strict one.

    store : Store, optional
        Where finished work is kept: features of cases, and networks, from their first epoch on.
    resume : bool
        Whether to take from the store what was finished before; the bundle is the same, byte for byte.
    log : Path, optional
        A CSV file to write: loss and AUC of every epoch of every fit of a network, as the fits end.
    progress : Stage, optional
        Told how far the work is, with one process also each step of a network; may cancel.

    Raises
    ------
    RecipeError
        When the recipe names a step or a classifier that is not known.
    InputError
        When a training case could not be extracted, has no outcome or lacks a clinical value, or the features
        are of another recipe or all constant.
    """
    progress = progress or Stage()
    check_device(device)
    check_steps(recipe)
    manifest = manifest.of_split("train")
    outcome = manifest.outcomes()
    if features is None:
        found = extract_cohort(
            recipe,
            manifest,
            weights,
            jobs=jobs,
            device=device,
            store=store,
            resume=resume,
            progress=progress.part(0.0, 0.5),
        )
        if found.failures:
            case, reason = next(iter(found.failures.items()))
            raise InputError(f"{len(found.failures)} training cases failed; the first, {case}: {reason}")
        features = found.features
        progress = progress.part(0.5, 1.0)
    table, prints = training_table(recipe, manifest, features, weights)
    _check_features(recipe, table)
    fitted = recipe.on_device(device)
    if log is not None:
        begin_log(log)
    fits = NetworkFits(store, resume, log)
    trained = fit_ensemble(table, outcome, fitted, seed, jobs, progress.part(0.0, 0.9), fits)
    record = _record(recipe, manifest, trained, prints, outcome, seed, weights)
    if published:
        progress(0.9, "The paper's own protocol")
        own = published_result(table, outcome, fitted, seed, fits.told(progress.part(0.9, 1.0)))
        record = replace(record, published=own.to_json())
    used = sorted({*trained.ensemble.features, *trained.ensemble.interval_features})
    domain = TrainingDomain.of(table, used, [row.scanner for row in manifest])
    progress(1.0, "Trained")
    return Bundle(
        recipe, trained.ensemble, weights, domain, record, write_card(recipe, record, weights, trained.ensemble)
    )


def training_table(
    recipe: Recipe, manifest: Manifest, features: FeatureFile, weights: Weights | None
) -> tuple[FeatureTable, list[str]]:
    """Join image features and clinical values of the manifest's cases, in its order; and their fingerprints."""
    check_origin(recipe, features, weights)
    place = {case: i for i, case in enumerate(features.table.cases)}
    missing = [row.id for row in manifest if row.id not in place]
    if missing:
        raise InputError(
            f"The feature file lacks {len(missing)} of the cases (the first is {missing[0]}); extract them."
        )
    images = features.table.rows([place[row.id] for row in manifest])
    clinical = clinical_table(recipe, manifest)
    table = replace(
        images,
        names=images.names + clinical.names,
        values=np.concatenate([images.values, clinical.values], axis=1),
        scanners=tuple(row.scanner for row in manifest),
    )
    return table, [features.fingerprints[place[row.id]] for row in manifest]


def clinical_table(recipe: Recipe, manifest: Manifest) -> FeatureTable:
    """The recipe's clinical values of every case.

    Raises
    ------
    InputError
        When one is missing: nothing is imputed.
    """
    names = [variable.name for variable in recipe.clinical]
    for row in manifest:
        for name in names:
            if not np.isfinite(row.clinical.get(name, np.nan)):
                raise InputError(
                    f"Case {row.id} has no clinical value {name}; fill clinical:{name} in {manifest.path}."
                )
    values = np.array([[row.clinical[name] for name in names] for row in manifest]).reshape(len(manifest), len(names))
    return FeatureTable(tuple(row.id for row in manifest), tuple(CLINICAL + n for n in names), values)


def check_origin(recipe: Recipe, features: FeatureFile, weights: Weights | None) -> None:
    """Refuse features of another recipe, profile or network.

    Raises
    ------
    InputError
        Which says what differs.
    """
    made = features.record
    for key, now in recipe.extraction.items():
        if made.get(key) != now:
            raise InputError(
                f"The features were extracted with another {key} ({made.get(key)}) than {now}; extract again."
            )
    if weights is not None and made["network"] and made["network"]["sha256"] != weights.sha256:
        raise InputError("The features were extracted with other network weights; name those, or extract again.")


def _check_features(recipe: Recipe, table: FeatureTable) -> None:
    """Refuse a model of image features that would be a coin, since none of them tells training cases apart."""
    for model in recipe.models:
        if not set(model.families) & {"cr", "dlr"}:
            continue
        columns = table.of_model(model, recipe)
        if not columns.size or not InformativeFeatures().fit(table.values[:, columns]).get_support().any():
            raise InputError(
                f"None of the {columns.size} features of the model {model.name} varies and is known in every training "
                "case; check images and masks, and extract again."
            )


def _record(
    recipe: Recipe,
    manifest: Manifest,
    trained: TrainedEnsemble,
    prints: list[str],
    outcome: np.ndarray,
    seed: int,
    weights: Weights | None,
) -> TrainingRecord:
    return TrainingRecord(
        seed=seed,
        cases=len(manifest),
        events=int(outcome.sum()),
        folds={p: int(f) for p, f in zip(prints, trained.folds, strict=True)},
        out_of_fold_auc=trained.auc,
        demonstration=any(row.simulated for row in manifest),
        network=None
        if weights is None
        else {"name": weights.network, "sha256": weights.sha256, "source": weights.source},
        versions=versions(),
        out_of_fold_interval={name: _known(found) for name, found in trained.auc_interval.items()},
        lasso={name: [path.to_json() for path in paths] for name, paths in trained.lasso.items()},
    )


def _known(interval: tuple[float, float]) -> list[float] | None:
    return list(interval) if np.isfinite(interval).all() else None
