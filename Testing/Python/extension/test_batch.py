"""The batch script for Slicer without its window, run by plain Python on Slicer's core libraries."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from cmake_lists import ROOT, lay_out

SCRIPT = ROOT / "RadFusion" / "Scripts" / "radfusion_batch.py"


def run(script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(script), *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=script.parent,
        timeout=300,
    )


def test_unusable_input_is_one_sentence_and_exit_code_2(tmp_path: Path) -> None:
    done = run(
        SCRIPT,
        "--bundle",
        str(tmp_path / "none.radfusion"),
        "--manifest",
        "m.csv",
        "--out",
        str(tmp_path / "out"),
    )
    assert done.returncode == 2
    assert "none.radfusion" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_missing_option_is_exit_code_2() -> None:
    done = run(SCRIPT, "--bundle", "b.radfusion")
    assert done.returncode == 2
    assert "--manifest" in done.stderr


def test_missing_package_is_named(tmp_path: Path) -> None:
    """As in a fresh Slicer; nothing is installed."""
    wrapper = tmp_path / "wrapper.py"
    wrapper.write_text(
        "import importlib.util, runpy, sys\n"
        "find = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *rest: None if name == 'monai' else find(name, *rest)\n"
        f"sys.argv[0] = {str(SCRIPT)!r}\n"
        f"runpy.run_path({str(SCRIPT)!r}, run_name='__main__')\n"
    )
    done = run(wrapper, "--bundle", "b.radfusion", "--manifest", "m.csv", "--out", str(tmp_path / "out"))
    assert done.returncode == 2
    assert "radfusion: RadFusion needs monai>=1.4;" in done.stderr
    assert "Traceback" not in done.stderr


def test_whatever_is_raised_ends_the_script(tmp_path: Path) -> None:
    """Slicer would stay open after an exception."""
    wrapper = tmp_path / "wrapper.py"
    wrapper.write_text(
        "import runpy, sys\n"
        "import RadFusionLib.cli\n"
        "def broken(arguments):\n    raise ZeroDivisionError('something broke')\n"
        "RadFusionLib.cli.main = broken\n"
        f"sys.argv[0] = {str(SCRIPT)!r}\n"
        f"runpy.run_path({str(SCRIPT)!r}, run_name='__main__')\n"
    )
    environment_script = [sys.executable, str(wrapper), "--bundle", "b", "--manifest", "m", "--out", "o"]
    import os

    done = subprocess.run(
        environment_script,
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=300,
    )
    assert done.returncode == 2
    assert "radfusion: something broke" in done.stderr


def test_slicer_is_ended_by_its_own_exit(monkeypatch: pytest.MonkeyPatch) -> None:
    """With an application there, plain sys.exit would leave Slicer open."""
    import importlib
    import importlib.util

    slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")
    util = importlib.import_module("slicer.util")

    spec = importlib.util.spec_from_file_location("radfusion_batch", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    batch = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(batch)
    codes: list[int] = []
    monkeypatch.setattr(slicer, "app", object(), raising=False)
    monkeypatch.setattr(util, "exit", codes.append)
    batch._leave(1)
    assert codes == [1]
    monkeypatch.setattr(slicer, "app", None)
    with pytest.raises(SystemExit) as stop:
        batch._leave(2)
    assert stop.value.code == 2


def test_installed_script_finds_the_library_beside_its_folder(tmp_path: Path) -> None:
    modules = lay_out(tmp_path)
    done = run(
        modules / "Scripts" / "radfusion_batch.py",
        "--bundle",
        "none.radfusion",
        "--manifest",
        "m",
        "--out",
        "o",
    )
    assert done.returncode == 2
    assert "none.radfusion" in done.stderr
