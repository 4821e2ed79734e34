"""The receiver operating characteristic curve, with the frozen threshold's point."""

from __future__ import annotations

from RadFusionLib.evaluation.assessment import Assessment
from RadFusionLib.evaluation.report.figures.style import BLUE, GREY, RED, new_figure, square_axes, to_svg
from RadFusionLib.evaluation.report.words import interval

__all__ = ["roc_figure"]


def roc_figure(found: Assessment) -> str:
    """Draw the curve as SVG."""
    figure, axes = new_figure()
    axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1, label="chance")
    # Straight between points: cases of one risk are passed together, as the area counts them.
    axes.plot(*found.roc, color=BLUE, linewidth=2, label=f"AUC {interval(found.auc, 2)}")
    sensitivity, specificity = found.rates["sensitivity"], found.rates["specificity"]
    axes.errorbar(
        1 - specificity.value,
        sensitivity.value,
        xerr=[[specificity.high - specificity.value], [specificity.value - specificity.low]],
        yerr=[[sensitivity.value - sensitivity.low], [sensitivity.high - sensitivity.value]],
        fmt="o", color=RED, capsize=3, linewidth=1, label=f"at the threshold of {100 * found.threshold:.1f} %",
    )  # fmt: skip
    square_axes(axes)
    axes.set(xlabel="1 − specificity", ylabel="sensitivity")
    axes.legend(loc="lower right", frameon=True, framealpha=0.9, fontsize=9)
    return to_svg(figure)
