"""What is inside a bundle's final model and beside it, as an evaluation tells it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from RadFusionLib.bundle import Bundle
from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.model_comparison import ModelFacts
from RadFusionLib.evaluation.record import NomogramFacts
from RadFusionLib.explain.stack_nomogram import stack_nomogram
from RadFusionLib.recipe import ModelSpec, Recipe
from RadFusionLib.workflow.cohort_risks import CaseRisk

__all__ = ["final_name", "model_facts", "nomogram_of"]

CT = "CT-"
"""What the name of a phase of computed tomography begins with."""


def final_name(finals: Sequence[str]) -> str:
    """The final model as a table calls it; members may have chosen different ones."""
    return " / ".join(dict.fromkeys(finals))


def model_facts(recipe: Recipe, finals: Sequence[str]) -> dict[str, ModelFacts]:
    """What the recipe's models are made of, and of which modality; of the members' finals under their joined name."""
    facts = {
        m.name: ModelFacts(_parts(recipe, m.name), _modality(_phases(recipe, m.name)), _kind(m)) for m in recipe.models
    }
    if len(set(finals)) > 1:
        parts = tuple(dict.fromkeys(part for name in finals for part in (*facts[name].parts, name)))
        phases = [phase for name in finals for phase in _phases(recipe, name)]
        facts[final_name(finals)] = ModelFacts(parts, _modality(phases))
    return facts


def _parts(recipe: Recipe, name: str) -> tuple[str, ...]:
    """The models that one is made of, and those that they are made of."""
    inputs = recipe.model(name).inputs
    return tuple(dict.fromkeys(part for one in inputs for part in (*_parts(recipe, one), one)))


def _kind(model: ModelSpec) -> str:
    return "network" if model.network else " and ".join(model.families) or "fusion"


def _phases(recipe: Recipe, name: str) -> list[str]:
    """The phases that a model sees."""
    model = recipe.model(name)
    if model.network:
        return [str(recipe.networks[model.network]["input"]["phase"])]
    if set(model.families) & {"cr", "dlr"}:
        return list(model.phases or recipe.phases)
    if model.inputs:
        return [phase for one in (*model.aggregate, *model.stack) for phase in _phases(recipe, one)]
    if " and " not in _modality(recipe.phases):
        return []
    # What readers find in CT and in MRI is told apart by the images that it is fused with.
    fused = [one for other in recipe.models if other.clinical == name for one in other.stack]
    return [phase for one in fused for phase in _phases(recipe, one)]


def _modality(phases: Sequence[str]) -> str:
    kinds = sorted({"CT" if phase.startswith(CT) else "MRI" for phase in phases})
    return " and ".join(kinds)


def nomogram_of(bundle: Bundle, found: Sequence[CaseRisk]) -> NomogramFacts:
    """The nomogram of the final model and how far it is from the ensemble's risk, or why there is none."""
    units = {variable.name: variable.unit for variable in bundle.recipe.clinical}
    try:
        nomogram = stack_nomogram(bundle.ensemble, bundle.domain.quantiles, units, str(bundle.recipe.outcome["name"]))
    except InputError as error:
        return NomogramFacts(None, str(error))
    totals = np.array([nomogram.total({**case.features, **case.signatures, **case.fused}) for case in found])
    risks = np.array([case.risk for case in found])
    return NomogramFacts(nomogram, "", float(np.abs(nomogram.risk(totals) - risks).max()))
