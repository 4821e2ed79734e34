"""One page for a case: risk, interval, explanation, overlay, doubt and the bundle's card, to be read or printed."""

from __future__ import annotations

import base64
import html
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from RadFusionLib.explain.force import draw_force
from RadFusionLib.explain.plots import Shares, draw_waterfall
from RadFusionLib.explain.report_card import card_html
from RadFusionLib.explain.risk_scale import risk_scale

__all__ = ["write_report"]

SHOWN, NAMED = 8, 3
"""Inputs of the waterfall, and named on each side of the force plot."""

REMARKS = 4
"""Remarks listed on the page; the rest is counted, and stands in ``explanation.json``."""

STYLE = """
@page{size:A4;margin:8mm}
*{box-sizing:border-box}
body{font:10.5px/1.32 system-ui,"DejaVu Sans",sans-serif;width:194mm;margin:4mm auto;color:#1b1b1b}
h1{font-size:15px;margin:0 0 1mm}h2{font-size:11.5px;margin:2mm 0 .6mm;border-bottom:1px solid #ccc}
p{margin:.5mm 0}.muted{color:#555}.small{font-size:9px}
.notice{background:#fbeaea;border-left:3px solid #8a1c1c;padding:.8mm 2mm;color:#5c1212}
.top{display:grid;grid-template-columns:80mm 1fr;gap:5mm}
.risk{font-size:30px;font-weight:650;line-height:1.1}
ul{margin:.5mm 0;padding-left:4mm}
img{display:block;max-width:100%;margin:0 auto}.force{max-height:38mm}.where{max-height:62mm}.why{max-height:80mm}
.card{columns:4;column-gap:4mm;font-size:7.2px;line-height:1.25}
.card h4{font-size:inherit;margin:.5mm 0;break-after:avoid}.card p,.card li,.card tr{break-inside:avoid}
.card ul{padding-left:2.5mm}.card table{width:100%;border-spacing:0}.card td{padding:0;vertical-align:top}
.card td:first-child{overflow-wrap:anywhere}.card td+td{text-align:right;white-space:nowrap;padding-left:1.5mm}
@media print{body{margin:0;width:auto}}
@media screen{body{zoom:1.3;width:auto;max-width:202mm;padding:0 4mm}.top{grid-template-columns:minmax(60mm,80mm) 1fr}
.card{columns:2;font-size:9px}.card table{break-inside:avoid}}
"""


def write_report(explanation: Mapping[str, Any], card: str, overlay: Path | None, path: str | Path) -> Path:
    """Write the page as one self-contained HTML file, whole or not at all; printed, it is one page of A4.

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
    case, outcome = html.escape(str(e["case"])), html.escape(str(e["outcome"]))
    why, pushed = _why(e)
    noted, spread = _doubt(e)
    percent = {key: f"{100 * e[key]:.1f}" for key in ("risk", "risk_low", "risk_high", "threshold", "prevalence")}
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>RadFusion: {case}</title>
<style>{STYLE}</style></head><body>
<h1>Case {case}: {outcome}</h1>
<div class="notice">{html.escape(e["notice"])}</div>
<div class="top"><div>
<h2>Risk</h2>
<div class="risk">{percent["risk"]} %</div>
<p>{html.escape(e["group"])} risk group (threshold {percent["threshold"]} %, frozen on training data).</p>
{risk_scale(e["risk"], (e["risk_low"], e["risk_high"]), e["threshold"], e["prevalence"])}
<p class="small muted">Nominal {100 * e["level"]:.0f} % interval {percent["risk_low"]} to {percent["risk_high"]} %, for
the risk the same recipe would give after training on far more patients. Among the training cases
{percent["prevalence"]} % had the outcome.</p>
<h2>Doubt</h2>{noted}
</div><div>
<h2>Why this risk</h2>{why}
</div></div>
{pushed}
<p class="small"><b>Doubt:</b> {spread}</p>
{_where(e, overlay)}
<h2>The bundle: {html.escape(str(e.get("bundle", "")))}</h2><div class="card">{card_html(card)}</div>
</body></html>
"""


