"""The panel in its stand-in window, on a small bundle in which clinical values matter."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# Under pytest's importlib mode a test's folder is not on the path.
sys.path.insert(0, str(Path(__file__).resolve().parent))
# Series as a scanner writes them.
sys.path.append(str(Path(__file__).resolve().parents[1] / "dicom"))


@pytest.fixture(scope="session")
def radfusion() -> Iterator[ModuleType]:
    """The module, loaded among the stand-ins."""
    pytest.importorskip("slicer", reason="slicer-core is not installed")
    pytest.importorskip("PySide6.QtUiTools", reason="PySide6 is not installed, or lacks a system library")
    from window import stand_ins

    from RadFusionLib.scene import close

    with stand_ins() as module:
        yield module
    close()


@pytest.fixture(scope="session")
def work(radfusion: ModuleType) -> Iterator[Any]:
    """A process beside the window that outlives it, since starting one takes seconds."""
    from RadFusionPanel.work import Work

    kept = Work()
    end = kept.close
    kept.close = kept.forget  # type: ignore[method-assign]
    opened = kept.open

    def open_again(bundle: Path, allow: bool) -> bool:
        if kept._for not in (None, (str(bundle), allow)):
            end()
        return opened(bundle, allow)

    kept.open = open_again  # type: ignore[method-assign]
    yield kept
    end()


@pytest.fixture
def window(radfusion: ModuleType, work: Any) -> Iterator[Any]:
    """The panel on an empty scene."""
    from window import Window

    from RadFusionLib.scene import current_scene

    # Tests of other folders, in the same process, may have closed the scene.
    current_scene().Clear(1)
    opened = Window(radfusion, work)
    yield opened
    opened.close()
    current_scene().Clear(1)


@pytest.fixture(scope="session")
def cases(cohort: Path) -> list[Any]:
    """The first cases of the cohort."""
    from RadFusionLib.cohort import load_case, read_manifest

    return [load_case(row, ("AP", "HBP")) for row in list(read_manifest(cohort))[:2]]
