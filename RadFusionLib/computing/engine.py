"""Which engine makes the numbers: the sources and the packages they depend on."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path

__all__ = ["EXTRACTION", "PACKAGES", "PREDICTION", "engine_digest", "versions"]

PACKAGES = ("numpy", "scipy", "SimpleITK", "PyWavelets", "numba", "scikit-learn", "torch", "monai")
"""Packages that numbers depend on."""
EXTRACTION = (
    "case",
    "deep",
    "dicom",
    "doubt",
    "imaging",
    "radiomics",
    "workflow/extraction.py",
    "workflow/extraction_steps.py",
    "workflow/network_images.py",
    "workflow/preprocess.py",
)
"""Sources that features depend on, within RadFusionLib."""
PREDICTION = (*EXTRACTION, "bundle", "evaluation", "explain", "fusion", "recipe", "scene", "selection", "workflow")
"""Sources that risks and what is written of them depend on."""


def versions() -> dict[str, str]:
    """Versions of Python and the packages that numbers depend on."""
    from RadFusionLib import __version__

    return {"RadFusion": __version__, "Python": platform.python_version(), **{p: version(p) for p in PACKAGES}}


@cache
def engine_digest(sources: tuple[str, ...]) -> str:
    """SHA-256 of the versions and of these sources, so that a changed engine never passes for the former one.

    Parameters
    ----------
    sources : tuple of str
        Files and folders within RadFusionLib.
    """
    root = Path(__file__).resolve().parents[1]
    whole = hashlib.sha256(repr(sorted(versions().items())).encode())
    places = [root / source for source in sources]
    files = sorted({file for place in places for file in ([place] if place.is_file() else place.rglob("*.py"))})
    for file in files:
        whole.update(file.relative_to(root).as_posix().encode())
        whole.update(hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()
