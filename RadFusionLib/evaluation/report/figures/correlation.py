"""A map of the correlations between features."""

from __future__ import annotations

from RadFusionLib.evaluation.correlation_map import CorrelationMap
from RadFusionLib.evaluation.report.figures.style import new_figure, to_svg

__all__ = ["correlation_figure"]

WRITTEN = 12
"""Features up to which the numbers themselves fit into the cells."""

LETTER = 0.075
"""Inches that a letter of a label takes."""


def correlation_figure(found: CorrelationMap, labels: tuple[str, ...]) -> str:
    """Draw the map as SVG; ``labels`` are what the reader sees of each feature, in the map's order."""
    count = len(found.names)
    side = max(2.4, 0.24 * count if count > WRITTEN else 0.45 * count)
    figure, axes = new_figure(side + LETTER * max(map(len, labels)) + 2.0, side + 0.6)
    axes.grid(visible=False)
    picture = axes.imshow(found.matrix, cmap="RdBu_r", vmin=-1, vmax=1)
    axes.set_xticks(range(count), [str(i + 1) for i in range(count)], fontsize=8)
    axes.set_yticks(range(count), [f"{label}  {i + 1}" for i, label in enumerate(labels)], fontsize=8)
    axes.spines[:].set_visible(False)
    if count <= WRITTEN:
        for i, row in enumerate(found.matrix):
            for j, value in enumerate(row):
                colour = "white" if abs(value) > 0.6 else "black"
                axes.text(j, i, f"{value:.2f}", ha="center", va="center", fontsize=7.5, color=colour)
    figure.colorbar(picture, ax=axes, shrink=0.8, label="Spearman's correlation")
    return to_svg(figure)
