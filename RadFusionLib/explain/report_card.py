"""The bundle's card, which is Markdown, as a few tags of a page."""

from __future__ import annotations

import html
import re

__all__ = ["card_html"]

STRONG = re.compile(r"\*\*(.+?)\*\*")


def card_html(card: str) -> str:
    """Headings, lists, two-column tables and paragraphs of a card; everything else stays text."""
    found: list[str] = []
    listed = False
    for line in card.splitlines():
        text = line.strip()
        if text.startswith("- ") != listed:
            found.append("</ul>" if listed else "<ul>")
            listed = not listed
        if not text or set(text) <= set("|-: "):
            continue
        if text.startswith("- "):
            found.append(f"<li>{_words(text[2:])}</li>")
        elif text.startswith("#"):
            found.append(f"<p><b>{_words(text.lstrip('# '))}</b></p>")
        elif text.startswith("|"):
            cells = "".join(f"<span>{_words(cell.strip())}</span>" for cell in text.strip("|").split("|"))
            found.append(f'<div class="row">{cells}</div>')
        else:
            found.append(f"<p>{_words(text)}</p>")
    return "".join([*found, "</ul>" if listed else ""])


def _words(text: str) -> str:
    return STRONG.sub(r"<b>\1</b>", html.escape(text))
