"""Recipes: whole methods, declared in YAML, one a paper."""

from RadFusionLib.recipe.loading import load_recipe, recipe_names
from RadFusionLib.recipe.recipe import ClinicalVariable, ModelSpec, Recipe, Step

__all__ = ["ClinicalVariable", "ModelSpec", "Recipe", "Step", "load_recipe", "recipe_names"]
