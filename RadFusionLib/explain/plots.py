"""Shapley values as pictures: of one case (waterfall, force) and of a cohort (beeswarm, bars).

All are drawn without pyplot and without shap, so that they look the same wherever they are made. Red raises the risk
and blue lowers it throughout; in the beeswarm, colour is the feature's own value.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from RadFusionLib.explain.canvas import DARK, LOWERS, RAISES, add_title_and_notice, new_figure, save, wrapped
from RadFusionLib.explain.colours import PROBABILITY
from RadFusionLib.explain.labels import is_group, readable, valued

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.transforms import Transform

__all__ = ["Shares", "draw_bars", "draw_beeswarm", "draw_waterfall"]

ROW = 0.44
"""Inches a feature takes."""

WHITE = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
"""Behind a text that lines may pass."""

NEUTRAL = "#5b6c7d"
"""Of bars that have no sign."""

LABEL = 46
"""Letters of a label in one line."""


@dataclass(frozen=True, eq=False)
class Shares:
    """What each feature adds to the output of one or several cases, with what a reader needs beside it.

    Parameters
    ----------
    names : tuple of str
        Feature names, length p.
    values : numpy.ndarray, shape (n, p)
        Shapley values.
    base : float
        Mean output of the background.
    data : numpy.ndarray, shape (n, p)
        The features, in the reader's units.
    units : mapping of str to str
        Unit by feature name, where there is one.
    scale : str
        What the values add up to.
    labels : mapping of str to str
        By name, where :func:`~RadFusionLib.explain.labels.readable` would not do, as for a network.
    """

    names: tuple[str, ...]
    values: np.ndarray
    base: float
    data: np.ndarray
    units: dict[str, str] = field(default_factory=dict)
    scale: str = "log-odds"
    labels: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_terms(cls, terms: Sequence[Sequence[Mapping[str, Any]]], base: float) -> Shares:
        """Take up the ``terms`` of the explanations of several cases, and the ``base`` that they share."""
        known = {term["feature"]: term for case in terms for term in case}
        names = tuple(known)
        by_name = [{term["feature"]: term for term in case} for case in terms]
        values = np.array([[case[n]["contribution"] if n in case else 0.0 for n in names] for case in by_name])
        data = np.array([[_value(case.get(n, {})) for n in names] for case in by_name])
        shape = (len(terms), len(names))
        return cls(
            names,
            values.reshape(shape),
            base,
            data.reshape(shape),
            units={n: str(term["unit"]) for n, term in known.items() if term["unit"]},
            labels={n: str(term["label"]) for n, term in known.items()},
        )

    def __post_init__(self) -> None:
        expected = (len(self.values), len(self.names))
        if self.values.shape != expected or self.data.shape != expected:
            raise ValueError(
                f"Values of shape {self.values.shape} and data of shape {self.data.shape} "
                f"for {len(self.names)} features."
            )

    @property
    def order(self) -> np.ndarray:
        """Features by mean absolute value, largest first; equal ones by name."""
        strength = np.abs(self.values).mean(axis=0)
        return np.array(sorted(range(len(self.names)), key=lambda i: (-strength[i], self.names[i])), dtype=int)

    def said(self, output: float) -> str:
        """An output as a number, log-odds with the risk that they mean."""
        risk = f" ({100 / (1 + math.exp(-output)):.0f} %)" if self.scale == "log-odds" else ""
        return f"{output:+.3f}{risk}"

    def label(self, feature: int, case: int | None = None) -> str:
        """A feature's readable name, with the case's value where a case is given."""
        name = self.names[feature]
        label = self.labels.get(name) or readable(name)
        if case is None or is_group(name):
            return label
        return valued(label, float(self.data[case, feature]), self.units.get(name, ""))


def _value(term: Mapping[str, Any]) -> float:
    value = term.get("value")
    return float("nan") if value is None else float(value)


def draw_waterfall(
    shares: Shares,
    path: str | Path,
    *,
    case: int = 0,
    most: int = 12,
    width: float = 7.0,
    title: str = "",
    notice: str = "",
) -> Path:
    """Draw how one case's output comes about, from the mean output of the background upwards.

    Parameters
    ----------
    shares : Shares
    path : str or Path
        PNG or SVG, by its ending.
    case : int
        Row of ``shares``.
    most : int
        Features drawn one by one; the others, and those whose share is 0.000, are added into one bar.
    width : float
        Of the bars' room, inches.
    title, notice : str
        Above and below.
    """
    values = shares.values[case]
    order = sorted(range(len(values)), key=lambda i: (-abs(values[i]), shares.names[i]))
    # A bar whose number would be 0.000 says nothing by itself.
    most = min(most, max(1, int((np.abs(values) >= 0.0005).sum())))
    rows = [(shares.label(i, case), float(values[i])) for i in order[:most]]
    rest = order[most:]
    if rest:
        together = f"the other {len(rest)} features together" if len(rest) > 1 else "the other feature"
        rows.append((together, float(values[rest].sum())))
    figure = new_figure(width, ROW * (len(rows) + 2))
    axes = figure.add_axes((0, 0, 1, 1))
    # Read upwards: the base at the bottom, the largest addend last.
    at = shares.base
    steps = []
    for place, (label, value) in enumerate(rows[::-1]):
        steps.append((place, label, at, value))
        at += value
    ends = [shares.base, *(start + value for _, _, start, value in steps)]
    span = max(ends) - min(ends) or 1.0
    # Room for the numbers beside the bars, whatever the width.
    margin = span * min(0.98 / width, 0.4)
    axes.set_xlim(min(ends) - margin, max(ends) + margin)
    axes.set_ylim(-1.1, len(rows) + 0.1)
    for place, label, start, value in steps:
        _bar(axes, place, start, value)
        axes.plot([start + value] * 2, [place - 0.34, place + 1.34], color="#999999", linewidth=0.7, zorder=0)
        axes.text(-0.02, place, wrapped(label, LABEL), transform=_rows(axes), ha="right", va="center", fontsize=9.5)
    axes.axvline(shares.base, color="#999999", linestyle=":", linewidth=1, zorder=0)
    axes.text(
        shares.base, -0.62, f"mean case {shares.said(shares.base)}", ha="center", va="top", fontsize=9, color=DARK
    )
    said = f"this case {shares.said(at)}"
    axes.text(at, len(rows) - 0.35, said, ha="center", va="bottom", fontsize=10, weight="bold", bbox=WHITE)
    axes.set_xlabel(shares.scale)
    _bare(axes)
    add_title_and_notice(figure, title, notice, above=0.12, below=0.62)
    return save(figure, path)


def draw_bars(shares: Shares, path: str | Path, *, most: int = 15, title: str = "", notice: str = "") -> Path:
    """Draw the mean absolute value of the features over a cohort; parameters as :func:`draw_waterfall`."""
    order = shares.order
    strength = np.abs(shares.values).mean(axis=0)
    rows = [(shares.label(i), float(strength[i])) for i in order[:most]]
    if order[most:].size:
        rows.append((f"the other {len(order) - most} features together", float(strength[order[most:]].sum())))
    figure = new_figure(6.0, ROW * (len(rows) + 1))
    axes = figure.add_axes((0, 0, 1, 1))
    for place, (label, value) in enumerate(rows[::-1]):
        axes.barh(place, value, height=0.62, color=NEUTRAL)
        axes.text(value, place, f" {value:.3f}", va="center", fontsize=9)
        axes.text(-0.02, place, wrapped(label, LABEL), transform=_rows(axes), ha="right", va="center", fontsize=9.5)
    axes.set_xlim(0, 1.16 * max([value for _, value in rows] + [1e-12]))
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.set_xlabel(f"mean absolute addend to the {shares.scale}, {len(shares.values)} cases")
    _bare(axes)
    add_title_and_notice(figure, title, notice, above=0.12, below=0.62)
    return save(figure, path)


def draw_beeswarm(shares: Shares, path: str | Path, *, most: int = 15, title: str = "", notice: str = "") -> Path:
    """Draw every case's addend of each feature, coloured by the feature's value; parameters as :func:`draw_waterfall`.

    Colours run from the feature's 5th to its 95th percentile; a value that is not known is grey, as a
    group's is, which has none.
    """
    from matplotlib.colors import ListedColormap

    colours = ListedColormap(PROBABILITY.table / 255.0)
    chosen = shares.order[:most]
    figure = new_figure(7.0, ROW * (len(chosen) + 1))
    axes = figure.add_axes((0, 0, 0.93, 1))
    spread = float(np.ptp(shares.values[:, chosen])) or 1.0
    for place, feature in enumerate(chosen[::-1]):
        x, shade = shares.values[:, feature], _rank_colour(shares.data[:, feature])
        known = np.isfinite(shade)
        y = place + _swarm(x / spread)
        axes.scatter(x[~known], y[~known], s=13, color="#aaaaaa", linewidth=0)
        axes.scatter(x[known], y[known], s=13, c=shade[known], cmap=colours, vmin=0, vmax=1, linewidth=0)
        label = wrapped(shares.label(int(feature)), LABEL)
        axes.text(-0.02, place, label, transform=_rows(axes), ha="right", va="center", fontsize=9.5)
        axes.axhline(place, color="#dddddd", linewidth=0.6, zorder=0)
    axes.axvline(0, color="#777777", linewidth=0.9, zorder=0)
    axes.set_ylim(-0.6, len(chosen) - 0.4)
    axes.margins(x=0.06)
    axes.set_xlabel(f"addend to the {shares.scale}, {len(shares.values)} cases")
    _bare(axes)
    if np.isfinite(shares.data[:, chosen]).any():
        _value_bar(figure)
    add_title_and_notice(figure, title, notice, above=0.12, below=0.62)
    return save(figure, path)


def _value_bar(figure: Figure) -> None:
    """What the colours of a beeswarm mean."""
    bar = figure.add_axes((0.97, 0.1, 0.018, 0.8))
    bar.imshow(PROBABILITY.table[::-1, None], aspect="auto", extent=(0, 1, 0, 1))
    bar.set_xticks([])
    bar.yaxis.tick_right()
    bar.set_yticks([0, 1], ["low", "high"], fontsize=9)
    bar.set_ylabel("feature's value", fontsize=9)
    bar.yaxis.set_label_position("right")


def _rank_colour(data: np.ndarray) -> np.ndarray:
    """A feature's values from 0 at the 5th to 1 at the 95th percentile; NaN stays."""
    known = data[np.isfinite(data)]
    if not known.size:
        return np.full(data.shape, np.nan)
    low, high = np.percentile(known, (5, 95))
    if not high > low:
        low, high = known.min(), known.max()
    if not high > low:
        return np.where(np.isfinite(data), 0.5, np.nan)
    return np.clip((data - low) / (high - low), 0, 1)


