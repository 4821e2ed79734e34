"""The catalogue entry, the licence and the metadata that the Extensions Index checks."""

from __future__ import annotations

import json
import re
from pathlib import PurePosixPath
from typing import Any

import pytest
from cmake_lists import ROOT

SCHEMA = (
    "https://raw.githubusercontent.com/Slicer/Slicer/main/Schemas/slicer-extension-catalog-entry-schema-v1.0.1.json#"
)
FIELDS: dict[str, type] = {
    "$schema": str,
    "category": str,
    "scm_url": str,
    "scm_revision": str,
    "scm_type": str,
    "build_dependencies": list,
    "build_subdirectory": str,
    "enabled": bool,
    "tier": int,
}
"""The schema's fields; no other is allowed."""
REQUIRED = ("$schema", "category", "scm_url")


@pytest.fixture(scope="module")
def entry() -> dict[str, Any]:
    return json.loads((ROOT / "RadFusion.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def cmake() -> str:
    return (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")


def _value(cmake: str, name: str) -> str:
    found = re.findall(rf'set\({name} "([^"]+)"\)', cmake)
    assert len(found) == 1, f"{name} is set {len(found)} times"
    return found[0]


def test_entry_follows_the_schema(entry: dict[str, Any]) -> None:
    assert entry["$schema"] == SCHEMA
    assert set(entry) <= set(FIELDS)
    assert set(REQUIRED) <= set(entry)
    assert all(type(value) is FIELDS[name] for name, value in entry.items())
    assert all(type(name) is str for name in entry["build_dependencies"])
    assert list(entry) == sorted(entry)


def test_entry_is_of_tier_three_in_quantification(entry: dict[str, Any]) -> None:
    assert entry["tier"] == 3
    assert entry["category"] == "Quantification"
    assert entry["scm_url"].startswith("https://")
    assert "slicer" in PurePosixPath(entry["scm_url"]).stem.lower()


def test_entry_and_cmake_agree(entry: dict[str, Any], cmake: str) -> None:
    assert re.search(r"project\((\w+)\)", cmake)[1] == "RadFusion"  # type: ignore[index]
    assert _value(cmake, "EXTENSION_CATEGORY") == entry["category"]
    assert _value(cmake, "EXTENSION_DEPENDS") == "PyTorch SlicerRadiomics"
    assert _value(cmake, "EXTENSION_DEPENDS").split() == entry["build_dependencies"]


@pytest.mark.parametrize("name", ["HOMEPAGE", "CONTRIBUTORS", "DESCRIPTION", "ICONURL", "SCREENSHOTURLS"])
def test_metadata_is_there(cmake: str, name: str) -> None:
    value = _value(cmake, f"EXTENSION_{name}")
    if name.endswith(("PAGE", "URL", "URLS")):
        assert value.startswith("https://")
    if name == "ICONURL":
        assert (ROOT / value.partition("/main/")[2]).is_file()


def test_icon_and_window_are_what_slicer_takes() -> None:
    from xml.etree import ElementTree

    from PIL import Image

    resources = ROOT / "RadFusion" / "Resources"
    icon = Image.open(resources / "Icons" / "RadFusion.png")
    assert icon.size == (128, 128)
    assert icon.mode == "RGBA"
    window = ElementTree.parse(resources / "UI" / "RadFusion.ui").getroot()
    module = (ROOT / "RadFusion" / "RadFusion.py").read_text(encoding="utf-8")
    parameters = set(
        re.findall(
            r"(?m)^    (\w+): [\w\[]+.*$",
            module.partition("class RadFusionParameterNode")[2].partition("class ")[0],
        )
    )
    bound = {node.findtext("string") for node in window.iter("property") if node.get("name") == "SlicerParameterName"}
    assert bound <= parameters
    steps = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "RadFusion" / "RadFusionPanel").glob("*.py"))
    assert [name for name in parameters - bound if f"chosen.{name}" not in steps] == []
    named = {node.get("name") for node in window.iter("widget")}
    used = set(re.findall(r"self\.ui\.(\w+)", module))
    assert used <= named
    selectors = {node.get("name") for node in window.iter("widget") if node.get("class") == "qMRMLNodeComboBox"}
    # Each of them, and the editor, hears of the scene.
    assert {node.findtext("receiver") for node in window.iter("connection")} == selectors | {"segmentEditor"}


def test_licence_is_apache() -> None:
    text = (ROOT / "LICENSE.txt").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert "The RadFusion developers" in text


def test_packages_installed_in_slicer_are_those_of_the_project() -> None:
    """One list of requirements: what pyproject names, less what Slicer and the PyTorch extension bring."""
    import tomllib

    from RadFusionLib.scene.packages import REQUIREMENTS, TORCH

    brought = {"numpy", "scipy", "SimpleITK", "trame-slicer[standalone]"}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    wanted = {d for d in project if re.split(r"[<>=]", d)[0] not in brought}
    assert {*REQUIREMENTS.values(), "".join(TORCH)} == wanted
