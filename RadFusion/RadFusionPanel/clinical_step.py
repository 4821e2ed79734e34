"""Step 4: the clinical values that the bundle asks for."""

from __future__ import annotations

import json
import math
from typing import Any

import qt
from slicer.i18n import tr as _

from RadFusionLib.errors import InputError
from RadFusionLib.reading.clinical_form import ClinicalForm, ClinicalRow
from RadFusionLib.scene.text_tables import read_table
from RadFusionPanel.step import Step

__all__ = ["ClinicalStep"]

PAUSE = 250
"""Milliseconds after the last key until a changed value is taken."""


class ClinicalStep(Step):
    """A field for each value, with its unit, the range of the training cases, and what is missing."""

    def __init__(self, panel: Any) -> None:
        super().__init__(panel)
        self._form = ClinicalForm((), {})
        self._shown_for: tuple[Any, ...] = ()
        self._remarks: dict[str, Any] = {}
        self._typed: dict[str, str] = {}
        self._pause = qt.QTimer()
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE)
        self._pause.connect("timeout()", self._settle)

    def refresh(self) -> None:
        facts = self.panel.facts
        fields = () if facts is None else facts.clinical
        if (fields, self.chosen.clinicalValues) == self._shown_for:
            return
        entered = self._entered()
        self._form = ClinicalForm(fields, {**self._fromScene(), **_numbers(entered)})
        for name, text in entered.items():
            self._form.enter(name, text)
        self._shown_for = (fields, self.chosen.clinicalValues)
        self._build(self._form.rows())
        self._remark()

    def sceneClosing(self) -> None:
        self._pause.stop()
        self._shown_for, self._typed = (), {}

    def values(self) -> dict[str, float]:
        """Return the values.

        Raises
        ------
        InputError
            When one is no number, or one that the model uses is missing.
        """
        self._settle()
        missing = self._form.missing()
        if missing:
            raise InputError(_("The model uses {names}; fill in the clinical values.").format(names=", ".join(missing)))
        return self._form.values()

    def missing(self) -> tuple[str, ...]:
        """Return the values that the model uses and nobody has entered."""
        return self._form.missing()

    def enter(self, name: str, text: str) -> None:
        """Take what was typed, once no key follows for a while."""
        self._typed[name] = text
        self._pause.start()

    def _settle(self) -> None:
        self._pause.stop()
        if not self._typed or self.chosen is None:
            return
        for name, text in self._typed.items():
            self._form.enter(name, text)
        values = {**self._entered(), **{name: text.strip() for name, text in self._typed.items()}}
        self._typed = {}
        fields = () if self.panel.facts is None else self.panel.facts.clinical
        stored = json.dumps(values)
        # What is shown is what is stored: no reason to build the form again under the cursor.
        self._shown_for = (fields, stored)
        self.chosen.clinicalValues = stored
        self._remark()
        with self.panel.errorsShown():
            self.panel.predict.whatIf()

    def _entered(self) -> dict[str, str]:
        try:
            found = json.loads(self.chosen.clinicalValues or "{}")
        except ValueError:
            return {}
        return {str(name): str(text) for name, text in found.items()} if isinstance(found, dict) else {}

    def _fromScene(self) -> dict[str, float]:
        """The values that came with a case that RadFusion put into the scene."""
        reference = self.panel.reference()
        case = None if reference is None else reference.GetAttribute("RadFusion.case")
        for number in range(self.scene.GetNumberOfNodesByClass("vtkMRMLTableNode")):
            node = self.scene.GetNthNodeByClass(number, "vtkMRMLTableNode")
            if case and node.GetAttribute("RadFusion.case") == case and not node.GetAttribute("RadFusion.result"):
                return {name: float(value) for name, value in read_table(node)}
        return {}

    def _build(self, rows: list[ClinicalRow]) -> None:
        layout = self.ui.clinicalForm.layout()
        while layout.rowCount():
            layout.removeRow(0)
        self._remarks = {}
        for row in rows:
            edit = self._choiceOf(row) if row.choices else self._lineOf(row)
            edit.setObjectName(f"clinical {row.name}")
            label = f"{row.label} ({row.unit})" if row.unit else row.label
            layout.addRow(f"{label} ({row.use})" if row.use else label, edit)
            remark = qt.QLabel()
            remark.wordWrap = True
            layout.addRow("", remark)
            self._remarks[row.name] = remark

    def _lineOf(self, row: ClinicalRow) -> Any:
        edit = qt.QLineEdit()
        edit.text = row.value
        edit.placeholderText = row.range
        edit.connect("textChanged(QString)", lambda text, name=row.name: self.enter(name, str(text)))
        return edit

    def _choiceOf(self, row: ClinicalRow) -> Any:
        box = qt.QComboBox()
        box.addItem("")
        for choice in row.choices:
            box.addItem(choice.title)
        values = ["", *(choice.value for choice in row.choices)]
        box.setCurrentIndex(values.index(row.value) if row.value in values else 0)
        box.connect("currentIndexChanged(int)", lambda index, name=row.name: self.enter(name, values[index]))
        return box

    def _remark(self) -> None:
        """Say beside each field what is wrong with it, or what range the training cases had."""
        rows = self._form.rows()
        for row in rows:
            remark = self._remarks.get(row.name)
            if remark is not None:
                remark.text = row.problem or row.range
                remark.setStyleSheet("color: #a40000;" if row.problem else "color: gray;")
                remark.visible = bool(row.problem or row.range)
        if self.panel.facts is None:
            self.ui.clinicalLabel.text = _("Read a bundle to see which clinical values it asks for.")
        elif not rows:
            self.ui.clinicalLabel.text = _("This bundle asks for no clinical values.")
        elif self._form.missing():
            names = ", ".join(name.replace("_", " ") for name in self._form.missing())
            self.ui.clinicalLabel.text = _("Missing: {names}.").format(names=names)
        else:
            self.ui.clinicalLabel.text = _("All values that the model uses are there.")


def _numbers(entered: dict[str, str]) -> dict[str, float]:
    numbers = {}
    for name, text in entered.items():
        try:
            number = float(text.replace(",", "."))
        except ValueError:
            continue
        if math.isfinite(number):
            numbers[name] = number
    return numbers
