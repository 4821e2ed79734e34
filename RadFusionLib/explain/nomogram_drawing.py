"""The nomogram as a drawing: one axis a variable, points above, total and risk below, a case's points marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from RadFusionLib.explain.canvas import DARK, RAISES, add_title_and_notice, new_figure, save, wrapped
from RadFusionLib.explain.labels import shown
from RadFusionLib.explain.nomogram import Nomogram, NomogramVariable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_nomogram"]

WIDTH = 7.5
"""Inches of the points axis."""

ROW = 0.62
"""Inches from one axis to the next."""

LETTER = 0.075
"""Inches that a letter of a tick's label takes."""

CLOSEST = 0.04
"""Inches between ticks that can still be told apart."""

RISKS = (0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999)
FINE_RISKS = tuple(np.round(np.concatenate([np.arange(1, 10) / 1000, np.arange(1, 100) / 100]), 3)) + tuple(
    np.round(np.arange(991, 1000) / 1000, 3)
)


@dataclass(frozen=True)
class Row:
    """An axis of the drawing: where it lies, and how its own scale goes to inches."""

    name: str
    height: float
    low: float
    high: float

    def place(self, value: float | Sequence[float] | np.ndarray) -> np.ndarray:
        """Inches from the left end of the points axis."""
        return WIDTH * (np.asarray(value, dtype=float) - self.low) / (self.high - self.low)


def draw_nomogram(
    nomogram: Nomogram,
    path: str | Path,
    values: Mapping[str, float] | None = None,
    *,
    title: str = "",
    notice: str = "",
) -> Path:
    """Draw a nomogram as PNG or SVG.

    In the SVG every tick and mark has a name: ``tick.<row>.<value>`` and ``case.<row>``, where a row is ``points``,
    ``total``, ``risk`` or a variable's name.

    Parameters
    ----------
    nomogram : Nomogram
    path : str or Path
        Its ending chooses the format.
    values : mapping of str to float, optional
        A case by the variables' names: its points, total and risk are marked. A value outside a row's range is
        marked on a dashed extension of the row.
    title, notice : str
        Above and below.

    Raises
    ------
    InputError
        When the case lacks a value, or the path ends in neither ``.png`` nor ``.svg``.
    """
    count = len(nomogram.variables)
    height = ROW * (count + 3)
    figure = new_figure(WIDTH, height)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(-height + ROW / 2, ROW / 2)
    own = [] if values is None else [nomogram.points(v, nomogram.value(v, values)) for v in nomogram.variables]
    points = Row("points", 0.0, 10 * np.floor(min([0.0, *own]) / 10), 10 * np.ceil(max([100.0, *own]) / 10))
    _axis(axes, points, points.low, points.high, "Points")
    _ticks(axes, points, np.arange(points.low, points.high + 1, 10), "{:g}", above=True)
    _fine(axes, points, np.arange(points.low, points.high + 0.1, 2.5), above=True)
    for number, variable in enumerate(nomogram.variables):
        row = Row(variable.name, -ROW * (number + 1), points.low, points.high)
        _variable(axes, nomogram, variable, row)
        if values is not None:
            _mark_variable(axes, nomogram, variable, row, nomogram.value(variable, values))
    total = None if values is None else nomogram.total(values)
    ends = [0.0, nomogram.most] if total is None else [min(0.0, total), max(nomogram.most, total)]
    _totals(axes, nomogram, -ROW * (count + 1), ends, total)
    add_title_and_notice(figure, title, notice, above=0.25, below=0.08)
    return save(figure, path)


def _variable(axes: Axes, nomogram: Nomogram, variable: NomogramVariable, row: Row) -> None:
    ends = [nomogram.points(variable, v) for v in (variable.low, variable.high)]
    unit = f" ({variable.unit})" if variable.unit else ""
    _axis(axes, row, min(ends), max(ends), wrapped(variable.label + unit, 34))
    if variable.levels:
        for number, (value, word) in enumerate(variable.levels):
            x = float(row.place(nomogram.points(variable, value)))
            _tick(axes, row, value, x)
            # Neighbours take turns below and above, so that words may be wide.
            below = number % 2 == 0 or len(variable.levels) == 2
            _text(axes, x, row.height + (-0.09 if below else 0.09), word, "center", "top" if below else "bottom")
        return
    chosen = _round_values(variable.low, variable.high, abs(float(np.diff(row.place(np.array(ends)))[0])))
    places = [float(row.place(nomogram.points(variable, value))) for value in chosen]
    labels = [shown(value) for value in chosen]
    for value, x in zip(chosen, places, strict=True):
        _tick(axes, row, value, x)
    apart = abs(places[-1] - places[0])
    crowded = len(places) == 2 and apart < LETTER * max(len(text) for text in labels)
    if crowded and apart < LETTER:
        _text(axes, sum(places) / 2, row.height - 0.09, " to ".join(labels), "center", "top")
        return
    for x, other, text in zip(places, places[::-1], labels, strict=True):
        side = ("right" if x < other else "left") if crowded else "center"
        _text(axes, x, row.height - 0.09, text, side, "top")


def _round_values(low: float, high: float, inches: float) -> list[float]:
    """Round numbers from a range for as many ticks as its axis has room for; else the range's ends."""
    from matplotlib.ticker import MaxNLocator

    room = int(np.clip(inches / 0.55, 1, 10))
    found = [float(v) for v in MaxNLocator(room, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)]
    slack = 1e-9 * (high - low)
    inside = [v for v in found if low - slack <= v <= high + slack]
    return inside if len(inside) > 1 else [float(f"{low:.3g}"), float(f"{high:.3g}")]


