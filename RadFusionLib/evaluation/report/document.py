"""What a report is made of, before anything is said of HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = [
    "Block",
    "Figure",
    "Figures",
    "Folded",
    "KeyNumber",
    "KeyNumbers",
    "Notice",
    "Paragraph",
    "Preformatted",
    "Section",
    "Table",
]


@dataclass(frozen=True)
class Paragraph:
    """Plain text; ``muted`` for a remark."""

    text: str
    muted: bool = False


@dataclass(frozen=True)
class Preformatted:
    """Text whose lines stay as they are."""

    text: str


@dataclass(frozen=True)
class Notice:
    """Sentences that must not be overlooked."""

    sentences: tuple[str, ...]
    title: str = ""


@dataclass(frozen=True)
class KeyNumber:
    """A number to be read at a glance, with what it is and its interval."""

    label: str
    value: str
    detail: str = ""


@dataclass(frozen=True)
class KeyNumbers:
    """Several of them in a row."""

    numbers: tuple[KeyNumber, ...]


@dataclass(frozen=True)
class Table:
    """Rows of texts under a header; the first column is text, the others are numbers unless ``words``."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    words: bool = False


@dataclass(frozen=True)
class Figure:
    """A picture as SVG, with a title, a sentence beneath and a text for those who cannot see it."""

    svg: str
    caption: str
    alternative: str
    wide: bool = False


@dataclass(frozen=True)
class Figures:
    """Figures side by side where there is room."""

    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Folded:
    """Blocks behind a line to click, for what few will read."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Section:
    """A heading and what stands beneath it."""

    title: str
    blocks: Sequence[Block]


Block = Paragraph | Preformatted | Notice | KeyNumbers | Table | Figure | Figures | Folded
