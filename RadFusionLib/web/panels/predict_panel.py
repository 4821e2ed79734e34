"""Step 5: predict, with progress and cancel."""

from __future__ import annotations

from typing import Any

from trame.widgets import html
from trame.widgets import vuetify3 as vuetify

from RadFusionLib.web.events import ReaderEvents
from RadFusionLib.web.panels.parts import button, section

__all__ = ["predict_panel"]


def predict_panel(name: Any, events: ReaderEvents) -> None:
    """Build the panel; parameters as :func:`~RadFusionLib.web.panels.case_panel.case_panel`."""
    work = name.prediction
    with section("predict", "5  Predict"):
        html.Div("Bundle: {{ " + name.bundle + " }}", classes="text-caption mb-1")
        button(
            "Predict",
            "mdi-play",
            events.predict,
            v_if=(f"!{work.running}",),
            disabled=(f"{name.case.number} < 0 || !!{name.busy}",),
            color="primary",
        )
        with html.Div(v_if=(work.running,)):
            vuetify.VProgressLinear(model_value=(work.percent,), height="6", color="primary", classes="my-1")
            html.Div("{{ " + work.message + " }}", classes="text-caption")
            button("Cancel", "mdi-stop", events.cancel)
        vuetify.VAlert(
            "{{ " + work.stale + " }}",
            v_if=(work.stale,),
            type="warning",
            density="compact",
            variant="tonal",
            classes="mt-1 reader-stale",
        )
