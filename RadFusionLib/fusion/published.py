"""What a paper's own protocol would have reported, to set beside the strict result; never used to predict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from RadFusionLib.evaluation import auc, within_fold_auc
from RadFusionLib.fusion.folds import assign_folds
from RadFusionLib.fusion.member import Published, fit_member, needed_models
from RadFusionLib.fusion.network_fits import PLAIN, NetworkFits
from RadFusionLib.fusion.pipeline import prepare_features
from RadFusionLib.fusion.ranked_models import is_ranked, rank_features
from RadFusionLib.fusion.table import FeatureTable
from RadFusionLib.recipe import Recipe
from RadFusionLib.recipe.recipe import PUBLISHED

__all__ = ["PublishedResult", "published_result"]

PART = "published"
"""What these fits are called in the log of a training."""


@dataclass(frozen=True)
class PublishedResult:
    """AUCs under a paper's own protocol.

    Parameters
    ----------
    deviations : dict of str to str
        Where it parts from the strict protocol.
    training_auc : float
        Of the model on the cases that fitted it.
    held_out_auc : float
        On held-out cases, with what the protocol lets through; by patch where patches are split.
    """

    deviations: dict[str, str]
    training_auc: float
    held_out_auc: float

    def to_json(self) -> dict[str, object]:
        """For the training's record."""
        return asdict(self)


def published_result(
    table: FeatureTable, outcome: np.ndarray, recipe: Recipe, seed: int, fits: NetworkFits = PLAIN
) -> PublishedResult:
    """Fit the recipe's final model as its paper did, steps on the whole cohort or patches dealt to folds.

    Parameters
    ----------
    table : FeatureTable
        The training cases, n of them.
    outcome : numpy.ndarray of int, shape (n,)
        0 or 1.
    recipe : Recipe
        Its ``published`` section says what the paper did.
    seed : int
        Of folds and whatever is random.
    fits : NetworkFits
        How its networks are fitted.
    """
    outcome = np.asarray(outcome).astype(int)
    deviations = {key: value for key, value in recipe.published.items() if value != PUBLISHED[key][0]}
    final = _candidates(recipe)
    if recipe.published["split"] == "patch":
        network = next(model.network for model in needed_models(recipe, final) if model.network)
        return PublishedResult(deviations, *_by_patch(table, outcome, recipe, network, seed, fits))
    published = Published(
        _prepared(table, outcome, recipe, final, seed),
        _ranked(table, outcome, recipe, final),
        "signatures" in deviations,
    )
    count = recipe.outer_folds + 1
    shares = [fits.at(i, count, part=PART, member=f"{i + 1}/{count}") for i in range(count)]
    whole = fit_member(table, outcome, recipe, final, seed, published, shares[0])
    fold = assign_folds(table.cases, recipe.outer_folds, seed)
    held_out = {name: np.empty(len(outcome)) for name in ("", *final)}
    for number in range(recipe.outer_folds):
        outside = fold == number
        seen, known = table.rows(~outside), outcome[~outside]
        member = fit_member(seen, known, recipe, final, seed, published, shares[number + 1])
        for name, score in held_out.items():
            score[outside] = member.scores[name or member.final].score(table.rows(outside))
    areas = {name: float(within_fold_auc(outcome, score, fold)) for name, score in held_out.items()}
    # The paper's choice of the model that does best on the very cases that test it; else each member's own.
    best = max(final, key=lambda name: areas[name]) if "final" in deviations else ""
    return PublishedResult(deviations, auc(outcome, whole.scores[best or whole.final].score(table)), areas[best])


def _candidates(recipe: Recipe) -> list[str]:
    """The final candidates; where held-out cases choose, the models that are stacked in them too."""
    final = set(recipe.final_candidates)
    if recipe.published["final"] == "held-out":
        final |= {name for candidate in recipe.final_candidates for name in recipe.model(candidate).stack}
    return [model.name for model in recipe.models if model.name in final]


def _ranked(table: FeatureTable, y: np.ndarray, recipe: Recipe, models: Sequence[str]) -> Mapping[str, np.ndarray]:
    if recipe.published["selection"] != "cohort":
        return {}
    names = [model.name for model in needed_models(recipe, models) if is_ranked(model, recipe)]
    return rank_features(table, y, recipe, names) if names else {}


def _prepared(table: FeatureTable, y: np.ndarray, recipe: Recipe, models: Sequence[str], seed: int) -> dict:
    if recipe.published["selection"] != "cohort":
        return {}
    return {
        model.name: prepare_features(
            table, y, table.of_model(model, recipe), recipe.steps if model.steps is None else model.steps, seed
        )
        for model in needed_models(recipe, models)
        if model.families and not is_ranked(model, recipe)
    }


def _by_patch(
    table: FeatureTable, y: np.ndarray, recipe: Recipe, network: str, seed: int, fits: NetworkFits
) -> tuple[float, float]:
    """Every patch a case of its own, dealt to folds apart from its neighbours."""
    patches = [image[None, i] for image in table.images[network] for i in range(len(image))]
    labels = np.repeat(y, [len(image) for image in table.images[network]])
    names = tuple(
        f"{case}:{i}" for case, image in zip(table.cases, table.images[network], strict=True) for i in range(len(image))
    )
    single = FeatureTable(names, (), np.empty((len(names), 0)), images={network: tuple(patches)})
    section = recipe.networks[network]
    fold = assign_folds(names, recipe.outer_folds, seed)
    held_out = np.empty(len(names))
    count = recipe.outer_folds + 1
    for number in range(recipe.outer_folds):
        outside = fold == number
        share = fits.at(number, count, part=PART, fit=f"fold {number + 1}/{recipe.outer_folds}")
        seen, unseen = single.rows(~outside), single.rows(outside)
        held_out[outside] = share.held_out(seen, labels[~outside], network, section, seed, unseen)
    whole = fits.at(count - 1, count, part=PART, fit="all").fit(single, labels, network, section, seed)
    return auc(labels, whole.score(single)), auc(labels, held_out)
