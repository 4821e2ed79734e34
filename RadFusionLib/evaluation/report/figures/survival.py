"""Kaplan-Meier curves with the numbers at risk beneath."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from RadFusionLib.evaluation.report.figures.style import new_figure, to_svg
from RadFusionLib.evaluation.survival import KaplanMeier

__all__ = ["survival_figure"]

MARKS = 6


def survival_figure(curves: Mapping[str, tuple[KaplanMeier, str]], endpoint: str, remark: str) -> str:
    """Draw curves as SVG.

    Parameters
    ----------
    curves : mapping of str to (KaplanMeier, colour)
        By label.
    endpoint : str
        Such as ``DFS``.
    remark : str
        A line in the plot, such as the log-rank test.
    """
    figure, axes = new_figure(5.2, 4.4 + 0.22 * len(curves))
    end = max(float(curve.times[-1]) for curve, _ in curves.values())
    for label, (curve, colour) in curves.items():
        axes.step(curve.times, curve.survival, where="post", color=colour, linewidth=2, label=label)
        known = np.isfinite(curve.low) & np.isfinite(curve.high)
        axes.fill_between(
            curve.times[known], curve.low[known], curve.high[known], step="post", color=colour, alpha=0.13, linewidth=0
        )
        lost = curve.censored > 0
        axes.plot(curve.times[lost], curve.survival[lost], "|", color=colour, markersize=6)
    axes.set(xlim=(0, end * 1.02), ylim=(0, 1.03), ylabel=f"share without the event ({endpoint})")
    ticks = _round_ticks(end)
    axes.set_xticks(ticks)
    axes.legend(loc="best", frameon=True, framealpha=0.75, fontsize=9, title=remark, title_fontsize=9)
    axes.set_xlabel("months since the start; above, cases at risk", labelpad=12 + 15 * len(curves))
    for row, (curve, colour) in enumerate(curves.values()):
        depth = -0.1 - 0.055 * row
        for tick in ticks:
            axes.text(
                tick, depth, str(curve.still_followed(tick)), color=colour, ha="center", va="top", fontsize=9,
                transform=axes.get_xaxis_transform(),
            )  # fmt: skip
    return to_svg(figure)


def _round_ticks(end: float) -> list[float]:
    step = next((s for s in (1, 2, 3, 6, 12, 24, 36, 60, 120) if end / s <= MARKS + 1), 240)
    return [float(t) for t in np.arange(0, end + 1e-9, step)]
