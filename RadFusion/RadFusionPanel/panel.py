"""The steps together: what they share, and who hears of what."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from RadFusionLib.errors import Cancelled, InputError, RadFusionError
from RadFusionLib.reading.bundle_facts import BundleFacts
from RadFusionPanel.alignment_step import AlignmentStep
from RadFusionPanel.case_step import CaseStep
from RadFusionPanel.clinical_step import ClinicalStep
from RadFusionPanel.phase_selectors import PHASES
from RadFusionPanel.predict_step import PredictStep
from RadFusionPanel.result_step import ResultStep
from RadFusionPanel.save_step import SaveStep
from RadFusionPanel.segment_step import SegmentStep
from RadFusionPanel.shell_step import ShellStep
from RadFusionPanel.work import Work

__all__ = ["Panel"]

REMARKS = ("guessLabel", "alignmentLabel", "segmentLabel", "shellLabel", "predictLabel", "staleLabel", "saveLabel")
"""Labels that take no place while they have nothing to say."""


class Panel:
    """The steps of the work, from the case to what is saved of it.

    Parameters
    ----------
    ui : object
        The widgets of ``RadFusion.ui`` by name.
    logic : RadFusionLogic
        Nodes in, nodes out.
    """

    def __init__(self, ui: Any, logic: Any) -> None:
        self.ui = ui
        self.logic = logic
        self.parameters: Any = None
        self.facts: BundleFacts | None = None
        self.work = Work()
        self.case = CaseStep(self)
        self.alignment = AlignmentStep(self)
        self.segment = SegmentStep(self)
        self.shell = ShellStep(self)
        self.clinical = ClinicalStep(self)
        self.predict = PredictStep(self)
        self.result = ResultStep(self)
        self.save = SaveStep(self)
        self.steps = (
            self.case,
            self.alignment,
            self.segment,
            self.shell,
            self.clinical,
            self.predict,
            self.result,
            self.save,
        )
        self._refreshing = False
        for remark in REMARKS:
            self.case.say(getattr(ui, remark), "")

    def take(self, parameters: Any) -> None:
        """Work on a parameter node from now on, or on none while a scene is closed."""
        self.parameters = parameters
        self.refresh()

    def refresh(self) -> None:
        """Let every step show what is."""
        if self.parameters is None or self._refreshing:
            return
        self._refreshing = True
        try:
            with self.errorsShown():
                for step in self.steps:
                    step.refresh()
        finally:
            self._refreshing = False

    def refreshSoon(self) -> None:
        """Refresh once what happens now is over."""
        qt.QTimer.singleShot(0, self.refresh)

    def sceneClosing(self) -> None:
        """Stop what is under way for a scene that is being closed."""
        self.work.forget()
        for step in self.steps:
            step.sceneClosing()
        self.parameters = None

    def close(self) -> None:
        """End with the window."""
        for step in self.steps:
            step.sceneClosing()
        self.work.close()
        self.parameters = None

    def phases(self) -> dict[str, Any]:
        """Return the chosen volume of every phase that the bundle asks for; ``None`` where none is chosen."""
        roles = self.facts.phases if self.facts is not None else ()
        return {role: getattr(self.parameters, PHASES[role]) for role in roles}

    def reference(self) -> Any:
        """Return the volume of the bundle's reference phase, else the first phase chosen, else ``None``."""
        phases = self.phases()
        if self.facts is not None and phases[self.facts.reference] is not None:
            return phases[self.facts.reference]
        names = PHASES.values()
        return next((node for name in names if (node := getattr(self.parameters, name)) is not None), None)

    def needFacts(self) -> BundleFacts:
        """Return what the bundle asks for.

        Raises
        ------
        InputError
            When no bundle was read.
        """
        if self.facts is None:
            raise InputError(_("No bundle was read; choose one and press Read bundle."))
        return self.facts

    def needBundle(self) -> Path:
        """Return the bundle's file.

        Raises
        ------
        InputError
            When none was chosen.
        """
        path = Path(self.parameters.bundleFile)
        if not path.is_file():
            raise InputError(_("No bundle was chosen; choose a .radfusion file."))
        return path

    def failed(self, error: RadFusionError) -> None:
        """Show why work beside the window ended."""
        with self.errorsShown():
            raise error

    @contextmanager
    def errorsShown(self) -> Iterator[None]:
        """Show an error of ours as its sentence, and any other with a word to report it."""
        try:
            yield
        except Cancelled as stop:
            slicer.util.showStatusMessage(str(stop), 5000)
        except RadFusionError as error:
            slicer.util.errorDisplay(str(error))
        except Exception as error:
            logging.exception("RadFusion failed")
            slicer.util.errorDisplay(
                _("RadFusion failed unexpectedly ({error}); please report it.").format(error=error)
            )
