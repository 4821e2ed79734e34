"""The second-reader mode: a case's contour beside another reading's, and both readings over several cases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from RadFusionLib.case import Case
from RadFusionLib.reading.comparison import ReadingPair, agreement_lines, agreement_of, pair_lines
from RadFusionLib.web.reading import Reading
from RadFusionLib.web.sentences import Sentences
from RadFusionLib.web.state import ReaderState

if TYPE_CHECKING:
    from trame_slicer.core import SlicerApp

    from RadFusionLib.cohort import CaseRow
    from RadFusionLib.web.worker import Worker

__all__ = ["SecondReader"]


class SecondReader:
    """Compares readings, and remembers the cases compared: an agreement is one of several cases.

    Parameters
    ----------
    app : SlicerApp
        Its editor's list of segments is told of the other contour.
    state : ReaderState
        Its ``comparison`` is written.
    worker : Worker
        Predicts.
    sentences : Sentences
        Tells the page.
    """

    def __init__(self, app: SlicerApp, state: ReaderState, worker: Worker, sentences: Sentences) -> None:
        self._app = app
        self._state = state
        self._worker = worker
        self._sentences = sentences
        self._pairs: dict[str, dict[str, ReadingPair]] = {}

    async def compare(self, reading: Reading, row: CaseRow, name: str, clinical: Mapping[str, float]) -> None:
        """Compare the open case's tumour as it is drawn now, with these clinical values, with another reading's."""
        with self._running(name):
            own = reading.case(clinical)
            second: Case = await self._worker.ask("load", row, name)
            other = reading.same_phase_tumor(second)
            second = replace(second, clinical=dict(clinical))
            pair: ReadingPair = await self._worker.ask("pair", own, second, reading.tumor(), other)
            if self._state.case.title != reading.id:
                return
            reading.show_other_tumor(other, f"tumor, reading {name}")
            self._app.segmentation_editor.segmentation_modified()
            self._pairs.setdefault(name, {})[pair.case] = pair
            self._state.comparison.lines = pair_lines(name, pair)
            self._say_agreement(name)

    async def compare_all(self, rows: Sequence[CaseRow], name: str) -> None:
        """Compare the tumours of the files, case by case."""
        with self._running(name):
            for number, row in enumerate(rows):
                self._sentences.tell(f"Comparing {row.id} with reading {name}: {number + 1} of {len(rows)}")
                pair: ReadingPair = await self._worker.ask("pair_of_row", row, name)
                self._pairs.setdefault(name, {})[pair.case] = pair
                self._say_agreement(name)

    def _say_agreement(self, name: str) -> None:
        self._state.comparison.agreement = agreement_lines(name, agreement_of(name, list(self._pairs[name].values())))

    @contextmanager
    def _running(self, name: str) -> Iterator[None]:
        comparison = self._state.comparison
        comparison.running, comparison.reader = True, name
        comparison.lines, comparison.agreement = [], []
        try:
            yield
        finally:
            self._state.comparison.running = False
