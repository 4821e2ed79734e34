"""What follows the tumour while it is drawn: its volume, its surface and the shell, once the hand rests."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from RadFusionLib.errors import InputError
from RadFusionLib.web.reading import Reading
from RadFusionLib.web.rest import RestTimer
from RadFusionLib.web.sentences import Sentences
from RadFusionLib.web.state import ReaderState
from RadFusionLib.web.surfaces import Surfaces

if TYPE_CHECKING:
    from trame_slicer.core import SlicerApp

    from RadFusionLib.reading.bundle_facts import BundleFacts

__all__ = ["REST", "Follower"]

REST = 0.4
"""Seconds without a stroke after which the hand rests."""

CUT = 0.005
"""The share of the shell that may lie outside the liver without a word: the contours' steps alone cut so much."""


class Follower:
    """Follows the open case's tumour.

    Parameters
    ----------
    app : SlicerApp
        Scene and editor.
    state : ReaderState
        Takes the tumour's volume and what is said of the shell.
    sentences : Sentences
        End an error.
    rested : callable
        Called with the contour's hash each time that the hand rests.
    """

    def __init__(self, app: SlicerApp, state: ReaderState, sentences: Sentences, rested: Callable[[str], None]) -> None:
        self._app = app
        self._state = state
        self._sentences = sentences
        self._rested = rested
        self._surfaces = Surfaces(app.scene)
        self._rest = RestTimer(REST, self.follow)
        self._reading: Reading | None = None
        self._facts: BundleFacts | None = None
        # The contours whose shell and surface are shown.
        self._shell_of = self._surface_of = ""

    def open(self, reading: Reading, facts: BundleFacts) -> None:
        """Follow another case's tumour."""
        self.close()
        self._reading, self._facts = reading, facts

    def close(self) -> None:
        """Follow nothing."""
        self._rest.stop()
        self._reading = None
        self._shell_of = self._surface_of = ""
        self._surfaces.clear()

    def touch(self) -> None:
        """The hand has moved; follow once it rests."""
        if self._reading is not None:
            self._rest.touch()

    def postpone(self) -> None:
        """The hand draws on: what has changed before is followed after it too, lest it hold up the brush."""
        self._rest.postpone()

    def set_margin(self, margin_mm: float) -> None:
        """Take another margin for the shell that is shown."""
        self._state.shell.margin_mm = margin_mm
        self._shell_of = ""
        self.touch()

    def set_live(self, live: bool) -> None:
        """Let the shell follow the tumour, or stop it."""
        self._state.shell.live = live
        if live:
            self.touch()

    def follow(self) -> None:
        """Follow now. The shell's own change comes here too, and ends here: the contour is the same."""
        if self._reading is None:
            return
        with self._sentences.caught():
            contour = self._reading.contour()
            tumor = self._reading.tumor()
            count = int(tumor.array.sum())
            volume = count * tumor.geometry.voxel_volume / 1000
            self._state.case.tumor = f"{volume:.1f} ml" if count else "not drawn yet"
            if contour != self._surface_of:
                self._surface_of = contour
                self._surfaces.show("tumor", tumor)
            if self._state.shell.live and contour != self._shell_of:
                self._shell_of = contour
                self.draw_shell()
            self._rested(contour)

    def draw_shell(self) -> None:
        """Draw the shell of the tumour as it is now, and say what is to be known of it."""
        reading, facts = self._reading, self._facts
        if reading is None or facts is None:
            return
        editor = self._app.segmentation_editor
        known = editor.n_segments
        with_liver = facts.within_liver and reading.has_liver()
        margin = self._state.shell.margin_mm
        try:
            made = reading.draw_shell(margin, with_liver, facts.lesion)
        except InputError as error:
            self._state.shell.remark = str(error)
            return
        shell = reading.shell()
        if shell is not None:
            self._surfaces.show("shell", shell)
        said = []
        if facts.within_liver and not with_liver:
            said.append("There is no liver contour; the shell may reach outside the liver.")
        if made.clipped_fraction > CUT:
            said.append(f"{100 * made.clipped_fraction:.0f} % lay outside the liver and was cut.")
        if made.touches_edge:
            said.append("It reaches the edge of the image.")
        if made.notice:
            said.append(made.notice)
        if margin != facts.margin_mm:
            said.append(f"The model was trained with {facts.margin_mm:g} mm, which its risk uses.")
        self._state.shell.remark = " ".join(said)
        if editor.n_segments != known:
            # Its list of segments does not hear of one that others add.
            editor.segmentation_modified()
