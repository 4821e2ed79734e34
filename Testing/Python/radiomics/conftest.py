"""The phantoms and the reference's values for them."""

from __future__ import annotations

import gzip
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from RadFusionLib.radiomics import RadiomicsSettings

FOLDER = Path(__file__).parent


def _load(name: str) -> ModuleType:
    # The test tree is no package, and the reference's environment imports the same file.
    qualified = f"radiomics_{name}"
    if qualified not in sys.modules:
        spec = importlib.util.spec_from_file_location(qualified, FOLDER / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[qualified] = module
        spec.loader.exec_module(module)
    return sys.modules[qualified]


phantoms = _load("phantoms")
REFERENCE = json.loads(gzip.decompress((FOLDER / "pyradiomics-reference.json.gz").read_bytes()))


@pytest.fixture(scope="session")
def reference() -> dict[str, dict[str, float]]:
    """PyRadiomics' values by phantom and feature."""
    return REFERENCE["values"]


@pytest.fixture(params=sorted(phantoms.PHANTOMS))
def phantom_name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def phantom(phantom_name: str) -> Any:
    return phantoms.PHANTOMS[phantom_name]


@pytest.fixture(scope="session")
def variation_reference() -> dict[str, dict[str, float]]:
    """PyRadiomics' values by variation and feature."""
    return REFERENCE["variations"]


@pytest.fixture(params=sorted(phantoms.VARIATIONS))
def variation_name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def variation(variation_name: str) -> SimpleNamespace:
    """A phantom, its mask (with two labels for the variation of that name) and parameters."""
    known = phantoms.VARIATIONS[variation_name]
    phantom = phantoms.PHANTOMS[known.phantom]
    mask = phantoms.labelled(phantom) if variation_name == "label" else phantom.mask
    return SimpleNamespace(phantom=phantom, mask=mask, parameters=known.parameters)


@pytest.fixture
def phantom_settings(phantom: Any) -> RadiomicsSettings:
    """The phantom's settings; those of the reference with its own changes."""
    if "binCount" in phantom.settings:
        return RadiomicsSettings(spacing=None, bin_count=phantom.settings["binCount"])
    return RadiomicsSettings()


@pytest.fixture
def tumour() -> Any:
    """The bitten ball."""
    return phantoms.PHANTOMS["tumour"]


@pytest.fixture
def ball() -> Any:
    """Image, mask and spacing of the phantom for feature maps."""
    return phantoms.map_phantom()


@pytest.fixture
def map_variants() -> Any:
    """PyRadiomics' settings of the stored feature maps."""
    return phantoms.MAP_VARIANTS
