"""The second reader: another contour of the same tumour."""

from __future__ import annotations

from typing import Any

from trame.widgets import html
from trame.widgets import vuetify3 as vuetify

from RadFusionLib.web.events import ReaderEvents
from RadFusionLib.web.panels.parts import button, section

__all__ = ["comparison_panel"]


def comparison_panel(name: Any, events: ReaderEvents) -> None:
    """Build the panel; parameters as :func:`~RadFusionLib.web.panels.case_panel.case_panel`."""
    comparison = name.comparison
    with section("comparison", "8  Second reader"):
        html.Div(
            "The manifest names no other reading of this tumour.",
            v_if=(f"!{comparison.readers}.length",),
            classes="text-caption",
        )
        shared = {
            "disabled": (f"{comparison.running} || !!{name.busy} || {name.prediction.running}",),
            "size": "small",
            "variant": "tonal",
            "classes": "text-none ma-1",
        }
        with html.Div(v_for=(f"reading in {comparison.readers}",), key=("reading",)):
            vuetify.VBtn("Compare with reading {{ reading }}", click=(events.compare, "[reading]"), **shared)
            vuetify.VBtn("Every case", click=(events.compare_all, "[reading]"), **shared)
        button("Cancel", "mdi-stop", events.cancel, v_if=(comparison.running,))
        for listed, classes in ((comparison.lines, "reader-line"), (comparison.agreement, "reader-agreement")):
            html.Div("{{ line }}", v_for=(f"line in {listed}",), key=("line",), classes=f"text-caption {classes}")
        html.Div(
            "{{ " + name.notice + " }}",
            v_if=(f"{comparison.lines}.length || {comparison.agreement}.length",),
            classes="reader-notice my-1",
        )
