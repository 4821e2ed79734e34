"""Predicted against observed."""

from __future__ import annotations

import numpy as np

from RadFusionLib.evaluation.calibration import CalibrationCurve
from RadFusionLib.evaluation.report.figures.style import BLUE, GREY, RED, new_figure, square_axes, to_svg

__all__ = ["calibration_figure"]


def calibration_figure(curve: CalibrationCurve, risk: np.ndarray) -> str:
    """Draw the calibration curve as SVG.

    Parameters
    ----------
    curve : CalibrationCurve
        With its band and its groups.
    risk : numpy.ndarray, shape (n,)
        Every case's, drawn as ticks along the axis.
    """
    figure, axes = new_figure()
    axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1, label="perfect")
    band = f"{100 * curve.level:.0f} % band, {curve.resamples:,} bootstraps"
    axes.fill_between(curve.risk, curve.low, curve.high, color=BLUE, alpha=0.18, linewidth=0, label=band)
    axes.plot(curve.risk, curve.observed, color=BLUE, linewidth=2, label="smoothed")
    share = np.array([e.value for e in curve.group_observed])
    low, high = np.array([e.low for e in curve.group_observed]), np.array([e.high for e in curve.group_observed])
    axes.errorbar(
        curve.group_risk, share, yerr=[share - low, high - share], fmt="o", color=RED, markersize=4, capsize=2,
        linewidth=1, label="groups of equal size",
    )  # fmt: skip
    axes.plot(risk, np.zeros_like(risk), "|", color="#333333", markersize=7, alpha=0.5)
    square_axes(axes)
    axes.set(xlabel="predicted risk", ylabel="observed share with the outcome")
    axes.legend(loc="lower right", bbox_to_anchor=(1, 0.04), frameon=True, framealpha=0.8, fontsize=8.5)
    return to_svg(figure)
