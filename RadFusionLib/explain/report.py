"""One page for a case: risk, interval, explanation, overlay, warnings and the bundle's card."""

from __future__ import annotations

import base64
import html
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["write_report"]

SHOWN = 12

STYLE = """
body{font:15px/1.45 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b}
.notice{background:#fbeaea;border-left:4px solid #8a1c1c;padding:.6rem .9rem;margin:1rem 0}
.risk{font-size:2.6rem;font-weight:600}.muted{color:#555}
table{border-collapse:collapse;width:100%;margin:.6rem 0}
td,th{padding:.28rem .5rem;border-bottom:1px solid #ddd;text-align:left}
td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.bar{height:.8rem;display:inline-block}.up{background:#b2182b}.down{background:#2166ac}
img{max-width:100%}pre{white-space:pre-wrap;background:#f6f6f6;padding:.8rem;font:13px/1.4 ui-monospace,monospace}
"""


def write_report(explanation: Mapping[str, Any], card: str, overlay: Path | None, path: str | Path) -> Path:
    """Write the page as one self-contained HTML file, whole or not at all.

    Parameters
    ----------
    explanation : mapping
        As in ``explanation.json``.
    card : str
        The bundle's card, Markdown.
    overlay : Path, optional
        A PNG to embed.
    path : str or Path
        Where the page goes.
    """
    path = Path(path)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_text(_page(explanation, card, overlay), encoding="utf-8")
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def _page(e: Mapping[str, Any], card: str, overlay: Path | None) -> str:
    case = html.escape(str(e["case"]))
    percent = {key: f"{100 * e[key]:.1f}" for key in ("risk", "risk_low", "risk_high", "threshold", "prevalence")}
    picture = ""
    if overlay is not None:
        data = base64.b64encode(Path(overlay).read_bytes()).decode()
        picture = f'<h2>Where</h2><img alt="Heatmap over the reference phase" src="data:image/png;base64,{data}">'
    remarks = [*e["warnings"], *e["notices"]]
    listed = "".join(f"<li>{html.escape(text)}</li>" for text in remarks)
    noted = (
        f"<ul>{listed}</ul>"
        if remarks
        else "<p>Nothing was flagged. That does not mean that the model fits this case.</p>"
    )
    low, high = (f"{100 * v:.1f}" for v in (min(e["members"]), max(e["members"])))
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>RadFusion: {case}</title>
<style>{STYLE}</style></head><body>
<h1>{html.escape(e["outcome"])}: case {case}</h1>
<div class="notice">{html.escape(e["notice"])}</div>
<p><span class="risk">{percent["risk"]} %</span> <span class="muted">risk; nominal {100 * e["level"]:.0f} % interval
{percent["risk_low"]} to {percent["risk_high"]} % for the risk the same recipe would give after training on far more
patients</span></p>
<p>Group: <b>{html.escape(e["group"])}</b> (threshold {percent["threshold"]} %, frozen on training data).
Share with the outcome among the training cases: {percent["prevalence"]} %.</p>
<p class="muted">The members' own risks run from {low} to {high} %: their spread, not a confidence interval.</p>
<h2>Noticed</h2>{noted}
<h2>Why</h2>
<p class="muted">Addends to the log-odds, largest first; together with the average case's {e["base"]:+.3f} they
add up to {e["logit"]:+.3f}.</p>{_terms(e["terms"])}
{picture}
<h2>The bundle's card</h2><pre>{html.escape(card)}</pre>
</body></html>
"""


def _terms(terms: list[Mapping[str, Any]]) -> str:
    shown = terms[:SHOWN]
    widest = max((abs(t["contribution"]) for t in shown), default=1.0) or 1.0
    rows = [
        _row(t["label"], "" if t["value"] is None else f"{t['value']:.4g}", t["contribution"], widest) for t in shown
    ]
    rest = terms[SHOWN:]
    if rest:
        rows.append(_row(f"the other {len(rest)} inputs together", "", sum(t["contribution"] for t in rest), widest))
    return "<table><tr><th>input</th><th>value</th><th>log-odds</th><th></th></tr>" + "".join(rows) + "</table>"


def _row(label: str, value: str, addend: float, widest: float) -> str:
    width = min(100.0, 100 * abs(addend) / widest)
    bar = f'<span class="bar {"up" if addend > 0 else "down"}" style="width:{width * 0.16:.2f}rem"></span>'
    cells = f'<td>{html.escape(label)}</td><td class="n">{value}</td><td class="n">{addend:+.3f}</td><td>{bar}</td>'
    return f"<tr>{cells}</tr>"
