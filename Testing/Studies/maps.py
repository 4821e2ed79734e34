"""Do the maps find what caused the outcome, and nothing where there is nothing to find? Simulated cases with a truth.

The contribution map's neighbourhoods were chosen on cases of seed 301; the cases reported here are of seed 108.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import cohorts
import numpy as np
from joblib import Parallel, delayed
from map_cases import MapCase, free_maps, make_case, score
from map_figures import against_truth, nothing_to_find
from map_models import (
    demonstration,
    fitted_members,
    network_cohort,
    permuted_members,
    random_backbone_cohort,
    randomised,
    signature_alone,
    training_cohort,
    with_members,
)

from RadFusionLib.bundle import Bundle
from RadFusionLib.bundle.estimators import ensemble_to_parts
from RadFusionLib.case import Volume
from RadFusionLib.deep import Weights, random_weights
from RadFusionLib.evaluation import within_fold_auc
from RadFusionLib.explain import Neighbourhoods
from RadFusionLib.fusion import FeatureTable, Member
from RadFusionLib.fusion.training import fold_members, out_of_fold_scores
from RadFusionLib.progress import ProgressCallback, Stage
from RadFusionLib.recipe import Recipe
from RadFusionLib.workflow.contribution import contribution_map, neighbourhoods
from RadFusionLib.workflow.hidden_features import hidden_features
from RadFusionLib.workflow.painting import HeatmapChoice, paint_heatmap

CASES, SEED = 24, 108
MODELS, BACKBONES, NETWORKS = 20, 5, 20
"""Models without a truth to find: with the trained network, with random networks, and trained networks themselves."""
RANDOMISED, RANDOMISED_SEED = 100, 208
"""Of ensembles with randomised members: each leans one way in all cases alike, so that 20 tell little."""

TRAINED_NETWORKS = {
    "patch probability": ("icca-recurrence-patch", ("patches",), "patch_probability"),
    "Grad-CAM, slice": ("icc-pni", ("network",), "gradcam"),
}
"""The recipe, the models fitted and the kind of map."""
NETWORK_COHORT = (107, 60)
"""Seed and size of the cohort that those networks are trained on."""

Scores = dict[str, list[dict[str, float]]]


@dataclass(frozen=True, eq=False)
class Models:
    """What the contribution map is painted of.

    Parameters
    ----------
    bundle : Bundle
        As it comes.
    nothing : mapping of str to sequence of members
        Ensembles that know nothing of the truth, by how they were made; they share the bundle's network.
    backbones : sequence of (Weights, members)
        Networks that were never trained, with members on permuted outcomes.
    """

    bundle: Bundle
    nothing: Mapping[str, Sequence[Sequence[Member]]]
    backbones: Sequence[tuple[Weights, Sequence[Member]]]


def run(
    folder: Path,
    jobs: int,
    progress: ProgressCallback,
    cases: int = CASES,
    models: int = MODELS,
    backbones: int = BACKBONES,
    networks: int = NETWORKS,
    randomised_ensembles: int = RANDOMISED,
) -> dict[str, Any]:
    """AUC of each kind of map for the causal patch, over everything and over the decoy, and of maps without a model."""
    stage = Stage(progress)
    bundle = demonstration()
    # How it is coloured does not matter here.
    heatmap = {name: float(bundle.recipe.heatmap[name]) for name in ("neighbourhood_mm", "stride_mm")}
    counts = {"randomised": randomised_ensembles, "models": models, "backbones": backbones}
    made = partial(_models, folder, bundle, counts, jobs, stage.part(0.0, 0.2))
    key = {"members": _stamp(bundle), "heatmap": heatmap, "randomised seed": RANDOMISED_SEED, **counts}
    found = _cached(folder, "contribution", key, cases, made, _judge, jobs, stage.part(0.2, 0.6))
    frozen = partial(_permuted_frozen, folder, bundle, models, jobs, stage.part(0.6, 0.65))
    key = {"members": _stamp(bundle), "models": models}
    activations = _cached(folder, "Grad-CAM, 3D", key, cases, frozen, _judge_frozen, jobs, stage.part(0.65, 0.7))
    found = [{**scores, **more} for scores, more in zip(found, activations, strict=True)]
    figures: dict[str, Any] = {"cases": cases, "seed": SEED, "heatmap": heatmap, **_figures(found)}
    for number, (label, (name, fitted, kind)) in enumerate(TRAINED_NETWORKS.items()):
        section = stage.part(0.7 + 0.15 * number, 0.85 + 0.15 * number)
        train = partial(_networks, folder, name, fitted, networks, jobs, section.part(0.0, 0.5))
        document = cohorts.study_recipe(name).document
        key = {**{part: document[part] for part in ("imaging", "regions", "networks", "folds")}, "models": networks}
        judge = partial(_judge_networks, kind=kind)
        figures[label] = _figures(_cached(folder, label, key, cases, train, judge, jobs, section.part(0.5, 1.0)))
        # A map cannot know more than its network.
        figures[label]["network_out_of_fold_auc"] = _network_auc(folder, name, fitted[0], jobs, section)
    return figures


def _models(folder: Path, bundle: Bundle, counts: Mapping[str, int], jobs: int, stage: Stage) -> Models:
    table, outcome = training_cohort(folder, jobs, stage.part(0.0, 0.4))
    generator = np.random.default_rng(RANDOMISED_SEED)
    own = bundle.ensemble.members
    nothing = {
        "randomised members": [[randomised(m, generator) for m in own] for _ in range(counts["randomised"])],
        "permuted outcomes": [permuted_members(table, outcome, bundle.recipe, n) for n in range(counts["models"])],
    }
    pairs, backbones = [], counts["backbones"]
    for number in range(backbones):
        weights = random_weights(bundle.recipe.dlr["network"], seed=number)
        part = stage.part(0.5 + 0.5 * number / backbones, 0.5 + 0.5 * (number + 1) / backbones)
        fresh, known = random_backbone_cohort(folder, weights, jobs, part)
        dealt = np.random.default_rng((SEED, number)).permutation(known)
        pairs.append((weights, fitted_members(fresh, dealt, bundle.recipe, ["DLR-bi"])))
    return Models(bundle, nothing, pairs)


def _judge(models: Models, index: int) -> Scores:
    """Every map of a case that needs the bundle or a model like it."""
    bundle = models.bundle
    network = with_members(bundle, [signature_alone(m, "DLR-bi") for m in bundle.ensemble.members])
    ensembles = [bundle.ensemble.members, network.ensemble.members, *(e for es in models.nothing.values() for e in es)]
    names = {name for members in ensembles for member in members for name in member.features}
    case = make_case(bundle.recipe, bundle.weights, SEED, index, names)
    balls = neighbourhoods(bundle.recipe, case.prepared)
    centres = balls.centres()
    hidden = hidden_features(
        bundle.recipe, bundle.weights, case.prepared, case.table, names, centres, balls.diameter / 2
    )
    own = contribution_map(bundle, case.prepared, case.table, 1, "cpu", Stage()).volume
    grad = HeatmapChoice("gradcam")
    found = {
        "contribution": [own],
        "Grad-CAM, 3D": [paint_heatmap(network, case.prepared, case.table, grad).volume],
    }
    for name, members_of in models.nothing.items():
        found[f"contribution: {name}"] = [
            _painted(members, balls, centres, case.table, hidden) for members in members_of
        ]
    generator = np.random.default_rng((SEED, 1))
    drawn = [[randomised(m, generator) for m in network.ensemble.members] for _ in models.nothing["permuted outcomes"]]
    found["Grad-CAM, 3D: randomised members"] = [
        paint_heatmap(with_members(bundle, members), case.prepared, case.table, grad).volume for members in drawn
    ]
    found["contribution: random network"] = [
        _of_backbone(models.bundle.recipe, weights, members, case, balls, centres, index)
        for weights, members in models.backbones
    ]
    return {**_scored(found, case), **_free(case, (7.0, balls.diameter))}


def _painted(
    members: Sequence[Member], balls: Neighbourhoods, centres: np.ndarray, table: FeatureTable, hidden: FeatureTable
) -> Volume:
    """The contribution map of a mean score that was not calibrated: there is nothing to calibrate it on."""
    whole, without = (np.mean([member.score(t) for member in members], axis=0) for t in (table, hidden))
    return balls.paint(centres, whole - without)


def _of_backbone(
    recipe: Recipe,
    weights: Weights,
    members: Sequence[Member],
    case: MapCase,
    balls: Neighbourhoods,
    centres: np.ndarray,
    index: int,
) -> Volume:
    names = {name for member in members for name in member.features}
    table = make_case(recipe, weights, SEED, index, names).table
    hidden = hidden_features(recipe, weights, case.prepared, table, names, centres, balls.diameter / 2)
    return _painted(members, balls, centres, table, hidden)


def _permuted_frozen(folder: Path, bundle: Bundle, count: int, jobs: int, stage: Stage) -> list[Bundle]:
    """The frozen network as it comes, with members of its features alone on outcomes dealt out anew."""
    table, outcome = training_cohort(folder, jobs, stage)
    members = [permuted_members(table, outcome, bundle.recipe, number, ["DLR-bi"]) for number in range(count)]
    return [with_members(bundle, each) for each in members]


def _judge_frozen(models: list[Bundle], index: int) -> Scores:
    names = {name for bundle in models for name in bundle.ensemble.features}
    case = make_case(models[0].recipe, models[0].weights, SEED, index, names)
    grad = HeatmapChoice("gradcam")
    painted = [paint_heatmap(bundle, case.prepared, case.table, grad).volume for bundle in models]
    return _scored({"Grad-CAM, 3D: permuted outcomes": painted}, case)


def _networks(
    folder: Path, name: str, fitted: Sequence[str], count: int, jobs: int, stage: Stage
) -> tuple[Bundle, list[Bundle]]:
    """The recipe's network trained on simulated cases, and on permuted outcomes."""
    recipe = cohorts.study_recipe(name)
    table, outcome = network_cohort(folder, recipe, *NETWORK_COHORT, jobs, stage.part(0.0, 0.6))
    plain = replace(demonstration(), recipe=recipe, weights=None)
    outcomes = [outcome, *(np.random.default_rng((SEED, 2, n)).permutation(outcome) for n in range(count))]
    trained = []
    for number, dealt in enumerate(outcomes):
        stage(0.6 + 0.4 * number / len(outcomes), f"{name}: network {number + 1} of {len(outcomes)}")
        trained.append(with_members(plain, fitted_members(table, dealt, recipe, fitted)))
    return trained[0], trained[1:]


