"""Step 2: the segmentation, which of its segments are tumour and liver, and the editor that draws them."""

from __future__ import annotations

from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from RadFusionLib.errors import InputError
from RadFusionLib.scene.regions import copy_for_phases, find_region, make_ready, segments_by_phase
from RadFusionLib.scene.segmentations import (
    is_drawn,
    mask_from_segment,
    mask_to_segment,
    reference_geometry,
    segment_names,
)
from RadFusionPanel.step import Step

__all__ = ["SegmentStep"]

EDITOR = "RadFusion"
"""Tag of the segment editor's node: the panel's own, beside the Segment Editor module's."""


class SegmentStep(Step):
    """Tumour and liver, found by name or drawn in the embedded editor."""

    def __init__(self, panel: Any) -> None:
        super().__init__(panel)
        self._editorNode: Any = None
        self._listed: tuple[Any, ...] = ()
        self.on(self.ui.readySegmentsButton, self.makeReady)
        self.on(self.ui.perPhaseButton, self.copyForPhases)
        self.on(self.ui.totalSegmentatorButton, self.drawLiver)
        self.ui.tumorSegmentBox.connect("currentTextChanged(QString)", lambda text: self._choose("tumor", text))
        self.ui.liverSegmentBox.connect("currentTextChanged(QString)", lambda text: self._choose("liver", text))
        self.ui.segmentEditor.setMaximumNumberOfUndoStates(10)

    def refresh(self) -> None:
        node = self.chosen.segmentation
        names = () if node is None else segment_names(node)
        key = (None if node is None else node.GetID(), names)
        if key != self._listed:
            other = not self._listed or key[0] != self._listed[0]
            self._listed = key
            self._list(node, names, other)
        facts = self.panel.facts
        self.ui.perPhaseButton.visible = facts is not None and len(facts.phases) > 1
        self.ui.totalSegmentatorButton.visible = total_segmentator_is_there()
        self._follow(node)

    def sceneClosing(self) -> None:
        self.ui.segmentEditor.setActiveEffect(None)
        self.ui.segmentEditor.setSegmentationNode(None)
        self.ui.segmentEditor.removeViewObservations()
        self._editorNode = None
        self._listed = ()

    def enter(self) -> None:
        """Let the editor's keys work while the module is shown."""
        self.ui.segmentEditor.installKeyboardShortcuts()

    def leave(self) -> None:
        """Give the editor's keys back, and put its tool away."""
        self.ui.segmentEditor.setActiveEffect(None)
        self.ui.segmentEditor.uninstallKeyboardShortcuts()
        self.ui.segmentEditor.removeViewObservations()

    def makeReady(self) -> None:
        """Add a tumour and a liver segment where they are missing."""
        reference = self.panel.reference()
        if reference is None:
            raise InputError(_("No volume was chosen; choose the phases first."))
        node = make_ready(self.scene, reference, self.chosen.segmentation)
        case = reference.GetAttribute("RadFusion.case")
        if case and node.GetAttribute("RadFusion.case") is None:
            node.SetAttribute("RadFusion.case", case)
        self.chosen.segmentation = node
        self.panel.refresh()
        self._select(find_region(node, "tumor"))

    def copyForPhases(self) -> None:
        """Copy tumour and liver once for each phase, to be corrected there."""
        node, roles = self.needSegmentation(), self.panel.needFacts().phases
        made = copy_for_phases(node, self.needTumor(), "tumor", roles)
        if self.liver():
            made += copy_for_phases(node, self.liver(), "liver", roles)
        self.say(
            self.ui.segmentLabel,
            _("Made {names}; correct each on its phase.").format(names=", ".join(made))
            if made
            else _("Every phase has a contour of its own already."),
        )
        self.panel.refresh()

    def drawLiver(self) -> None:
        """Let TotalSegmentator draw the liver on the reference phase."""
        reference = self.panel.reference()
        if reference is None:
            raise InputError(_("No volume was chosen; choose the phases first."))
        if self.chosen.segmentation is None:
            self.makeReady()
        node = self.chosen.segmentation
        role = self.panel.facts.reference if self.panel.facts is not None else ""
        found = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "TotalSegmentator")
        try:
            run_total_segmentator(reference, found, role)
            name = find_region(found, "liver")
            if not name:
                raise InputError(_("TotalSegmentator drew no liver; draw it by hand."))
            drawn = mask_from_segment(found, name, reference_geometry(node), whole=False)
            mask_to_segment(drawn, node, self.chosen.liverSegment or "liver", tags={"RadFusion.region": "liver"})
        finally:
            slicer.mrmlScene.RemoveNode(found)
        self.say(self.ui.segmentLabel, _("TotalSegmentator drew the liver; look at it before you use it."))
        self.panel.refresh()

    def needSegmentation(self) -> Any:
        """Return the segmentation.

        Raises
        ------
        InputError
            When none is chosen.
        """
        if self.chosen.segmentation is None:
            raise InputError(_("No segmentation was chosen; choose one, or make a tumour and a liver ready."))
        return self.chosen.segmentation

    def needTumor(self) -> str:
        """Return the name of the tumour's segment.

        Raises
        ------
        InputError
            When none is chosen, or it is no longer there.
        """
        names = segment_names(self.needSegmentation())
        if self.chosen.tumorSegment not in names:
            raise InputError(_("No segment was chosen for the tumour; choose one."))
        return str(self.chosen.tumorSegment)

    def liver(self) -> str:
        """Return the name of the liver's segment; empty without one, or while nothing is drawn in it."""
        node, name = self.chosen.segmentation, str(self.chosen.liverSegment)
        there = node is not None and name in segment_names(node)
        return name if there and is_drawn(node, name) else ""

    def contours(self) -> dict[str, dict[str, str]]:
        """Return which segment serves which phase, by region."""
        node, roles = self.needSegmentation(), self.panel.needFacts().phases
        return {
            "tumor": segments_by_phase(node, self.needTumor(), "tumor", roles),
            "liver": segments_by_phase(node, self.liver(), "liver", roles),
        }

    def _list(self, node: Any, names: tuple[str, ...], other: bool) -> None:
        """Fill both lists; of another segmentation, choose by name."""
        for region, box in (("tumor", self.ui.tumorSegmentBox), ("liver", self.ui.liverSegmentBox)):
            kept = str(getattr(self.chosen, f"{region}Segment"))
            if node is not None and (kept not in names or (other and kept == region)):
                kept = find_region(node, region)
            blocked = box.blockSignals(True)
            box.clear()
            box.addItem("")
            box.addItems(list(names))
            box.setCurrentIndex(max(0, box.findText(kept)))
            box.blockSignals(blocked)
            if node is not None:
                setattr(self.chosen, f"{region}Segment", kept)

    def _choose(self, region: str, name: str) -> None:
        if self.chosen is not None:
            setattr(self.chosen, f"{region}Segment", str(name))

    def _follow(self, node: Any) -> None:
        """Let the editor draw on the chosen segmentation, over the reference phase."""
        editor = self.ui.segmentEditor
        if self._editorNode is None:
            self._editorNode = self.scene.GetSingletonNode(EDITOR, "vtkMRMLSegmentEditorNode")
            if self._editorNode is None:
                made = slicer.vtkMRMLSegmentEditorNode()
                made.SetSingletonTag(EDITOR)
                self._editorNode = self.scene.AddNode(made)
            # The shell overlaps nothing of the tumour, and yet must not be eaten by a stroke that crosses it.
            self._editorNode.SetOverwriteMode(slicer.vtkMRMLSegmentEditorNode.OverwriteNone)
            editor.setMRMLSegmentEditorNode(self._editorNode)
        if self._editorNode.GetSegmentationNode() is not node:
            editor.setSegmentationNode(node)
        reference = self.panel.reference()
        if node is not None and reference is not None and self._editorNode.GetSourceVolumeNode() is not reference:
            # Its name before Slicer 5.2 was setMasterVolumeNode; RadFusion needs a later one.
            editor.setSourceVolumeNode(reference)

    def _select(self, name: str) -> None:
        node = self.chosen.segmentation
        if name and node is not None:
            self.ui.segmentEditor.setCurrentSegmentID(node.GetSegmentation().GetSegmentIdBySegmentName(name))


def total_segmentator_is_there() -> bool:
    """Whether the TotalSegmentator extension is installed."""
    return hasattr(getattr(slicer, "modules", None), "totalsegmentator")


def run_total_segmentator(volume: Any, segmentation: Any, role: str) -> None:
    """Draw the liver of a volume into a segmentation; CT and MRI have a network each."""
    import TotalSegmentator

    logic = TotalSegmentator.TotalSegmentatorLogic()
    task = "total" if role.startswith("CT-") else "total_mr"
    qt.QApplication.setOverrideCursor(qt.Qt.WaitCursor)
    try:
        logic.setupPythonRequirements()
        logic.process(volume, segmentation, fast=True, task=task, subset=["liver"])
    except (RuntimeError, ValueError, OSError) as error:
        said = _("TotalSegmentator stopped ({error}); draw the liver by hand.").format(error=error)
        raise InputError(said) from error
    finally:
        qt.QApplication.restoreOverrideCursor()
