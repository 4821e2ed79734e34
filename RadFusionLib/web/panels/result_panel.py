"""Step 6: the risk on its axis, why, and the heatmap's settings."""

from __future__ import annotations

from typing import Any

from trame.widgets import html
from trame.widgets import vuetify3 as vuetify

from RadFusionLib.web.events import ReaderEvents
from RadFusionLib.web.panels.parts import remark, section

__all__ = ["result_panel"]


def result_panel(name: Any, events: ReaderEvents) -> None:
    """Build the panel; parameters as :func:`~RadFusionLib.web.panels.case_panel.case_panel`."""
    result = name.result
    with section("result", "6  Result"):
        html.Div("Predict the case to see its risk.", v_if=(f"!{result.shown}",), classes="text-caption")
        with html.Div(v_if=(result.shown,)):
            _risk(name, result)
            _why(result)
            _nomogram(name.nomogram)
            _heatmap(name.heatmap, events)


def _risk(name: Any, result: Any) -> None:
    with html.Div(classes="d-flex align-baseline"):
        html.Span("{{ " + result.risk + ".toFixed(1) }} %", classes="text-h4 reader-risk")
        html.Span(
            "{{ " + result.group + " }} risk",
            classes="ml-3 text-subtitle-1 font-weight-bold",
            style=(f"{result.group} === 'high' ? 'color: #ff8a80' : 'color: #82b1ff'",),
        )
    html.Div("{{ " + result.outcome + " }}", classes="text-caption")
    with html.Div(classes="reader-axis"):
        html.Div(
            classes="reader-interval", style=(f"`left: ${{{result.low}}}%; width: ${{{result.high} - {result.low}}}%`",)
        )
        for kind in ("threshold", "prevalence", "risk"):
            html.Div(classes=f"reader-mark reader-mark-{kind}", style=(f"`left: ${{{getattr(result, kind)}}}%`",))
    with html.Div(classes="d-flex justify-space-between text-caption"):
        html.Span("0 %")
        html.Span("50 %")
        html.Span("100 %")
    for kind, text in (
        (
            "risk",
            f"risk, {{{{ {result.level}.toFixed(0) }}}} % interval {_percent(result.low)} to {_percent(result.high)}",
        ),
        ("threshold", f"threshold of the groups {_percent(result.threshold)}"),
        ("prevalence", f"share with the outcome in training {_percent(result.prevalence)}"),
    ):
        with html.Div(classes="text-caption d-flex align-center"):
            html.Span(classes=f"reader-key reader-mark-{kind}")
            html.Span(text)
    vuetify.VAlert(
        "{{ " + result.what_if + " }}",
        v_if=(result.what_if,),
        type="info",
        density="compact",
        variant="tonal",
        classes="my-1 reader-what-if",
    )
    html.Div("{{ " + name.notice + " }}", classes="reader-notice my-1")
    vuetify.VAlert(
        "{{ text }}",
        v_for=(f"text in {result.warnings}",),
        key=("text",),
        type="warning",
        density="compact",
        variant="tonal",
        classes="my-1",
    )
    html.Div(
        "Nothing was flagged. That does not mean that the model fits this case.",
        v_if=(f"!{result.warnings}.length",),
        classes="text-caption",
    )
    html.Div("{{ text }}", v_for=(f"text in {result.notices}",), key=("text",), classes="text-caption")


def _why(result: Any) -> None:
    html.Div("Why: addends to the log-odds", classes="text-subtitle-2 mt-2")
    html.Div("average case {{ " + result.base + " }}", classes="text-caption")
    with html.Div(v_for=(f"term in {result.terms}",), key=("term.label",), classes="reader-term"):
        with html.Div(classes="d-flex justify-space-between text-caption"):
            html.Span("{{ term.label }}<span v-if='term.value'> = {{ term.value }}</span>")
            html.Span("{{ term.addend }}", classes="ml-2 font-weight-bold reader-number")
        with html.Div(classes="reader-bar-row"):
            html.Div(
                classes=("term.raises ? 'reader-bar reader-raises' : 'reader-bar reader-lowers'",),
                style=("`left: ${term.start}%; width: ${term.width}%`",),
            )
    html.Div("this case {{ " + result.total + " }}", classes="text-caption font-weight-bold")


def _nomogram(nomogram: Any) -> None:
    html.Div("Nomogram", classes="text-subtitle-2 mt-2")
    html.Div("{{ " + nomogram.why + " }}", v_if=(nomogram.why,), classes="text-caption reader-nomogram-why")
    with html.Div(v_if=(f"{nomogram.rows}.length",), classes="reader-nomogram"):
        with html.Div(v_for=(f"row in {nomogram.rows}",), key=("row.label",), classes="reader-term"):
            with html.Div(classes="d-flex justify-space-between text-caption"):
                html.Span(
                    "{{ row.label }} = {{ row.value }}<span v-if='row.outside'> (outside the training cases)</span>"
                )
                html.Span("{{ row.points }}", classes="ml-2 font-weight-bold reader-number")
            with html.Div(classes="reader-bar-row"):
                html.Div(classes="reader-bar reader-range", style=("`left: ${row.start}%; width: ${row.width}%`",))
                html.Div(classes="reader-place", style=("`left: ${row.place}%`",))
        html.Div(
            f"{{{{ {nomogram.total}.toFixed(1) }}}} of {{{{ {nomogram.most}.toFixed(0) }}}} points: "
            f"risk {{{{ {nomogram.risk}.toFixed(1) }}}} % by the nomogram",
            classes="text-caption font-weight-bold reader-nomogram-total",
        )


def _heatmap(heatmap: Any, events: ReaderEvents) -> None:
    with html.Div(v_if=(heatmap.there,), classes="mt-2"):
        html.Div("Heatmap", classes="text-subtitle-2")
        with html.Div(classes="d-flex"):
            for label, field in (("in slices", "in_slices"), ("in 3D", "in_3d")):
                vuetify.VCheckbox(
                    label=label,
                    model_value=(getattr(heatmap, field),),
                    update_modelValue=(events.set_heatmap, f"['{field}', $event]"),
                    density="compact",
                    hide_details=True,
                )
        for label, field, top in (("Opacity", "opacity", "1"), ("Hide below", "threshold", heatmap.largest)):
            html.Div(label + ": {{ " + getattr(heatmap, field) + ".toFixed(2) }}", classes="text-caption")
            vuetify.VSlider(
                model_value=(getattr(heatmap, field),),
                update_modelValue=(events.set_heatmap, f"['{field}', $event]"),
                min=(0,),
                max=(top,),
                step=(0.01,),
                density="compact",
                hide_details=True,
                classes="mx-2",
            )
        remark(heatmap.legend)


def _percent(field: str) -> str:
    return "{{ " + field + ".toFixed(1) }} %"
