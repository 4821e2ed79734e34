"""Options that several subcommands share."""

from __future__ import annotations

import argparse
import os

from RadFusionLib.deep import Weights
from RadFusionLib.errors import InputError
from RadFusionLib.recipe import Recipe, load_recipe

__all__ = ["add_computing", "add_recipe", "chosen_recipe", "chosen_weights"]


def add_recipe(parser: argparse.ArgumentParser) -> None:
    """``--recipe``, ``--profile``, ``--weights``."""
    parser.add_argument("--recipe", required=True, help="a recipe's name, or a YAML file")
    parser.add_argument("--profile", default="paper", help="paper (default) or small")
    parser.add_argument("--weights", help="a network file, a stored name, or random; default: the recipe's own")


def add_computing(parser: argparse.ArgumentParser) -> None:
    """``--jobs`` and ``--device``."""
    parser.add_argument("--jobs", type=_jobs, default=1, help="processes (default 1; 0 for all cores)")
    parser.add_argument("--device", default="cpu", help="cpu (default) or cuda, for the network")


def chosen_recipe(options: argparse.Namespace) -> Recipe:
    """The recipe with its profile."""
    return load_recipe(options.recipe, options.profile)


def chosen_weights(options: argparse.Namespace, recipe: Recipe) -> Weights | None:
    """The network's weights, or None when the recipe has no deep features."""
    from RadFusionLib.deep import resolve_weights

    if not recipe.dlr or not any("dlr" in model.families for model in recipe.models):
        return None
    return resolve_weights(recipe.dlr["network"], options.weights or recipe.dlr.get("weights"))


def _jobs(text: str) -> int:
    try:
        count = int(text)
    except ValueError:
        count = -1
    if count < 0:
        raise InputError(f"--jobs takes a whole number from 0 (all cores), not {text!r}.")
    return count or os.cpu_count() or 1
