"""The module's real widget, in a window made of stand-ins, on a real scene."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

__all__ = ["Window", "stand_ins"]

ROOT = Path(__file__).resolve().parents[3]
PICTURE_WIDTH = 560


@contextmanager
def stand_ins() -> Iterator[ModuleType]:
    """Give the module RadFusion as it is loaded where Qt, CTK and Slicer's Python seem to be there."""
    import slicer
    import slicer_python
    import slicer_widgets
    from PySide6.QtWidgets import QApplication
    from pythonqt import make_qt

    application = QApplication.instance() or QApplication(["panel"])
    parameter_node = slicer_python.make_parameter_node_wrapper()
    scripted, i18n = slicer_python.make_scripted_module(), slicer_python.make_i18n()
    ctk = slicer_widgets.make_ctk()
    modules = {
        "qt": make_qt(slicer_widgets.WIDGETS),
        "ctk": ctk,
        "slicer.parameterNodeWrapper": parameter_node,
        "slicer.ScriptedLoadableModule": scripted,
        "slicer.i18n": i18n,
    }
    with patch.dict(sys.modules, modules), patch.object(sys, "path", [str(ROOT / "RadFusion"), *sys.path]):
        slicer.qMRMLNodeComboBox = slicer_widgets.qMRMLNodeComboBox
        spec = importlib.util.spec_from_file_location("RadFusion", ROOT / "RadFusion" / "RadFusion.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["RadFusion"] = module
        spec.loader.exec_module(module)
        try:
            yield module
        finally:
            # patch.dict takes away what was imported meanwhile, RadFusionPanel among it.
            del slicer.qMRMLNodeComboBox
    application.processEvents()


class _Parent:
    """The panel's place in Slicer's window."""

    def __init__(self) -> None:
        import qt

        self.widget = qt.QWidget()
        self.widget.setLayout(qt.QVBoxLayout())
        self.path = str(ROOT / "RadFusion" / "RadFusion.py")
        self.isEntered = True

    def layout(self) -> Any:
        return self.widget.layout()


class Window:
    """A person before the panel: presses, waits, looks.

    Parameters
    ----------
    module : ModuleType
        RadFusion.
    work : object, optional
        A process beside another window, which this one goes on with: starting one takes seconds.
    """

    def __init__(self, module: ModuleType, work: Any = None) -> None:
        import slicer

        util = importlib.import_module("slicer.util")
        self.tracebacks: list[str] = []
        self.errors: list[str] = []
        self.status: list[str] = []
        self.questions: list[str] = []
        self.agree = True
        self._patches = [
            patch.object(util, "errorDisplay", lambda text, **more: self.errors.append(text)),
            patch.object(util, "showStatusMessage", lambda text, duration=0: self.status.append(text)),
            patch.object(
                util, "confirmOkCancelDisplay", lambda text, **more: self.questions.append(text) or self.agree
            ),
            # Where VTK and PySide6 report what an observer or a slot raised.
            patch.object(sys, "excepthook", self._raised),
        ]
        if work is not None:
            panel = importlib.import_module("RadFusionPanel.panel")
            self._patches.append(patch.object(panel, "Work", lambda: work))
        for one in self._patches:
            one.start()
        self.scene = slicer.mrmlScene
        self._parent = _Parent()
        self.widget = module.RadFusionWidget(self._parent)
        self.widget.setup()
        self.widget.enter()
        self.ui = self.widget.ui
        self.panel = self.widget.panel

    @property
    def chosen(self) -> Any:
        """The parameter node."""
        return self.widget._parameterNode

    def press(self, button: str) -> None:
        """Press a button, as a hand does: one that is hidden or grey cannot be pressed."""
        widget = getattr(self.ui, button)
        assert widget.isVisibleTo(self._parent.widget), f"{button} is hidden"
        assert widget.isEnabled(), f"{button} is grey"
        widget.click()
        self.settle()

    def settle(self) -> None:
        """Let what is due happen."""
        from PySide6.QtWidgets import QApplication

        for _ in range(3):
            QApplication.processEvents()

    def wait(self, until: Callable[[], bool], seconds: float = 240.0) -> None:
        """Wait until something is so, with the window alive."""
        end = time.monotonic() + seconds
        while not until():
            assert time.monotonic() < end, f"waited in vain; errors shown: {self.errors}"
            self.settle()
            time.sleep(0.02)

    def wait_for_work(self, seconds: float = 240.0) -> None:
        """Wait until nothing is under way beside the window."""
        self.wait(lambda: not self.panel.work.busy, seconds)
        self.settle()

    def rest(self) -> None:
        """Let the hand rest, so that the shell follows."""
        end = time.monotonic() + 0.6
        while time.monotonic() < end:
            self.settle()
            time.sleep(0.02)

    def type(self, field: str, text: str) -> None:
        """Type into a clinical field, and stop typing."""
        from PySide6.QtWidgets import QWidget

        edit = self.ui.clinicalForm.findChild(QWidget, f"clinical {field}")
        if hasattr(edit, "currentIndex"):
            edit.setCurrentIndex(edit.findText(text))
        else:
            edit.setText(text)
        self.rest()
        self.wait_for_work()

    def picture(self, path: Path, height: int | None = None) -> Path:
        """Save a picture of the panel."""
        widget = self._parent.widget
        # What Slicer's scroll area would do: as wide as the window, as high as needed.
        widget.show()
        for _ in range(4):
            widget.resize(PICTURE_WIDTH, height or widget.layout().totalHeightForWidth(PICTURE_WIDTH))
            self.settle()
        assert widget.grab().save(str(path))
        return path

    def close(self) -> None:
        """Close the window; nothing may have been raised past the panel."""
        self.widget.cleanup()
        self.ui.RadFusion.setMRMLScene(None)
        self.settle()
        for one in self._patches:
            one.stop()
        assert self.tracebacks == []

    def _raised(self, kind: Any, error: BaseException, trace: Any) -> None:
        self.tracebacks.append("".join(traceback.format_exception(kind, error, trace)))
