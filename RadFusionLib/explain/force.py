"""Force plots: the features that push a case's output up against those that push it down."""

from __future__ import annotations

import html
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from RadFusionLib.explain.canvas import DARK, LOWERS, RAISES, add_title_and_notice, new_figure, save, wrapped
from RadFusionLib.explain.labels import readable
from RadFusionLib.explain.plots import Shares

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_force", "write_cohort_force_page"]

NAMED = 5
"""Features named on each side."""

LEAST = 0.03
"""Share of all forces below which a feature is not named."""

ROW = 0.4
"""Inches of a label of two lines."""

HALF = 0.2
"""Half the height of the band, inches."""


def draw_force(
    shares: Shares, path: str | Path, *, case: int = 0, named: int = NAMED, title: str = "", notice: str = ""
) -> Path:
    """Draw one case's forces as PNG or SVG.

    Red features push up from the left, blue ones down from the right; they meet at the case's output, the strongest
    nearest to it.

    Parameters
    ----------
    shares : Shares
    path : str or Path
        PNG or SVG, by its ending.
    case : int
        Row of ``shares``.
    named : int
        Features named on each side.
    title, notice : str
        Above and below.
    """
    values = shares.values[case]
    output = shares.base + float(values.sum())
    all_forces = float(np.abs(values).sum()) or 1.0
    sides = {}
    for sign in (1, -1):
        order = sorted(np.flatnonzero(sign * values > 0), key=lambda i: (-abs(values[i]), shares.names[i]))
        sides[sign] = (order, [i for i in order[:named] if abs(values[i]) >= LEAST * all_forces])
    rows = max(1, *(len(written) for _, written in sides.values()))
    figure = new_figure(9.0, ROW * (rows + 1) + 2 * HALF)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    ends = [output - values[values > 0].sum(), output - values[values < 0].sum(), shares.base]
    margin = 0.03 * (max(ends) - min(ends) or 1.0)
    axes.set_xlim(min(ends) - margin, max(ends) + margin)
    axes.set_ylim(-HALF - ROW * (rows + 0.3), HALF + 0.05)
    for sign, (order, written) in sides.items():
        at = output
        for i in order:
            _arrow(axes, at, abs(float(values[i])), sign, 0.15 * margin)
            if i in written:
                depth = -HALF - ROW * (len(written) - written.index(i))
                _label(axes, at - sign * abs(values[i]) / 2, depth, wrapped(shares.label(int(i), case), 60), sign)
            at -= sign * abs(float(values[i]))
    _scale(axes, shares, output)
    add_title_and_notice(figure, title, notice, above=0.75, below=0.1)
    return save(figure, path)


def _arrow(axes: Axes, tip: float, length: float, sign: int, point: float) -> None:
    """A segment of the band that points at the output."""
    back = tip - sign * length
    point = sign * min(point, length)
    x = [back, tip - point, tip, tip - point, back, back + (point if length > abs(point) else 0)]
    y = [HALF, HALF, 0, -HALF, -HALF, 0]
    axes.fill(x, y, color=RAISES if sign > 0 else LOWERS, linewidth=0.7, edgecolor="white")


def _label(axes: Axes, x: float, y: float, text: str, sign: int) -> None:
    colour = RAISES if sign > 0 else LOWERS
    axes.plot([x, x], [-HALF, y - ROW * 0.3], color=colour, linewidth=0.7)
    # The strongest is named lowest, so that no line crosses a name.
    axes.annotate(
        text, (x, y), (-4 * sign, 0), textcoords="offset points", ha="right" if sign > 0 else "left", va="center",
        fontsize=8.5, color=colour,
    )  # fmt: skip


def _scale(axes: Axes, shares: Shares, output: float) -> None:
    axes.plot([output] * 2, [HALF, HALF + 0.12], color=DARK, linewidth=1.2, clip_on=False)
    axes.text(
        output, HALF + 0.14, f"this case {shares.said(output)}", ha="center", va="bottom", fontsize=10, weight="bold"
    )
    axes.plot([shares.base] * 2, [HALF, HALF + 0.34], color="#777777", linewidth=1, clip_on=False, zorder=0)
    text = f"mean case {shares.said(shares.base)}, {shares.scale}"
    axes.text(shares.base, HALF + 0.36, text, ha="center", va="bottom", fontsize=9, color="#555555")


def write_cohort_force_page(shares: Shares, path: str | Path, *, title: str = "", notice: str = "") -> Path:
    """Write shap's interactive force plot of a cohort: every case's forces side by side, in any order of cases.

    One HTML page that holds all it needs and asks no network.

    Parameters
    ----------
    shares : Shares
        Two cases or more.
    path : str or Path
        Where the page goes.
    title, notice : str
        Above the plot.

    Raises
    ------
    MissingPackageError
        When shap is not set up.
    """
    # Here, so that set-up can run the file by itself before the package has imported it.
    from RadFusionLib.explain.shap_library import import_shap

    shap = import_shap()
    plot = shap.plots.force(
        shares.base,
        shares.values,
        np.round(shares.data, 6),
        feature_names=[readable(name) for name in shares.names],
        out_names=shares.scale,
        plot_cmap=[RAISES, LOWERS],
    )
    head = f"<title>{html.escape(title)}</title>" if title else ""
    body = f"<h1>{html.escape(title)}</h1>" if title else ""
    body += f"<p>{html.escape(notice)}</p>" if notice else ""
    page = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">{head}'
        "<style>body{font:15px/1.45 system-ui,sans-serif;margin:2rem}</style>"
        f"{shap.getjs()}</head><body>{body}{plot.html()}</body></html>"
    )
    path = Path(path)
    path.write_text(page, encoding="utf-8")
    return path
