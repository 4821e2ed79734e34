"""The heatmap over the image as a picture, drawn without VTK."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from RadFusionLib.case import Volume
from RadFusionLib.explain.canvas import wrapped
from RadFusionLib.explain.colours import colours_of
from RadFusionLib.explain.heatmap import KINDS, Heatmap

__all__ = ["draw_overlay"]

PLANES = ("axial", "coronal", "sagittal")
CONTOURS = {"tumor": "#ffd400", "shell": "#35c4a8"}
MARGIN_MM = 12.0
TITLE = 110
"""Letters in a line of the title."""
LINE = 0.045
"""Height of a line of the title, in parts of the picture."""


def draw_overlay(
    image: Volume, heatmap: Heatmap, regions: dict[str, Volume], title: str, notice: str, path: str | Path
) -> Path:
    """Draw three planes through the highest value, as PNG, with the legend beneath.

    Parameters
    ----------
    image : Volume
        The reference phase, shape (K, J, I).
    heatmap : Heatmap
        On the same grid.
    regions : dict of str to Volume
        Outlines to draw, ``bool`` on the same grid.
    title : str
        With the risk.
    notice : str
        The bundle's sentence on its use.
    path : str or Path
        Where the PNG goes.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    inside = heatmap.inside
    place = _highest(heatmap)
    window = _window(image, inside)
    figure = Figure(figsize=(12, 5.0), facecolor="white")
    FigureCanvasAgg(figure)
    outlines = ", ".join(f"{name} ({'yellow' if name == 'tumor' else 'green'})" for name in regions)
    lines = [*wrapped(title, TITLE).split("\n"), f"Outlines: {outlines}"]
    top = 0.93 - LINE * len(lines)
    grid = figure.add_gridspec(2, 3, left=0.01, right=0.99, top=top, bottom=0.15, height_ratios=[1, 0.04], hspace=0.06)
    for axis, plane in enumerate(PLANES):
        axes = figure.add_subplot(grid[0, axis])
        shown = _plane(axes, axis, place, image, heatmap, regions, window)
        axes.set_title(_plane_title(plane, place[axis], axis, regions), fontsize=11)
    bar = figure.colorbar(shown, cax=figure.add_subplot(grid[1, :]), orientation="horizontal")
    bar.set_label(f"{heatmap.unit}: {KINDS[heatmap.kind].legend}", fontsize=11)
    for number, line in enumerate(lines):
        last = number == len(lines) - 1
        figure.text(0.5, 0.985 - LINE * number, line, ha="center", va="top", fontsize=9 if last else 12)
    figure.text(0.5, 0.012, notice, ha="center", fontsize=9, color="#8a1c1c", wrap=True)
    path = Path(path)
    figure.savefig(path, dpi=110)
    return path


def _plane_title(plane: str, number: int, axis: int, regions: dict[str, Volume]) -> str:
    """The plane's name, and which outlines one looks for in vain: the highest value may lie beside the tumour."""
    missed = [name for name, region in regions.items() if not np.take(region.array, number, axis=axis).any()]
    return f"{plane}, slice {number}" + (f" (beside the {' and the '.join(missed)})" if missed else "")


def _highest(heatmap: Heatmap) -> tuple[int, ...]:
    """The voxel (K, J, I) of the highest value; of several, the one nearest to their middle."""
    values = np.where(heatmap.inside, heatmap.volume.array, -np.inf)
    where = np.argwhere(values == values.max())
    return tuple(int(n) for n in where[np.argmin(((where - where.mean(axis=0)) ** 2).sum(axis=1))])


def _window(image: Volume, inside: np.ndarray) -> tuple[float, float]:
    where = np.nonzero(inside)
    around = tuple(slice(max(0, int(w.min()) - 10), int(w.max()) + 11) for w in where)
    low, high = np.percentile(image.array[around], (1, 99))
    return float(low), float(high)


def _plane(
    axes: Any,
    axis: int,
    place: tuple[int, ...],
    image: Volume,
    heatmap: Heatmap,
    regions: dict[str, Volume],
    window: tuple[float, float],
) -> Any:
    spacing = [s for d, s in enumerate(image.geometry.spacing[::-1]) if d != axis]
    background, values, inside, drawn = (
        np.take(array, place[axis], axis=axis)
        for array in (image.array, heatmap.volume.array, heatmap.inside, heatmap.drawn)
    )
    from matplotlib.colors import ListedColormap

    masked = np.ma.masked_where(~drawn, values)
    low, high = heatmap.limits
    # Rows are posterior-ward on axial planes and head-ward on the others, which are shown with the head up.
    origin = "upper" if axis == 0 else "lower"
    size = [n * s for n, s in zip(background.shape, spacing, strict=True)]
    box = (0, size[1], size[0], 0) if axis == 0 else (0, size[1], 0, size[0])
    axes.imshow(background, cmap="gray", vmin=window[0], vmax=window[1], extent=box, origin=origin)
    colours = ListedColormap(colours_of(heatmap.kind, heatmap.look.colours).table / 255.0)
    shown = axes.imshow(
        masked,
        cmap=colours,
        vmin=low,
        vmax=high,
        alpha=heatmap.look.opacity,
        extent=box,
        origin=origin,
        interpolation="nearest",
    )
    rows = (np.arange(background.shape[0]) + 0.5) * spacing[0]
    columns = (np.arange(background.shape[1]) + 0.5) * spacing[1]
    for name, region in regions.items():
        cut = np.take(region.array, place[axis], axis=axis)
        if cut.any() and not cut.all():
            axes.contour(columns, rows, cut, levels=[0.5], colors=[CONTOURS.get(name, "white")], linewidths=1.2)
    where = np.argwhere(inside)
    if len(where):
        low, high = where.min(axis=0) * spacing - MARGIN_MM, (where.max(axis=0) + 1) * spacing + MARGIN_MM
        axes.set_xlim(max(0, low[1]), min(size[1], high[1]))
        limits = (max(0, low[0]), min(size[0], high[0]))
        axes.set_ylim(*(limits[::-1] if axis == 0 else limits))
    axes.set_xticks([])
    axes.set_yticks([])
    return shown
