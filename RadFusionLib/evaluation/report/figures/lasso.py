"""How a LASSO chose: the error over the folds, and the coefficients, by the penalty."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from RadFusionLib.evaluation.report.figures.style import BLUE, GREY, RED, colours, to_svg

if TYPE_CHECKING:
    from RadFusionLib.fusion.lasso_path import LassoPath

__all__ = ["lasso_figure"]

ERRORS = {"gaussian": "squared error a case", "binomial": "deviance a case"}


def lasso_figure(path: LassoPath) -> str:
    """Draw both as SVG, the penalty falling to the right; the dotted line is the penalty that was chosen."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.4, 3.9), layout="constrained")
    left, right = figure.subplots(1, 2)
    place = np.log10(path.alphas)
    left.fill_between(place, path.error - path.spread, path.error + path.spread, color=BLUE, alpha=0.18, linewidth=0)
    left.plot(place, path.error, color=BLUE, linewidth=1.6)
    left.set(ylabel=f"{ERRORS.get(path.family, 'error')}, cross-validated")
    row = path.coefficients[path.chosen]
    kept = np.flatnonzero(row)
    for column in np.flatnonzero(row == 0):
        right.plot(place, path.coefficients[:, column], color=GREY, linewidth=0.7, alpha=0.6)
    for column, colour in zip(kept, colours(kept.size + 1), strict=False):
        right.plot(place, path.coefficients[:, column], color=colour, linewidth=1.5)
    right.axhline(0.0, color=GREY, linewidth=0.8)
    right.set(ylabel="coefficient (standardised features)")
    for axes in (left, right):
        axes.axvline(place[path.chosen], color=RED, linestyle=":", linewidth=1.4)
        axes.set(xlabel="log10 of the penalty", xlim=(place.max(), place.min()))
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color="#e3e3e3", linewidth=0.7)
    return to_svg(figure)
