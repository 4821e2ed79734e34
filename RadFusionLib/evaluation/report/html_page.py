"""A report as one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from RadFusionLib.evaluation.report.document import (
    Block,
    Figure,
    Figures,
    Folded,
    KeyNumbers,
    Notice,
    Paragraph,
    Preformatted,
    Section,
    Table,
)

__all__ = ["html_page"]

NARROW, MANY = 3, 5
"""Columns up to which a table does not take the page's whole width, and above which its cells may break."""

STYLE = """
:root{color-scheme:light}
body{font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;
max-width:70rem;margin:1.5rem auto;padding:0 1.2rem;color:#1b1b1b;background:#fff}
h1{font-size:1.7rem;line-height:1.25;margin:.3rem 0 .6rem}h2{font-size:1.3rem;margin:2.2rem 0 .6rem;
border-bottom:2px solid #2b5c8a;padding-bottom:.2rem}
nav{margin:.8rem 0;font-size:.92rem}nav a{margin-right:1rem;color:#2b5c8a;white-space:nowrap;display:inline-block}
.muted{color:#555}.notice{background:#fbeaea;border-left:5px solid #8a1c1c;padding:.6rem .9rem;margin:.9rem 0}
.notice ul{margin:.2rem 0;padding-left:1.2rem}
.numbers{display:flex;flex-wrap:wrap;gap:.8rem;margin:1rem 0}
.number{flex:1 1 9.5rem;background:#eef3f8;border-radius:6px;padding:.6rem .8rem}
.number b{display:block;font-size:1.65rem;line-height:1.2}.number span{display:block;font-size:.86rem;color:#444}
table{border-collapse:collapse;width:100%;margin:.7rem 0;font-size:.92rem}
caption{text-align:left;font-weight:600;padding:.2rem 0}
td,th{padding:.26rem .5rem;border-bottom:1px solid #ddd;text-align:left;vertical-align:top}
table.many td.n{white-space:normal}table.many td:first-child{min-width:9rem}
table.narrow{width:auto;min-width:min(34rem,100%)}
th{background:#f4f6f8}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}td.n{white-space:nowrap}
.wide-table{overflow-x:auto}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(26rem,1fr));gap:1rem;margin:1rem 0}
figure{margin:0;min-width:0}figure svg{width:100%;height:auto;display:block}figcaption{font-size:.88rem;color:#444}
figure.wide{margin:1rem 0}
details{margin:.7rem 0;border:1px solid #ddd;border-radius:6px;padding:.3rem .8rem}
summary{cursor:pointer;font-weight:600}
pre{white-space:pre-wrap;font:13px/1.4 ui-monospace,"DejaVu Sans Mono",monospace}
footer{margin-top:2.5rem;border-top:1px solid #ddd;padding-top:.6rem}
@media(max-width:32rem){.figures{grid-template-columns:1fr}}
@media print{details{border:0}nav{display:none}}
"""


def html_page(title: str, notice: str, sections: Sequence[Section]) -> str:
    """Write the page.

    Parameters
    ----------
    title : str
        Of the page and its first heading.
    notice : str
        The sentence that every result carries; stands at the head and at the foot.
    sections : sequence of Section
        In order; the first has no entry in the contents.
    """
    links = "".join(f'<a href="#part{i}">{escape(s.title)}</a>' for i, s in enumerate(sections) if i)
    body = "".join(
        f'<section id="part{i}">{f"<h2>{escape(s.title)}</h2>" if i else ""}{_blocks(s.blocks)}</section>'
        for i, s in enumerate(sections)
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>\n"
        f'<h1>{escape(title)}</h1><div class="notice"><b>{escape(notice)}</b></div><nav>{links}</nav>\n{body}\n'
        f'<footer class="muted">{escape(notice)}</footer></body></html>\n'
    )


def _blocks(blocks: Sequence[Block]) -> str:
    return "\n".join(_block(block) for block in blocks)


def _block(block: Block) -> str:
    if isinstance(block, Paragraph):
        kind = ' class="muted"' if block.muted else ""
        return f"<p{kind}>{escape(block.text)}</p>"
    if isinstance(block, Preformatted):
        return f"<pre>{escape(block.text)}</pre>"
    if isinstance(block, Notice):
        head = f"<b>{escape(block.title)}</b>" if block.title else ""
        return f'<div class="notice">{head}<ul>{"".join(f"<li>{escape(s)}</li>" for s in block.sentences)}</ul></div>'
    if isinstance(block, KeyNumbers):
        inside = "".join(
            f'<div class="number"><span>{escape(n.label)}</span><b>{escape(n.value)}</b>'
            f"<span>{escape(n.detail)}</span></div>"
            for n in block.numbers
        )
        return f'<div class="numbers">{inside}</div>'
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Figure):
        return _figure(block)
    if isinstance(block, Figures):
        return f'<div class="figures">{"".join(_figure(f) for f in block.figures)}</div>'
    assert isinstance(block, Folded)
    return f"<details><summary>{escape(block.title)}</summary>{_blocks(block.blocks)}</details>"


def _table(table: Table) -> str:
    def cell(tag: str, column: int, text: str) -> str:
        kind = "" if table.words or column == 0 else ' class="n"'
        return f"<{tag}{kind}>{escape(text)}</{tag}>"

    caption = f"<caption>{escape(table.caption)}</caption>" if table.caption else ""
    head = "".join(cell("th", i, text) for i, text in enumerate(table.header))
    rows = "".join(f"<tr>{''.join(cell('td', i, text) for i, text in enumerate(row))}</tr>" for row in table.rows)
    columns = len(table.header)
    kind = ' class="narrow"' if columns <= NARROW else ' class="many"' if columns > MANY else ""
    return f'<div class="wide-table"><table{kind}>{caption}<tr>{head}</tr>{rows}</table></div>'


def _figure(figure: Figure) -> str:
    kind = ' class="wide"' if figure.wide else ""
    return (
        f'<figure{kind} role="img" aria-label="{escape(figure.alternative)}">{figure.svg}'
        f"<figcaption>{escape(figure.caption)}</figcaption></figure>"
    )
