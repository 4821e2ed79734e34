"""CMake itself reads the lists, with Slicer's macros stubbed, and installs the same files as the layout here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cmake_lists import ROOT, lay_out

STUB = Path(__file__).resolve().parent / "slicer_stub"


def test_cmake_installs_what_the_lists_name(tmp_path: Path) -> None:
    # The one that pip installed beside this Python, else the system's.
    cmake = shutil.which("cmake", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    if cmake is None or not (shutil.which("make") or shutil.which("ninja")):
        pytest.skip("cmake or a build tool is not installed")
    # Nothing is compiled; told so, CMake does not look for a compiler that may not be there.
    languages = [
        f"-DCMAKE_{language}_COMPILER{part}"
        for language in ("C", "CXX")
        for part in (f"={cmake}", "_ID_RUN=1", "_FORCED=1")
    ]
    build, installed = tmp_path / "build", tmp_path / "installed"
    for command in (
        [cmake, "-S", str(ROOT), "-B", str(build), f"-DSlicer_DIR={STUB}", "-DBUILD_TESTING=ON", *languages],
        [cmake, "--install", str(build), "--prefix", str(installed)],
    ):
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
    modules = installed / "lib" / "Slicer-stub" / "qt-scripted-modules"
    assert files(modules) == files(lay_out(tmp_path / "laid out"))


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
