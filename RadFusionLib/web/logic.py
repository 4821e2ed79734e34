"""What the reader does, without a page: it writes a state, and a page or a test reads it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from RadFusionLib.case import Case
from RadFusionLib.errors import Cancelled, InputError, RadFusionError
from RadFusionLib.reading.bundle_facts import BundleFacts
from RadFusionLib.reading.clinical_form import ClinicalForm
from RadFusionLib.reading.result_words import ResultState, result_state, what_if_words
from RadFusionLib.scene.application import Node, register_legend
from RadFusionLib.web.case_list import CaseList
from RadFusionLib.web.comparison import comparison_lines, pair_contours
from RadFusionLib.web.heatmap_overlay import HeatmapOverlay
from RadFusionLib.web.reading import Reading
from RadFusionLib.web.rest import RestTimer
from RadFusionLib.web.state import ComparisonState, ReaderState
from RadFusionLib.web.surfaces import Surfaces

if TYPE_CHECKING:
    from trame_slicer.core import SlicerApp

    from RadFusionLib.reading.bench import Finding
    from RadFusionLib.web.worker import Worker

__all__ = ["REST", "ReaderLogic"]

REST = 0.4
"""Seconds without a stroke after which the hand rests."""

FEATURES = "The tumour has changed since the prediction: its image features must be computed again. Predict again."


class ReaderLogic:
    """The open case, its drawing, its clinical values and its prediction.

    Every method that a person triggers ends in the state: an error becomes the sentence ``state.problem``.

    Parameters
    ----------
    app : SlicerApp
        Scene, editor and views; it may have no views.
    state : ReaderState
        Written throughout: a dataclass, or its proxy on a server.
    worker : Worker
        Does the long work.
    cases : CaseList
        What can be opened.
    changed : callable
        Called when the state has changed outside of an event of the page.
    """

    def __init__(
        self,
        app: SlicerApp,
        state: ReaderState,
        worker: Worker,
        cases: CaseList,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self.app = app
        self.state = state
        self.cases = cases
        self.reading: Reading | None = None
        self.facts: BundleFacts | None = None
        self.finding: Finding | None = None
        self.opened: list[Callable[[Reading], None]] = []
        self.shown: list[Callable[[Node], None]] = []
        self.closed: list[Callable[[], None]] = []
        self._worker = worker
        self._bundle_read = asyncio.Lock()
        self._asked_case = 0
        self._changed = changed
        self._form = ClinicalForm((), {})
        self._overlay = HeatmapOverlay(app)
        self._surfaces = Surfaces(app.scene)
        self._rest = RestTimer(REST, self._on_rest)
        # The contours whose shell and surface are shown.
        self._shell_of = self._surface_of = ""
        self._predicted_contour = ""
        self._predicted_clinical: Mapping[str, float] = {}
        self._asked_what_if = 0
        register_legend(app.scene)
        app.segmentation_editor.segmentation_modified.connect(self._on_drawn)
        state.case.ids = cases.ids

    async def start(self) -> None:
        """Read the bundle and open the first case."""
        await self.open(0)

    async def open(self, number: int) -> None:
        """Open a case of the list; the one that was open is closed."""
        async with self._bundle_read:
            # Whoever comes first reads the bundle, and the others wait for it.
            if self.facts is None:
                await self._read_bundle()
        if self.facts is None or not 0 <= number < len(self.cases.ids):
            return
        self.close()
        self._asked_case += 1
        asked = self._asked_case
        async with self._said(f"Opening {self.cases.ids[number]}"):
            task, argument = self.cases.task(number)
            self.state.case.number = number
            # Another case may be asked for meanwhile, which cancels this one.
            with suppress(Cancelled):
                case: Case = await self._worker.ask(task, argument)
                if asked == self._asked_case and self.state.case.number == number:
                    self._take(case)

    async def step(self, by: int) -> None:
        """Open the next case (1) or the one before (-1)."""
        await self.open(self.state.case.number + by)

    def close(self) -> None:
        """Close the open case: its nodes leave the scene, and work on it stops."""
        self._worker.cancel()
        self._rest.stop()
        self.reading = None
        self.finding = None
        self._shell_of = self._surface_of = ""
        self._overlay.clear()
        self._surfaces.clear()
        for done in self.closed:
            done()
        self.app.scene.Clear(0)
        register_legend(self.app.scene)
        self._form = ClinicalForm((), {})
        self.state.case.number = -1
        self.state.case.title = self.state.case.phase = self.state.case.tumor = ""
        self.state.case.phases = []
        self.state.clinical.rows = []
        self.state.comparison = ComparisonState()
        self.state.shell.remark = ""
        self.state.problem = self.state.remark = ""
        self._forget_result()

    def show_phase(self, role: str) -> None:
        """Show another phase in the slices; the heatmap stays over it."""
        if self.reading is None or role not in self.reading.phases:
            return
        self.state.case.phase = role
        node = self.reading.phases[role]
        self.app.display_manager.show_volume_in_slice_background(node)
        for done in self.shown:
            done(node)
        self.update_heatmap()

    def set_margin(self, margin_mm: float) -> None:
        """Take another margin for the shell that is shown."""
        self.state.shell.margin_mm = float(margin_mm)
        self._shell_of = ""
        self._rest.touch()

    def set_live(self, live: bool) -> None:
        """Let the shell follow the tumour, or stop it."""
        self.state.shell.live = live
        if live:
            self._rest.touch()

    def draw_shell(self) -> None:
        """Draw the shell of the tumour as it is now."""
        if self.reading is None or self.facts is None:
            return
        try:
            margin = self.state.shell.margin_mm
            within = self.facts.within_liver and self.reading.has_liver()
            known = self.app.segmentation_editor.n_segments
            made = self.reading.draw_shell(margin, within, self.facts.lesion)
        except InputError as error:
            self.state.shell.remark = str(error)
            return
        shell = self.reading.shell()
        if shell is not None:
            self._surfaces.show("shell", shell)
        said = []
        if self.facts.within_liver and not self.reading.has_liver():
            said.append("There is no liver contour; the shell may reach outside the liver.")
        if made.clipped_fraction > 0.005:
            said.append(f"{100 * made.clipped_fraction:.0f} % lay outside the liver and was cut.")
        if made.touches_edge:
            said.append("It reaches the edge of the image.")
        if made.notice:
            said.append(made.notice)
        if margin != self.facts.margin_mm:
            said.append(f"The model was trained with {self.facts.margin_mm:g} mm, which its risk uses.")
        self.state.shell.remark = " ".join(said)
        if self.app.segmentation_editor.n_segments != known:
            # Its list of segments does not hear of one that others add.
            self.app.segmentation_editor.segmentation_modified()

    def set_clinical(self, name: str, text: str | None) -> None:
        """Take a clinical value as typed, and say at once what risk it gives."""
        self._form.enter(name, text)
        self.state.clinical.rows = self._form.rows()
        if self.finding is not None:
            self._asked_what_if += 1
            asyncio.get_running_loop().create_task(self._what_if(self._asked_what_if, self.finding))

    async def predict(self) -> None:
        """Predict the case as it is drawn and filled in now."""
        if self.state.prediction.running:
            return
        if self.reading is None:
            self.state.problem = "No case is open; open one first."
            return
        reading = self.reading
        async with self._said():
            missing = self._form.missing()
            if missing:
                raise InputError(f"The model uses {', '.join(missing)}; fill in the clinical values.")
            clinical = self._form.values()
            contour = reading.contour()
            case = reading.case(clinical)
            self.state.prediction.running = True
            self.state.prediction.percent, self.state.prediction.message = 0.0, "Starting"
            self._changed()
            shown = 0 if self.finding is None else self.finding.number
            try:
                finding: Finding = await self._worker.ask("predict", case, shown, report=self._report)
            except Cancelled:
                if self.reading is reading:
                    raise
                return
            finally:
                self.state.prediction.running = False
            if self.reading is reading:
                self._predicted_contour, self._predicted_clinical = contour, clinical
                self._show(finding)

    def cancel(self) -> None:
        """Stop the work under way."""
        if self.state.prediction.running:
            self.state.prediction.message = "Stopping"
            self._changed()
        self._worker.cancel()

    async def compare(self, reading_name: str) -> None:
        """Compare the tumour as it is drawn now with another reading of it: overlap, volume and risk."""
        comparison = self.state.comparison
        if self.reading is None or comparison.running:
            return
        reading = self.reading
        comparison.running, comparison.reader, comparison.lines = True, reading_name, []
        try:
            async with self._said(f"Comparing with reading {reading_name}"):
                clinical = self._form.values()
                own = reading.case(clinical)
                _, row = self.cases.task(self.state.case.number)
                second: Case = await self._worker.ask("load", row, reading_name)
                other = reading.same_phase_tumor(second)
                pair = pair_contours(reading.tumor(), other)
                first: Finding = await self._worker.ask("risk_of", own)
                theirs: Finding = await self._worker.ask("risk_of", replace(second, clinical=clinical))
                if self.reading is reading:
                    reading.show_other_tumor(other, f"tumor, reading {reading_name}")
                    self.app.segmentation_editor.segmentation_modified()
                    comparison.lines = comparison_lines(reading_name, pair, first.explanation, theirs.explanation)
        finally:
            comparison.running = False
            self._changed()

    def update_heatmap(self) -> None:
        """Show the heatmap as the state says."""
        heatmap = self.state.heatmap
        self._overlay.set_threshold(float(heatmap.threshold))
        self._overlay.set_in_slices(heatmap.there and heatmap.in_slices, float(heatmap.opacity))
        self._overlay.set_in_3d(heatmap.there and heatmap.in_3d)

    async def save_scene(self, path: Path) -> Path | None:
        """Write the scene: with the prediction where it is that of the case as it is now."""
        return await self._save("save_scene", path)

    async def save_report(self, path: Path) -> Path | None:
        """Write the report of the prediction, if it is that of the case as it is now."""
        return await self._save("save_report", path)

    def stop(self) -> None:
        """End the worker."""
        self._rest.stop()
        self._worker.stop()

    async def _read_bundle(self) -> None:
        async with self._said("Reading the bundle"):
            facts: BundleFacts = await self._worker.ask("facts")
            self.facts = facts
            self.state.bundle, self.state.notice = facts.name, facts.notice
            self.state.shell.margin_mm = facts.margin_mm

    def _take(self, case: Case) -> None:
        assert self.facts is not None
        reading = Reading(case, self.app.scene, self.facts.reference)
        self.reading = reading
        self._form = ClinicalForm(self.facts.clinical, case.clinical)
        self.state.clinical.rows = self._form.rows()
        self.state.comparison.readers = self.cases.readings(self.state.case.number)
        self.state.case.title = case.id
        self.state.case.phases = list(case.phases)
        for done in self.opened:
            done(reading)
        self.show_phase(self.facts.reference)
        self.app.display_manager.reset_views()
        centre = reading.centre()
        if centre is not None:
            for view in self.app.view_manager.get_slice_views():
                view.get_view_node().JumpSliceByOffsetting(*centre)
        self._on_rest()
        # Only now are there surfaces to fit the view to.
        for view in self.app.view_manager.get_threed_views():
            view.reset_view()

    def _on_drawn(self) -> None:
        if self.reading is not None:
            self._rest.touch()

    def _on_rest(self) -> None:
        """Follow the tumour. The shell's own change comes here too, and ends here: the contour is the same."""
        if self.reading is None:
            return
        with self._sentences():
            contour = self.reading.contour()
            tumor = self.reading.tumor()
            count = int(tumor.array.sum())
            self.state.case.tumor = f"{count * tumor.geometry.voxel_volume / 1000:.1f} ml" if count else "not drawn yet"
            if contour != self._surface_of:
                self._surface_of = contour
                self._surfaces.show("tumor", tumor)
            if self.state.shell.live and contour != self._shell_of:
                self._shell_of = contour
                self.draw_shell()
            if self.finding is not None:
                self.state.prediction.stale = "" if contour == self._predicted_contour else FEATURES
        self._changed()

    def _show(self, finding: Finding) -> None:
        self.finding = finding
        self.state.result = result_state(finding.explanation)
        self.state.prediction.stale = ""
        if finding.heatmap is not None:
            assert self.reading is not None
            said = finding.explanation["heatmap"]
            self._overlay.show(finding.heatmap, finding.explanation, self.reading.id)
            low, high = self._overlay.window
            heatmap = self.state.heatmap
            heatmap.there = True
            heatmap.largest = max(abs(low), abs(high))
            heatmap.threshold = 0.0
            heatmap.colors = self._overlay.css_gradient()
            heatmap.low, heatmap.high = f"{low:+.2g}", f"{high:+.2g}"
            heatmap.middle = f"0 {said['unit']}" if low < 0 else str(said["unit"])
            heatmap.legend = str(said["legend"])
            self.update_heatmap()
        self._on_rest()

    async def _what_if(self, asked: int, predicted: Finding) -> None:
        async with self._said():
            if self._form.missing():
                self.state.result.what_if = f"Fill in {', '.join(self._form.missing())} to see the risk."
                return
            try:
                clinical = self._form.values()
            except InputError as error:
                self.state.result.what_if = str(error)
                return
            finding: Finding = await self._worker.ask("what_if", predicted.number, clinical)
            # Only the last of several quick changes counts.
            if asked == self._asked_what_if and self.finding is predicted:
                differ = [n for n, v in clinical.items() if v != self._predicted_clinical.get(n)]
                used = {field.name for field in self.facts.clinical if field.used} if self.facts else set()
                words = what_if_words(differ, used, predicted.explanation)
                self.state.result = result_state(finding.explanation, words)

    async def _save(self, task: str, path: Path) -> Path | None:
        async with self._said(f"Writing {path.name}"):
            if self.reading is None:
                raise InputError("No case is open; open one first.")
            clinical = self._form.values()
            unchanged = self.reading.contour() == self._predicted_contour and clinical == self._predicted_clinical
            finding = self.finding if unchanged else None
            if finding is not None:
                self.state.remark = ""
                return Path(await self._worker.ask(task, finding.number, path))
            if task == "save_report":
                raise InputError(
                    "The case has changed since its prediction, or has none; predict, then save the report."
                )
            self.state.remark = "Saved without a prediction: the case has changed since, or has none."
            return Path(await self._worker.ask(task, self.reading.case(clinical), path))
        return None

    def _report(self, fraction: float, message: str) -> None:
        self.state.prediction.percent, self.state.prediction.message = 100.0 * fraction, message
        self._changed()

    def _forget_result(self) -> None:
        self.state.result = ResultState()
        self.state.prediction.stale = ""
        self.state.heatmap.there = False

    @asynccontextmanager
    async def _said(self, busy: str = "") -> AsyncIterator[None]:
        """Say what is done, and end an error in a sentence."""
        self.state.problem = ""
        self.state.busy = busy
        self._changed()
        try:
            with self._sentences():
                yield
        finally:
            self.state.busy = ""
            self._changed()

    def _sentences(self) -> _Sentences:
        return _Sentences(self.state)


class _Sentences:
    """Turns an error into the state's sentence."""

    def __init__(self, state: ReaderState) -> None:
        self._state = state

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> bool:
        if isinstance(error, Cancelled):
            self._state.remark = "Cancelled; nothing has changed."
        elif isinstance(error, RadFusionError):
            self._state.problem = str(error)
        elif isinstance(error, Exception):
            logging.getLogger(__name__).error("The reader failed", exc_info=error)
            self._state.problem = f"RadFusion failed unexpectedly ({error}); please report it."
        return error is None or isinstance(error, Exception)
