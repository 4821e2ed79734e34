"""Stand-ins for Slicer's Python that is not in slicer-core: parameterNodeWrapper, ScriptedLoadableModule and i18n.

They keep the rules of Slicer's source that a panel can break: which type a parameter may have, which widget may show
it, what a parameter does not accept, that a value is read once and then kept until the node says it was modified.
"""

from __future__ import annotations

import os
import typing
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import slicer
import vtk

__all__ = ["make_i18n", "make_parameter_node_wrapper", "make_scripted_module"]


@dataclass
class WithinRange:
    minimum: float
    maximum: float

    def validate(self, value: float) -> None:
        if not self.minimum <= value <= self.maximum:
            raise ValueError(f"Value must be within range [{self.minimum}, {self.maximum}], is {value}")


def _is_node(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, slicer.vtkMRMLNode)


class _Parameter:
    def __init__(self, owner: type, name: str, kind: Any) -> None:
        self.name = name
        self.kind, *self.validators = (
            (kind.__origin__, *kind.__metadata__) if hasattr(kind, "__metadata__") else (kind,)
        )
        if self.kind not in (int, float, str, bool, Path) and not _is_node(self.kind):
            raise TypeError(f"Unable to create serializer for type: {self.kind}")
        empty = None if _is_node(self.kind) else self.kind()
        self.default = getattr(owner, name, empty)

    def write(self, node: Any, value: Any) -> None:
        accepted = (int, float) if self.kind is float else self.kind
        if not (_is_node(self.kind) and value is None) and not isinstance(value, accepted):
            raise TypeError(f"{self.name}: {value!r} is no {self.kind}")
        for validator in self.validators:
            validator.validate(value)
        if _is_node(self.kind):
            node.SetParameter(self.name, "")
            node.SetNodeReferenceID(self.name, None if value is None else value.GetID())
        else:
            node.SetParameter(self.name, str(value))

    def read(self, node: Any) -> Any:
        if not node.GetParameter(self.name) and not self._has(node):
            self.write(node, self.default)
        if _is_node(self.kind):
            return node.GetNodeReference(self.name)
        text = node.GetParameter(self.name)
        return text == "True" if self.kind is bool else self.kind(text)

    def _has(self, node: Any) -> bool:
        return bool(node.HasParameter(self.name))


class _Connector:
    def __init__(self, widget: Any, kind: Any, validators: list[Any]) -> None:
        import ctk
        import qt

        self.widget, self._callback = widget, None
        shape = type(widget)
        if _is_node(kind) and shape is slicer.qMRMLNodeComboBox:
            widget.nodeTypes = [kind.__name__]
            self.read, self.write, self._signal = widget.currentNode, widget.setCurrentNode, widget.currentNodeChanged
        elif kind is Path and shape is ctk.ctkPathLineEdit:
            self.read = lambda: Path(widget.currentPath)
            self.write = lambda value: setattr(widget, "currentPath", str(value))
            self._signal = widget.currentPathChanged
        elif kind is bool and shape is qt.QCheckBox:
            self.read, self._signal = (lambda: widget.checked), widget.stateChanged
            self.write = lambda value: setattr(widget, "checked", value)
        elif kind is str and shape is qt.QLineEdit:
            self.read, self._signal = (lambda: widget.text), widget.textChanged
            self.write = lambda value: setattr(widget, "text", value)
        elif kind is float and shape in (qt.QDoubleSpinBox, ctk.ctkSliderWidget):
            (bounds,) = validators or (WithinRange(float("-inf"), float("inf")),)
            widget.minimum, widget.maximum = bounds.minimum, bounds.maximum
            self.read, self._signal = (lambda: widget.value), widget.valueChanged
            self.write = lambda value: setattr(widget, "value", value)
        else:
            raise RuntimeError(f"Unable to create GUI connector from datatype {kind} to widget type {shape}")

    def onChanged(self, callback: Callable[[], None] | None) -> None:
        if callback is None:
            self._signal.disconnect(self._changed)
        self._callback = callback
        if callback is not None:
            self._signal.connect(self._changed)

    def _changed(self, *values: Any) -> None:
        if self._callback is not None:
            self._callback()


def parameterNodeWrapper(owner: type) -> type:
    parameters = {
        name: _Parameter(owner, name, kind) for name, kind in typing.get_type_hints(owner, include_extras=True).items()
    }
    members = {name: property(_reader(name), _writer(name)) for name in parameters}
    return type(owner.__name__, (_Wrapper,), {**members, "allParameters": parameters})


