"""A prediction as a page of rich text: risk, interval, group, threshold, warnings, and the sentence on its use."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from slicer.i18n import tr as _

from RadFusionLib.reading.result_words import ResultState, result_state

__all__ = ["result_page", "why_page"]

HIGH, LOW = "#b2182b", "#2166ac"
AXIS = 100
"""Cells of the risk's axis, one a percent."""
BAR = 130
"""Pixels of the widest bar."""


def result_page(explanation: Mapping[str, Any], what_if: str = "") -> str:
    """Return the page.

    Parameters
    ----------
    explanation : mapping
        As in ``explanation.json``.
    what_if : str
        Which clinical values are not the predicted ones; empty when all are.
    """
    result = result_state(explanation, what_if)
    color = HIGH if result.group == "high" else LOW
    parts = [
        f'<p><span style="font-size: xx-large; font-weight: bold;">{result.risk:.1f} %</span> '
        f'<span style="font-size: large; font-weight: bold; color: {color};">{_group(result)}</span><br/>'
        f"{html.escape(result.outcome)}</p>",
        _axis(result, color),
        "<p>"
        + _("{level:.0f} % interval {low:.1f} to {high:.1f} % (band).").format(
            level=result.level, low=result.low, high=result.high
        )
        + "<br/>"
        + _("Threshold of the groups {threshold:.1f} % (black).").format(threshold=result.threshold)
        + "<br/>"
        + _("In training, {prevalence:.1f} % had the outcome (grey).").format(prevalence=result.prevalence)
        + "</p>",
    ]
    if result.what_if:
        parts.append(f"<p><b>{html.escape(result.what_if)}</b></p>")
    if result.warnings:
        listed = "".join(f"<li>{html.escape(text)}</li>" for text in result.warnings)
        parts.append(f'<p style="color: {HIGH};"><b>' + _("Noticed:") + f"</b></p><ul>{listed}</ul>")
    else:
        parts.append("<p>" + _("Nothing was flagged. That does not mean that the model fits this case.") + "</p>")
    parts.extend(f"<p>{html.escape(text)}</p>" for text in result.notices)
    parts.append(f'<p style="color: {HIGH};">{html.escape(str(explanation["notice"]))}</p>')
    return "".join(parts)


def why_page(explanation: Mapping[str, Any]) -> str:
    """Return the addends of the risk as bars, largest first, from the average case's log-odds to this case's."""
    result = result_state(explanation)
    rows = [_("<p>Addends to the log-odds; the average case has {base}.</p>").format(base=result.base), "<table>"]
    for term in result.terms:
        label = html.escape(f"{term.label} = {term.value}" if term.value else term.label)
        start, width = round(term.start * BAR / 100), max(1, round(term.width * BAR / 100))
        bar = "".join(
            f'<td width="{pixels}" bgcolor="{color}"></td>' if color else f'<td width="{pixels}"></td>'
            for pixels, color in ((start, ""), (width, HIGH if term.raises else LOW), (BAR - start - width, ""))
            if pixels > 0
        )
        rows.append(
            f'<tr><td>{label}</td><td align="right"><b>&nbsp;{term.addend}&nbsp;</b></td>'
            f'<td><table cellspacing="0" cellpadding="0"><tr>{bar}</tr></table></td></tr>'
        )
    rows += ["</table>", _("<p><b>This case has {total}.</b></p>").format(total=result.total)]
    return "".join(rows)


def _group(result: ResultState) -> str:
    words = {"high": _("high risk"), "low": _("low risk")}
    return words.get(result.group, html.escape(result.group))


def _axis(result: ResultState, color: str) -> str:
    """The risk on its axis from 0 to 100 %, as a table a percent wide each cell: all that rich text can draw."""
    cells = []
    for percent in range(AXIS):
        fill = "#dddddd"
        if result.low <= percent + 0.5 <= result.high:
            fill = "#b9cde4"
        for at, mark in ((result.prevalence, "#777777"), (result.threshold, "#000000"), (result.risk, color)):
            if int(min(at, 99.999)) == percent:
                fill = mark
        cells.append(f'<td width="4" bgcolor="{fill}" style="font-size: 8pt;">&nbsp;</td>')
    return '<table cellspacing="0" cellpadding="0"><tr>' + "".join(cells) + "</tr></table>"
