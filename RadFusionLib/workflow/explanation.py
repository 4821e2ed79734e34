"""What ``explanation.json`` says of a risk: its numbers, and what each input adds to it."""

from __future__ import annotations

from typing import Any

import numpy as np

from RadFusionLib.bundle import Bundle
from RadFusionLib.explain import Heatmap, readable
from RadFusionLib.explain.background import MADE_UP, made_up_cases
from RadFusionLib.explain.ensemble_shapley import EnsembleShapley, ensemble_shapley
from RadFusionLib.fusion import FeatureTable, Risk
from RadFusionLib.fusion.table import CLINICAL
from RadFusionLib.workflow.preprocess import PreparedCase

__all__ = ["explain", "explain_risk", "risk_shapley", "shapley_terms"]

SHARES = (
    f"Shapley values of the log-odds: what each input adds, compared with {MADE_UP} made-up cases that are spread as "
    "the training cases were. They explain this model's output, not the disease."
)


def risk_shapley(bundle: Bundle, table: FeatureTable) -> EnsembleShapley:
    """What each input adds to the log-odds of cases, compared with cases spread as the bundle's training cases."""
    names = bundle.ensemble.features
    return ensemble_shapley(bundle.ensemble, table, made_up_cases(names, bundle.domain.levels, bundle.domain.quantiles))


def _unit(bundle: Bundle, name: str) -> str:
    """The reader's unit of an input: a clinical variable's own, a probability for a network."""
    if name in bundle.recipe.networks:
        return "probability"
    units = {CLINICAL + variable.name: variable.unit for variable in bundle.recipe.clinical}
    return units.get(name, "")


def explain(
    bundle: Bundle,
    prepared: PreparedCase,
    table: FeatureTable,
    risk: Risk,
    warnings: tuple[str, ...],
    painted: Heatmap | None,
) -> dict[str, Any]:
    """Return what ``explanation.json`` holds of a risk and the features it came from.

    ``base`` and the ``contribution`` of all ``terms`` add up to ``logit``, the log-odds of ``risk``.
    """
    return {
        "case": prepared.id,
        **explain_risk(bundle, table, risk),
        "clipped_fraction": {role: part.clipped_fraction for role, part in prepared.phases.items()},
        "warnings": list(warnings),
        "notices": list(prepared.notices),
        "heatmap": None if painted is None else painted.facts(),
        "bundle": bundle.name,
        "notice": bundle.notice,
    }


def explain_risk(bundle: Bundle, table: FeatureTable, risk: Risk) -> dict[str, Any]:
    """Return the part of :func:`explain` that follows from the features alone, whatever the images were."""
    found = risk_shapley(bundle, table)
    return {
        "outcome": bundle.recipe.outcome["name"],
        "risk": risk.risk,
        "risk_low": risk.low,
        "risk_high": risk.high,
        "level": bundle.ensemble.interval.level,
        "model_spread": risk.spread,
        "members": list(risk.members),
        "models": [member.final for member in bundle.ensemble.members],
        "group": risk.group,
        "threshold": bundle.ensemble.threshold,
        "prevalence": bundle.record.prevalence,
        "logit": float(found.output[0]),
        "base": found.base,
        "scale": "log-odds",
        "method": SHARES,
        "exact": found.exact,
        "terms": shapley_terms(bundle, found),
    }


def shapley_terms(bundle: Bundle, found: EnsembleShapley) -> list[dict[str, Any]]:
    """The inputs of one case as ``explanation.json`` lists them, the strongest first."""
    terms: list[dict[str, Any]] = [
        {
            "feature": name,
            "label": f"network {name}" if name in bundle.recipe.networks else readable(name),
            "unit": _unit(bundle, name),
            "value": float(found.data[0, n]) if np.isfinite(found.data[0, n]) else None,
            "contribution": float(found.values[0, n]),
            "standard_error": float(found.standard_error[0, n]),
        }
        for n, name in enumerate(found.names)
    ]
    return sorted(terms, key=lambda term: (-abs(term["contribution"]), term["feature"]))
