"""Step 4: the clinical values that the bundle asks for."""

from __future__ import annotations

from typing import Any

from trame.widgets import html
from trame.widgets import vuetify3 as vuetify

from RadFusionLib.web.events import ReaderEvents
from RadFusionLib.web.panels.parts import section

__all__ = ["clinical_panel"]


def clinical_panel(name: Any, events: ReaderEvents) -> None:
    """Build the panel; parameters as :func:`~RadFusionLib.web.panels.case_panel.case_panel`."""
    rows = name.clinical.rows
    shared = {
        "label": ("row.label + (row.use ? ` (${row.use})` : '')",),
        "model_value": ("row.value",),
        "update_modelValue": (events.set_clinical, "[row.name, $event]"),
        "error_messages": ("row.problem",),
        "hint": ("row.range",),
        "hide_details": "auto",
        "density": "compact",
        "variant": "outlined",
        "classes": "mb-2",
    }
    with section("clinical", "4  Clinical values"):
        html.Div("Open a case to see its values.", v_if=(f"!{rows}.length",), classes="text-caption")
        with html.Div(v_for=(f"row in {rows}",), key=("row.name",)):
            vuetify.VSelect(v_if=("row.choices.length",), items=("row.choices",), clearable=True, **shared)
            vuetify.VTextField(v_if=("!row.choices.length",), suffix=("row.unit",), inputmode="decimal", **shared)
