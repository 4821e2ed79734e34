"""How the predicted risks are spread, by outcome."""

from __future__ import annotations

import numpy as np

from RadFusionLib.evaluation.report.figures.style import BLUE, ORANGE, RED, new_figure, to_svg

__all__ = ["histogram_figure"]


def histogram_figure(risk: np.ndarray, outcome: np.ndarray, threshold: float, positive: str) -> str:
    """Draw the histogram as SVG.

    Parameters
    ----------
    risk, outcome : numpy.ndarray, shape (n,)
        In [0, 1], and 0 or 1.
    threshold : float
        Marked.
    positive : str
        What the outcome is called.
    """
    from matplotlib.ticker import MaxNLocator

    figure, axes = new_figure()
    edges = np.linspace(0, 1, 21)
    has = np.asarray(outcome).astype(bool)
    axes.hist(
        [risk[~has], risk[has]], bins=list(edges), stacked=True, color=[BLUE, ORANGE], edgecolor="white",
        label=[f"without ({int((~has).sum())})", f"{positive} ({int(has.sum())})"],
    )  # fmt: skip
    axes.axvline(threshold, color=RED, linestyle=":", linewidth=1.5, label=f"threshold {100 * threshold:.1f} %")
    axes.set(xlim=(0, 1), xlabel="predicted risk", ylabel="cases")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    # Room above the bars for the legend.
    axes.set_ylim(top=1.35 * axes.get_ylim()[1])
    axes.legend(frameon=True, framealpha=0.9, fontsize=9)
    return to_svg(figure)
