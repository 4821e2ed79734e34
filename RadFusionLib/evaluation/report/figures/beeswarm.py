"""What each input adds to the risks of a cohort, as a report shows it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from RadFusionLib.explain.plots import Shares

__all__ = ["beeswarm_figure"]


def beeswarm_figure(shares: Shares, most: int) -> str:
    """Draw the beeswarm of the strongest inputs as SVG."""
    from RadFusionLib.explain.plots import draw_beeswarm

    with tempfile.TemporaryDirectory() as folder:
        text = draw_beeswarm(shares, Path(folder) / "beeswarm.svg", most=most).read_text(encoding="utf-8")
    return text[text.index("<svg") :]
