"""The pictures beside a risk: why it is what it is, and where the case stands on the nomogram."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from RadFusionLib.errors import InputError

if TYPE_CHECKING:
    from RadFusionLib.bundle import Bundle
    from RadFusionLib.workflow import Prediction

__all__ = ["draw_nomogram_of", "draw_pictures", "draw_waterfall_of"]

MOST = 8
"""Addends drawn one by one."""


def draw_pictures(bundle: Bundle, found: Prediction, folder: Path) -> dict[str, Path]:
    """Draw what can be drawn of a prediction into a folder; return the files by ``waterfall`` and ``nomogram``."""
    pictures = {"waterfall": draw_waterfall_of(found.explanation, folder / "waterfall.png")}
    nomogram = draw_nomogram_of(bundle, found, folder / "nomogram.png")
    return pictures if nomogram is None else {**pictures, "nomogram": nomogram}


def draw_waterfall_of(explanation: Mapping[str, Any], path: Path) -> Path:
    """Draw the addends to the log-odds, from the average case to this one."""
    from RadFusionLib.explain.plots import Shares, draw_waterfall

    terms = explanation["terms"]
    values = [np.nan if term["value"] is None else float(term["value"]) for term in terms]
    shares = Shares(
        tuple(str(term["feature"]) for term in terms),
        np.array([[float(term["contribution"]) for term in terms]]).reshape(1, len(terms)),
        float(explanation["base"]),
        np.array([values]).reshape(1, len(terms)),
        {str(term["feature"]): str(term["unit"]) for term in terms},
        str(explanation["scale"]),
    )
    return draw_waterfall(shares, path, most=MOST, notice=str(explanation["notice"]))


def draw_nomogram_of(bundle: Bundle, found: Prediction, path: Path) -> Path | None:
    """Draw the nomogram of the bundle's final model with the case on it; ``None`` where that model has none."""
    from RadFusionLib.explain.nomogram_drawing import draw_nomogram
    from RadFusionLib.explain.stack_nomogram import stack_nomogram
    from RadFusionLib.fusion.model_signatures import model_signatures

    units = {variable.name: variable.unit for variable in bundle.recipe.clinical}
    try:
        nomogram = stack_nomogram(bundle.ensemble, bundle.domain.quantiles, units, str(bundle.recipe.outcome["name"]))
    except InputError:
        return None
    table = found.features
    signatures = model_signatures(bundle.ensemble.members, table)
    values = {name: float(table.values[0, column]) for name, column in table.position.items()}
    values |= {name: float(score[0]) for name, score in signatures.items()}
    return draw_nomogram(nomogram, path, values, notice=bundle.notice)
