"""What Slicer lacks is named, and installed only after asking."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from packaging.requirements import Requirement

from RadFusionLib.errors import MissingPackageError
from RadFusionLib.explain import shap_library
from RadFusionLib.scene import packages


@pytest.fixture
def absent(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Import names that count as not installed; a test may take some out again."""
    names = {"torch", "monai", "sklearn"}
    find = packages.importlib.util.find_spec
    monkeypatch.setattr(packages.importlib.util, "find_spec", lambda n, *r: None if n in names else find(n, *r))
    return names


@pytest.fixture
def torch_extension(absent: set[str], monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Slicer's PyTorch extension, which installs torch."""
    calls: list[dict[str, Any]] = []

    def install(**options: Any) -> object:
        calls.append(options)
        absent.discard("torch")
        return object()

    module = ModuleType("PyTorchUtils")
    module.PyTorchUtilsLogic = lambda: SimpleNamespace(installTorch=install)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "PyTorchUtils", module)
    return calls


def test_missing_packages_are_named_torch_first(absent: set[str]) -> None:
    assert packages.missing_packages() == ("torch>=2.6", "scikit-learn>=1.6", "monai>=1.4")
    with pytest.raises(MissingPackageError, match=r"needs torch>=2\.6, scikit-learn>=1\.6, monai>=1\.4;"):
        packages.require_packages()


def test_slicers_asking_installer_is_used(
    absent: set[str], torch_extension: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def ensure(requirements: list[Requirement], requester: str) -> None:
        # Slicer's own asks each for its name and specifier.
        asked.append(([(one.name, str(one.specifier)) for one in requirements], requester))
        absent.clear()

    monkeypatch.setattr(packages, "_pip_ensure", lambda: ensure)
    packages.install_packages()
    assert torch_extension == [{"askConfirmation": True, "torchVersionRequirement": ">=2.6"}]
    assert asked == [([("scikit-learn", ">=1.6"), ("monai", ">=1.4")], "RadFusion")]


@pytest.mark.parametrize("agreed", [True, False])
def test_shap_comes_with_the_first_packages_if_wanted(
    absent: set[str], torch_extension: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, agreed: bool
) -> None:
    pytest.importorskip("slicer", reason="slicer-core is not installed")
    ran: list[Any] = []
    questions: list[str] = []
    util = packages.importlib.import_module("slicer.util")
    absent.add("shap")
    monkeypatch.setattr(
        packages, "_pip_ensure", lambda: lambda requirements, requester: absent.intersection_update({"shap"})
    )
    monkeypatch.setattr(shap_library, "shap_available", lambda: False)
    monkeypatch.setattr(util, "confirmOkCancelDisplay", lambda text: questions.append(text) or agreed)
    monkeypatch.setattr(util, "_executePythonModule", lambda module, arguments: ran.append((module, arguments)))
    packages.install_packages()
    assert "shap==0.51.0" in questions[0]
    installs = [arguments for module, arguments in ran if module == "pip" and arguments[0] == "install"]
    assert [one[-1] for one in installs] == (["shap==0.51.0"] if agreed else [])
    assert all("--no-deps" in one for one in installs)


@pytest.mark.parametrize("agreed", [True, False])
def test_older_slicer_asks_before_pip(
    absent: set[str], torch_extension: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, agreed: bool
) -> None:
    pytest.importorskip("slicer", reason="slicer-core is not installed")
    installed: list[Any] = []
    util = packages.importlib.import_module("slicer.util")
    monkeypatch.setattr(packages, "_pip_ensure", lambda: None)
    monkeypatch.setattr(util, "confirmOkCancelDisplay", lambda text: agreed)
    monkeypatch.setattr(util, "pip_install", lambda wanted: (installed.append(wanted), absent.clear()))
    if agreed:
        packages.install_packages()
        assert installed == [["scikit-learn>=1.6", "monai>=1.4"]]
    else:
        with pytest.raises(MissingPackageError, match="were not installed"):
            packages.install_packages()
        assert installed == []


def test_declining_or_no_torch_extension_is_one_sentence(absent: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PyTorchUtils", None)
    with pytest.raises(MissingPackageError, match="PyTorch extension is not installed"):
        packages.install_packages()
    absent.discard("torch")

    def decline(requirements: list[str], requester: str) -> None:
        raise RuntimeError("User declined package installation")

    monkeypatch.setattr(packages, "_pip_ensure", lambda: decline)
    with pytest.raises(MissingPackageError, match="User declined"):
        packages.install_packages()
