"""As installed: only the scripted-module folder on the path, nothing of the checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from cmake_lists import ROOT, lay_out

USE = """
import sys
from pathlib import Path
import RadFusionLib
from RadFusionLib.recipe import load_recipe
assert Path(RadFusionLib.__file__).is_relative_to(sys.argv[1]), RadFusionLib.__file__
recipe = load_recipe("hcc-mvi", "small")
from RadFusionLib.resources import resource
assert resource("Recipes").is_relative_to(sys.argv[1])
import RadFusion
from RadFusionPanel.phase_selectors import PHASES
assert Path(RadFusion.__file__).is_relative_to(sys.argv[1])
logic = RadFusion.RadFusionLogic()
print(recipe.name, callable(logic.createShell), len(PHASES))
"""

BARE = """
import importlib.abc, sys
class Absent(importlib.abc.MetaPathFinder):
    names = {"torch", "monai", "sklearn", "pandas", "pyarrow", "numba", "yaml", "pywt", "statsmodels", "safetensors",
             "matplotlib", "tqdm", "shap", "radiomics"}
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
import RadFusion
RadFusion.RadFusionTest("test_shell").debug()
print("ok")
"""

TESTS = """
import sys, unittest, RadFusion
tests = unittest.defaultTestLoader.loadTestsFromName(sys.argv[1], RadFusion.RadFusionTest)
result = unittest.TextTestRunner().run(tests)
sys.exit(not result.wasSuccessful())
"""


def run(modules: Path, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh Python with only ``modules`` and the installed packages on its path."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    packages = sysconfig.get_path("purelib")
    # -I leaves out this folder and the user's; -S the editable install, whose link would lead to the checkout.
    start = f"import sys; sys.path[1:1] = [{str(modules)!r}]; sys.path.append({packages!r})\n"
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", start + code, *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=modules,
        env=environment,
        timeout=300,
    )


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("slicer", reason="slicer-core is not installed")
    return lay_out(tmp_path_factory.mktemp("install"))


def test_package_recipe_and_logic_load(modules: Path) -> None:
    done = run(modules, USE, str(modules))
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["hcc-mvi", "True", "12"]


def test_module_loads_and_draws_a_shell_before_packages_are_installed(modules: Path) -> None:
    """A fresh Slicer has numpy, scipy and SimpleITK; the rest comes at first use."""
    done = run(modules, BARE)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["ok"]


@pytest.mark.parametrize(
    "name", ["test_shell", "test_heatmap_and_table_survive_saving", "test_prediction_is_the_librarys"]
)
def test_the_modules_own_test_passes(modules: Path, name: str) -> None:
    done = run(modules, TESTS, name)
    assert done.returncode == 0, done.stderr
    if "skipped" in done.stderr:
        pytest.skip("the demonstration bundle or a package is not there")


def test_module_from_a_checkout_adds_its_parent(tmp_path: Path) -> None:
    """As Slicer does with a module path: only RadFusion/ is on the path."""
    pytest.importorskip("slicer", reason="slicer-core is not installed")
    lay_out(tmp_path)
    shutil.copytree(
        ROOT / "RadFusion", tmp_path / "checkout" / "RadFusion", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.move(tmp_path / "qt-scripted-modules" / "RadFusionLib", tmp_path / "checkout" / "RadFusionLib")
    code = "import RadFusion, RadFusionLib; print(RadFusionLib.__file__)"
    done = run(tmp_path / "checkout" / "RadFusion", code)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).parent == tmp_path / "checkout" / "RadFusionLib"
