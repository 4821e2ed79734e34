"""What is inside a bundle's final model, as an evaluation tells it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from RadFusionLib.bundle import Bundle
from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.model_comparison import ModelFacts
from RadFusionLib.evaluation.record import NomogramFacts
from RadFusionLib.explain.stack_nomogram import stack_nomogram
from RadFusionLib.fusion.stack_signatures import signature_parts, signature_phases
from RadFusionLib.workflow.cohort_risks import CaseRisk

__all__ = ["final_name", "model_facts", "nomogram_of"]

CT = "CT-"
"""What the name of a phase of computed tomography begins with."""


def final_name(bundle: Bundle) -> str:
    """The final model as a table calls it; members may have chosen different ones."""
    return " / ".join(dict.fromkeys(member.final for member in bundle.ensemble.members))


def model_facts(bundle: Bundle) -> dict[str, ModelFacts]:
    """Parts and modality of the models inside the stack, and of the final one."""
    parts, phases = signature_parts(bundle.ensemble.members), signature_phases(bundle.ensemble.members)
    whole = _modality(bundle.recipe.phases)
    mixed = " and " in whole
    # A trained network's images have no feature names; only in a recipe of one modality is theirs known.
    facts = {name: ModelFacts(inner, _modality(phases[name]) if mixed else whole) for name, inner in parts.items()}
    return {**facts, final_name(bundle): ModelFacts(tuple(parts), whole)}


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
    totals = np.array([nomogram.total({**case.features, **case.signatures}) for case in found])
    risks = np.array([case.risk for case in found])
    return NomogramFacts(nomogram, "", float(np.abs(nomogram.risk(totals) - risks).max()))
