"""What the reader does, without a page: it writes a state, and a page or a test reads it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from RadFusionLib.case import Case
from RadFusionLib.errors import Cancelled, InputError
from RadFusionLib.reading.bench import Opened
from RadFusionLib.reading.clinical_form import ClinicalForm
from RadFusionLib.reading.nomogram_place import NomogramState
from RadFusionLib.reading.result_words import ResultState, result_state, what_if_words
from RadFusionLib.scene.application import Node, register_legend
from RadFusionLib.web.case_list import CaseList, SavedScene
from RadFusionLib.web.follower import Follower
from RadFusionLib.web.heatmap_overlay import HeatmapOverlay
from RadFusionLib.web.reading import Reading
from RadFusionLib.web.second_reader import SecondReader
from RadFusionLib.web.sentences import Sentences
from RadFusionLib.web.state import ComparisonState, ReaderState

if TYPE_CHECKING:
    from trame_slicer.core import SlicerApp

    from RadFusionLib.reading.bench import Finding
    from RadFusionLib.reading.bundle_facts import BundleFacts
    from RadFusionLib.web.worker import Worker

__all__ = ["ReaderLogic"]

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
        self.sentences = Sentences(state, changed)
        self._form = ClinicalForm((), {})
        self._overlay = HeatmapOverlay(app)
        self.follower = Follower(app, state, self.sentences, self._on_rest)
        self.second_reader = SecondReader(app, state, worker, self.sentences)
        self._predicted_contour = ""
        self._predicted_clinical: Mapping[str, float] = {}
        self._stale_as_saved = ""
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
        with self.sentences.said(f"Opening {self.cases.ids[number]}"):
            task, arguments = self.cases.task(number)
            self.state.case.number = number
            # Another case may be asked for meanwhile, which cancels this one.
            with suppress(Cancelled):
                found: Case | Opened = await self._worker.ask(task, *arguments)
                opened = found if isinstance(found, Opened) else Opened(found)
                if asked == self._asked_case and self.state.case.number == number:
                    self._take(opened.case)
                    self._take_up(opened)

    async def add(self, folder: Path) -> bool:
        """Add the case whose files lie in a folder's only subfolder, guess what they are, and open it.

        A scene file that the reader wrote is a case with its prediction.

        Returns
        -------
        bool
            Whether there is such a case.
        """
        with self.sentences.said("Looking through the files"):
            row, said = _scene_in(folder) or await self._worker.ask("guess", folder)
            number = self.cases.add(row)
            self.state.case.ids = self.cases.ids
            await self.open(number)
            self.state.remark = "" if self.state.problem else said
            return True
        return False

    async def step(self, by: int) -> None:
        """Open the next case (1) or the one before (-1)."""
        await self.open(self.state.case.number + by)

    def close(self) -> None:
        """Close the open case: its nodes leave the scene, and work on it stops."""
        self._worker.cancel()
        self.follower.close()
        self.reading = None
        self.finding = None
        self._overlay.clear()
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
        self.state.prediction.running = False
        self._forget_result()

    def show_phase(self, role: str) -> None:
        """Show another phase in the slices; the heatmap stays over it."""
        if self.reading is None or role not in self.reading.phases:
            return
        with self.sentences.caught():
            node = self.reading.shown_phase(role)
            self.state.case.phase = role
            self.app.display_manager.show_volume_in_slice_background(node)
            for done in self.shown:
                done(node)
            self.update_heatmap()

    def set_clinical(self, name: str, text: str | None) -> None:
        """Take a clinical value as typed, and say at once what risk it gives."""
        self._form.enter(name, text)
        self.state.clinical.rows = self._form.rows()
        self._ask_what_if()

    async def predict(self) -> None:
        """Predict the case as it is drawn and filled in now."""
        if self.state.prediction.running:
            return
        if self.reading is None:
            self.state.problem = "No case is open; open one first."
            return
        reading = self.reading
        with self.sentences.said():
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

            def report(fraction: float, message: str) -> None:
                if self.reading is reading:
                    self.state.prediction.percent, self.state.prediction.message = 100.0 * fraction, message
                    self._changed()

            try:
                finding: Finding = await self._worker.ask("predict", case, shown, report=report)
            except Cancelled:
                if self.reading is reading:
                    raise
                return
            finally:
                # Another case may be open by now, and be predicted.
                if self.reading is reading:
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
        """Compare the tumour as it is drawn now with another reading of it."""
        if self.reading is not None and not self.state.comparison.running:
            with self.sentences.said(f"Comparing with reading {reading_name}"):
                row = self.cases.row(self.state.case.number)
                await self.second_reader.compare(self.reading, row, reading_name, self._form.values())

    async def compare_all(self, reading_name: str) -> None:
        """Compare the files' tumour of every case of the list with another reading of it."""
        if self.reading is not None and not self.state.comparison.running:
            with self.sentences.said(f"Comparing every case with reading {reading_name}"):
                await self.second_reader.compare_all(self.cases.rows_read_by(reading_name), reading_name)

    def update_heatmap(self) -> None:
        """Show the heatmap as the state says."""
        heatmap = self.state.heatmap
        heatmap.there = self._overlay.forget_removed() and heatmap.there
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
        self.follower.close()
        self._worker.stop()

    async def _read_bundle(self) -> None:
        with self.sentences.said("Reading the bundle"):
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
        self.follower.open(reading, self.facts)
        self.follower.follow()
        # Only now are there surfaces to fit the view to.
        for view in self.app.view_manager.get_threed_views():
            view.reset_view()

    def _take_up(self, opened: Opened) -> None:
        """Show the prediction that was saved with a case."""
        if opened.finding is None:
            return
        assert self.reading is not None
        self._predicted_contour, self._predicted_clinical = self.reading.contour(), opened.clinical
        self._show(opened.finding, opened.stale)
        if opened.case.clinical != opened.clinical:
            self._ask_what_if()

    def _on_drawn(self) -> None:
        self.follower.touch()

    def _on_rest(self, contour: str) -> None:
        if self.finding is not None:
            redrawn = "" if contour == self._predicted_contour else FEATURES
            self.state.prediction.stale = self._stale_as_saved or redrawn
        self._changed()

    def _show(self, finding: Finding, stale_as_saved: str = "") -> None:
        self.finding, self._stale_as_saved = finding, stale_as_saved
        self.state.result = result_state(finding.explanation)
        self.state.nomogram = finding.nomogram
        self.state.prediction.stale = stale_as_saved
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
            heatmap.legend = f"{said['legend']}. {said['tested']}"
            self.update_heatmap()
        self.follower.follow()

    def _ask_what_if(self) -> None:
        if self.finding is not None:
            self._asked_what_if += 1
            asyncio.get_running_loop().create_task(self._what_if(self._asked_what_if, self.finding))

    async def _what_if(self, asked: int, predicted: Finding) -> None:
        with self.sentences.said():
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
                self.state.nomogram = finding.nomogram

    async def _save(self, task: str, path: Path) -> Path | None:
        with self.sentences.said(f"Writing {path.name}"):
            if self.reading is None:
                raise InputError("No case is open; open one first.")
            clinical = self._form.values()
            unchanged = self.reading.contour() == self._predicted_contour and clinical == self._predicted_clinical
            finding = self.finding if unchanged and not self._stale_as_saved else None
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

    def _forget_result(self) -> None:
        self.state.result = ResultState()
        self.state.nomogram = NomogramState()
        self.state.prediction.stale = ""
        self.state.heatmap.there = False


def _scene_in(folder: Path) -> tuple[SavedScene, str] | None:
    """The scene in a folder's only subfolder, and a word on it; None where its files are something else."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    scenes = [path for path in files if path.suffix.lower() == ".mrb"]
    if not scenes:
        return None
    if len(files) > 1:
        raise InputError(f"{scenes[0].name} is a whole case; add it without other files.")
    return SavedScene(next(folder.iterdir()).name, scenes[0]), f"{scenes[0].name} is a scene, opened as it was saved."
