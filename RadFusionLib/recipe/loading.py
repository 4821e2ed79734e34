"""Find and read recipes."""

from __future__ import annotations

from pathlib import Path

import yaml

from RadFusionLib.errors import RecipeError
from RadFusionLib.recipe.recipe import Recipe
from RadFusionLib.resources import resource

__all__ = ["load_recipe", "recipe_names"]


def recipe_names() -> tuple[str, ...]:
    """Names of the recipes that come with RadFusion."""
    return tuple(sorted(path.stem for path in resource("Recipes").glob("*.yaml")))


def load_recipe(name_or_path: str | Path, profile: str = "paper") -> Recipe:
    """Read a recipe by the name of a built-in one or from a YAML file, with a profile applied.

    Raises
    ------
    RecipeError
        When there is no such recipe or profile, or the file is not a recipe.
    """
    path = Path(name_or_path)
    if path.suffix not in (".yaml", ".yml"):
        path = resource("Recipes") / f"{name_or_path}.yaml"
        if not path.is_file():
            raise RecipeError(f"There is no recipe {str(name_or_path)!r}; use one of {', '.join(recipe_names())}.")
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RecipeError(f"{path} cannot be read as YAML; check the file.") from error
    if not isinstance(document, dict):
        raise RecipeError(f"{path} is not a recipe; it must be a YAML mapping.")
    return Recipe.from_document(document, profile)
