"""A second process compiles ahead where nothing is compiled, once, and is not asked where the kernels are kept."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

STORY = """
import sys
from pathlib import Path
from RadFusionLib.radiomics import RadiomicsSettings
from RadFusionLib.radiomics.companion import begin_companion, kernels_are_kept

settings = RadiomicsSettings(image_types=("lbp-2D",), feature_classes=("firstorder",))
assert not kernels_are_kept()
process = begin_companion(settings, "float64")
if process is None:
    sys.exit("nobody")
assert begin_companion(settings, "float64") is process
assert process.wait() == 0
assert list(Path(sys.argv[1]).rglob("binary_pattern_2d._patterns-*.nbc"))
"""


@pytest.mark.parametrize(("alone", "said"), [("", ""), ("1", "nobody\n")])
def test_where_nothing_is_compiled(alone: str, said: str, tmp_path: Path) -> None:
    env = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "RADFUSION_COMPILES_ALONE": alone}
    told = subprocess.run([sys.executable, "-c", STORY, str(tmp_path)], env=env, capture_output=True, text=True)
    assert told.stderr == said


def test_nobody_is_asked_where_the_kernels_are_kept() -> None:
    from RadFusionLib.radiomics import RadiomicsSettings
    from RadFusionLib.radiomics.companion import begin_companion, kernels_are_kept

    assert kernels_are_kept()
    assert begin_companion(RadiomicsSettings(), "float64") is None


def test_the_first_use_says_what_it_waits_for(monkeypatch: pytest.MonkeyPatch) -> None:
    from RadFusionLib.progress import Stage
    from RadFusionLib.radiomics import companion
    from RadFusionLib.workflow.first_use import compile_once

    told: list[tuple[float, str]] = []

    def listen(fraction: float, message: str) -> bool:
        told.append((fraction, message))
        return True

    stage = Stage(listen)
    assert compile_once("fast", stage) is stage
    assert not told
    monkeypatch.setattr(companion, "kernels_are_kept", lambda: False)
    assert compile_once("pyradiomics", stage) is stage
    rest = compile_once("fast", stage)
    assert told[0][1] == "Compiling the kernels for float64 images"
    rest(0.0, "Next")
    assert told[-1] == (0.5, "Next")


def test_garbage_is_collected_again_after_the_first_region(tmp_path: Path) -> None:
    story = """
import gc
from RadFusionLib.radiomics import RadiomicsSettings
from RadFusionLib.radiomics.companion import in_company

settings = RadiomicsSettings(image_types=("lbp-2D",), feature_classes=("firstorder",))
try:
    with in_company(settings, "float64"):
        assert not gc.isenabled()
        raise KeyboardInterrupt
except KeyboardInterrupt:
    pass
assert gc.isenabled()
"""
    env = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "RADFUSION_COMPILES_ALONE": ""}
    told = subprocess.run([sys.executable, "-c", story], env=env, capture_output=True, text=True)
    assert told.stderr == ""
