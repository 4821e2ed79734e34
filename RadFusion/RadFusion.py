"""The RadFusion module: what the Slicer window needs around RadFusionLib, which does the work."""

# No "from __future__ import annotations" here: Slicer's parameter node wrapper reads the annotations as types.
import json
import logging
import sys
import unittest
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import slicer
from slicer import vtkMRMLScalarVolumeNode, vtkMRMLSegmentationNode, vtkMRMLTableNode

try:
    import RadFusionLib
except ImportError:
    # From a source checkout only this folder is on the path, and the library lies beside it.
    _beside = Path(__file__).resolve().parent.parent
    if not (_beside / "RadFusionLib" / "__init__.py").is_file():
        raise
    sys.path.insert(0, str(_beside))
    import RadFusionLib

from RadFusionLib.errors import Cancelled, InputError, RadFusionError
from RadFusionLib.scene import SceneLogic
from RadFusionLib.scene.results import summary

try:
    from slicer.i18n import tr as _
    from slicer.i18n import translate
    from slicer.parameterNodeWrapper import WithinRange, parameterNodeWrapper
    from slicer.ScriptedLoadableModule import (
        ScriptedLoadableModule,
        ScriptedLoadableModuleLogic,
        ScriptedLoadableModuleTest,
        ScriptedLoadableModuleWidget,
    )
    from slicer.util import VTKObservationMixin
except ImportError:
    # Slicer's core libraries alone, without a window: the logic and the test remain.
    class _NoWindow:
        """Stands where Slicer has a class for its window."""

    ScriptedLoadableModule = ScriptedLoadableModuleLogic = ScriptedLoadableModuleWidget = _NoWindow
    VTKObservationMixin = type("_NoObservers", (), {})
    ScriptedLoadableModuleTest = unittest.TestCase

    def _(text: str) -> str:
        return text

    def translate(context: str, text: str) -> str:
        return text

    def WithinRange(minimum: float, maximum: float) -> tuple[float, float]:
        return minimum, maximum

    def parameterNodeWrapper(kind: type) -> type:
        return kind


PHASES = {
    "AP": "phaseAP",
    "PP": "phasePP",
    "HBP": "phaseHBP",
    "T1": "phaseT1",
    "T2": "phaseT2",
    "DWI": "phaseDWI",
    "ADC": "phaseADC",
    "VP": "phaseVP",
    "DP": "phaseDP",
    "CT-NP": "phaseCTNP",
    "CT-AP": "phaseCTAP",
    "CT-VP": "phaseCTVP",
}
"""Name of the selector and of the parameter by role; a recipe's phases are shown."""


class RadFusion(ScriptedLoadableModule):
    """Name, place and help of the module."""

    def __init__(self, parent: Any) -> None:
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("RadFusion")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Quantification")]
        self.parent.dependencies = ["Segmentations", "Volumes", "Colors", "Tables"]
        self.parent.contributors = [_("The RadFusion developers")]
        self.parent.helpText = _(
            "From a liver scan and a drawn tumour to a calibrated, explained risk: a peritumoral shell, conventional "
            "and deep features of tumour and shell in every phase, a trained ensemble, and a heatmap of what "
            "influenced it. Research use only. Not a medical device. Must not inform diagnosis or treatment."
        )
        self.parent.acknowledgementText = _("The methods are those of the papers that the recipes name.")


@parameterNodeWrapper
class RadFusionParameterNode:
    """What the user chose; saved with the scene."""

    bundlePath: Path
    phaseAP: vtkMRMLScalarVolumeNode
    phasePP: vtkMRMLScalarVolumeNode
    phaseHBP: vtkMRMLScalarVolumeNode
    phaseT1: vtkMRMLScalarVolumeNode
    phaseT2: vtkMRMLScalarVolumeNode
    phaseDWI: vtkMRMLScalarVolumeNode
    phaseADC: vtkMRMLScalarVolumeNode
    phaseVP: vtkMRMLScalarVolumeNode
    phaseDP: vtkMRMLScalarVolumeNode
    phaseCTNP: vtkMRMLScalarVolumeNode
    phaseCTAP: vtkMRMLScalarVolumeNode
    phaseCTVP: vtkMRMLScalarVolumeNode
    segmentation: vtkMRMLSegmentationNode
    tumorSegment: str = "tumor"
    liverSegment: str = "liver"
    marginMm: Annotated[float, WithinRange(1.0, 50.0)] = 10.0
    clinicalValues: str = "{}"
    allowDemonstration: bool = False
    heatmap: vtkMRMLScalarVolumeNode
    results: vtkMRMLTableNode


class RadFusionWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """Connects the user's choices to the logic, and does nothing else."""

    def __init__(self, parent: Any = None) -> None:
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic: RadFusionLogic | None = None
        self._parameterNode: Any = None
        self._guiTag: Any = None
        self._bundle: Any = None
        self._clinicalEdits: dict[str, Any] = {}
        self._cancelled = False

    def setup(self) -> None:
        ScriptedLoadableModuleWidget.setup(self)
        uiWidget = slicer.util.loadUI(self.resourcePath("UI/RadFusion.ui"))
        self.layout.addWidget(uiWidget)
        self.ui = slicer.util.childWidgetVariables(uiWidget)
        uiWidget.setMRMLScene(slicer.mrmlScene)
        self.logic = RadFusionLogic()
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneEndClose)
        self.ui.readBundleButton.connect("clicked(bool)", self.onReadBundle)
        self.ui.shellButton.connect("clicked(bool)", self.onShell)
        self.ui.predictButton.connect("clicked(bool)", self.onPredict)
        self.ui.cancelButton.connect("clicked(bool)", self.onCancel)
        self._showPhases(("AP", "PP", "HBP"))
        self._showProgress(False)
        self.initializeParameterNode()

    def cleanup(self) -> None:
        self.removeObservers()

    def enter(self) -> None:
        self.initializeParameterNode()

    def exit(self) -> None:
        self._storeClinical()
        self.setParameterNode(None)

    def onSceneStartClose(self, caller: Any, event: Any) -> None:
        self._cancelled = True
        self.setParameterNode(None)

    def onSceneEndClose(self, caller: Any, event: Any) -> None:
        if self.parent.isEntered:
            self.initializeParameterNode()

    def initializeParameterNode(self) -> None:
        """Take the parameter node of this scene."""
        self.setParameterNode(self.logic.getParameterNode())

    def setParameterNode(self, parameterNode: Any) -> None:
        """Connect another parameter node to the window, or none."""
        if self._parameterNode is not None:
            self._parameterNode.disconnectGui(self._guiTag)
        self._parameterNode = parameterNode
        self._guiTag = None if parameterNode is None else parameterNode.connectGui(self.ui)
        if parameterNode is not None and self._bundle is not None:
            self._showClinical(self._bundle[1].recipe.clinical)

    def onReadBundle(self) -> None:
        """Read the bundle and ask for what its recipe needs."""
        with self._errorsShown():
            self._readBundle()

    def onShell(self) -> None:
        """Draw the peritumoral shell as a segment."""
        with self._errorsShown():
            chosen = self._parameterNode
            made = self.logic.createShell(
                chosen.segmentation,
                chosen.tumorSegment,
                chosen.marginMm,
                None,
                chosen.liverSegment if self._hasLiver() else None,
            )
            said = [_("Shell drawn.")]
            if made.clipped_fraction > 0.005:
                said.append(
                    _("{percent:.0f} % of it lay outside the liver and was cut.").format(
                        percent=100 * made.clipped_fraction
                    )
                )
            if made.touches_edge:
                said.append(_("It reaches the edge of the image."))
            self.ui.resultLabel.text = " ".join(said)

    def onPredict(self) -> None:
        """Predict, paint the heatmap and fill the table."""
        with self._errorsShown():
            if self._bundle is None or self._bundle[0] != Path(self._parameterNode.bundlePath):
                self._readBundle()
            chosen = self._parameterNode
            path, bundle = self._bundle
            phases = {role: getattr(chosen, PHASES[role]) for role in bundle.recipe.phases}
            self._showProgress(True)
            prediction = self.logic.predict(
                path,
                phases,
                chosen.segmentation,
                chosen.tumorSegment,
                chosen.liverSegment if self._hasLiver() else None,
                self._readClinical(),
                progress=self._progress,
                allow_demonstration=chosen.allowDemonstration,
            )
            reference = phases[bundle.recipe.reference_phase]
            painted = self.logic.paintHeatmap(prediction, reference, chosen.heatmap)
            chosen.heatmap = painted.volume
            chosen.results = self.logic.createResultTable(prediction, chosen.results)
            self.ui.resultLabel.text = summary(prediction)
            slicer.util.setSliceViewerLayers(background=reference, foreground=painted.volume, foregroundOpacity=0.6)

    def onCancel(self) -> None:
        """Stop at the next step of the work."""
        self._cancelled = True

    def _readBundle(self) -> None:
        from RadFusionLib.scene.packages import install_packages

        install_packages()
        from RadFusionLib.bundle import Bundle

        path = Path(self._parameterNode.bundlePath)
        if not path.is_file():
            raise InputError(_("No bundle was chosen; choose a .radfusion file."))
        bundle = Bundle.load(path)
        self._bundle = (path, bundle)
        self.ui.bundleLabel.text = f"{bundle.name}. {bundle.notice}"
        self._showPhases(bundle.recipe.phases)
        self._showClinical(bundle.recipe.clinical)

    def _showPhases(self, phases: tuple[str, ...]) -> None:
        for role, name in PHASES.items():
            for widget in (getattr(self.ui, name), getattr(self.ui, f"{name}Label")):
                widget.visible = role in phases

    def _showClinical(self, variables: Any) -> None:
        """One line a clinical variable, filled with what was entered before."""
        import qt

        form = self.ui.clinicalCollapsibleButton.layout()
        while form.rowCount():
            form.removeRow(0)
        entered = json.loads(self._parameterNode.clinicalValues or "{}")
        self._clinicalEdits = {}
        for variable in variables:
            edit = qt.QLineEdit(entered.get(variable.name, ""))
            edit.placeholderText = variable.unit
            edit.connect("editingFinished()", self._storeClinical)
            form.addRow(variable.name, edit)
            self._clinicalEdits[variable.name] = edit

    def _storeClinical(self) -> None:
        if self._parameterNode is not None and self._clinicalEdits:
            values = {name: edit.text.strip() for name, edit in self._clinicalEdits.items() if edit.text.strip()}
            self._parameterNode.clinicalValues = json.dumps(values)

    def _readClinical(self) -> dict[str, float]:
        self._storeClinical()
        values = {}
        for name, text in json.loads(self._parameterNode.clinicalValues or "{}").items():
            try:
                values[name] = float(text.replace(",", "."))
            except ValueError:
                raise InputError(
                    _("The clinical value {name} is {text}; enter a number.").format(name=name, text=text)
                ) from None
        return values

    def _hasLiver(self) -> bool:
        """Whether a liver was named and is there: without one the shell is not clipped, and says so."""
        name = self._parameterNode.liverSegment.strip().lower()
        node = self._parameterNode.segmentation
        if not name or node is None:
            return False
        from RadFusionLib.scene.segmentations import segment_names

        return name in [known.lower() for known in segment_names(node)]

    def _progress(self, fraction: float, message: str) -> bool:
        self.ui.progressBar.value = round(100 * fraction)
        self.ui.progressBar.format = f"{message} %p%"
        slicer.app.processEvents()
        return not self._cancelled

    def _showProgress(self, running: bool) -> None:
        self._cancelled = False
        self.ui.progressBar.visible = running
        self.ui.cancelButton.visible = running
        for button in (self.ui.readBundleButton, self.ui.shellButton, self.ui.predictButton):
            button.enabled = not running

    @contextmanager
    def _errorsShown(self) -> Iterator[None]:
        """Show an error of ours as its sentence, and any other with a word to report it."""
        try:
            yield
        except Cancelled as stop:
            slicer.util.showStatusMessage(str(stop), 5000)
        except RadFusionError as error:
            slicer.util.errorDisplay(str(error))
        except Exception as error:
            logging.exception("RadFusion failed")
            slicer.util.errorDisplay(
                _("RadFusion failed unexpectedly ({error}); please report it.").format(error=error)
            )
        finally:
            self._showProgress(False)


