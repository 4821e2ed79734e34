"""List the recipes, or show one whole with what its paper states, leaves open, and we chose."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from RadFusionLib.cli.progress_bar import ProgressBar
from RadFusionLib.recipe import load_recipe, recipe_names
from RadFusionLib.resources import resource

HELP = "list the recipes, or show one whole"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", help="a recipe's name, or a YAML file")


def run(options: argparse.Namespace, bar: ProgressBar) -> tuple[int, Any]:
    if options.name:
        recipe = load_recipe(options.name)
        built_in = resource("Recipes", f"{options.name}.yaml")
        path = built_in if options.name in recipe_names() else Path(options.name)
        bar.say(path.read_text(encoding="utf-8").rstrip())
        return 0, recipe.to_json()["document"]
    listed = {name: load_recipe(name).title for name in recipe_names()}
    for name, title in listed.items():
        bar.say(f"{name:24} {title}")
    return 0, listed
