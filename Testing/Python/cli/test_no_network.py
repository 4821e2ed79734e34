"""No command opens a network connection unless asked: tried with connections denied, in every process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

GUARD = """
import sys


def _deny(event, arguments):
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        _refuse(event)
    if event in ("socket.connect", "socket.bind") and arguments[0].family.name != "AF_UNIX":
        if event == "socket.connect" or arguments[1][0] not in ("127.0.0.1", "::1"):
            _refuse(event)


def _refuse(event):
    with open(DENIED, "a") as stream:
        stream.write(event + "\\n")
    raise OSError("the network is denied")


sys.addaudithook(_deny)
"""


@pytest.fixture
def denied(tmp_path: Path) -> tuple[dict[str, str], Path]:
    """An environment in which Python opens no connection, and the file that tells of each attempt."""
    place, told = tmp_path / "guard", tmp_path / "denied.txt"
    place.mkdir()
    (place / "sitecustomize.py").write_text(GUARD.replace("DENIED", repr(str(told))))
    return {**os.environ, "PYTHONPATH": str(place), "RADFUSION_CACHE": str(tmp_path / "cache")}, told


def alone() -> list[str]:
    """A command in front of another that takes all networks away, where the system allows it."""
    words = ["unshare", "--map-root-user", "--net"]
    if shutil.which("unshare") is None or subprocess.run([*words, "true"], capture_output=True).returncode:
        return []
    return words


def test_the_guard_denies(denied: tuple[dict[str, str], Path]) -> None:
    environment, told = denied
    script = "import socket; socket.create_connection(('127.0.0.1', 9))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment)
    assert "the network is denied" in done.stderr
    assert told.read_text().startswith("socket.")


def test_asked_for_a_connection_is_tried(denied: tuple[dict[str, str], Path], tmp_path: Path) -> None:
    environment, told = denied
    words = [sys.executable, "-m", "RadFusionLib", "weights", "fetch", "r3d_18"]
    done = subprocess.run([*alone(), *words], capture_output=True, text=True, env=environment, cwd=tmp_path)
    assert done.returncode == 2
    assert "could not be fetched" in done.stderr
    assert told.exists()


def test_no_command_opens_a_connection(
    denied: tuple[dict[str, str], Path], cohort: Path, quick_recipe: Path, tmp_path: Path
) -> None:
    environment, told = denied
    recipe, manifest = ["--recipe", str(quick_recipe)], ["--manifest", str(cohort)]
    for words in (
        ["recipes"],
        ["weights", "list"],
        ["manifest", str(cohort.parent), "--out", "guessed.csv"],
        ["extract", *recipe, *manifest, "--out", "f.parquet", "--jobs", "2"],
        ["train", *recipe, *manifest, "--features", "f.parquet", "--out", "b.radfusion"],
        ["bundle", "verify", "b.radfusion"],
        ["evaluate", "--bundle", "b.radfusion", *manifest, "--features", "f.parquet", "--out", "evaluation"],
        ["predict", "--bundle", "b.radfusion", *manifest, "--case", "c1", "--out", "out", "--no-contours"],
        ["simulate", "--recipe", "hcc-mvi", "--profile", "small", "--cases", "1", "--seed", "1", "--out", "cases"],
    ):
        line = [*alone(), sys.executable, "-m", "RadFusionLib", *words]
        done = subprocess.run(line, capture_output=True, text=True, env=environment, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert not told.exists(), words
