"""The Python packages that Slicer does not bring: which are missing, and their installation with consent."""

from __future__ import annotations

import importlib
import importlib.util
import logging
from collections.abc import Sequence
from typing import Any

from RadFusionLib.errors import MissingPackageError
from RadFusionLib.scene.application import slicer_module

__all__ = ["REQUIREMENTS", "TORCH", "install_packages", "missing_packages", "require_packages"]

REQUIREMENTS = {
    "yaml": "PyYAML>=6",
    "threadpoolctl": "threadpoolctl>=3.5",
    "pywt": "PyWavelets>=1.8",
    "numba": "numba>=0.61",
    "pandas": "pandas>=2.2,<3",
    "pyarrow": "pyarrow>=18",
    "sklearn": "scikit-learn>=1.6",
    "statsmodels": "statsmodels>=0.14.4",
    "safetensors": "safetensors>=0.5",
    "matplotlib": "matplotlib>=3.9",
    "tqdm": "tqdm>=4.66",
    "lifelines": "lifelines>=0.30",
    "dcurves": "dcurves>=1.1.2",
    "cloudpickle": "cloudpickle>=3",
    "pydicom": "pydicom>=3.0.1",
    "highdicom": "highdicom>=0.27",
    "monai": "monai>=1.4",
}
"""What pip installs, by the name under which it is imported; monai after torch, which it depends on."""

TORCH = ("torch", ">=2.6")
"""Installed by the PyTorch extension, which chooses the build that fits the computer."""


def missing_packages() -> tuple[str, ...]:
    """Return the requirements that cannot be imported, torch first; versions are not looked at."""
    wanted = {TORCH[0]: "".join(TORCH), **REQUIREMENTS}
    return tuple(requirement for name, requirement in wanted.items() if importlib.util.find_spec(name) is None)


def require_packages() -> None:
    """Raise an error that names what is missing.

    Raises
    ------
    MissingPackageError
        When a package is not installed.
    """
    missing = missing_packages()
    if missing:
        raise MissingPackageError(
            f"RadFusion needs {', '.join(missing)}; open the RadFusion module in Slicer's window once and let it "
            "install them, or install them with Slicer's pip."
        )


def install_packages() -> None:
    """Install what is missing, after asking; only where there is a window to ask in.

    With the first packages comes shap, which RadFusion can do without: it is asked for by itself, and set up beside
    Slicer's own package of the name that shap would install.

    Raises
    ------
    MissingPackageError
        When the user declined, or something is still missing afterwards.
    """
    missing = missing_packages()
    if not missing:
        return
    slicer = slicer_module()
    if missing[0].startswith(TORCH[0]):
        _install_torch()
    others = [requirement for requirement in missing if not requirement.startswith(TORCH[0])]
    if others:
        ensure = _pip_ensure()
        if ensure is not None:
            from packaging.requirements import Requirement

            try:
                ensure([Requirement(requirement) for requirement in others], requester="RadFusion")
            except RuntimeError as error:
                raise MissingPackageError(f"Packages were not installed ({error}); RadFusion needs them.") from error
        else:
            question = "RadFusion needs these Python packages, which will be downloaded:\n" + "\n".join(others)
            if not slicer.util.confirmOkCancelDisplay(question):
                raise MissingPackageError("Packages were not installed; RadFusion needs them.")
            slicer.util.pip_install(others)
    importlib.invalidate_caches()
    require_packages()
    _offer_shap()


def _offer_shap() -> None:
    from RadFusionLib.explain.shap_library import SHAP, install_shap, shap_available

    if shap_available():
        return
    slicer = slicer_module()
    if not slicer.util.confirmOkCancelDisplay(
        f"RadFusion can check its Shapley values with {SHAP}, which will be downloaded. It can do without."
    ):
        return
    try:
        install_shap(_run_slicers_pip)
    except MissingPackageError as error:
        logging.getLogger(__name__).warning("%s", error)


def _run_slicers_pip(arguments: Sequence[str]) -> None:
    # Slicer's public pip_install takes no other command than install, and shap's set-up downloads too.
    slicer_module().util._executePythonModule("pip", list(arguments))


def _install_torch() -> None:
    try:
        import PyTorchUtils
    except ImportError as error:
        raise MissingPackageError(
            "The PyTorch extension is not installed; install it in the Extensions Manager and restart Slicer."
        ) from error
    if PyTorchUtils.PyTorchUtilsLogic().installTorch(askConfirmation=True, torchVersionRequirement=TORCH[1]) is None:
        raise MissingPackageError("PyTorch was not installed; RadFusion needs it.")


def _pip_ensure() -> Any:
    """Slicer's own asking installer, which came with 5.12; ``None`` before."""
    try:
        packaging = importlib.import_module("slicer.packaging")
    except ImportError:
        return None
    return getattr(packaging, "pip_ensure", None)
