"""Find out that a recipe names a step or classifier that is not known before any image is read for it."""

from __future__ import annotations

from typing import Any

from RadFusionLib.errors import RecipeError
from RadFusionLib.fusion.classifier import check_classifier
from RadFusionLib.fusion.pipeline import SELECTORS
from RadFusionLib.fusion.ranked_models import is_ranked
from RadFusionLib.recipe import ModelSpec, Recipe, Step
from RadFusionLib.selection import ScannerHarmonisation

__all__ = ["check_steps"]

RANKED = ("zscore", "correlation", "elimination")
"""The steps that models with ranked features know."""


def check_steps(recipe: Recipe) -> None:
    """Check the steps, the classifiers and their parameters of every model.

    Raises
    ------
    RecipeError
        Which names what is not known, and what is.
    """
    for model in recipe.models:
        if is_ranked(model, recipe):
            _check_ranked(model, recipe)
        elif model.families:
            for step in recipe.steps if model.steps is None else model.steps:
                _check_step(step)
            if model.classifier is None and not recipe.document["classifier"]:
                raise RecipeError(f"Recipe {recipe.name}: model {model.name} has no classifier; name one.")
            check_classifier(model.classifier or recipe.classifier)
        elif model.classifier is not None:
            check_classifier(model.classifier)


def _check_ranked(model: ModelSpec, recipe: Recipe) -> None:
    for step in recipe.steps:
        if step.name not in RANKED:
            raise RecipeError(
                f"Recipe {recipe.name}: the step {step.name!r} does not go with elimination in the recipe's own steps; "
                f"use one of {', '.join(RANKED)}, or give the model {model.name} steps of its own."
            )
        _check_step(step)
    named = recipe.document["classifier"]
    if not named or recipe.classifier.name != "svm" or recipe.classifier.parameters.get("kernel") != "linear":
        raise RecipeError(
            f"Recipe {recipe.name}: the model {model.name} ranks its features, which takes the classifier svm with "
            "kernel: linear; write that, or give the model steps of its own."
        )
    check_classifier(recipe.classifier)


def _check_step(step: Step) -> None:
    known: dict[str, Any] = {"zscore": (), "pca": ("components",), "combat": ScannerHarmonisation().get_params()}
    known |= {name: selector().get_params() for name, selector in SELECTORS.items()}
    if step.name not in known:
        raise RecipeError(
            f"The recipe names the step {step.name!r}, which is not known; use one of {', '.join(known)}."
        )
    for parameter in step.parameters:
        if parameter not in known[step.name]:
            have = ", ".join(sorted(known[step.name])) or "none"
            raise RecipeError(f"The step {step.name} has no parameter {parameter!r}; it has {have}.")
    if step.name == "pca" and "components" not in step.parameters:
        raise RecipeError("The step pca lacks components; give their number, or the share of variance to keep.")