def _swarm(x: np.ndarray) -> np.ndarray:
    """Heights within a row, -0.36 to 0.36, that keep points of nearly equal x apart."""
    bins = np.round(x * 110).astype(int)
    height = np.zeros(len(x))
    for number in np.unique(bins):
        inside = np.flatnonzero(bins == number)
        steps = np.arange(len(inside))
        # 0, 1, -1, 2, -2, ...: around the row's middle.
        height[inside] = np.where(steps % 2, (steps + 1) // 2, -(steps // 2))
    highest = np.abs(height).max(initial=0.0)
    return height * min(0.085, 0.36 / highest if highest else 0.085)


def _bar(axes: Axes, place: int, start: float, value: float) -> None:
    colour = RAISES if value > 0 else LOWERS
    axes.barh(place, value, left=start, height=0.62, color=colour)
    outward = 1 if value > 0 else -1
    axes.annotate(
        f"{value:+.3f}" if abs(value) >= 0.0005 else "0.000",
        (start + value, place),
        (4 * outward, 0),
        textcoords="offset points",
        ha="left" if value > 0 else "right",
        va="center",
        fontsize=9,
        color=colour,
        bbox=WHITE,
    )


def _rows(axes: Axes) -> Transform:
    """Across in parts of the axes, along in rows."""
    return axes.get_yaxis_transform()


def _bare(axes: Axes) -> None:
    axes.set_yticks([])
    axes.tick_params(labelsize=9)
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
