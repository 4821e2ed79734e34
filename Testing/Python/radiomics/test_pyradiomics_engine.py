"""The reference engine: its settings, and the sentence when it is not there."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest

from RadFusionLib.errors import MissingPackageError
from RadFusionLib.radiomics import RadiomicsSettings, extract, extract_pyradiomics
from RadFusionLib.radiomics.pyradiomics_engine import pyradiomics_settings

INSTALLED = importlib.util.find_spec("pykwalify") is not None and importlib.util.find_spec("radiomics") is not None


def test_settings_in_its_own_terms() -> None:
    translated = pyradiomics_settings(RadiomicsSettings(bin_count=16, spacing=(1, 1, 0), force_2d=True))
    assert translated["binCount"] == 16
    assert "binWidth" not in translated
    assert translated["resampledPixelSpacing"] == [1, 1, 0]
    assert translated["force2D"] is True


@pytest.mark.skipif(INSTALLED, reason="PyRadiomics is installed")
def test_absent_is_said_in_a_sentence(tumour: Any) -> None:
    with pytest.raises(MissingPackageError, match="PyRadiomics cannot be imported"):
        extract_pyradiomics(tumour.image, tumour.mask, tumour.spacing, RadiomicsSettings())


@pytest.mark.skipif(not INSTALLED, reason="PyRadiomics is not installed")
def test_gives_the_same_names_and_values(tumour: Any) -> None:
    settings = RadiomicsSettings(image_types=("original", "wavelet"))
    expected = extract_pyradiomics(tumour.image, tumour.mask, tumour.spacing, settings)
    assert extract(tumour.image, tumour.mask, tumour.spacing, settings) == pytest.approx(expected, rel=1e-6)
