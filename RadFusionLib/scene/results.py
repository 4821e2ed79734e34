"""The results as a table that a reader can open, and that says what they are."""

from __future__ import annotations

from typing import Any

from RadFusionLib.scene.application import Node, Scene
from RadFusionLib.scene.text_tables import write_table

__all__ = ["result_table", "summary"]


def result_table(prediction: Any, name: str = "results", scene: Scene | None = None, node: Node | None = None) -> Node:
    """Put a prediction into a table node with columns ``quantity`` and ``value``.

    Parameters
    ----------
    prediction : Prediction
        What :func:`RadFusionLib.predict` returned.
    name : str
        Of the new table node.
    node : vtkMRMLTableNode, optional
        An earlier table, written over.
    """
    table = write_table(name, ("quantity", "value"), _rows(prediction), scene, node)
    table.SetAttribute("RadFusion.result", "1")
    return table


def summary(prediction: Any) -> str:
    """Return the prediction in a few lines for a reader: risk with interval, group, prevalence, warnings, sentence."""
    said = prediction.explanation
    low, high = 100 * prediction.risk_low, 100 * prediction.risk_high
    lines = [
        f"{said['outcome']}: risk {100 * prediction.risk:.0f} % ({100 * said['level']:.0f} % interval {low:.0f} to "
        f"{high:.0f} %), {prediction.group} risk (threshold {100 * prediction.threshold:.0f} %). In training, "
        f"{100 * said['prevalence']:.0f} % had the outcome.",
        *prediction.warnings,
        str(said["notice"]),
    ]
    return "\n".join(lines)


def _rows(prediction: Any) -> list[tuple[str, str]]:
    from RadFusionLib.bundle.card import RESEARCH_USE

    said = prediction.explanation
    rows = [
        ("case", str(prediction.case)),
        ("outcome", str(said.get("outcome", ""))),
        ("risk", _number(prediction.risk)),
        ("risk_low", _number(prediction.risk_low)),
        ("risk_high", _number(prediction.risk_high)),
        ("model_spread (not a confidence interval)", _number(prediction.model_spread)),
        ("group", prediction.group),
        ("threshold", _number(prediction.threshold)),
        ("prevalence in training", _number(said["prevalence"])),
        ("bundle", str(said["bundle"])),
    ]
    warnings = tuple(prediction.warnings) or ("none; this does not mean that the model fits this patient",)
    rows.extend(("warning", warning) for warning in warnings)
    rows.extend(("notice", notice) for notice in said.get("notices", ()))
    # The bundle's own sentence; it begins with DEMONSTRATION where the bundle knows simulated cases only.
    rows.append(("research use", str(said.get("notice") or RESEARCH_USE)))
    return rows


def _number(value: float) -> str:
    return repr(round(float(value), 12))
