"""The colours of heatmaps, and the legend that goes with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from RadFusionLib.explain.canvas import add_title_and_notice, new_figure, save, wrapped
from RadFusionLib.explain.heatmap import KINDS
from RadFusionLib.explain.known_truth import truth_sentence

__all__ = [
    "COLOURS",
    "DEFAULT",
    "JET",
    "PROBABILITY",
    "SIGNED",
    "ColourMap",
    "colours_of",
    "draw_legend",
    "grey_levels",
]

LEVELS = 256

LINE = 110
"""Letters in a line of a legend."""


@dataclass(frozen=True, eq=False)
class ColourMap:
    """A colour for each of 256 grey levels.

    Parameters
    ----------
    name : str
        What a reader calls it.
    table : numpy.ndarray of uint8, shape (256, 3)
        Red, green, blue.
    """

    name: str
    table: np.ndarray

    def __call__(self, grey: np.ndarray) -> np.ndarray:
        """Colours of grey levels 0 to 255, ``uint8``, shape ``grey.shape + (3,)``, red first."""
        return self.table[np.asarray(grey, dtype=np.uint8)]


def _jet() -> ColourMap:
    """JET as OpenCV paints it (``COLORMAP_JET``): 0 is dark blue, 255 dark red.

    Each channel rises by 4 a grey level, stays at 255 and falls by 4: green 255 / 4 levels after blue, red as much
    after green. Halves are rounded to the even number.
    """
    level = 4.0 * np.arange(LEVELS)
    red = np.minimum(level - 382.5, 1147.5 - level)
    green = np.minimum(level - 127.5, 892.5 - level)
    blue = np.minimum(level + 127.5, 637.5 - level)
    table = np.rint(np.clip(np.stack([red, green, blue], axis=1), 0, 255)).astype(np.uint8)
    # In OpenCV's own table this 1.5 is a rounding error short of it.
    table[159, 2] = 1
    return ColourMap("JET", table)


def _between(name: str, stops: Sequence[tuple[int, int, int]]) -> ColourMap:
    """A map through colours at equal distances."""
    at = np.linspace(0, LEVELS - 1, len(stops))
    channels = np.asarray(stops, dtype=float).T
    table = np.stack([np.rint(np.interp(np.arange(LEVELS), at, c)) for c in channels], axis=1)
    return ColourMap(name, table.astype(np.uint8))


JET = _jet()
"""OpenCV's JET, as paper 004 shows its patches; its yellow and cyan draw edges that are not in the values."""

PROBABILITY = _between(
    "cividis",
    [
        (0, 34, 78),
        (0, 45, 104),
        (22, 55, 112),
        (46, 65, 109),
        (63, 76, 108),
        (78, 86, 108),
        (92, 97, 110),
        (105, 107, 113),
        (118, 118, 118),
        (131, 129, 121),
        (146, 140, 120),
        (160, 152, 117),
        (175, 164, 113),
        (191, 176, 107),
        (207, 189, 98),
        (223, 202, 87),
        (240, 216, 70),
        (254, 232, 56),
    ],
)
"""Dark blue to yellow, after cividis (Nunez, Anderton and Renslow 2018): the same order to every eye."""

SIGNED = _between("blue-red", [(45, 80, 190), (242, 242, 242), (190, 25, 45)])
"""Blue lowers, red raises; both darken away from a white 0, so that strength survives where hue does not."""

COLOURS = {colours.name: colours for colours in (PROBABILITY, SIGNED, JET)}
"""Every colour map by its name."""

DEFAULT = {name: SIGNED if kind.signed else PROBABILITY for name, kind in KINDS.items()}
"""The colours of each kind of heatmap, told apart by colour-blind readers too."""


def colours_of(kind: str, name: str = "") -> ColourMap:
    """The colours of that name, or the kind's default where it is empty."""
    return COLOURS[name] if name else DEFAULT[kind]


def grey_levels(values: np.ndarray, low: float = 0.0, high: float = 1.0) -> np.ndarray:
    """Values as grey levels: ``low`` and less is 0, ``high`` and more 255; ``uint8``, the shape of ``values``."""
    share = (np.asarray(values, dtype=float) - low) / (high - low)
    return np.rint(255.0 * np.clip(np.nan_to_num(share), 0.0, 1.0)).astype(np.uint8)


def draw_legend(
    kind: str,
    path: str | Path,
    *,
    extent: float = 1.0,
    colours: ColourMap | None = None,
    notice: str = "",
) -> Path:
    """Draw a heatmap's legend: its colours, its scale and what it is and is not.

    Parameters
    ----------
    kind : str
        A key of :data:`~RadFusionLib.explain.heatmap.KINDS`.
    path : str or Path
        PNG or SVG, by its ending.
    extent : float
        For a signed map, the largest absolute value; other maps run from 0 to 1.
    colours : ColourMap, optional
        The kind's default where not given.
    notice : str
        The bundle's sentence on its use.
    """
    colours = colours or DEFAULT[kind]
    said = KINDS[kind]
    low, high = (-extent, extent) if said.signed else (0.0, 1.0)
    figure = new_figure(7.2, 0.3)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.imshow(colours.table[None], aspect="auto", extent=(low, high, 0, 1))
    axes.set_yticks([])
    axes.set_xticks(np.linspace(low, high, 5))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:+.3g}" if value and low < 0 else f"{value:.3g}")
    axes.tick_params(labelsize=9)
    words = (said.meaning, f"It is {said.is_not}.", truth_sentence(kind))
    lines = [line for text in words for line in wrapped(text, LINE).split("\n")]
    for number, line in enumerate([*lines, said.legend]):
        weight = "bold" if number == len(lines) else "normal"
        axes.text(0, -1.9 - 0.6 * number, line, transform=axes.transAxes, fontsize=9, va="top", weight=weight)
    below = 0.3 * (2.5 + 0.6 * len(lines)) + 0.15
    add_title_and_notice(figure, f"{said.title} ({colours.name})", notice, above=0.08, below=below)
    return save(figure, path)