class RadFusionLogic(ScriptedLoadableModuleLogic, SceneLogic):
    """The library's logic with Slicer's base class: shell, prediction, heatmap and results, nodes in, nodes out."""

    def getParameterNode(self) -> Any:
        return RadFusionParameterNode(super().getParameterNode())


class RadFusionTest(ScriptedLoadableModuleTest):
    """Runs in Slicer ("Reload and Test") and on its core libraries."""

    def setUp(self) -> None:
        from RadFusionLib.scene import current_scene

        current_scene().Clear(0)

    def runTest(self) -> None:
        for name in (
            "test_shell",
            "test_heatmap_and_table_survive_saving",
            "test_prediction_is_the_librarys",
        ):
            self.setUp()
            try:
                getattr(self, name)()
            except unittest.SkipTest as reason:
                logging.info("%s skipped: %s", name, reason)

    def test_shell(self) -> None:
        """The shell segment is the library's shell, voxel for voxel."""
        import numpy as np

        from RadFusionLib.case import Geometry, Volume
        from RadFusionLib.imaging import peritumoral_shell
        from RadFusionLib.scene import mask_from_segment, mask_to_segment, volume_to_node
        from RadFusionLib.scene.segmentations import new_segmentation

        grid = Geometry((40, 38, 16), (1.2, 1.2, 3.0), (-20.0, 15.0, 7.0))
        steps = (np.indices(grid.shape) - np.array(grid.shape).reshape(3, 1, 1, 1) / 2) * np.array(
            grid.spacing[::-1]
        ).reshape(3, 1, 1, 1)
        tumor = Volume(np.linalg.norm(steps, axis=0) < 8, grid)
        image = volume_to_node(Volume(np.zeros(grid.shape, np.float32), grid), "AP")
        node = new_segmentation("lesion", grid, image)
        mask_to_segment(tumor, node, "tumor")
        made = RadFusionLogic().createShell(node, "tumor", 10.0, image)
        drawn = mask_from_segment(node, made.segment_id, grid)
        assert np.array_equal(drawn.array, peritumoral_shell(tumor, 10.0).mask.array)

    def test_heatmap_and_table_survive_saving(self) -> None:
        """A heatmap with colours and legend, saved and read back."""
        import tempfile

        import numpy as np

        from RadFusionLib.case import Geometry, Volume
        from RadFusionLib.scene import (
            current_scene,
            heatmap_to_scene,
            load_scene,
            save_scene,
            volume_from_node,
        )

        values = np.full((6, 7, 8), -1000.0, dtype=np.float32)
        values[2:4, 2:5, 2:6] = np.linspace(-0.1, 0.2, 24).reshape(2, 3, 4)
        heatmap_to_scene(Volume(values, Geometry((8, 7, 6))), name="map")
        with tempfile.TemporaryDirectory() as folder:
            path = save_scene(Path(folder) / "scene.mrb")
            load_scene(path)
        node = current_scene().GetFirstNodeByName("map")
        assert np.array_equal(volume_from_node(node).array, values)
        assert node.GetDisplayNode().GetColorNode().GetNumberOfColors() == 256
        assert "not probability of disease here" in node.GetNthDisplayNode(1).GetTitleText()

    def test_prediction_is_the_librarys(self) -> None:
        """The same risk from nodes as from files, with the demonstration bundle where packages are installed."""
        import tempfile

        from RadFusionLib.resources import resource
        from RadFusionLib.scene import case_to_scene
        from RadFusionLib.scene.packages import missing_packages

        path = resource("Bundles", "hcc-mvi-demonstration.radfusion")
        if missing_packages() or not path.is_file():
            self.skipTest("The packages or the demonstration bundle are not there.")
        from RadFusionLib.bundle import Bundle
        from RadFusionLib.cohort import load_case, read_manifest
        from RadFusionLib.simulation import simulate

        bundle = Bundle.load(path)
        with tempfile.TemporaryDirectory() as folder:
            manifest = read_manifest(simulate(bundle.recipe.phases, 1, 4711, 1.0, Path(folder)))
            case = load_case(manifest.rows[0], bundle.recipe.phases)
        expected = RadFusionLib.predict(bundle, case, heatmap=False)
        nodes = case_to_scene(case)
        found = RadFusionLogic().predict(
            path, nodes.phases, nodes.segmentations[0], "tumor", "liver", case.clinical, heatmap=False
        )
        assert abs(found.risk - expected.risk) < 1e-6
        for one, other in zip(found.explanation["terms"], expected.explanation["terms"], strict=True):
            assert one["feature"] == other["feature"]
            assert abs(one["value"] - other["value"]) <= 1e-6 * abs(other["value"])
