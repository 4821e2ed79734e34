"""The pictures beside a risk: why it is what it is, and where the case stands on the nomogram."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from RadFusionLib.errors import InputError
from RadFusionLib.reading.nomogram_place import nomogram_of

if TYPE_CHECKING:
    from RadFusionLib.bundle import Bundle
    from RadFusionLib.workflow.measured_case import MeasuredCase

__all__ = ["draw_pictures"]

MOST = 8
"""Addends drawn one by one."""


def draw_pictures(bundle: Bundle | None, found: MeasuredCase, folder: Path) -> dict[str, Path]:
    """Draw what can be drawn of a prediction into a folder; return the files by ``waterfall`` and ``nomogram``.

    Without the bundle that made it there is no nomogram; the addends are the prediction's own.
    """
    drawn = {"waterfall": _waterfall(found.explanation, folder)}
    if bundle is not None:
        drawn["nomogram"] = _nomogram(bundle, found, folder)
    return {name: path for name, path in drawn.items() if path is not None}


def _waterfall(explanation: Mapping[str, Any], folder: Path) -> Path | None:
    """The addends to the log-odds, from the average case to this one; nothing where no input differs."""
    from RadFusionLib.explain.plots import Shares, draw_waterfall

    if not explanation["terms"]:
        return None
    shares = Shares.of_terms([explanation["terms"]], float(explanation["base"]))
    return draw_waterfall(shares, folder / "waterfall.png", most=MOST, notice=str(explanation["notice"]))


def _nomogram(bundle: Bundle, found: MeasuredCase, folder: Path) -> Path | None:
    """The nomogram of the bundle's final model with the case on it; nothing where that model has none."""
    from RadFusionLib.explain.nomogram_drawing import draw_nomogram

    try:
        nomogram, values = nomogram_of(bundle, found)
    except InputError:
        return None
    return draw_nomogram(nomogram, folder / "nomogram.png", values, notice=bundle.notice)
