"""How many features a recipe chooses from."""

from __future__ import annotations

import numpy as np

from RadFusionLib.deep import feature_names as deep_names
from RadFusionLib.fusion.table import CLINICAL, FeatureTable
from RadFusionLib.radiomics import feature_names as conventional_names
from RadFusionLib.recipe import Recipe
from RadFusionLib.workflow.extraction import conventional_settings

__all__ = ["candidate_features"]


def candidate_features(recipe: Recipe) -> int:
    """Features that a final model could have been built of, before any selection.

    The weights of a trained network are not counted: for them no such rule exists.
    """
    names: list[str] = []
    for phase in recipe.phases:
        for region in recipe.regions:
            if "cr" in recipe.image_families:
                names += [f"{phase}_{region}_{name}" for name in conventional_names(conventional_settings(recipe))]
            if "dlr" in recipe.image_families:
                names += deep_names(recipe.dlr["network"], phase, region)
    names += [CLINICAL + variable.name for variable in recipe.clinical]
    table = FeatureTable((), tuple(names), np.empty((0, len(names))))

    def columns(model: str) -> set[int]:
        spec = recipe.model(model)
        own = set(map(int, table.of_model(spec, recipe))) if spec.families else set()
        return own.union(*(columns(name) for name in spec.inputs))

    return len(set().union(*(columns(name) for name in recipe.final_candidates)))
