"""shap and Slicer's package named slicer, side by side."""

from __future__ import annotations

import importlib
import importlib.metadata
import multiprocessing
import subprocess
import sys
import types
import zipfile
from pathlib import Path

import pytest

from RadFusionLib.errors import MissingPackageError
from RadFusionLib.explain import shap_library

needs_shap = pytest.mark.skipif(
    not shap_library.shap_available(),
    reason="the shap library is not set up; run python -m RadFusionLib.explain.shap_library",
)
pytestmark = pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")

WATCHED = """
import importlib.abc, sys
import numpy as np
import slicer
before = dict(vars(slicer))
seen = []

class Watch(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.startswith("shap"):
            scene = slicer.vtkMRMLScene()
            seen.append((sys.modules["slicer"] is slicer, scene.GetNumberOfNodes()))

sys.meta_path.insert(0, Watch())
from RadFusionLib.explain.shap_library import import_shap
shap = import_shap()
assert len(seen) > 20, len(seen)
assert all(whole and nodes == 0 for whole, nodes in seen)
after = dict(vars(slicer))
assert after == before, set(after) ^ set(before)
assert slicer.vtkMRMLScene().GetNumberOfNodes() == 0
# Used, not only imported: an explanation that is sliced goes through the lent classes.
explanation = shap.Explanation(np.eye(3), np.zeros(3), np.ones((3, 3)), feature_names=list("abc"))
assert explanation[1].values.tolist() == [0.0, 1.0, 0.0]
values = shap.LinearExplainer((np.array([1.0, -2.0]), 0.5), np.zeros((4, 2))).shap_values(np.array([[3.0, 1.0]]))
assert np.allclose(values, [[3.0, -2.0]])
assert slicer.vtkMRMLScene().GetNumberOfNodes() == 0
print("whole")
"""


@needs_shap
def test_slicers_package_is_whole_before_during_and_after():
    pytest.importorskip("slicer", reason="slicer-core is not installed")
    done = subprocess.run([sys.executable, "-c", WATCHED], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "whole", done.stderr


def in_a_worker(_: int) -> tuple[str, int, bool]:
    from RadFusionLib.explain.shap_library import import_shap

    shap = import_shap()
    slicer = importlib.import_module("slicer")
    return shap.__version__, slicer.vtkMRMLScene().GetNumberOfNodes(), hasattr(slicer, "Alias")


@needs_shap
def test_slicers_package_is_whole_in_a_worker_process():
    pytest.importorskip("slicer", reason="slicer-core is not installed")
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(in_a_worker, [0]) == [(shap_library.SHAP.removeprefix("shap=="), 0, False)]


def test_no_other_package_is_named_slicer():
    names = {(d.metadata["Name"] or "").lower() for d in importlib.metadata.distributions()}
    assert "slicer" not in names
    owners = set(importlib.metadata.packages_distributions().get("slicer", []))
    assert owners <= {"slicer-core", "slicer-layer-dm"}
    found = [Path(p) / "slicer" for p in sys.path if (Path(p) / "slicer" / "slicer_internal.py").exists()]
    assert not found


def test_the_same_version_is_named_everywhere(root):
    assert shap_library.SHAP in (root / "constraints.txt").read_text().splitlines()


def test_names_that_slicer_has_are_given_back(monkeypatch):
    own = types.ModuleType("slicer")
    own.Alias = "Slicer's own"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "slicer", own)
    source = types.SimpleNamespace(Alias=1, Obj=2, Slicer=3)
    with shap_library._lent(source):
        assert (own.Alias, own.Obj, own.Slicer) == (1, 2, 3)
    assert own.Alias == "Slicer's own"
    assert not hasattr(own, "Obj")
    with pytest.raises(RuntimeError), shap_library._lent(source):
        raise RuntimeError("shap's import failed")
    assert vars(own).keys() & {"Obj", "Slicer"} == set()


def test_without_slicers_package_nothing_named_slicer_is_left(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.delitem(sys.modules, "slicer", raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda n, *r: None if n == "slicer" else find(n, *r))
    with shap_library._lent(types.SimpleNamespace(Alias=1, Obj=2, Slicer=3)):
        assert importlib.import_module("slicer").Obj == 2
    assert "slicer" not in sys.modules


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """An environment in which neither shap nor the package it needs is set up."""
    find = importlib.util.find_spec
    monkeypatch.delitem(sys.modules, "shap", raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda n, *r: None if n == "shap" else find(n, *r))
    monkeypatch.setattr(shap_library, "_folder", lambda: tmp_path / "share" / "slicer-0.0.8")
    return tmp_path / "share"


def test_absence_is_one_sentence(bare):
    assert not shap_library.shap_available()
    with pytest.raises(MissingPackageError, match="shap library is not set up; run python -m"):
        shap_library.import_shap()


def test_pip_is_asked_for_shap_alone_and_another_wheel_is_refused(bare):
    asked: list[list[str]] = []

    def pip(arguments):
        asked.append(list(arguments))
        if arguments[0] == "download":
            folder = Path(arguments[arguments.index("--dest") + 1])
            with zipfile.ZipFile(folder / "slicer-0.0.8-py3-none-any.whl", "w") as wheel:
                wheel.writestr("slicer/__init__.py", "raise SystemExit('ran')")

    with pytest.raises(MissingPackageError, match="not the known one; it was not unpacked"):
        shap_library.install_shap(pip)
    assert [a[0] for a in asked] == ["install", "download"]
    assert all("--no-deps" in a for a in asked)
    assert asked[0][-1] == shap_library.SHAP
    assert not any("slicer" in argument for argument in asked[0])
    assert not list(bare.glob("**/*.py"))


def test_the_wheel_is_unpacked_whole_or_not_at_all(bare, monkeypatch):
    def pip(arguments):
        if arguments[0] == "download":
            wheel = Path(arguments[arguments.index("--dest") + 1]) / "slicer-0.0.8-py3-none-any.whl"
            with zipfile.ZipFile(wheel, "w") as archive:
                for name in (*shap_library.FILES, "../../escaped.py"):
                    archive.writestr(f"slicer/{name}", "x = 1")
                archive.writestr("slicer-0.0.8.dist-info/LICENSE", "MIT")
            monkeypatch.setattr(
                shap_library, "SLICING_SHA256", shap_library.hashlib.sha256(wheel.read_bytes()).hexdigest()
            )

    shap_library.install_shap(pip)
    found = sorted(p.name for p in bare.rglob("*") if p.is_file())
    assert found == sorted([*shap_library.FILES, "LICENSE"])


def test_a_failing_pip_is_one_sentence(bare):
    def pip(arguments):
        raise subprocess.SubprocessError("no index")

    with pytest.raises(MissingPackageError, match=r"could not be set up \(no index\)"):
        shap_library.install_shap(pip)
