"""The receiver operating characteristic curves of several models together."""

from __future__ import annotations

from RadFusionLib.evaluation.model_comparison import ModelComparison
from RadFusionLib.evaluation.report.figures.style import GREY, colours, new_figure, square_axes, to_svg
from RadFusionLib.evaluation.report.words import interval

__all__ = ["model_curves_figure"]

LINES = ("-", "--", "-.", ":")


def model_curves_figure(found: ModelComparison) -> str:
    """Draw the curves as SVG; the last model, which is the risk, is drawn thick."""
    figure, axes = new_figure(9.6, 4.6)
    axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=0.8)
    palette = colours(len(found.models))
    for number, (model, colour) in enumerate(zip(found.models, palette, strict=True)):
        last = number == len(found.models) - 1
        # Straight between points: cases of one score are passed together, as the area counts them.
        axes.plot(
            *model.roc, color=colour, linewidth=2.6 if last else 1.5,
            linestyle="-" if last else LINES[number % len(LINES)], label=f"{model.name}: {interval(model.auc, 2)}",
        )  # fmt: skip
    square_axes(axes)
    axes.set(xlabel="1 − specificity", ylabel="sensitivity")
    axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False, fontsize=9, title="AUC (95 % interval)")
    return to_svg(figure)
