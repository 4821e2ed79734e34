"""The bundle's card, which is Markdown, as a few tags of a page."""

from __future__ import annotations

import html
import re

__all__ = ["card_html"]

STRONG = re.compile(r"\*\*(.+?)\*\*")


def card_html(card: str) -> str:
    """Headings, lists, tables and paragraphs of a card; everything else stays text."""
    blocks: list[str] = []
    kind, inside = "", list[str]()

    def end_block() -> None:
        if inside:
            between = " " if kind == "p" else ""
            blocks.append(f"<{kind}>{between.join(inside)}</{kind}>")
            inside.clear()

    for line in card.splitlines():
        text = line.strip()
        if set(text) <= set("|-: "):
            # A rule between rows belongs to the table, an empty line ends whatever there is.
            if not text:
                end_block()
            continue
        begun = {"- ": "ul", "| ": "table"}.get(text[:2], "h4" if text.startswith("#") else "p")
        if begun != kind:
            end_block()
            kind = begun
        if kind == "ul":
            inside.append(f"<li>{_words(text[2:])}</li>")
        elif kind == "table":
            cells = "".join(f"<td>{_words(cell.strip())}</td>" for cell in text.strip("|").split("|"))
            inside.append(f"<tr>{cells}</tr>")
        else:
            inside.append(_words(text.lstrip("# ")))
    end_block()
    return "".join(blocks)


def _words(text: str) -> str:
    return STRONG.sub(r"<b>\1</b>", html.escape(text))
