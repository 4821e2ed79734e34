"""A few hundred of the fuzz command's inputs, and proof that it notices what it must."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "Fuzz"))
from planted import Planted

FUZZ = Path(__file__).parents[2] / "Fuzz" / "fuzz.py"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits and watches of processes are Linux's own")


def fuzz(out: Path, *options: str) -> tuple[int, dict[str, Any]]:
    words = [sys.executable, str(FUZZ), "--seed", "7", "--out", str(out), *options]
    done = subprocess.run(words, capture_output=True, text=True)
    figures = out / "figures.json"
    assert figures.is_file(), done.stderr
    return done.returncode, json.loads(figures.read_text())


def test_altered_inputs_are_refused_in_a_sentence_or_read(tmp_path: Path) -> None:
    counts = {"bundles": 120, "manifests": 80, "recipes": 60, "images": 120, "scenes": 40}
    code, figures = fuzz(tmp_path, *(word for kind, count in counts.items() for word in (f"--{kind}", str(count))))
    found = [finding for kind in counts for finding in figures[kind]["list"]]
    assert (code, found) == (0, [])
    for kind in counts:
        assert figures[kind]["refused"] > figures[kind]["tried"] / 3
        assert figures[kind]["accepted"] > 0


def test_every_wrong_deed_is_noticed(tmp_path: Path) -> None:
    code, figures = fuzz(tmp_path, "--only", "planted", "--hangs", "4")
    assert code == 1
    assert (figures["planted"]["tried"], figures["planted"]["refused"]) == (len(Planted.deeds), 1)
    why = {Planted.deeds[finding["number"]]: finding["why"] for finding in figures["planted"]["list"]}
    for deed, word in {
        "crash": "KeyError",
        "segfault": "signal 11",
        "unclear": "unclear sentence",
        "read": "/etc/hostname was opened",
        "native": "canary.nrrd was touched",
        "write": "written was opened to be written",
        "process": "subprocess.Popen",
        "code": "code of the input was compiled",
        "network": "socket.connect",
        "memory": "MiB",
        "hang": "the process ended",
    }.items():
        assert word in why[deed], deed
