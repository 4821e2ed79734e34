"""A bench whose answers go through files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from RadFusionLib.errors import InputError
from RadFusionLib.progress import Stage
from RadFusionLib.reading.bench import Bench
from RadFusionLib.reading.case_folder import read_case, write_array_volume
from RadFusionLib.reading.pictures import draw_pictures

if TYPE_CHECKING:
    from RadFusionLib.workflow.measured_case import MeasuredCase

__all__ = ["BenchFiles"]


class BenchFiles(Bench):
    """What can be asked by paths and answered in JSON; parameters as those of :class:`Bench`."""

    _changed: MeasuredCase | None = None

    def facts_record(self, stage: Stage) -> dict[str, Any]:
        """Return the bundle's :class:`~RadFusionLib.reading.bundle_facts.BundleFacts`, field by field."""
        stage(0.0, "Reading the bundle")
        return asdict(self.facts(stage))

    def predict_folder(self, stage: Stage, case: str, out: str, shown: int = 0) -> dict[str, Any]:
        """Predict the case in a folder; heatmap and pictures go to the folder ``out``."""
        found = self.predict(stage.part(0.0, 0.95), read_case(Path(case)), shown)
        stage(0.95, "Drawing the explanation")
        measured = self._measured_as(found.number)
        pictures = self._draw(measured, Path(out))
        heatmap = None if found.heatmap is None else write_array_volume(found.heatmap, Path(out) / "heatmap.npy")
        return {**_record(found.number, measured), "heatmap": heatmap, "pictures": pictures, "out": out}

    def take_up_record(self, stage: Stage, measured: Mapping[str, Any], sha256: str, out: str) -> dict[str, Any]:
        """Go on with a prediction that a scene keeps, as :meth:`predict_folder` delivered it.

        By another bundle than this, of which ``sha256`` is not the SHA-256, its number is 0, and what cannot be drawn
        without its own bundle is not drawn.
        """
        from RadFusionLib.workflow.measured_case import MeasuredCase

        stage(0.0, "Drawing the explanation")
        found = MeasuredCase.from_json(measured)
        same = sha256 == self._bundle.sha256
        number = self._take_up(found) if same else 0
        return {**_record(number, found), "pictures": self._draw(found, Path(out), same), "out": out}

    def what_if_record(self, stage: Stage, number: int, clinical: Mapping[str, float]) -> dict[str, Any]:
        """Return what a prediction's images say with other clinical values; its pictures take longer."""
        from RadFusionLib.workflow.what_if import with_clinical

        self._changed = with_clinical(self._bundle, self._measured_as(number), clinical)
        return _record(number, self._changed)

    def draw_what_if(self, stage: Stage, out: str) -> dict[str, str]:
        """Draw what :meth:`what_if_record` last returned into a folder; return the pictures by name."""
        if self._changed is None:
            raise InputError("No other clinical values were asked for.")
        return self._draw(self._changed, Path(out))

    def register_folder(self, stage: Stage, case: str) -> dict[str, list[list[float]]]:
        """Register every phase of the case in a folder to the reference.

        Returns
        -------
        dict
            By role, the 4 x 4 matrix (LPS mm) that carries the phase onto the reference.
        """
        from RadFusionLib.imaging import register_rigid

        phases = read_case(Path(case)).phases
        reference = self._bundle.recipe.reference_phase
        others = [role for role in phases if role != reference]
        found = {}
        for done, role in enumerate(others):
            stage(done / len(others), f"Registering {role} to {reference}")
            try:
                _, matrix = register_rigid(phases[role], phases[reference])
            except InputError as error:
                raise InputError(f"{role} to {reference}: {error}") from error
            found[role] = np.linalg.inv(matrix).tolist()
        return found

    def report_file(self, stage: Stage, number: int, path: str) -> str:
        """Write the page on a prediction."""
        return str(self.save_report(stage, number, Path(path)))

    def dicom_folder(self, stage: Stage, number: int, source: str, folder: str) -> str:
        """Write a prediction as DICOM objects that refer to the series in the folder ``source``."""
        from RadFusionLib.cohort import CaseRow
        from RadFusionLib.workflow.dicom_results import write_dicom

        stage(0.1, "Writing DICOM objects")
        case, prediction = self._kept(number)
        row = CaseRow(id=case.id, images={prediction.prepared.reference: Path(source)}, masks={}, clinical={})
        remark = write_dicom(self._bundle, row, prediction, Path(folder))
        if remark:
            raise InputError(remark[0].upper() + remark[1:])
        return folder

    def _draw(self, found: MeasuredCase, out: Path, own_bundle: bool = True) -> dict[str, str]:
        out.mkdir(parents=True, exist_ok=True)
        drawn = draw_pictures(self._bundle if own_bundle else None, found, out)
        return {name: str(path) for name, path in drawn.items()}


def _record(number: int, found: MeasuredCase) -> dict[str, Any]:
    """A prediction without heatmap and pictures."""
    return {"number": number, "measured": found.to_json(), "heatmap": None, "pictures": {}, "out": ""}
