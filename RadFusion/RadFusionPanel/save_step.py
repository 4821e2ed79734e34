"""Step 7: the scene, the report and the DICOM objects."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

from RadFusionLib.errors import Cancelled, InputError
from RadFusionLib.scene.saving import save_scene
from RadFusionPanel.step import Step

__all__ = ["SaveStep", "source_files"]


class SaveStep(Step):
    """Writes what was found into a folder, named after the case."""

    def __init__(self, panel: Any) -> None:
        super().__init__(panel)
        self.ui.outputFolder.connect("currentPathChanged(QString)", self._choose)
        self.on(self.ui.saveSceneButton, self.saveScene)
        self.on(self.ui.saveReportButton, self.saveReport)
        self.on(self.ui.saveDicomButton, self.saveDicom)

    def refresh(self) -> None:
        if self.ui.outputFolder.currentPath != self.chosen.outputFolder:
            self.ui.outputFolder.currentPath = self.chosen.outputFolder
        reference = self.panel.reference()
        self.ui.saveDicomButton.enabled = reference is not None and bool(source_files(reference))

    def sceneClosing(self) -> None:
        self.say(self.ui.saveLabel, "")

    def saveScene(self) -> None:
        """Write the whole scene."""
        path = self._place(".mrb")
        self._say(save_scene(path, self.scene))

    def saveReport(self) -> None:
        """Write the page on the prediction, beside the window."""
        shown = self.panel.result.needFresh()
        path = self._place(".html")
        self._ask("report_file", {"number": shown.number, "path": str(path)})

    def saveDicom(self) -> None:
        """Write regions, heatmap and report as DICOM objects that refer to the reference phase's slices."""
        shown = self.panel.result.needFresh()
        files = source_files(self.panel.reference())
        if not files:
            raise InputError(_("The reference phase did not come from DICOM; there is nothing to refer to."))
        folder = self._place(" DICOM")
        # One folder with this series alone, whatever else lies beside its files.
        series = self.panel.work.scratch()
        for number, file in enumerate(files):
            shutil.copyfile(file, series / f"{number:05d}.dcm")
        self._ask("dicom_folder", {"number": shown.number, "source": str(series), "folder": str(folder)})

    def _ask(self, task: str, arguments: dict[str, Any]) -> None:
        self.say(self.ui.saveLabel, _("Writing ..."))
        done: Callable[[Any], None] = lambda path: self._say(Path(path))  # noqa: E731
        self.panel.work.ask(task, arguments, done, self._failed)

    def _failed(self, error: Any) -> None:
        self.say(self.ui.saveLabel, "")
        self.panel.failed(error)

    def _say(self, path: Path) -> None:
        self.say(self.ui.saveLabel, _("Written: {path}").format(path=path))

    def _choose(self, path: str) -> None:
        if self.chosen is not None:
            self.chosen.outputFolder = str(path)

    def _place(self, ending: str) -> Path:
        folder = Path(self.chosen.outputFolder)
        if not self.chosen.outputFolder or not folder.is_dir():
            raise InputError(_("No folder was chosen to save in; choose one."))
        reference = self.panel.reference()
        case = None if reference is None else reference.GetAttribute("RadFusion.case")
        path = folder / f"{case or 'RadFusion'}{ending}"
        if path.exists() and not slicer.util.confirmOkCancelDisplay(
            _("{path} is there already. Write it anew?").format(path=path)
        ):
            raise Cancelled(_("Nothing was written."))
        return path


def source_files(volume: Any) -> list[Path]:
    """Return the DICOM files that a volume was loaded from, as Slicer's DICOM database knows them; none otherwise."""
    instances = (volume.GetAttribute("DICOM.instanceUIDs") or "").split()
    database = getattr(slicer, "dicomDatabase", None)
    if database is None or not instances:
        return []
    files = [Path(str(database.fileForInstance(one) or "")) for one in instances]
    return files if all(file.is_file() for file in files) else []
