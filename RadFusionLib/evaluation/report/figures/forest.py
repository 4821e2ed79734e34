"""The AUC of every subgroup with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from RadFusionLib.evaluation.assessment import Assessment
from RadFusionLib.evaluation.estimate import Estimate
from RadFusionLib.evaluation.report.figures.style import BLUE, GREY, RED, new_figure, to_svg
from RadFusionLib.evaluation.report.words import interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["forest_figure"]


def forest_figure(found: Assessment) -> str:
    """Draw the forest as SVG; a subgroup without an AUC says why in its place."""
    rows: list[tuple[str, Estimate | None, str]] = [(f"all ({found.positive}/{found.cases})", found.auc, "")]
    for table in found.subgroups:
        rows += [(f"{table.variable}: {g.level} ({g.positive}/{g.cases})", g.auc, g.note) for g in table.groups]
    figure, axes = new_figure(9.2, 1.0 + 0.32 * len(rows))
    _draw(axes, rows)
    axes.axvline(found.auc.value, color=GREY, linestyle=":", linewidth=1.2)
    axes.axvline(0.5, color=GREY, linewidth=0.8)
    axes.set(xlim=(0, 1.42), ylim=(len(rows) - 0.4, -0.6), xlabel="AUC with 95 % interval")
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1])
    axes.set_yticks(range(len(rows)), [label for label, _, _ in rows], fontsize=9)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    return to_svg(figure)


def _draw(axes: Axes, rows: Sequence[tuple[str, Estimate | None, str]]) -> None:
    for place, (_, auc, note) in enumerate(rows):
        if auc is None:
            axes.text(0.02, place, note, va="center", fontsize=8.5, color=GREY, style="italic")
            continue
        colour = RED if place == 0 else BLUE
        axes.plot([auc.low, auc.high], [place, place], color=colour, linewidth=1.6)
        axes.plot(auc.value, place, "D" if place == 0 else "s", color=colour, markersize=6)
        axes.text(1.04, place, interval(auc, 2), va="center", fontsize=9)
