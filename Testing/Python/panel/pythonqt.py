"""PySide6 in the shape in which Slicer's PythonQt shows Qt: the module ``qt``.

A property is an attribute, ``label.text = "..."``, not a pair of methods; a signal is connected by its signature,
``button.connect("clicked(bool)", f)``. Setting an attribute that Qt does not know is an error, as it is in Slicer.
This adapter proves itself and the panel's logic, not Slicer.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from types import ModuleType
from typing import Any

from PySide6 import QtCore, QtGui, QtUiTools, QtWidgets

__all__ = ["Shaped", "make_qt", "shaped"]

NOT_ATTRIBUTES = {"sizeHint", "minimumSizeHint"}
"""Properties whose getter Qt itself calls as a method."""


class Shaped:
    """What every shaped class has."""

    def connect(self, signature: str, slot: Callable[..., Any]) -> None:
        name = signature.split("(")[0]
        if self.metaObject().indexOfSignal(signature.replace(" ", "")) < 0:  # type: ignore[attr-defined]
            raise ValueError(f"{type(self).__name__} has no signal {signature}")
        getattr(self, name).connect(slot)

    def __setattr__(self, name: str, value: Any) -> None:
        # PySide6's loader hangs every child on the widget that it loads.
        known = name.startswith("_") or hasattr(type(self), name) or isinstance(value, QtCore.QObject)
        if not known:
            raise AttributeError(f"{type(self).__name__} has no property {name}")
        super().__setattr__(name, value)


def shaped(base: type, **more: Any) -> type:
    """Return a subclass of a Qt class in PythonQt's shape; ``more`` are members of its own."""
    meta = base.staticMetaObject  # type: ignore[attr-defined]
    members: dict[str, Any] = {"name": _attribute("objectName")}
    for number in range(meta.propertyCount()):
        name = meta.property(number).name()
        if name not in NOT_ATTRIBUTES and not (base is QtWidgets.QProgressBar and name == "text"):
            members[name] = _attribute(name)
    # Among the class's own members: PySide6 looks for connect there before it asks a base.
    return type(base.__name__, (Shaped, base), {"connect": Shaped.connect, **members, **more})


def _attribute(name: str) -> property:
    def read(self: Any) -> Any:
        return self.property(name)

    def write(self: Any, value: Any) -> None:
        if not self.setProperty(name, value):
            raise TypeError(f"{type(self).__name__}.{name} cannot be {value!r}")

    return property(read, write)


WIDGETS = (
    "QWidget",
    "QLabel",
    "QPushButton",
    "QCheckBox",
    "QComboBox",
    "QDoubleSpinBox",
    "QGroupBox",
    "QLineEdit",
    "QProgressBar",
    "QTabWidget",
)


class _Timer(Shaped, QtCore.QTimer):
    """Its properties bear the names of its methods, so that only the methods are there."""

    connect = Shaped.connect


def make_qt(custom: dict[str, type]) -> ModuleType:
    """Return the module ``qt``, whose loader of ``.ui`` files knows ``custom`` widgets by class name.

    The loader wires the file's ``<connections>`` itself, which PySide6's drops with a mere warning where it does not
    know a signal, and fails on one that it cannot wire.
    """
    qt = ModuleType("qt")
    for name in WIDGETS:
        setattr(qt, name, shaped(getattr(QtWidgets, name)))
    for module, names in (
        (QtCore, ("Qt", "QFile", "QUrl")),
        (QtGui, ("QImage", "QPixmap", "QDesktopServices")),
        (QtWidgets, ("QApplication", "QVBoxLayout", "QHBoxLayout", "QFormLayout")),
    ):
        for name in names:
            setattr(qt, name, getattr(module, name))
    qt.QTimer = _Timer  # type: ignore[attr-defined]
    classes = {name: getattr(qt, name) for name in WIDGETS} | custom

    class QUiLoader(QtUiTools.QUiLoader):
        def createWidget(self, kind: str, parent: Any = None, name: str = "") -> Any:
            widget = classes[kind](parent) if kind in classes else super().createWidget(kind, parent, name)
            widget.setObjectName(name)
            return widget

        def load(self, file: Any) -> Any:
            document = ElementTree.fromstring(bytes(file.readAll()))
            file.seek(0)
            connections = [
                tuple(str(one.findtext(part)) for part in ("sender", "signal", "receiver", "slot"))
                for one in document.iter("connection")
            ]
            kinds = {one.get("class") for one in document.iter("widget")}
            unknown = kinds - set(classes)
            if unknown:
                raise RuntimeError(f"the .ui file uses {sorted(map(str, unknown))}, for which there is no stand-in")
            for parent in document.iter("ui"):
                for part in parent.findall("connections"):
                    parent.remove(part)
            buffer = QtCore.QBuffer()
            buffer.setData(ElementTree.tostring(document))
            buffer.open(QtCore.QIODevice.OpenModeFlag.ReadOnly)
            widget = super().load(buffer)
            for connection in connections:
                _wire(widget, *connection)
            return widget

    qt.QUiLoader = QUiLoader  # type: ignore[attr-defined]
    return qt


def _wire(root: Any, sender: str, signal: str, receiver: str, slot: str) -> None:
    widgets = {QtCore.QObject.objectName(w): w for w in [root, *root.findChildren(QtWidgets.QWidget)]}
    try:
        source, target = widgets[sender], widgets[receiver]
        getattr(source, signal.split("(")[0]).connect(getattr(target, slot.split("(")[0]))
    except (KeyError, AttributeError) as error:
        raise RuntimeError(
            f"the .ui file's connection {sender}.{signal} to {receiver}.{slot} cannot be made"
        ) from error