def _network_auc(folder: Path, name: str, model: str, jobs: int, stage: Stage) -> float:
    recipe = cohorts.study_recipe(name)
    table, outcome = network_cohort(folder, recipe, *NETWORK_COHORT, jobs, stage)
    fold, members = fold_members(table, outcome, recipe, [model], seed=1)
    return within_fold_auc(outcome, out_of_fold_scores(table, members, fold), fold)


def _judge_networks(models: tuple[Bundle, list[Bundle]], index: int, kind: str) -> Scores:
    bundle, nothing = models
    case = make_case(bundle.recipe, None, SEED, index, ())
    painted = {
        name: [paint_heatmap(b, case.prepared, case.table, HeatmapChoice(kind)).volume for b in bundles]
        for name, bundles in {"map": [bundle], "map: permuted outcomes": nothing}.items()
    }
    return {**_scored(painted, case), **_free(case, (7.0, 28.0))}


def _scored(painted: Mapping[str, Sequence[Volume]], case: MapCase) -> Scores:
    found = {name: [asdict(score(volume, case)) for volume in volumes] for name, volumes in painted.items()}
    return {
        **found,
        "case": [{"burden": case.burden, "causal_share": float(case.causal.array.sum() / case.region.array.sum())}],
    }


def _free(case: MapCase, widths: Sequence[float]) -> Scores:
    return {f"no model: {name}": [asdict(found)] for name, found in free_maps(case, widths).items()}


