"""The heatmap's legend below the views."""

from __future__ import annotations

from typing import Any

from trame.widgets import html

__all__ = ["legend"]


def legend(name: Any) -> None:
    """Build the legend: colours, values, and what they mean."""
    heatmap = name.heatmap
    with html.Div(v_if=(f"{heatmap.there} && ({heatmap.in_slices} || {heatmap.in_3d})",), classes="reader-legend"):
        with html.Div(classes="reader-legend-scale"):
            html.Div(
                classes="reader-legend-colors",
                style=(f"`background: linear-gradient(to right, ${{{heatmap.colors}}})`",),
            )
            with html.Div(classes="d-flex justify-space-between"):
                for text in (heatmap.low, heatmap.middle, heatmap.high):
                    html.Span("{{ " + text + " }}")
        with html.Div(classes="reader-legend-words"):
            html.Div("{{ " + heatmap.legend + " }}")
