"""Recipes: whole methods, declared in YAML, one a paper."""

from RadFusionLib.recipe.loading import load_recipe, recipe_names
from RadFusionLib.recipe.model_spec import ModelSpec
from RadFusionLib.recipe.recipe import ClinicalVariable, Recipe
from RadFusionLib.recipe.step import Step

__all__ = ["ClinicalVariable", "ModelSpec", "Recipe", "Step", "load_recipe", "recipe_names"]
