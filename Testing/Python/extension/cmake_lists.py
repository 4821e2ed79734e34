"""Reads the extension's CMake lists as the macros would, and says which tracked file each must name."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[3]
MODULE = {"MODULE_PYTHON_SCRIPTS": True, "MODULE_PYTHON_RESOURCES": False}
LISTS: Mapping[str, Mapping[str, bool]] = {
    "RadFusion": MODULE,
    "RadFusionLib": MODULE,
    "Resources": {"RADFUSION_RESOURCES": False},
}
"""Folders with lists; for each list whether it holds Python (of a folder with one list, it holds everything)."""

INSTALLED = {"RadFusion": "", "RadFusionLib": "RadFusionLib", "Resources": "RadFusionLib/Resources"}
"""Where a folder's files end beneath ``qt-scripted-modules``."""


def tracked(root: Path = ROOT) -> list[str]:
    """Paths of the files that git knows, staged ones too, with forward slashes."""
    listing = subprocess.run(["git", "-C", str(root), "ls-files", "-z"], check=True, capture_output=True, text=True)
    return [path for path in listing.stdout.split("\0") if path and (root / path).is_file()]


def wanted(folder: str, paths: Iterable[str]) -> dict[str, list[str]]:
    """What each list of a folder must hold, sorted, relative to the folder."""
    inside = [str(PurePosixPath(p).relative_to(folder)) for p in paths if p.startswith(f"{folder}/")]
    inside = sorted(p for p in inside if p != "CMakeLists.txt")
    lists = LISTS[folder]
    if len(lists) == 1:
        return dict.fromkeys(lists, inside)
    return {name: [p for p in inside if p.endswith(".py") is python] for name, python in lists.items()}


def read_lists(file: Path) -> dict[str, list[str]]:
    """The values that a CMakeLists.txt sets, by variable."""
    text = re.sub(r"#[^\n]*", "", file.read_text(encoding="utf-8"))
    return {name: values.split() for name, values in re.findall(r"\bset\(\s*(\w+)\b([^)]*)\)", text)}


def write_lists(file: Path, lists: Mapping[str, Iterable[str]]) -> bool:
    """Replace the values of lists in a CMakeLists.txt; return whether it changed."""
    before = text = file.read_text(encoding="utf-8")
    for name, values in lists.items():
        block = "".join(f"  {value}\n" for value in values)
        text, count = re.subn(rf"set\({name}\b[^)]*\)", f"set({name}\n{block}  )", text)
        if count != 1:
            raise ValueError(f"{file} must set {name} once, not {count} times")
    if text != before:
        file.write_text(text, encoding="utf-8")
    return text != before


def lay_out(destination: Path, root: Path = ROOT) -> Path:
    """Copy what the lists name to where an install puts it; return the ``qt-scripted-modules`` folder."""
    modules = destination / "qt-scripted-modules"
    for folder, lists in LISTS.items():
        found = read_lists(root / folder / "CMakeLists.txt")
        for name in lists:
            for path in found[name]:
                target = modules / INSTALLED[folder] / path
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(root / folder / path, target)
    return modules
