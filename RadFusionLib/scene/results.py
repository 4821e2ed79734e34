"""The results as a table that a reader can open, and that says what they are."""

from __future__ import annotations

from typing import Any

from RadFusionLib.scene.application import Node, Scene
from RadFusionLib.scene.text_tables import write_table

__all__ = ["RESEARCH_USE", "result_table"]

RESEARCH_USE = "Research use only. Not a medical device. Must not inform diagnosis or treatment."
"""Said with every risk."""


def result_table(
    prediction: Any, name: str = "results", scene: Scene | None = None, node: Node | None = None
) -> Node:
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


def _rows(prediction: Any) -> list[tuple[str, str]]:
    rows = [
        ("case", str(getattr(prediction.case, "id", prediction.case))),
        ("risk", _number(prediction.risk)),
        ("risk_low", _number(prediction.risk_low)),
        ("risk_high", _number(prediction.risk_high)),
        ("model_spread (not a confidence interval)", _number(prediction.model_spread)),
        ("group", str(prediction.group)),
        ("threshold", _number(prediction.threshold)),
    ]
    prevalence = _fact(prediction, "prevalence")
    if prevalence is not None:
        rows.append(("prevalence in training", _number(prevalence)))
    for key in ("bundle", "card"):
        value = _fact(prediction, key)
        if value:
            rows.append((key, str(value)))
    warnings = tuple(prediction.warnings) or ("none; this does not mean that the model fits this patient",)
    rows.extend(("warning", warning) for warning in warnings)
    rows.append(("research use", RESEARCH_USE))
    return rows


def _fact(prediction: Any, key: str) -> Any:
    """What is said about the model beside the prediction: an attribute, or an entry of the explanation."""
    value = getattr(prediction, key, None)
    return prediction.explanation.get(key) if value is None else value


def _number(value: Any) -> str:
    if isinstance(value, (tuple, list)):
        return " to ".join(_number(v) for v in value)
    return repr(round(float(value), 12))