def _mark_variable(axes: Axes, nomogram: Nomogram, variable: NomogramVariable, row: Row, value: float) -> None:
    points = nomogram.points(variable, value)
    x = float(row.place(points))
    nearest = float(np.clip(value, variable.low, variable.high))
    axes.plot(
        row.place([nomogram.points(variable, nearest), points]), [row.height] * 2, ":", color=RAISES, linewidth=1.2
    )
    axes.plot([x, x], [0, row.height], "--", color=RAISES, linewidth=0.7, alpha=0.45, zorder=0)
    _mark(axes, row, x)
    word = dict(variable.levels).get(value, shown(value))
    if not variable.levels:
        _text(axes, x + 0.06, row.height + 0.04, word, "left", "bottom", RAISES)
    axes.text(WIDTH + 0.15, row.height, f"{points:.1f}", color=RAISES, fontsize=9.5, va="center")


def _totals(axes: Axes, nomogram: Nomogram, height: float, ends: Sequence[float], total: float | None) -> None:
    """The total and, under it, the risk."""
    coarse = np.asarray(_round_values(ends[0], ends[1], WIDTH))
    step = float(coarse[1] - coarse[0])
    low, high = step * np.floor(ends[0] / step + 1e-9), step * np.ceil(ends[1] / step - 1e-9)
    row = Row("total", height, low, high)
    _axis(axes, row, low, high, "Total points")
    _ticks(axes, row, np.arange(low, high + step / 2, step), "{:g}")
    _fine(axes, row, np.arange(low, high + step / 10, step / 5))
    risk_row = Row("risk", height - ROW, low, high)
    reach = nomogram.risk(np.array([low, high]))
    fine = [r for r in FINE_RISKS if reach[0] <= r <= reach[1]]
    coarse_risks = [r for r in RISKS if reach[0] <= r <= reach[1]] or fine[:: max(1, len(fine) // 6)]
    drawn = nomogram.total_of_risk(np.array(sorted({*fine, *coarse_risks})))
    ends_drawn = (float(drawn.min()), float(drawn.max())) if drawn.size else (low, high)
    _axis(axes, risk_row, ends_drawn[0], ends_drawn[1], wrapped(f"Risk of {nomogram.outcome}", 34))
    named, last = [], -np.inf
    for risk in coarse_risks:
        x = float(risk_row.place(nomogram.total_of_risk(risk)))
        if x - last >= LETTER * (len(f"{risk:g}") + 1.5):
            _tick(axes, risk_row, risk, x)
            _text(axes, x, risk_row.height - 0.09, f"{risk:g}", "center", "top")
            named.append(x)
            last = x
    for risk in fine:
        x = float(risk_row.place(nomogram.total_of_risk(risk)))
        if all(abs(x - other) >= CLOSEST for other in named):
            _tick(axes, risk_row, risk, x, 0.05)
            named.append(x)
    if total is not None:
        x = float(row.place(total))
        axes.plot([x, x], [row.height, risk_row.height], "--", color=RAISES, linewidth=1)
        for place, text in ((row, f"{total:.1f}"), (risk_row, _percent(float(nomogram.risk(total))))):
            _mark(axes, place, x)
            axes.text(WIDTH + 0.15, place.height, text, color=RAISES, fontsize=10.5, weight="bold", va="center")


def _percent(risk: float) -> str:
    if risk < 0.0005:
        return "< 0.1 %"
    return "> 99.9 %" if risk > 0.9995 else f"{100 * risk:.1f} %"


def _axis(axes: Axes, row: Row, low: float, high: float, label: str) -> None:
    axes.plot(row.place(np.array([low, high])), [row.height] * 2, color=DARK, linewidth=1.1, solid_capstyle="butt")
    axes.text(-0.34, row.height, label, fontsize=10, ha="right", va="center", color=DARK)


def _ticks(axes: Axes, row: Row, values: np.ndarray, form: str, above: bool = False) -> None:
    side = 1 if above else -1
    for value in values:
        x = float(row.place(value))
        _tick(axes, row, value, x, 0.08 * -side)
        _text(axes, x, row.height + side * 0.09, form.format(value), "center", "bottom" if above else "top")


def _fine(axes: Axes, row: Row, values: np.ndarray, above: bool = False) -> None:
    for value in values:
        _tick(axes, row, value, float(row.place(value)), -0.045 if above else 0.045)


def _tick(axes: Axes, row: Row, value: float, x: float, length: float = 0.08) -> None:
    axes.plot(
        [x, x],
        [row.height, row.height - length],
        color=DARK,
        linewidth=0.9,
        clip_on=False,
        gid=f"tick.{row.name}.{value:.10g}",
    )


def _mark(axes: Axes, row: Row, x: float) -> None:
    axes.plot([x], [row.height], "o", color=RAISES, markersize=6.5, zorder=5, clip_on=False, gid=f"case.{row.name}")


def _text(axes: Axes, x: float, y: float, text: str, side: str, edge: str, color: str = DARK) -> None:
    axes.text(x, y, text, fontsize=8.5, ha=side, va=edge, color=color)  # type: ignore[arg-type]
