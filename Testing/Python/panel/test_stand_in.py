"""The stand-in window is as strict as Slicer where a panel can go wrong, and every text of the panel is in it."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
FILE = ROOT / "RadFusion" / "Resources" / "UI" / "RadFusion.ui"


def load(text: str, folder: Path) -> Any:
    from slicer.util import loadUI

    path = folder / "altered.ui"
    path.write_text(text, encoding="utf-8")
    return loadUI(str(path))


@pytest.mark.parametrize(
    ("there", "instead"),
    [
        ("<receiver>phaseAP</receiver>", "<receiver>phaseNowhere</receiver>"),
        ("<signal>mrmlSceneChanged(vtkMRMLScene*)</signal>", "<signal>sceneChanged(vtkMRMLScene*)</signal>"),
        ('class="qMRMLNodeComboBox" name="phaseAP"', 'class="qMRMLNodeSelector" name="phaseAP"'),
    ],
)
def test_a_ui_file_that_cannot_work_is_refused(radfusion: ModuleType, tmp_path: Path, there: str, instead: str) -> None:
    text = FILE.read_text(encoding="utf-8")
    assert there in text
    load(text, tmp_path)
    with pytest.raises(RuntimeError, match=r"cannot be made|no stand-in"):
        load(text.replace(there, instead, 1), tmp_path)


def test_what_qt_does_not_know_is_an_error(radfusion: ModuleType) -> None:
    import qt

    label = qt.QLabel()
    label.text = "there"
    assert label.text == "there"
    with pytest.raises(AttributeError, match="no property texts"):
        label.texts = "not there"
    with pytest.raises(ValueError, match="no signal clicked"):
        label.connect("clicked(bool)", print)


def test_parameters_keep_slicers_rules(radfusion: ModuleType, window: Any) -> None:
    with pytest.raises(ValueError, match="within range"):
        window.chosen.marginMm = 80.0
    with pytest.raises(TypeError):
        window.chosen.liveShell = 1
    from slicer.parameterNodeWrapper import WithinRange, parameterNodeWrapper

    def wrapped(kind: Any, **defaults: Any) -> Any:
        return parameterNodeWrapper(type("Chosen", (), {"__annotations__": {"width": kind}, **defaults}))

    with pytest.raises(TypeError, match="serializer"):
        wrapped(dict)
    Right = wrapped(Annotated[float, WithinRange(0.0, 1.0)], width=0.5)
    assert Right(window.chosen.parameterNode).width == 0.5
    with pytest.raises(RuntimeError, match="GUI connector"):
        Right(window.chosen.parameterNode).connectParametersToGui({"width": window.ui.liveShell})


def test_every_parameter_of_the_ui_file_is_one_of_the_node_and_every_selector_hears_of_the_scene(
    window: Any,
) -> None:
    document = ElementTree.parse(FILE)
    named = {str(p.findtext("string")) for p in document.iter("property") if p.get("name") == "SlicerParameterName"}
    assert named <= set(window.chosen.allParameters)
    selectors = {
        str(w.get("name"))
        for w in document.iter("widget")
        if w.get("class") in ("qMRMLNodeComboBox", "qMRMLSegmentEditorWidget")
    }
    assert {str(c.findtext("receiver")) for c in document.iter("connection")} == selectors


def test_every_sentence_of_the_panel_can_be_translated() -> None:
    """Text that a widget is given stands inside ``_()``; placeholders are filled after translation, never before."""
    for path in sorted((ROOT / "RadFusion" / "RadFusionPanel").glob("*.py")):
        source = path.read_text(encoding="utf-8")
        bare = [found for found in re.findall(r'\.text = "([^"]+)"', source) if re.search("[A-Za-z]{3}", found)]
        assert bare == [], f"{path.name}: {bare}"
        assert not re.search(r"_\(\s*f\"", source), f"{path.name}: a sentence is filled before it is translated"
