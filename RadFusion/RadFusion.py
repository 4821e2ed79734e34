"""The RadFusion module: what the Slicer window needs around RadFusionLib, which does the work."""

# No "from __future__ import annotations" here: Slicer's parameter node wrapper reads the annotations as types.
import logging
import sys
import unittest
from pathlib import Path
from typing import Annotated, Any

import slicer
from slicer import vtkMRMLScalarVolumeNode, vtkMRMLSegmentationNode, vtkMRMLTableNode
from vtk import vtkCommand

try:
    import RadFusionLib
except ImportError:
    # From a source checkout only this folder is on the path, and the library lies beside it.
    _beside = Path(__file__).resolve().parent.parent
    if not (_beside / "RadFusionLib" / "__init__.py").is_file():
        raise
    sys.path.insert(0, str(_beside))
    import RadFusionLib

from RadFusionLib.scene import SceneLogic

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
        slicer.app.connect("startupCompleted()", registerSampleData)


def registerSampleData() -> None:
    """Offer the simulated case in Slicer's Sample Data module."""
    from RadFusionPanel.sample_case import register_sample_data

    register_sample_data(str(Path(__file__).resolve().parent / "Resources" / "Icons"))


@parameterNodeWrapper
class RadFusionParameterNode:
    """What the user chose; saved with the scene."""

    bundleFile: str = ""
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
    liveShell: bool = True
    lastPrediction: str = ""
    heatmap: vtkMRMLScalarVolumeNode
    heatmapShown: bool = True
    heatmapOpacity: Annotated[float, WithinRange(0.0, 1.0)] = 0.6
    heatmapThreshold: Annotated[float, WithinRange(0.0, 1.0)] = 0.0
    legendShown: bool = True
    results: vtkMRMLTableNode
    outputFolder: str = ""


class RadFusionWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """The module's life in the window; the steps of the work are in :mod:`RadFusionPanel`."""

    def __init__(self, parent: Any = None) -> None:
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic: RadFusionLogic | None = None
        self.panel: Any = None
        self._parameterNode: Any = None
        self._guiTag: Any = None

    def setup(self) -> None:
        ScriptedLoadableModuleWidget.setup(self)
        from RadFusionPanel.panel import Panel

        uiWidget = slicer.util.loadUI(self.resourcePath("UI/RadFusion.ui"))
        self.layout.addWidget(uiWidget)
        self.ui = slicer.util.childWidgetVariables(uiWidget)
        uiWidget.setMRMLScene(slicer.mrmlScene)
        self.logic = RadFusionLogic()
        self.panel = Panel(self.ui, self.logic)
        scene = slicer.mrmlScene
        self.addObserver(scene, scene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(scene, scene.EndCloseEvent, self.onSceneEndClose)
        self.addObserver(scene, scene.StartImportEvent, self.onSceneStartImport)
        self.addObserver(scene, scene.EndImportEvent, self.onSceneEndClose)
        self.addObserver(scene, scene.NodeRemovedEvent, self.onNodeRemoved)
        self.initializeParameterNode()

    def cleanup(self) -> None:
        self.setParameterNode(None)
        self.removeObservers()
        if self.panel is not None:
            self.panel.close()

    def enter(self) -> None:
        self.initializeParameterNode()
        self.panel.segment.enter()

    def exit(self) -> None:
        self.panel.segment.leave()

    def onReload(self) -> None:
        """Read the panel's files anew too."""
        for name in [name for name in sys.modules if name.partition(".")[0] == "RadFusionPanel"]:
            del sys.modules[name]
        ScriptedLoadableModuleWidget.onReload(self)

    def onSceneStartClose(self, caller: Any, event: Any) -> None:
        self.panel.sceneClosing()
        self.setParameterNode(None)

    def onSceneEndClose(self, caller: Any, event: Any) -> None:
        if self.parent.isEntered:
            self.initializeParameterNode()

    def onSceneStartImport(self, caller: Any, event: Any) -> None:
        # While a scene is read, its nodes refer to others that are not there yet.
        self.setParameterNode(None)

    def onNodeRemoved(self, caller: Any, event: Any) -> None:
        # A selector drops a removed node by itself; what hangs on the choice is looked at after it has.
        self.panel.refreshSoon()

    def initializeParameterNode(self) -> None:
        """Take the parameter node of this scene."""
        parameterNode = self.logic.getParameterNode()
        known = self._parameterNode is not None and self._parameterNode.parameterNode is parameterNode.parameterNode
        if known:
            self.panel.refresh()
        else:
            self.setParameterNode(parameterNode)

    def setParameterNode(self, parameterNode: Any) -> None:
        """Connect another parameter node to the window, or none."""
        if self._parameterNode is not None:
            self._parameterNode.disconnectGui(self._guiTag)
            self.removeObserver(self._parameterNode.parameterNode, vtkCommand.ModifiedEvent, self.onChosen)
        self._parameterNode = self.panel.parameters = parameterNode
        self._guiTag = None
        if parameterNode is not None:
            # Not connectGui, which in some versions of Slicer returns no tag, so that nothing could be disconnected.
            widgets = {w.property("SlicerParameterName"): w for w in vars(self.ui).values()}
            widgets.pop(None, None)
            self._guiTag = parameterNode.connectParametersToGui(widgets)
            self.addObserver(parameterNode.parameterNode, vtkCommand.ModifiedEvent, self.onChosen)
            self.panel.take(parameterNode)

    def onChosen(self, caller: Any, event: Any) -> None:
        """Let the steps follow a choice."""
        self.panel.refresh()


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
            "test_panel_takes_the_sample_case",
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

    def test_panel_takes_the_sample_case(self) -> None:
        """In the window: the sample case is chosen, its bundle read beside the window, and its shell drawn."""
        import time

        from RadFusionLib.scene import in_slicer
        from RadFusionLib.scene.packages import missing_packages
        from RadFusionLib.scene.segmentations import segment_names

        if not in_slicer() or missing_packages():
            self.skipTest("There is no window, or a package is missing.")
        slicer.util.selectModule("RadFusion")
        panel = slicer.modules.RadFusionWidget.panel
        panel.case.loadSample()
        end = time.monotonic() + 120
        while time.monotonic() < end:
            slicer.app.processEvents()
            node = panel.parameters.segmentation
            if panel.facts is not None and node is not None and "shell" in segment_names(node):
                break
        assert panel.facts is not None
        assert all(panel.phases().values())
        assert "shell" in segment_names(panel.parameters.segmentation)
