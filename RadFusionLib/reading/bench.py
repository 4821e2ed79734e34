"""The long work of a reader, in the process that does it: no window, no scene of a window, arrays in and out."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from RadFusionLib.case import Case, Volume
from RadFusionLib.errors import InputError
from RadFusionLib.progress import Stage
from RadFusionLib.reading.bundle_facts import BundleFacts, facts_of
from RadFusionLib.reading.comparison import ReadingPair, pair_contours
from RadFusionLib.reading.nomogram_place import NomogramState, nomogram_state

if TYPE_CHECKING:
    from RadFusionLib.bundle import Bundle
    from RadFusionLib.cohort import CaseRow
    from RadFusionLib.workflow import Prediction
    from RadFusionLib.workflow.measured_case import MeasuredCase

__all__ = ["Bench", "Finding", "Opened"]

GONE = "This prediction is no longer there; predict the case again."
OTHER_BUNDLE = "This risk is by another bundle. Predict again."


@dataclass(frozen=True)
class Finding:
    """What a prediction hands to the page.

    Parameters
    ----------
    explanation : mapping
        As in ``explanation.json``.
    heatmap : Volume or None
        Where one was painted.
    number : int
        By which the bench knows the prediction; 0 when it kept nothing of it.
    nomogram : NomogramState
        Where the case stands on the bundle's nomogram.
    """

    explanation: Mapping[str, Any]
    heatmap: Volume | None
    number: int = 0
    nomogram: NomogramState = field(default_factory=NomogramState)


@dataclass(frozen=True)
class Opened:
    """A case with the prediction that was saved with it.

    Parameters
    ----------
    case : Case
        As it was saved.
    finding : Finding or None
        Where a prediction was saved; its number is 0 when another bundle made it.
    clinical : mapping of str to float
        The clinical values of that prediction.
    stale : str
        Why it is not the prediction of this case by this bundle; empty when it is.
    """

    case: Case
    finding: Finding | None = None
    clinical: Mapping[str, float] = field(default_factory=dict)
    stale: str = ""


class Bench:
    """Bundle and the predictions that the page may still ask about.

    Parameters
    ----------
    bundle : str or Path
        The bundle's file, read when first needed.
    allow_demonstration : bool
        Let a bundle trained on simulated cases predict other cases.
    """

    def __init__(self, bundle: str | Path, allow_demonstration: bool = False) -> None:
        self._path = Path(bundle)
        self._allow_demonstration = allow_demonstration
        self._predicted: dict[int, tuple[Case, Prediction]] = {}
        self._measured: dict[int, MeasuredCase] = {}
        self._files: dict[int, Path] = {}
        self._count = 0

    @cached_property
    def _bundle(self) -> Bundle:
        from RadFusionLib.bundle import Bundle

        return Bundle.load(self._path)

    def facts(self, stage: Stage) -> BundleFacts:
        """Return what the page needs to know of the bundle."""
        return facts_of(self._bundle)

    def load(self, stage: Stage, row: CaseRow, reading: str = "") -> Case:
        """Read a case's files, with the masks of a repeated reading where one is named."""
        from RadFusionLib.cohort import load_case

        stage(0.0, f"Reading {row.id}")
        return load_case(row, self._bundle.recipe.phases, reading, tumor_needed=False)

    def guess(self, stage: Stage, folder: Path) -> tuple[CaseRow, str]:
        """Return the case whose files lie in a folder's only subfolder, and what each of them was taken for.

        Raises
        ------
        InputError
            When none is named after its phase, or one that the bundle needs is not among them.
        """
        import pandas as pd

        from RadFusionLib.cohort import read_manifest
        from RadFusionLib.cohort.guessing import guess_manifest

        stage(0.0, "Looking through the files")
        try:
            guessed = guess_manifest(folder)
        except InputError as error:
            raise InputError(
                "None of the files is an image named after its phase; name them, as AP.nii.gz, and add the case again."
            ) from error
        (cells,) = guessed.rows
        for phase in self._bundle.recipe.phases:
            if f"image:{phase}" not in cells:
                raise InputError(
                    f"No file of {cells['case']} is named after the phase {phase}; rename one, as {phase}.nii.gz, and "
                    "add the case again."
                )
        pd.DataFrame([cells]).to_csv(folder / "manifest.csv", index=False)
        taken = [
            f"{column.removeprefix('image:').removeprefix('mask:')} is {Path(cell.split('#')[0]).name}"
            for column, cell in cells.items()
            if column != "case"
        ]
        left = [f"{line}." for line in guessed.unknown]
        return read_manifest(folder / "manifest.csv").rows[0], " ".join([f"Guessed: {'; '.join(taken)}.", *left])

    def simulate(self, stage: Stage, seed: int) -> Case:
        """Return a simulated case with the bundle's phases."""
        import tempfile

        from RadFusionLib.cohort import load_case, read_manifest
        from RadFusionLib.simulation import simulate

        stage(0.0, "Simulating a liver MRI")
        phases = self._bundle.recipe.phases
        with tempfile.TemporaryDirectory() as folder:
            manifest = read_manifest(simulate(phases, 1, seed, 1.0, Path(folder)))
            return load_case(manifest.rows[0], phases)

    def predict(self, stage: Stage, case: Case, shown: int = 0) -> Finding:
        """Predict a case, and keep the prediction for what is asked of it later.

        ``shown`` is the number of the finding on the page: it is kept too, for the page may cancel this prediction at
        the last moment and go on with the one it shows.
        """
        from RadFusionLib.workflow import predict
        from RadFusionLib.workflow.measured_case import MeasuredCase

        for kept in (self._predicted, self._measured, self._files):
            for number in [number for number in kept if number != shown]:
                del kept[number]
        found = predict(self._bundle, case, stage, allow_demonstration=self._allow_demonstration)
        number = self._take_up(MeasuredCase.of(self._bundle, found))
        self._predicted[number] = (case, found)
        return self._finding(number, found.heatmap)

    def what_if(self, stage: Stage, number: int, clinical: Mapping[str, float]) -> Finding:
        """Return what a prediction's images say with other clinical values."""
        from RadFusionLib.workflow.what_if import with_clinical

        changed = with_clinical(self._bundle, self._measured_as(number), clinical)
        return Finding(changed.explanation, None, number, nomogram_state(self._bundle, changed))

    def open_scene(self, stage: Stage, path: Path, name: str) -> Opened:
        """Read a scene file that :meth:`save_scene` wrote, and go on with its prediction; ``name`` is the case's."""
        from RadFusionLib.reading.scene_file import read_scene_file

        stage(0.0, f"Reading {path.name}")
        found = read_scene_file(path)
        case = replace(found.case, id=name)
        for phase in self._bundle.recipe.phases:
            # Said before anything is shown, as for a case of a manifest.
            if phase not in case.phases:
                raise InputError(f"{path.name} holds no {phase} phase, which the bundle needs; save it anew.")
        if found.measured is None:
            return Opened(case)
        if found.bundle != self._bundle.sha256:
            why = NomogramState(why=OTHER_BUNDLE)
            finding = Finding(found.measured.explanation, found.heatmap, 0, why)
            return Opened(case, finding, found.clinical, OTHER_BUNDLE)
        number = self._take_up(found.measured)
        changed = f"Since the prediction its {found.changed} have changed. Predict again." if found.changed else ""
        if not changed:
            self._files[number] = path
        return Opened(case, self._finding(number, found.heatmap), found.clinical, changed)

    def pair(self, stage: Stage, first: Case, second: Case, drawn: Volume, other: Volume) -> ReadingPair:
        """Predict a case by two contours, without heatmaps; ``drawn`` and ``other`` are its tumour in both."""
        from RadFusionLib.fusion.table import CLINICAL
        from RadFusionLib.workflow import predict

        contours = pair_contours(drawn, other)
        found = [
            predict(self._bundle, case, part, heatmap=False, allow_demonstration=self._allow_demonstration)
            for case, part in ((first, stage.part(0.0, 0.5)), (second, stage.part(0.5, 1.0)))
        ]
        names = [name for name in self._bundle.ensemble.features if not name.startswith(CLINICAL)]
        values = [one.features.columns(names)[0] for one in found]
        features = {name: (float(a), float(b)) for name, a, b in zip(names, *values, strict=True)}
        risks = found[0].risk, found[1].risk
        return ReadingPair(first.id, contours, risks, self._bundle.ensemble.threshold, features)

    def pair_of_row(self, stage: Stage, row: CaseRow, reading: str) -> ReadingPair:
        """Predict a case of the manifest by its own contour and by another reading's."""
        first, second = self.load(stage.part(0.0, 0.1), row), self.load(stage.part(0.1, 0.2), row, reading)
        reference = self._bundle.recipe.reference_phase
        drawn, other = first.mask("tumor", reference), second.mask("tumor", reference)
        if drawn is None or other is None:
            raise InputError(f"Case {row.id} lacks a tumor mask of one of the two readings; fill it in the manifest.")
        return self.pair(stage.part(0.2, 1.0), first, second, drawn, other)

    def save_scene(self, stage: Stage, what: Case | int, path: Path) -> Path:
        """Write an ``.mrb`` file of a prediction, by its number, or of a case without one."""
        from RadFusionLib.reading.scene_file import write_scene_file
        from RadFusionLib.scene import case_to_scene, private_scene, save_scene

        stage(0.1, "Writing the scene")
        if isinstance(what, int) and what in self._files:
            # As it was opened: nothing has changed since.
            return Path(shutil.copyfile(self._files[what], path))
        if isinstance(what, int):
            return write_scene_file(self._bundle, *self._kept(what), self._measured_as(what), path)
        with private_scene() as scene:
            case_to_scene(what, scene)
            return save_scene(path, scene)

    def save_report(self, stage: Stage, number: int, path: Path) -> Path:
        """Write the page on a prediction."""
        from RadFusionLib.explain.report import write_report
        from RadFusionLib.workflow.case_files import draw_prediction

        stage(0.1, "Writing the report")
        _, found = self._kept(number)
        overlay = None if found.heatmap is None else draw_prediction(self._bundle, found, path.parent)
        try:
            return write_report(found.explanation, self._bundle.card, overlay, path)
        finally:
            if overlay is not None:
                overlay.unlink()

    def _kept(self, number: int) -> tuple[Case, Prediction]:
        if number not in self._predicted:
            raise InputError(GONE)
        return self._predicted[number]

    def _measured_as(self, number: int) -> MeasuredCase:
        if number not in self._measured:
            raise InputError(GONE)
        return self._measured[number]

    def _take_up(self, measured: MeasuredCase) -> int:
        self._count += 1
        self._measured[self._count] = measured
        return self._count

    def _finding(self, number: int, heatmap: Volume | None) -> Finding:
        measured = self._measured[number]
        return Finding(measured.explanation, heatmap, number, nomogram_state(self._bundle, measured))
