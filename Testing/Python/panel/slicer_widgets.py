"""Stand-ins for the widgets of CTK and Slicer that the panel uses: small, and each says what it is not."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import slicer
from PySide6 import QtCore, QtWidgets
from pythonqt import Shaped, shaped

__all__ = ["WIDGETS", "make_ctk", "qMRMLNodeComboBox", "qMRMLSegmentEditorWidget", "qMRMLWidget"]

Line = shaped(QtWidgets.QWidget)


class ctkCollapsibleButton(shaped(QtWidgets.QGroupBox)):  # type: ignore[misc]
    """A titled box; it does not collapse."""

    def _text(self) -> str:
        return str(self.title)

    def _setText(self, text: str) -> None:
        self.setTitle(text)

    text = QtCore.Property(str, _text, _setText)

    def _collapsed(self) -> bool:
        return bool(self.__dict__.get("_is_collapsed", False))

    def _setCollapsed(self, collapsed: bool) -> None:
        self._is_collapsed = collapsed

    collapsed = QtCore.Property(bool, _collapsed, _setCollapsed)


class ctkPathLineEdit(Line):  # type: ignore[misc, valid-type]
    """A line and a button that opens nothing."""

    connect = Shaped.connect

    currentPathChanged = QtCore.Signal(str)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._line = QtWidgets.QLineEdit()
        layout.addWidget(self._line)
        layout.addWidget(QtWidgets.QPushButton("..."))
        self._line.textChanged.connect(self.currentPathChanged)

    def _path(self) -> str:
        return self._line.text()

    def _setPath(self, path: str) -> None:
        self._line.setText(path)

    currentPath = QtCore.Property(str, _path, _setPath)


class ctkSliderWidget(Line):  # type: ignore[misc, valid-type]
    """A slider with a box for its number."""

    connect = Shaped.connect

    valueChanged = QtCore.Signal(float)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._slider = QtWidgets.QSlider(QtCore.Qt.Orientation.Horizontal)
        self._slider.setMaximum(1000)
        self._box = QtWidgets.QDoubleSpinBox()
        layout.addWidget(self._slider)
        layout.addWidget(self._box)
        self._box.valueChanged.connect(self._moved)
        self._slider.sliderMoved.connect(self._slid)

    def _moved(self, value: float) -> None:
        low, high = self._box.minimum(), self._box.maximum()
        self._slider.setValue(round(1000 * (value - low) / ((high - low) or 1)))
        self.valueChanged.emit(value)

    def _slid(self, step: int) -> None:
        self._box.setValue(self._box.minimum() + step / 1000 * (self._box.maximum() - self._box.minimum()))

    value = QtCore.Property(float, lambda self: self._box.value(), lambda self, v: self._box.setValue(v))
    minimum = QtCore.Property(float, lambda self: self._box.minimum(), lambda self, v: self._box.setMinimum(v))
    maximum = QtCore.Property(float, lambda self: self._box.maximum(), lambda self, v: self._box.setMaximum(v))
    singleStep = QtCore.Property(float, lambda self: self._box.singleStep(), lambda self, v: self._box.setSingleStep(v))


class qMRMLWidget(Line):  # type: ignore[misc, valid-type]
    """Hands its scene on."""

    mrmlSceneChanged = QtCore.Signal(object)

    def setMRMLScene(self, scene: Any) -> None:
        self._scene = scene
        self.mrmlSceneChanged.emit(scene)


class qMRMLNodeComboBox(shaped(QtWidgets.QComboBox)):  # type: ignore[misc]
    """Lists the nodes of some classes in a real scene; it neither adds nor renames them."""

    currentNodeChanged = QtCore.Signal(object)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._scene: Any = None
        self._nodes: list[Any] = [None]
        self._types: list[str] = []
        self._tags: list[int] = []
        self.addItem("None")
        self.currentIndexChanged.connect(lambda index: self.currentNodeChanged.emit(self.currentNode()))

    def _nodeTypes(self) -> list[str]:
        return self._types

    def _setNodeTypes(self, types: list[str]) -> None:
        self._types = list(types)
        self._fill()

    nodeTypes = QtCore.Property("QStringList", _nodeTypes, _setNodeTypes)
    showChildNodeTypes = QtCore.Property(bool, lambda self: False, lambda self, v: None)
    addEnabled = QtCore.Property(bool, lambda self: False, lambda self, v: None)
    removeEnabled = QtCore.Property(bool, lambda self: False, lambda self, v: None)
    noneEnabled = QtCore.Property(bool, lambda self: True, lambda self, v: None)

    def setMRMLScene(self, scene: Any) -> None:
        for tag in self._tags:
            self._scene.RemoveObserver(tag)
        self._scene, self._tags = scene, []
        if scene is not None:
            events = (scene.NodeAddedEvent, scene.NodeRemovedEvent, scene.EndCloseEvent, scene.EndImportEvent)
            self._tags = [scene.AddObserver(event, lambda caller, event: self._fill()) for event in events]
        self._fill()

    def currentNode(self) -> Any:
        return self._nodes[self.currentIndex] if 0 <= self.currentIndex < len(self._nodes) else None

    def setCurrentNode(self, node: Any) -> None:
        if node is not None and node not in self._nodes:
            self._fill()
        self.setCurrentIndex(self._nodes.index(node) if node in self._nodes else 0)

    def _fill(self) -> None:
        chosen = self.currentNode()
        nodes: list[Any] = [None]
        for kind in self._types if self._scene is not None else ():
            count = self._scene.GetNumberOfNodesByClass(kind)
            found = (self._scene.GetNthNodeByClass(n, kind) for n in range(count))
            nodes += [node for node in found if node.GetClassName() == kind]
        blocked = self.blockSignals(True)
        self.clear()
        self._nodes = nodes
        self.addItems(["None", *(node.GetName() for node in nodes[1:])])
        self.setCurrentIndex(nodes.index(chosen) if chosen in nodes else 0)
        self.blockSignals(blocked)
        if self.currentNode() is not chosen:
            self.currentNodeChanged.emit(self.currentNode())


class qMRMLSegmentEditorWidget(qMRMLWidget):
    """Keeps the editor's node; it draws nothing, and a test changes the segments' arrays instead."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        layout = QtWidgets.QVBoxLayout(self)
        said = QtWidgets.QLabel("(Slicer's Segment Editor is here. This picture is of a stand-in without Slicer.)")
        said.setMinimumHeight(90)
        said.setAlignment(QtCore.Qt.AlignmentFlag.AlignCenter)
        said.setStyleSheet("border: 1px dashed gray; color: gray;")
        layout.addWidget(said)
        self._node: Any = None
        self._keys = False

    def setMRMLSegmentEditorNode(self, node: Any) -> None:
        self._node = node

    def setSegmentationNode(self, node: Any) -> None:
        if self._node is not None:
            self._node.SetAndObserveSegmentationNode(node)

    def setSourceVolumeNode(self, node: Any) -> None:
        if self._node is None or self._node.GetSegmentationNode() is None:
            raise RuntimeError("a source volume is chosen for a segmentation")
        self._node.SetAndObserveSourceVolumeNode(node)

    def setCurrentSegmentID(self, identity: str) -> None:
        self._node.SetSelectedSegmentID(identity)

    def setMaximumNumberOfUndoStates(self, number: int) -> None:
        assert number > 0

    def setActiveEffect(self, effect: Any) -> None:
        assert effect is None

    def installKeyboardShortcuts(self) -> None:
        self._keys = True

    def uninstallKeyboardShortcuts(self) -> None:
        self._keys = False

    def removeViewObservations(self) -> None:
        pass


WIDGETS = {
    one.__name__: one
    for one in (
        ctkCollapsibleButton,
        ctkPathLineEdit,
        ctkSliderWidget,
        qMRMLWidget,
        qMRMLNodeComboBox,
        qMRMLSegmentEditorWidget,
    )
}
"""By the class name of the ``.ui`` file."""


def make_ctk() -> ModuleType:
    """Return the module ``ctk``."""
    ctk = ModuleType("ctk")
    for one in (ctkCollapsibleButton, ctkPathLineEdit, ctkSliderWidget):
        setattr(ctk, one.__name__, one)
    return ctk


assert slicer.vtkMRMLScene, "Slicer's own package, not the other of its name"
