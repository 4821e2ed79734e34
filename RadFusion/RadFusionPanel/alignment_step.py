"""Step 1, second part: do the phases lie on each other, and if not, a shift or a rigid correction of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from slicer.i18n import tr as _

from RadFusionLib.errors import InputError, RadFusionError
from RadFusionLib.reading.case_folder import write_case
from RadFusionLib.scene.alignment import correct, correction, covered, moved_by, remove_correction, set_shift
from RadFusionLib.scene.case_scene import scene_to_case
from RadFusionLib.scene.volumes import node_geometry
from RadFusionPanel.step import Step

__all__ = ["AlignmentStep"]

NOTABLE_MM = 3.0
"""A movement from which on a correction is advised; registration of noisy images is not surer than a millimetre."""
WHOLE = 0.99
"""Share of the reference that a phase has to cover to pass without a word."""


class AlignmentStep(Step):
    """Checks and corrects where the phases lie."""

    def __init__(self, panel: Any) -> None:
        super().__init__(panel)
        self._found: dict[str, np.ndarray] = {}
        self._roles: tuple[str, ...] = ()
        self.on(self.ui.alignmentButton, self.check)
        self.on(self.ui.correctAllButton, self.correctAll)
        self.on(self.ui.correctButton, self.correctChosen)
        self.on(self.ui.uncorrectButton, self.uncorrect)
        self.ui.correctedPhase.connect("currentIndexChanged(int)", lambda index: self._showShift())
        for spin in self._spins():
            spin.connect("editingFinished()", self._shift)

    def refresh(self) -> None:
        facts = self.panel.facts
        roles = tuple(role for role in facts.phases if role != facts.reference) if facts is not None else ()
        own_frames = facts is not None and facts.frame == "phase"
        self.ui.alignmentGroup.visible = bool(roles) and not own_frames
        if roles != self._roles:
            self._roles = roles
            self._found = {}
            self.say(self.ui.alignmentLabel, self._promise())
            self.ui.correctedPhase.clear()
            self.ui.correctedPhase.addItems(list(roles))
        self.ui.correctAllButton.enabled = bool(self._found)
        self.ui.correctButton.enabled = self.ui.correctedPhase.currentText in self._found
        self._showShift()

    def sceneClosing(self) -> None:
        self._found = {}
        self._roles = ()
        self.ui.alignmentButton.enabled = True

    def check(self) -> None:
        """Register every phase to the reference beside the window; nothing is moved."""
        facts = self.panel.needFacts()
        phases = self.panel.case.needPhases()
        case = scene_to_case("scene", phases, {})
        scratch = self.panel.work.scratch()
        write_case(case, scratch)
        self.ui.alignmentButton.enabled = False
        self.say(self.ui.alignmentLabel, _("Registering the phases ..."))

        def done(matrices: Mapping[str, Any]) -> None:
            self.ui.alignmentButton.enabled = True
            with self.panel.errorsShown():
                self._found = {role: np.array(rows) for role, rows in matrices.items()}
                self._say(phases, facts.reference)
                self.panel.refresh()

        def failed(error: RadFusionError) -> None:
            self.ui.alignmentButton.enabled = True
            self.say(self.ui.alignmentLabel, "")
            self.panel.failed(error)

        def progress(fraction: float, message: str) -> None:
            self.say(self.ui.alignmentLabel, f"{message} ...")

        self.panel.work.ask("register_folder", {"case": str(scratch)}, done, failed, progress)

    def correctAll(self) -> None:
        """Move every phase as the check found."""
        for role in list(self._found):
            self._correct(role)
        self._corrected()

    def correctChosen(self) -> None:
        """Move the chosen phase as the check found."""
        self._correct(self.ui.correctedPhase.currentText)
        self._corrected()

    def uncorrect(self) -> None:
        """Let the chosen phase lie where its file says."""
        remove_correction(self._volume())
        self._corrected()

    def _correct(self, role: str) -> None:
        volume = self.panel.phases().get(role)
        if role not in self._found or volume is None:
            raise InputError(_("Nothing is known about the place of {role}; press Check first.").format(role=role))
        correct(volume, self._found.pop(role))

    def _corrected(self) -> None:
        moved = [role for role in self._roles if self._movement(role) > 0]
        self.say(
            self.ui.alignmentLabel,
            _("Corrected: {roles}. Check again to see what is left.").format(roles=", ".join(moved))
            if moved
            else self._promise(),
        )
        self.panel.refresh()

    def _movement(self, role: str) -> float:
        volume = self.panel.phases().get(role)
        return 0.0 if volume is None else float(np.abs(correction(volume) - np.eye(4)).max())

    def _say(self, phases: Mapping[str, Any], reference: str) -> None:
        lines = []
        shares = covered(phases, reference)
        for role, matrix in self._found.items():
            moved = moved_by(matrix, node_geometry(phases[role]))
            line = _("{role} lies {shift:.1f} mm and {turn:.1f} degrees from {reference}").format(
                role=role, shift=moved.shift_mm, turn=moved.turn_degrees, reference=reference
            )
            line += _(": look at it, and correct it.") if moved.shift_mm >= NOTABLE_MM else "."
            if shares[role] < WHOLE:
                line += " " + _("It covers {share:.0f} % of it.").format(share=100 * shares[role])
            lines.append(line)
        self.say(self.ui.alignmentLabel, "\n".join(lines))

    def _promise(self) -> str:
        facts = self.panel.facts
        if facts is not None and facts.registration == "rigid":
            return _("The bundle's recipe registers the phases by itself when it predicts.")
        return ""

    def _shift(self) -> None:
        with self.panel.errorsShown():
            right, anterior, superior = (float(spin.value) for spin in self._spins())
            volume = self._volume()
            now = correction(volume)[:3, 3]
            if np.abs(now - (right, anterior, superior)).max() < 0.05:
                return
            if right == anterior == superior == 0.0:
                remove_correction(volume)
            else:
                set_shift(volume, (right, anterior, superior))
            self._corrected()

    def _showShift(self) -> None:
        volume = None if self.chosen is None else self.panel.phases().get(self.ui.correctedPhase.currentText)
        place = np.zeros(3) if volume is None else correction(volume)[:3, 3]
        for spin, value in zip(self._spins(), place, strict=True):
            spin.value = round(float(value), 1)
            spin.enabled = volume is not None
        self.ui.uncorrectButton.enabled = volume is not None and bool(place.any())

    def _volume(self) -> Any:
        volume = self.panel.phases().get(self.ui.correctedPhase.currentText)
        if volume is None:
            raise InputError(_("No volume was chosen for this phase; choose one."))
        return volume

    def _spins(self) -> tuple[Any, Any, Any]:
        return self.ui.shiftRight, self.ui.shiftAnterior, self.ui.shiftSuperior
