"""What all figures share: colours, fonts, and the way to SVG."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["BLUE", "GREY", "ORANGE", "RED", "TEAL", "colours", "new_figure", "square_axes", "to_svg"]

BLUE, RED, TEAL, ORANGE, GREY = "#2b5c8a", "#b2182b", "#1b7f79", "#d08327", "#777777"
"""Told apart by those who see colours differently, and by their lightness in print."""


PURPLE, BLACK = "#6a4c93", "#222222"


def colours(count: int) -> list[str]:
    """Colours of so many curves, the last of them red; repeated where there are more curves than colours."""
    others = [BLUE, ORANGE, TEAL, PURPLE, GREY, BLACK]
    return [*(others[i % len(others)] for i in range(count - 1)), RED]


def new_figure(width: float = 5.2, height: float = 4.4) -> tuple[Figure, Axes]:
    """A figure of so many inches with one pair of axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#e3e3e3", linewidth=0.7)
    axes.set_axisbelow(True)
    return figure, axes


def square_axes(axes: Axes) -> None:
    """From 0 to 1 both ways, at one scale."""
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")


def to_svg(figure: Figure) -> str:
    """The figure as SVG text; the same figure gives the same text."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    stream = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "radfusion", "svg.fonttype": "path"}):
        FigureCanvasSVG(figure).print_svg(stream, metadata={"Date": None, "Creator": None})
    text = stream.getvalue()
    return text[text.index("<svg") :]
