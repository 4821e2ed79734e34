"""The package stands alone: of RadFusionLib it needs the errors and the progress callback, nothing else."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = "RadFusionLib.radiomics"
ALLOWED = {"RadFusionLib.errors", "RadFusionLib.progress"}


def _modules(root: Path) -> list[Path]:
    return sorted((root / "RadFusionLib" / "radiomics").rglob("*.py"))


def test_it_imports_nothing_above_it(root: Path) -> None:
    foreign = {}
    for file in _modules(root):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"relative import in {file}"
                names = [node.module or ""]
            for name in names:
                if name.split(".")[0] == "RadFusionLib" and not name.startswith(PACKAGE) and name not in ALLOWED:
                    foreign[file.name] = name
    assert len(_modules(root)) > 40
    assert not foreign


@pytest.mark.parametrize("heavy", ["numba", "scipy", "SimpleITK", "torch", "pandas", "yaml", "radiomics"])
def test_importing_it_is_cheap(heavy: str) -> None:
    code = (
        "import sys\n"
        "from RadFusionLib.radiomics import RadiomicsSettings, feature_names\n"
        "from RadFusionLib.radiomics.ibsi import IbsiSettings\n"
        "assert len(feature_names(RadiomicsSettings())) == 1781\n"
        f"assert {heavy!r} not in sys.modules, {heavy!r}\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_it_computes_without_the_rest() -> None:
    """An extraction in a process where every other part of RadFusionLib refuses to be imported."""
    code = f"""
import importlib.abc, sys
class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.startswith("RadFusionLib.") and not name.startswith({PACKAGE!r}) and name not in {ALLOWED!r}:
            raise ImportError(name)
sys.meta_path.insert(0, Refuse())
import numpy as np
from RadFusionLib.radiomics import RadiomicsSettings, extract
from RadFusionLib.radiomics.ibsi import Discretisation, IbsiSettings, extract_ibsi
image = np.random.default_rng(0).normal(50, 10, (8, 8, 8))
mask = np.ones((8, 8, 8))
settings = RadiomicsSettings(image_types=("original",), spacing=None)
assert len(extract(image, mask, (1, 1, 1), settings)) == 107
assert extract_ibsi(image, mask, (1, 1, 1), IbsiSettings(discretisation=Discretisation(count=8)))
"""
    subprocess.run([sys.executable, "-c", code], check=True)
