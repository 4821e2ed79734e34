"""Step 5: the prediction, in a process of its own; and what other clinical values would give."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slicer.i18n import tr as _

from RadFusionLib.errors import Cancelled, InputError, RadFusionError
from RadFusionLib.reading.case_folder import write_case
from RadFusionLib.reading.shown_prediction import ShownPrediction
from RadFusionLib.scene.regions import contour_digest
from RadFusionLib.scene.segmentations import segment_id
from RadFusionLib.scene.volumes import node_geometry
from RadFusionPanel.step import Step

__all__ = ["Asked", "PredictStep"]

DIGITS = 4
"""Of a millimetre, to which an image stays where it was."""


@dataclass(frozen=True)
class Asked:
    """What a prediction was asked for.

    Parameters
    ----------
    bundle : str
        SHA-256 of its file.
    contours, images : str
        Digests of where tumour and liver are drawn, and of which images lie where.
    clinical : mapping of str to float
        The values.
    reference : str
        ID of the reference phase's volume.
    """

    bundle: str
    contours: str
    images: str
    clinical: Mapping[str, float]
    reference: str


class PredictStep(Step):
    """Predicts the case as it is drawn and filled in."""

    def __init__(self, panel: Any) -> None:
        super().__init__(panel)
        self._running = False
        self._asked_what_if = 0
        self.on(self.ui.predictButton, self.predict)
        self.on(self.ui.cancelButton, self.cancel)
        self._show(False)

    def refresh(self) -> None:
        self.ui.predictButton.enabled = not self._running

    def sceneClosing(self) -> None:
        self._asked_what_if += 1
        self._show(False)
        self.say(self.ui.predictLabel, "")

    def predict(self) -> None:
        """Predict; the bundle is read first where that was not done."""
        if self._running:
            return
        if not self.panel.case.isRead():
            self.panel.case.readBundle(self._predict)
        else:
            self._predict()

    def cancel(self) -> None:
        """Stop the work; the scene stays as it is."""
        self.say(self.ui.predictLabel, _("Stopping ..."))
        self.ui.cancelButton.enabled = False
        self.panel.work.cancel()

    def now(self) -> Asked:
        """Return what a prediction would be asked for now.

        Raises
        ------
        InputError
            When the case is not complete.
        """
        node = self.panel.segment.needSegmentation()
        contours = self.panel.segment.contours()
        ids = [segment_id(node, name) for region in contours.values() for name in region.values()]
        self.panel.needBundle()
        return Asked(
            self.panel.needFacts().sha256,
            contour_digest((node, one) for one in ids),
            self._images(self.panel.case.needPhases()),
            self.panel.clinical.values(),
            str(self.panel.reference().GetID()),
        )

    def whatIf(self) -> None:
        """Say at once what the predicted images give with the clinical values as they are now."""
        shown = self.panel.result.shown
        if shown is None or self._running:
            return
        self._asked_what_if += 1
        asked = self._asked_what_if
        missing = self.panel.clinical.missing()
        if missing:
            self.panel.result.remark(_("Fill in {names} to see the risk.").format(names=", ".join(missing)))
            return
        try:
            clinical = self.panel.clinical.values()
        except InputError as error:
            self.panel.result.remark(str(error))
            return
        if not shown.number:
            self.panel.result.remark(_("A clinical value has changed since this result was saved. Predict again."))
            return

        def done(answer: Mapping[str, Any]) -> None:
            # Only the last of several quick changes counts.
            if asked == self._asked_what_if and self.chosen is not None:
                with self.panel.errorsShown():
                    self.panel.result.showWhatIf(ShownPrediction.from_answer(answer), clinical)
                    self._draw(asked)

        arguments = {"number": shown.number, "clinical": clinical}
        self.panel.work.ask("what_if_record", arguments, done, lambda error: self.panel.result.remark(str(error)))

    def _draw(self, asked: int) -> None:
        """Draw the pictures of other clinical values, which takes longer than their risk."""

        def done(pictures: Mapping[str, str]) -> None:
            if asked == self._asked_what_if and self.chosen is not None:
                self.panel.result.showPictures({name: Path(path) for name, path in pictures.items()})

        out = str(self.panel.work.scratch())
        self.panel.work.ask("draw_what_if", {"out": out}, done, self.panel.failed)

    def _predict(self) -> None:
        asked = self.now()
        case = self._case(asked)
        shown = self.panel.result.shown
        scratch = self.panel.work.scratch()
        write_case(case, scratch / "case")
        arguments = {
            "case": str(scratch / "case"),
            "out": str(scratch / "out"),
            "shown": 0 if shown is None else shown.number,
        }
        self._asked_what_if += 1
        self._show(True)
        self.panel.work.ask(
            "predict_folder",
            arguments,
            lambda answer: self._done(asked, answer),
            self._failed,
            self._progress,
        )

    def _case(self, asked: Asked) -> Any:
        phases = self.panel.case.needPhases()
        contours = self.panel.segment.contours()
        case = self.panel.logic.createCase(
            phases,
            self.panel.segment.needSegmentation(),
            contours["tumor"],
            contours["liver"],
            asked.clinical,
            str(self.panel.reference().GetAttribute("RadFusion.case") or "scene"),
        )
        for key, mask in case.masks.items():
            if key.region == "tumor" and not mask.array.any():
                where = f" ({key.phase})" if key.phase else ""
                raise InputError(_("The tumour{where} is empty; draw it first.").format(where=where))
        return case

    def _done(self, asked: Asked, answer: Mapping[str, Any]) -> None:
        self._show(False)
        if self.chosen is None:
            return
        with self.panel.errorsShown():
            reference = self.scene.GetNodeByID(asked.reference)
            if reference is None:
                raise InputError(_("The image was removed while its case was predicted; the result is not shown."))
            self.panel.result.show(ShownPrediction.from_answer(answer), asked, reference)
            self.say(self.ui.predictLabel, "")

    def _failed(self, error: RadFusionError) -> None:
        self._show(False)
        stopped = isinstance(error, Cancelled)
        self.say(self.ui.predictLabel, _("Cancelled; nothing has changed.") if stopped else "")
        self.panel.failed(error)

    def _progress(self, fraction: float, message: str) -> None:
        self.ui.progressBar.value = round(100 * fraction)
        self.say(self.ui.predictLabel, message)

    def _show(self, running: bool) -> None:
        self._running = running
        self.ui.progressBar.value = 0
        self.ui.progressBar.visible = running
        self.ui.cancelButton.visible = running
        self.ui.cancelButton.enabled = running
        self.ui.predictButton.enabled = not running

    def _images(self, phases: Mapping[str, Any]) -> str:
        digest = hashlib.sha256()
        for role, node in phases.items():
            digest.update(f"{role} {node.GetID()}".encode())
            # A scene's files round, and the zero's sign may turn.
            digest.update((node_geometry(node).matrix.round(DIGITS) + 0.0).tobytes())
        return digest.hexdigest()
