"""Step 6: the risk, why, and the heatmap."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import qt
from slicer.i18n import tr as _

from RadFusionLib.errors import InputError
from RadFusionLib.reading.result_words import what_if_words
from RadFusionLib.reading.shown_prediction import ShownPrediction
from RadFusionLib.scene.heatmap import hide_below
from RadFusionLib.scene.slice_layers import show_background, show_foreground
from RadFusionPanel.predict_step import Asked
from RadFusionPanel.result_page import result_page, why_page
from RadFusionPanel.step import Step

__all__ = ["ResultStep"]

WIDTH, LEGEND_HEIGHT = 440, 14
"""Pixels of a picture, and of the legend's bar."""
PICTURES = ("waterfall", "nomogram")
"""In the order of their tabs, which come after the one in words."""


class ResultStep(Step):
    """Shows a prediction, and says when it is no longer that of the case."""

    def __init__(self, panel: Any) -> None:
        super().__init__(panel)
        self.shown: ShownPrediction | None = None
        self._asked: Asked | None = None
        self._stored = ""
        # What the process beside the window was asked to go on with.
        self._taken_up = ""
        self._layered: tuple[Any, ...] = ()
        self._pictures: dict[str, Path] = {}
        self.on(self.ui.openWaterfallPictureButton, lambda: self._open("waterfall"))
        self.on(self.ui.openNomogramPictureButton, lambda: self._open("nomogram"))
        self._blank()

    def refresh(self) -> None:
        if self.chosen.lastPrediction != self._stored:
            self._restore()
        self._takeUp()
        self._showHeatmap()

    def sceneClosing(self) -> None:
        self.shown = self._asked = None
        self._stored = self._taken_up = ""
        self._layered = ()
        self._blank()

    def show(self, prediction: ShownPrediction, asked: Asked, reference: Any) -> None:
        """Take a new prediction: its heatmap and its table go into the scene.

        Parameters
        ----------
        prediction : ShownPrediction
            What was delivered.
        asked : Asked
            For which case.
        reference : vtkMRMLScalarVolumeNode
            The phase over which the heatmap lies.
        """
        self.shown, self._asked = prediction, asked
        if prediction.heatmap is not None:
            painted = self.panel.logic.paintHeatmap(prediction, reference, self.chosen.heatmap)
            self.chosen.heatmap = painted.volume
            show_background(self.scene, reference)
        self.chosen.results = self.panel.logic.createResultTable(prediction, self.chosen.results)
        self._stored = json.dumps({"measured": dict(prediction.measured), "asked": asdict(asked)})
        self.chosen.lastPrediction = self._stored
        self._layered = ()
        self._page(prediction)
        self.showPictures(prediction.pictures)
        self.checkFresh()
        self.panel.refresh()

    def processIsNew(self) -> None:
        """Another process is beside the window, which does not know the prediction that is shown."""
        self._taken_up = ""
        if self.shown is not None:
            self.shown = replace(self.shown, number=0)

    def showWhatIf(self, prediction: ShownPrediction, clinical: Mapping[str, float]) -> None:
        """Show the risk with other clinical values than the predicted ones."""
        if self.shown is None or self._asked is None:
            return
        differ = [name for name, value in clinical.items() if value != self._asked.clinical.get(name)]
        used = {field.name for field in self.panel.needFacts().clinical if field.used}
        self._page(prediction, what_if_words(differ, used, self.shown.explanation))

    def remark(self, text: str) -> None:
        """Say why the risk cannot be shown with the clinical values as they are."""
        if self.shown is not None:
            self._page(self.shown, text)

    def checkFresh(self) -> None:
        """Say what has to be computed again since the prediction, if anything."""
        self.say(self.ui.staleLabel, "" if self.shown is None else self._stale())

    def needFresh(self) -> ShownPrediction:
        """Return the prediction of the case as it is now.

        Raises
        ------
        InputError
            When there is none.
        """
        if self.shown is None or not self.shown.number or self._asked is None:
            raise InputError(_("There is no prediction of this case; predict it first."))
        self.checkFresh()
        if self._stale() or self._otherValues():
            raise InputError(_("The case has changed since its prediction; predict it again first."))
        return self.shown

    def _otherValues(self) -> bool:
        """Whether the clinical values are not, or no longer all, those that were predicted."""
        assert self._asked is not None
        try:
            return dict(self.panel.clinical.values()) != dict(self._asked.clinical)
        except InputError:
            return True

    def _stale(self) -> str:
        assert self._asked is not None
        assert self.shown is not None
        if not self.shown.number and not self.panel.case.isRead():
            return _("Read the bundle of this result to see its pictures and what other clinical values would give.")
        try:
            now = self.panel.predict.now()
        except InputError:
            # Nothing is drawn, a value is missing: each step says so itself.
            return ""
        said = []
        if now.contours != self._asked.contours:
            said.append(_("The tumour or the liver has changed: the image features must be computed again."))
        if now.images != self._asked.images:
            said.append(_("An image or its place has changed: the image features must be computed again."))
        if now.bundle != self._asked.bundle:
            said.append(_("Another bundle was chosen."))
        return " ".join([*said, _("Predict again.")]) if said else ""

    def _restore(self) -> None:
        """Show what a scene that was loaded says of its last prediction."""
        self._stored = self.chosen.lastPrediction
        self._taken_up = ""
        self._layered = ()
        try:
            found = json.loads(self._stored) if self._stored else None
            self.shown = None if found is None else ShownPrediction(found["measured"])
            self._asked = None if found is None else Asked(**found["asked"])
            self._blank()
            if self.shown is not None:
                self._page(self.shown)
                self.showPictures({})
        except (ValueError, KeyError, TypeError):
            # A scene of another version, or altered: as if nothing had been predicted.
            self.shown = self._asked = None
            self._blank()

    def _takeUp(self) -> None:
        """Let the process go on with a prediction that the scene keeps; it draws the pictures, and knows what if."""
        if self.shown is None or self._asked is None or self.shown.number or self._taken_up == self._stored:
            return
        if not self.panel.case.isRead():
            self.panel.case.readKnownBundle()
            return
        self._taken_up = stored = self._stored

        def done(answer: Mapping[str, Any]) -> None:
            if self.chosen is None or self._stored != stored or self.shown is None or self._asked is None:
                return
            with self.panel.errorsShown():
                self.shown = ShownPrediction.from_answer(answer)
                self.showPictures(self.shown.pictures)
                self.checkFresh()
                if self._otherValues():
                    self.panel.predict.whatIf()

        arguments = {
            "measured": dict(self.shown.measured),
            "sha256": self._asked.bundle,
            "out": str(self.panel.work.scratch()),
        }
        self.panel.work.ask("take_up_record", arguments, done, self.panel.failed)

    def _blank(self) -> None:
        self.ui.resultLabel.text = _("Predict the case to see its risk.")
        self.ui.pictures.visible = False
        self._pictures = {}
        self.say(self.ui.staleLabel, "")
        self.ui.heatmapGroup.visible = False

    def _page(self, prediction: ShownPrediction, what_if: str = "") -> None:
        self.ui.resultLabel.text = result_page(prediction.explanation, what_if)
        self.ui.whyLabel.text = why_page(prediction.explanation)
        self.ui.pictures.visible = True

    def showPictures(self, pictures: Mapping[str, Path]) -> None:
        """Show the pictures that there are; those of other clinical values come a moment after their risk."""
        self._pictures = dict(pictures)
        for tab, name in enumerate(PICTURES, start=1):
            path = self._pictures.get(name)
            self.ui.pictures.setTabEnabled(tab, path is not None)
            label = getattr(self.ui, f"{name}Picture")
            if path is None:
                label.clear()
            else:
                label.setPixmap(qt.QPixmap(str(path)).scaledToWidth(WIDTH, qt.Qt.SmoothTransformation))

    def _open(self, name: str) -> None:
        """Show a picture in the computer's own viewer."""
        if name in self._pictures:
            qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(self._pictures[name])))

    def _showHeatmap(self) -> None:
        """Lay the heatmap over the slices as the panel says; what the user does in the views is left alone."""
        node = self.chosen.heatmap
        self.ui.heatmapGroup.visible = node is not None
        wanted = (
            None if node is None else node.GetID(),
            bool(self.chosen.heatmapShown),
            float(self.chosen.heatmapOpacity),
            bool(self.chosen.legendShown),
            float(self.chosen.heatmapThreshold),
        )
        if wanted == self._layered:
            return
        had = bool(self._layered) and self._layered[0] is not None
        self._layered = wanted
        if node is None:
            if had:
                show_foreground(self.scene, None, 0.0)
            return
        display = node.GetDisplayNode()
        if display is not None and display.GetColorNode() is not None:
            hide_below(display, wanted[4] * max(abs(display.GetWindowLevelMin()), abs(display.GetWindowLevelMax())))
        show_foreground(self.scene, node if wanted[1] else None, wanted[2])
        self._legend(node, wanted[3])

    def _legend(self, node: Any, visible: bool) -> None:
        """The legend in the views, and the same in the panel, where it can be read at any size."""
        title = ""
        for number in range(node.GetNumberOfDisplayNodes()):
            display = node.GetNthDisplayNode(number)
            if display is not None and display.IsA("vtkMRMLColorLegendDisplayNode"):
                display.SetVisibility(visible)
                title = str(display.GetTitleText())
        display = node.GetDisplayNode()
        color = None if display is None else display.GetColorNode()
        if color is None or not color.GetNumberOfColors():
            return
        low, high = display.GetWindowLevelMin(), display.GetWindowLevelMax()
        count = color.GetNumberOfColors()
        image = qt.QImage(count, 1, qt.QImage.Format_RGB32)
        rgba = [0.0, 0.0, 0.0, 0.0]
        for level in range(count):
            color.GetColor(level, rgba)
            red, green, blue = (round(255 * part) for part in rgba[:3])
            image.setPixel(level, 0, 0xFF000000 | red << 16 | green << 8 | blue)
        self.ui.legendBar.setPixmap(qt.QPixmap.fromImage(image).scaled(WIDTH, LEGEND_HEIGHT))
        said = {} if self.shown is None else self.shown.explanation.get("heatmap") or {}
        words = [_("{low:+.3g} to {high:+.3g} {unit}").format(low=low, high=high, unit=said.get("unit", ""))]
        if low < 0:
            words.append(_("blue lowers the risk, red raises it"))
        # How such a map did against a known truth stands beside what it means.
        self.ui.legendLabel.text = ". ".join(filter(None, ("; ".join([*words, title]), str(said.get("tested", "")))))
