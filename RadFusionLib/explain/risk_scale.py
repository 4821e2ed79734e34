"""A risk on its scale from 0 to 100 %: its interval, the threshold and the training cases' share."""

from __future__ import annotations

__all__ = ["risk_scale"]

WIDTH, LEFT, SPAN = 300, 8, 274
HIGH, LOW = "#b2182b", "#2166ac"


def risk_scale(risk: float, interval: tuple[float, float], threshold: float, prevalence: float) -> str:
    """Draw the scale as SVG.

    Parameters
    ----------
    risk : float
        In [0, 1].
    interval : tuple of float
        Its ends, in [0, 1].
    threshold, prevalence : float
        In [0, 1].
    """

    def at(value: float) -> float:
        return LEFT + SPAN * min(1.0, max(0.0, value))

    colour = HIGH if risk >= threshold else LOW
    said = f"Risk {100 * risk:.1f} %, interval {100 * interval[0]:.1f} to {100 * interval[1]:.1f} %"
    ticks = "".join(
        f'<line x1="{at(t):.1f}" x2="{at(t):.1f}" y1="34" y2="38" stroke="#555"/>'
        f'<text x="{at(t):.1f}" y="48" text-anchor="middle">{100 * t:.0f}{" %" if t == 1 else ""}</text>'
        for t in (0.0, 0.25, 0.5, 0.75, 1.0)
    )
    first, second = sorted(((threshold, "threshold"), (prevalence, "training cases")))
    ends = {first[1]: "end", second[1]: "start"}
    marks = "".join(
        f'<line x1="{at(v):.1f}" x2="{at(v):.1f}" y1="12" y2="34" stroke="#333" stroke-dasharray="{dash}"/>'
        f'<text x="{at(v) + (2 if ends[word] == "start" else -2):.1f}" y="9" text-anchor="{_side(at(v), ends[word])}">'
        f"{word}</text>"
        for v, word, dash in ((threshold, "threshold", "none"), (prevalence, "training cases", "2 2"))
    )
    return (
        f'<svg role="img" aria-label="{said}" viewBox="0 0 {WIDTH} 52" width="100%" font-size="9" '
        f'font-family="inherit"><line x1="{LEFT}" x2="{LEFT + SPAN}" y1="34" y2="34" stroke="#555"/>{ticks}{marks}'
        f'<rect x="{at(interval[0]):.1f}" y="19" width="{max(at(interval[1]) - at(interval[0]), 1):.1f}" height="8" '
        f'fill="{colour}" opacity="0.3"/><circle cx="{at(risk):.1f}" cy="23" r="5" fill="{colour}"/></svg>'
    )


def _side(x: float, wanted: str) -> str:
    """Which way a word runs from its mark, so that it stays on the scale."""
    if x < LEFT + 0.25 * SPAN:
        return "start"
    return "end" if x > LEFT + 0.75 * SPAN else wanted
