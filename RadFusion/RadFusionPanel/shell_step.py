"""Step 3: the peritumoral shell, which follows the tumour while it is drawn."""

from __future__ import annotations

from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from RadFusionLib.errors import InputError
from RadFusionLib.scene.live_shell import LiveShell
from RadFusionLib.scene.shell_segment import ShellSegment
from RadFusionPanel.step import Step

__all__ = ["ShellStep"]

REST = 400
"""Milliseconds without a stroke after which the hand rests."""
DEFAULT_MM = 10.0


class ShellStep(Step):
    """The shell: now, or whenever the hand rests."""

    def __init__(self, panel: Any) -> None:
        super().__init__(panel)
        self._live = LiveShell()
        self._observed: Any = None
        self._tags: list[int] = []
        self._rest = qt.QTimer()
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST)
        self._rest.connect("timeout()", self.rested)
        self.on(self.ui.shellButton, self.draw)

    def refresh(self) -> None:
        self._observe(None if self.chosen.segmentation is None else self.chosen.segmentation.GetSegmentation())
        self.ui.shellButton.enabled = self.chosen.segmentation is not None
        # Another margin, another liver: looked at when the hand rests, as a stroke is.
        self._rest.start()

    def sceneClosing(self) -> None:
        self._rest.stop()
        self._observe(None)
        self._live.forget()
        self.say(self.ui.shellLabel, "")

    def marginIsDefault(self) -> bool:
        """Whether nobody chose a width: a bundle may then bring its own."""
        return float(self.chosen.marginMm) == DEFAULT_MM

    def draw(self) -> None:
        """Draw the shell of the tumour as it is now."""
        self._live.forget()
        made = self._follow()
        if made is not None:
            self.say(self.ui.shellLabel, self._words(made))
        self.panel.refresh()

    def rested(self) -> None:
        """Follow the tumour, if it is followed, and look whether the result is still that of the case."""
        if self.chosen is None:
            return
        with self.panel.errorsShown():
            if self.chosen.liveShell and self.chosen.segmentation is not None:
                try:
                    made = self._follow()
                except InputError as error:
                    # While a tumour is being drawn, this is no reason to interrupt with a window.
                    self.say(self.ui.shellLabel, str(error))
                else:
                    if made is not None:
                        self.say(self.ui.shellLabel, self._words(made))
            self.panel.result.checkFresh()

    def _follow(self) -> ShellSegment | None:
        facts = self.panel.facts
        lesion = facts.lesion if facts is not None and facts.lesion in ("all", "largest", "single") else "all"
        liver = self.panel.segment.liver() if facts is None or facts.within_liver else ""
        return self._live.follow(
            self.panel.segment.needSegmentation(),
            self.panel.segment.needTumor(),
            float(self.chosen.marginMm),
            liver,
            lesion,
        )

    def _words(self, made: ShellSegment) -> str:
        facts = self.panel.facts
        said = [_("Shell of {margin:g} mm drawn.").format(margin=float(self.chosen.marginMm))]
        if not self.panel.segment.liver() and (facts is None or facts.within_liver):
            said.append(_("There is no liver contour; the shell may reach outside the liver."))
        if made.clipped_fraction > 0.005:
            said.append(
                _("{percent:.0f} % lay outside the liver or in other lesions and was cut.").format(
                    percent=100 * made.clipped_fraction
                )
            )
        if made.touches_edge:
            said.append(_("It reaches the edge of the image."))
        if made.notice:
            said.append(made.notice)
        if facts is not None and float(self.chosen.marginMm) != facts.margin_mm:
            said.append(
                _("The model was trained with {margin:g} mm, which its risk uses.").format(margin=facts.margin_mm)
            )
        return " ".join(said)

    def _observe(self, segmentation: Any) -> None:
        if segmentation is self._observed:
            return
        for tag in self._tags:
            self._observed.RemoveObserver(tag)
        self._observed, self._tags = segmentation, []
        if segmentation is not None:
            kind = slicer.vtkSegmentation
            self._tags = [segmentation.AddObserver(kind.SourceRepresentationModified, self._changed)]
            self._tags += [
                segmentation.AddObserver(event, self._otherSegments)
                for event in (kind.SegmentAdded, kind.SegmentRemoved, kind.SegmentModified)
            ]

    def _changed(self, caller: Any, event: Any) -> None:
        # Each stroke begins the rest anew. The shell's own drawing is heard too, and found to change nothing.
        self._rest.start()

    def _otherSegments(self, caller: Any, event: Any) -> None:
        # Not now: whoever adds or renames a segment is in the middle of it.
        self.panel.refreshSoon()
        self._rest.start()