def _stamp(bundle: Bundle) -> str:
    """What tells one ensemble from another."""
    structure, arrays = ensemble_to_parts(bundle.ensemble)
    content = hashlib.sha256(json.dumps(structure, sort_keys=True).encode())
    for name in sorted(arrays):
        content.update(np.ascontiguousarray(arrays[name]).tobytes())
    return content.hexdigest()


def _cached(
    folder: Path,
    what: str,
    key: Mapping[str, Any],
    cases: int,
    made: Callable[[], Any],
    judge: Callable[[Any, int], Scores],
    jobs: int,
    stage: Stage,
) -> list[Scores]:
    """Each case's scores, kept in a file as soon as they are known, so that a run can be broken off and taken up."""
    stamp = hashlib.sha256(json.dumps(key, sort_keys=True, default=str).encode()).hexdigest()[:12]
    place = folder / "maps" / f"{what.lower().replace(' ', '-').replace(',', '')}-{stamp}"
    place.mkdir(parents=True, exist_ok=True)
    files = [place / f"{index}.json" for index in range(cases)]
    missing = [index for index, file in enumerate(files) if not file.is_file()]
    if missing:
        models = made()
        work = (delayed(_keep)(judge, models, index, files[index]) for index in missing)
        for number, _ in enumerate(Parallel(n_jobs=jobs, return_as="generator")(work), start=1):
            stage(number / len(missing), f"{what}: case {number} of {len(missing)}")
    return [json.loads(file.read_text(encoding="utf-8")) for file in files]


def _keep(judge: Callable[[Any, int], Scores], models: Any, index: int, file: Path) -> None:
    text = json.dumps(judge(models, index))
    partial_file = file.with_suffix(".partial")
    partial_file.write_text(text, encoding="utf-8")
    partial_file.rename(file)


def _figures(found: Sequence[Scores]) -> dict[str, Any]:
    """The figures of every map with a model, and of those whose model knows nothing."""
    names = [name for name in found[0] if name != "case" and not name.startswith("no model: ")]
    truth = {name: against_truth(name, found) for name in names if ": " not in name}
    nothing = {name: nothing_to_find(name, found) for name in names if ": " in name}
    burden = [scores["case"][0]["burden"] for scores in found]
    return {"against_truth": truth, "nothing_to_find": nothing, "burdens": burden}
