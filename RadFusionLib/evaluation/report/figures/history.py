"""How the training of a network went, epoch by epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from RadFusionLib.evaluation.report.figures.style import BLUE, GREY, to_svg

__all__ = ["history_figure"]


def history_figure(histories: Sequence[Sequence[Mapping[str, float | None]]]) -> str:
    """Draw loss and AUC of the training images as SVG, a line a member."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(10.4, 3.6), layout="constrained")
    for axes, key, word in zip(
        figure.subplots(1, 2), ("loss", "AUC"), ("loss", "AUC of the training images"), strict=True
    ):
        for number, history in enumerate(histories):
            values = [math.nan if (value := epoch[key]) is None else value for epoch in history]
            axes.plot(
                range(1, len(values) + 1), values, color=BLUE, alpha=1 - 0.6 * number / len(histories), marker="."
            )
        if key == "AUC":
            axes.axhline(0.5, color=GREY, linestyle="--", linewidth=0.8)
            axes.set_ylim(top=1.02)
        axes.set(xlabel="epoch", ylabel=word)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color="#e3e3e3", linewidth=0.7)
    return to_svg(figure)
