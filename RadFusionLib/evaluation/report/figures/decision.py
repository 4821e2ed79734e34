"""Net benefit along threshold probabilities."""

from __future__ import annotations

import numpy as np

from RadFusionLib.evaluation.report.figures.style import BLUE, GREY, ORANGE, RED, new_figure, to_svg
from RadFusionLib.evaluation.utility import DecisionCurve

__all__ = ["decision_figure"]


def decision_figure(curve: DecisionCurve, threshold: float) -> str:
    """Draw the decision curve as SVG, with the bundle's threshold marked."""
    figure, axes = new_figure()
    axes.plot(curve.thresholds, curve.treat_all, color=ORANGE, linewidth=1.3, label="act on everybody")
    axes.plot(curve.thresholds, curve.treat_none, color=GREY, linewidth=1.3, label="act on nobody")
    for name, benefit in curve.net_benefit.items():
        axes.plot(curve.thresholds, benefit, color=BLUE, linewidth=2, label=f"act by the {name}")
    axes.axvline(threshold, color=RED, linestyle=":", linewidth=1.3, label=f"threshold {100 * threshold:.1f} %")
    top = max([curve.prevalence, *(float(np.nanmax(b)) for b in curve.net_benefit.values())])
    axes.set(xlim=(0, 1), ylim=(-0.25 * top, 1.1 * top), xlabel="threshold probability", ylabel="net benefit")
    axes.legend(loc="upper right", frameon=True, framealpha=0.9, fontsize=9)
    return to_svg(figure)
