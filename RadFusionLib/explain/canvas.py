"""What the drawings of an explanation share: a figure without a screen, colours, and files that repeat to the byte."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from RadFusionLib.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["DARK", "LOWERS", "RAISES", "add_title_and_notice", "new_figure", "save", "wrapped"]

RAISES, LOWERS = "#b2182b", "#2166ac"
"""Red raises the risk, blue lowers it; told apart by colour-blind readers."""

DARK, NOTICE = "#222222", "#8a1c1c"

DPI = 150


def new_figure(width: float, height: float) -> Figure:
    """An empty white figure, inches, drawn by Agg without a screen or pyplot's state."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def wrapped(text: str, width: int) -> str:
    """Text broken into lines of at most ``width`` letters."""
    return "\n".join(textwrap.wrap(text, width)) or text


def add_title_and_notice(figure: Figure, title: str, notice: str, *, above: float, below: float) -> None:
    """Put a title ``above`` and the bundle's sentence ``below`` the figure, inches; :func:`save` makes room."""
    width, height = figure.get_size_inches()
    if title:
        text = wrapped(title, round(12 * width))
        figure.text(0, 1 + above / height, text, fontsize=12, weight="bold", color=DARK, va="bottom")
    if notice:
        text = wrapped(notice, round(15 * width))
        figure.text(0, -below / height, text, fontsize=8, color=NOTICE, va="top")


def save(figure: Figure, path: str | Path) -> Path:
    """Write the figure as PNG or SVG by the path's ending, with room for every text.

    Raises
    ------
    InputError
        When the ending is another.
    """
    from matplotlib import rc_context

    path = Path(path)
    kind = path.suffix.lower().lstrip(".")
    if kind not in ("png", "svg"):
        raise InputError(f"A figure cannot be written as {path.name}; name a file that ends in .png or .svg.")
    # No date and no random names in the file: the same input gives the same bytes.
    metadata = {"Date": None} if kind == "svg" else {"Software": None}
    # Letters as paths: they take the room that was measured, whatever fonts the reader has.
    with rc_context({"svg.hashsalt": "RadFusion", "svg.fonttype": "path"}):
        figure.savefig(path, format=kind, dpi=DPI, bbox_inches="tight", pad_inches=0.15, metadata=metadata)
    return path
