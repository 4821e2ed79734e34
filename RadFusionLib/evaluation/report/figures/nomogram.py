"""The nomogram as a report shows it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from RadFusionLib.explain import Nomogram

__all__ = ["nomogram_figure"]


def nomogram_figure(nomogram: Nomogram) -> str:
    """Draw the nomogram as SVG."""
    from RadFusionLib.explain.nomogram_drawing import draw_nomogram

    with tempfile.TemporaryDirectory() as folder:
        text = draw_nomogram(nomogram, Path(folder) / "nomogram.svg").read_text(encoding="utf-8")
    return text[text.index("<svg") :]