def _why(e: Mapping[str, Any]) -> tuple[str, str]:
    """The waterfall, and the force plot of the case, with their numbers as text for who cannot see them."""
    if not e["terms"]:
        return f"<p>No input differs between cases: every case gets these log-odds, {e['base']:+.3f}.</p>", ""
    shares = Shares.of_terms([e["terms"]], e["base"])
    with tempfile.TemporaryDirectory() as folder:
        waterfall = draw_waterfall(shares, Path(folder) / "w.svg", most=SHOWN, width=3.4)
        force = draw_force(shares, Path(folder) / "f.svg", named=NAMED)
        pictures = [_embedded(picture) for picture in (waterfall, force)]
    order = map(int, shares.order)
    words = "; ".join(f"{shares.label(n, 0)}: {shares.values[0, n]:+.3f}" for n in order)
    method = html.escape(str(e.get("method", "")))
    sampled = "" if e.get("exact", True) else " Some are sampled; their standard errors are in explanation.json."
    return (
        f'<img class="why" alt="{html.escape(words, quote=True)}" src="{pictures[0]}">',
        f"""<img class="force" alt="The same as forces that push the risk up or down" src="{pictures[1]}">
<p class="small muted">{method} With the mean case's {e["base"]:+.3f} they add up to {e["logit"]:+.3f}, a risk of
{100 * e["risk"]:.1f} %.{sampled}</p>""",
    )


def _where(e: Mapping[str, Any], overlay: Path | None) -> str:
    said = e.get("heatmap") or {}
    if overlay is None:
        return ""
    title = html.escape(str(said.get("title", "heatmap")))
    meaning = f"{said.get('legend', '')}. It is {said['is_not']}. " if said.get("is_not") else ""
    meaning = html.escape(meaning[:1].upper() + meaning[1:] + str(said.get("tested", "")))
    return f"""<h2>Where: {title}</h2>
<img class="where" alt="Three planes through the highest value of the {title}" src="{_embedded(overlay)}">
<p class="small muted">{meaning}</p>"""


def _doubt(e: Mapping[str, Any]) -> tuple[str, str]:
    """What was noticed, and every other sentence of the doubt part, each once."""
    low, high = (f"{100 * v:.1f}" for v in (min(e["members"]), max(e["members"])))
    doubt = e.get("doubt") or {
        "members": {"sentence": f"The members' own risks run from {low} to {high} %: their spread, not a confidence "
                    "interval."}
    }  # fmt: skip
    remarks = list(dict.fromkeys(map(str, (*e["warnings"], *e["notices"]))))
    sentences = [s for s in dict.fromkeys(_sentences(doubt)) if s not in remarks]
    listed = "".join(f"<li>{html.escape(text)}</li>" for text in remarks[:REMARKS])
    if len(remarks) > REMARKS:
        listed += f"<li>and {len(remarks) - REMARKS} more, in explanation.json</li>"
    nothing = "<p>Nothing was flagged. That does not mean that the model fits this case.</p>"
    noted = f'<ul class="small">{listed}</ul>' if remarks else nothing
    return noted, html.escape(" ".join(sentences))


def _sentences(part: Any) -> list[str]:
    """Every ``sentence`` and every list of texts inside a part of an explanation, in its order."""
    if isinstance(part, str):
        return [part]
    if isinstance(part, list | tuple):
        return [text for entry in part if isinstance(entry, str | Mapping) for text in _sentences(entry)]
    if isinstance(part, Mapping):
        told = [entry for key, entry in part.items() if key == "sentence" or isinstance(entry, Mapping | list | tuple)]
        return [text for entry in told for text in _sentences(entry)]
    return []


def _embedded(picture: Path) -> str:
    kind = "svg+xml" if picture.suffix == ".svg" else "png"
    return f"data:image/{kind};base64,{base64.b64encode(picture.read_bytes()).decode()}"