def _reader(name: str) -> Callable[[Any], Any]:
    return lambda self: self._values[name]


def _writer(name: str) -> Callable[[Any, Any], None]:
    return lambda self, value: self._write(name, value)


class _Wrapper:
    allParameters: dict[str, _Parameter]

    def __init__(self, node: Any) -> None:
        self.parameterNode = node
        self._guis: dict[int, dict[str, _Connector]] = {}
        self._next = 0
        self._updating = False
        self._values = {name: parameter.read(node) for name, parameter in self.allParameters.items()}
        node.AddObserver(vtk.vtkCommand.ModifiedEvent, self._modified)

    def connectParametersToGui(self, widgets: dict[str, Any]) -> int:
        unknown = set(widgets) - set(self.allParameters)
        if unknown:
            raise ValueError(f"Cannot find a param with the given name: {unknown}")
        parameters = self.allParameters
        connectors = {n: _Connector(w, parameters[n].kind, parameters[n].validators) for n, w in widgets.items()}
        tag, self._next = self._next, self._next + 1
        self._guis[tag] = connectors
        for name, connector in connectors.items():
            connector.write(self._values[name])
            connector.onChanged(self._callback(name, connector))
        return tag

    def disconnectGui(self, tag: int) -> None:
        for connector in self._guis.pop(tag, {}).values():
            connector.onChanged(None)

    def _callback(self, name: str, connector: _Connector) -> Callable[[], None]:
        def changed() -> None:
            if not self._updating:
                setattr(self, name, connector.read())

        return changed

    def _write(self, name: str, value: Any) -> None:
        was = self.parameterNode.StartModify()
        try:
            self.allParameters[name].write(self.parameterNode, value)
            self._values[name] = self.allParameters[name].read(self.parameterNode)
        finally:
            self.parameterNode.EndModify(was)

    def _modified(self, caller: Any, event: Any) -> None:
        self._values = {name: parameter.read(caller) for name, parameter in self.allParameters.items()}
        if self._updating:
            return
        self._updating = True
        try:
            for connectors in self._guis.values():
                for name, connector in connectors.items():
                    connector.write(self._values[name])
        finally:
            self._updating = False


class ScriptedLoadableModule:
    def __init__(self, parent: Any) -> None:
        self.parent = parent


class ScriptedLoadableModuleWidget:
    def __init__(self, parent: Any) -> None:
        super().__init__()
        self.parent = parent
        self.layout = parent.layout()

    def resourcePath(self, name: str) -> str:
        return os.path.join(os.path.dirname(self.parent.path), "Resources", name)

    def setup(self) -> None:
        pass

    def onReload(self) -> None:
        pass


class ScriptedLoadableModuleLogic:
    def __init__(self, parent: Any = None) -> None:
        super().__init__()
        self.moduleName = type(self).__name__.removesuffix("Logic")

    def getParameterNode(self) -> Any:
        kind = "vtkMRMLScriptedModuleNode"
        node = slicer.mrmlScene.GetSingletonNode(self.moduleName, kind)
        if node is None:
            node = slicer.mrmlScene.CreateNodeByClass(kind)
            node.UnRegister(None)
            node.SetSingletonTag(self.moduleName)
            node.SetAttribute("ModuleName", self.moduleName)
            node.SetModuleName(self.moduleName)
            node.SetName(self.moduleName)
            node = slicer.mrmlScene.AddNode(node)
        return node


def make_parameter_node_wrapper() -> ModuleType:
    """Return the module ``slicer.parameterNodeWrapper``."""
    module = ModuleType("slicer.parameterNodeWrapper")
    module.parameterNodeWrapper, module.WithinRange = parameterNodeWrapper, WithinRange  # type: ignore[attr-defined]
    return module


def make_scripted_module() -> ModuleType:
    """Return the module ``slicer.ScriptedLoadableModule``."""
    import unittest

    module = ModuleType("slicer.ScriptedLoadableModule")
    for one in (ScriptedLoadableModule, ScriptedLoadableModuleWidget, ScriptedLoadableModuleLogic):
        setattr(module, one.__name__, one)
    module.ScriptedLoadableModuleTest = unittest.TestCase  # type: ignore[attr-defined]
    return module


def make_i18n() -> ModuleType:
    """Return the module ``slicer.i18n``, in the language of the source."""
    module = ModuleType("slicer.i18n")
    module.tr = lambda text: text  # type: ignore[attr-defined]
    module.translate = lambda context, text: text  # type: ignore[attr-defined]
    return module
