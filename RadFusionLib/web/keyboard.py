"""Slicer's keys in the page."""

from __future__ import annotations

__all__ = ["KEYS", "script"]

KEYS = (
    ("← →, b f", "previous, next slice of the view under the pointer"),
    ("1 … 8", "threshold, paint, draw, erase, smoothing, scissors, islands, logical operators"),
    ("Esc", "no tool"),
    ("space", "the tool before"),
    ("z, y", "undo, redo"),
    ("q, w", "previous, next segment"),
    ("g", "segments on or off"),
    ("t", "heatmap on or off"),
    ("[ ]", "previous, next phase"),
    ("r", "fit the view under the pointer"),
    ("v", "show that slice in 3D"),
)
"""The keys, and what they do, as Slicer's documentation lists them."""

TAKEN = ["ArrowLeft", "ArrowRight", "Escape", " ", *"12345678bfzyqwgtrv[]"]


def script(trigger: str) -> str:
    """Return the script that passes keys to a trigger of the server, with the number of the view under the pointer.

    Letters typed into a field stay there.
    """
    return f"""
(() => {{
  const taken = {TAKEN!r};
  let view = -1;
  document.addEventListener('mousemove', (event) => {{
    const item = event.target.closest && event.target.closest('.layout-grid-item');
    view = item ? [...document.querySelectorAll('.layout-grid-item')].indexOf(item) : -1;
  }}, true);
  document.addEventListener('keydown', (event) => {{
    const field = event.target.closest('input:not([type=checkbox]):not([type=range]), textarea, .v-overlay, .v-select');
    if (field || event.altKey || event.metaKey || event.ctrlKey || !taken.includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    window.trame.trigger('{trigger}', [event.key, view]);
  }}, true);
}})();
"""
