"""Find and read recipes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from RadFusionLib.errors import RecipeError
from RadFusionLib.recipe.recipe import Recipe
from RadFusionLib.resources import resource

__all__ = ["load_recipe", "recipe_names"]

MOST_BYTES = 256 << 10
MOST_ENTRIES = 20_000
DEEPEST = 50
"""Far above what the recipes that come with RadFusion need: 4 kB, some hundred entries, eight levels."""


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
    document = _read(path)
    if not isinstance(document, dict):
        raise RecipeError(f"{path} is not a recipe; it must be a YAML mapping.")
    return Recipe.from_document(document, profile)


def _read(path: Path) -> Any:
    try:
        with path.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise RecipeError(f"{path} is larger than a recipe can be ({MOST_BYTES >> 10} kB); name another file.")
        document = yaml.safe_load(data.decode("utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        # ValueError: a date or a number that is none.
        raise RecipeError(f"{path} cannot be read as YAML; check the file.") from error
    _check_size(document, path)
    return document


def _check_size(document: Any, path: Path) -> None:
    """Refuse what YAML's references blow up: a few lines can stand for more entries than memory holds, or for ever."""
    waiting, seen = [(document, 0)], 0
    while waiting:
        entry, depth = waiting.pop()
        seen += 1
        if seen > MOST_ENTRIES or depth > DEEPEST:
            raise RecipeError(f"{path} has more entries than a recipe can have; name another file.")
        inner = [*entry.keys(), *entry.values()] if isinstance(entry, dict) else entry
        if isinstance(inner, list | tuple | set):
            waiting += [(part, depth + 1) for part in inner]
