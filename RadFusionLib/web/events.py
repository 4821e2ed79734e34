"""What the page's buttons call: each event goes on to the logic."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from trame_server import Server

from RadFusionLib.web.logic import ReaderLogic
from RadFusionLib.web.views import ReaderViews

__all__ = ["ReaderEvents"]


class ReaderEvents:
    """The page's events.

    What a page sends is answered in turn, one message after the other: an event that waited for long work would keep
    Cancel, brush and slices waiting with it. So long work is begun here, and says by itself how it ends.

    Parameters
    ----------
    server : Server
        Knows the page.
    logic : ReaderLogic
        Does what the events ask.
    views : ReaderViews
        Take the keys.
    """

    def __init__(self, server: Server, logic: ReaderLogic, views: ReaderViews) -> None:
        self._logic = logic
        self._views = views
        self._begun: set[asyncio.Task[None]] = set()
        self.key_trigger = server.trigger_name(self.press)

    def open_case(self, number: int | None) -> None:
        """Open the case of the list that was chosen."""
        if number is not None and number != self._logic.state.case.number:
            self._begin(self._logic.open(number))

    def next_case(self) -> None:
        """Open the case after."""
        self._begin(self._logic.step(1))

    def previous_case(self) -> None:
        """Open the case before."""
        self._begin(self._logic.step(-1))

    def close_case(self) -> None:
        """Close the open case."""
        self._logic.close()

    def show_phase(self, role: str) -> None:
        """Show another phase."""
        self._logic.show_phase(role)

    def set_margin(self, margin: float | None) -> None:
        """Take another margin, once it is a number."""
        if margin:
            self._logic.follower.set_margin(float(margin))

    def set_live(self, live: bool) -> None:
        """Let the shell follow the tumour, or not."""
        self._logic.follower.set_live(bool(live))

    def draw_shell(self) -> None:
        """Draw the shell now."""
        self._logic.follower.draw_shell()

    def set_clinical(self, name: str, text: str | None) -> None:
        """Take a clinical value."""
        self._logic.set_clinical(name, text)

    def predict(self) -> None:
        """Predict."""
        self._begin(self._logic.predict())

    def cancel(self) -> None:
        """Cancel."""
        self._logic.cancel()

    def compare(self, reading: str) -> None:
        """Compare with another reading."""
        self._begin(self._logic.compare(reading))

    def compare_all(self, reading: str) -> None:
        """Compare every case with another reading."""
        self._begin(self._logic.compare_all(reading))

    def set_heatmap(self, field: str, value: Any) -> None:
        """Change how the heatmap is shown."""
        if field in ("in_slices", "in_3d", "opacity", "threshold"):
            setattr(self._logic.state.heatmap, field, value)
            self._logic.update_heatmap()

    def press(self, key: str, view: int) -> None:
        """Do what a key asks for."""
        state = self._logic.state
        if key == "t":
            self.set_heatmap("in_slices", not state.heatmap.in_slices)
        elif key in ("[", "]") and state.case.phases:
            phases = state.case.phases
            at = phases.index(state.case.phase) + (1 if key == "]" else -1)
            self._logic.show_phase(phases[at % len(phases)])
        elif state.case.number >= 0:
            self._views.press(key, view)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        # The loop itself remembers its tasks only weakly.
        self._begun.add(task)
        task.add_done_callback(self._begun.discard)
