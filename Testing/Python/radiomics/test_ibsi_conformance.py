"""Every reference value of IBSI 1 and IBSI 2, and every reference response map that is published."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from RadFusionLib.errors import InputError
from RadFusionLib.radiomics.ibsi import feature_code
from RadFusionLib.radiomics.ibsi.configurations import (
    FEATURE_CONFIGURATIONS,
    FILTER_CONFIGURATIONS,
    RESPONSE_MAPS,
    RESPONSE_SETTINGS,
)
from RadFusionLib.radiomics.ibsi.conformance import (
    RESPONSE_TOLERANCE,
    Reference,
    feature_references,
    feature_values,
    filter_references,
    filter_values,
    filtered_region,
    is_met,
    response_difference,
)
from RadFusionLib.radiomics.ibsi.preparation import IbsiRegion

COUNTS = {"digital phantom": 482, "config A": 406, "config B": 406, "config C": 270, "config D": 270, "config E": 270}


@pytest.fixture(scope="module")
def data(reference_data: Path) -> Path:
    return reference_data / "ibsi"


@pytest.fixture(scope="module")
def regions(data: Path) -> dict[str, IbsiRegion]:
    return {mode: filtered_region(data, mode) for mode in RESPONSE_SETTINGS}


def _missed(references: list[Reference], values: dict[str, float]) -> dict[str, tuple[float, str, float]]:
    return {
        r.tag: (values.get(r.tag, math.nan), r.value, r.tolerance)
        for r in references
        if not is_met(values.get(r.tag, math.nan), r)
    }


@pytest.mark.parametrize("configuration", FEATURE_CONFIGURATIONS)
def test_features(data: Path, configuration: str) -> None:
    references = [r for r in feature_references(data) if r.configuration == configuration]
    assert len(references) == COUNTS[configuration]
    assert not _missed(references, feature_values(data, configuration))


@pytest.mark.parametrize("name", RESPONSE_MAPS)
def test_response_map(data: Path, name: str) -> None:
    assert response_difference(data, name) <= RESPONSE_TOLERANCE


@pytest.mark.parametrize("configuration", FILTER_CONFIGURATIONS)
def test_features_of_filtered_image(data: Path, regions: dict[str, IbsiRegion], configuration: str) -> None:
    references = [r for r in filter_references(data) if r.configuration == configuration]
    assert len(references) == (17 if configuration == "8.B" else 18)  # one value has no consensus
    assert not _missed(references, filter_values(regions[configuration[-1]], configuration))


def test_codes(data: Path) -> None:
    for reference in feature_references(data):
        if reference.code:
            assert feature_code(reference.tag) == reference.code
    with pytest.raises(InputError, match="no IBSI feature"):
        feature_code("cm_contrasts_2D")


def test_every_published_map_and_configuration_is_compared(data: Path) -> None:
    files = (data / "ibsi2" / "reference_response_maps").glob("*-ValidCRM.nii.gz")
    assert {file.name.split("-")[0].replace("_", ".") for file in files} == set(RESPONSE_MAPS)
    assert {r.configuration for r in feature_references(data)} == set(FEATURE_CONFIGURATIONS)
    assert {r.configuration for r in filter_references(data)} == set(FILTER_CONFIGURATIONS)


@pytest.mark.parametrize(
    ("value", "reference", "tolerance", "met"),
    [
        (2.1549, "2.15", 0.0, True),
        (2.1551, "2.15", 0.0, False),
        (0.04125, "0.0411", 0.0003, True),
        (125256.0, "125256.0", 0.0, True),
        (125257.0, "125256.0", 0.0, False),
        (6.96e9, "6.96e+09", 0.0, True),
        (math.nan, "1.0", 1.0, False),
    ],
)
def test_rule(value: float, reference: str, tolerance: float, met: bool) -> None:
    assert is_met(value, Reference("", "", "", reference, tolerance)) is met
