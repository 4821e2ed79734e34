"""Parts of a region: the same values as computing each part by itself on the same grid."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from RadFusionLib.radiomics import RadiomicsSettings, Subregions, calculate, feature_names, prepare


@pytest.fixture(scope="module")
def prepared():
    generator = np.random.default_rng(4)
    image = generator.normal(100, 30, (18, 22, 20)).cumsum(axis=2) / 4
    k, j, i = np.indices(image.shape)
    mask = (k - 9) ** 2 / 25 + (j - 11) ** 2 / 49 + (i - 10) ** 2 / 36 <= 1
    return prepare(image, mask, (1.5, 1.5, 2.0), SETTINGS)


SETTINGS = RadiomicsSettings(spacing=(2.0, 2.0, 2.0))
NAMES = [
    n for n in feature_names(SETTINGS) if "_shape_" not in n and n.endswith(("Mean", "Contrast", "Entropy", "MCC"))
]


def test_the_whole_region_is_one_of_its_parts(prepared):
    parts = Subregions(prepared, SETTINGS, NAMES)
    whole = calculate(prepared, SETTINGS, names=NAMES)
    found = parts.calculate(parts.mask)
    assert list(found) == list(whole)
    assert all(found[n] == whole[n] or (np.isnan(found[n]) and np.isnan(whole[n])) for n in whole)


def test_a_part_has_the_values_of_the_filtered_images_of_the_whole(prepared):
    part = prepared.mask.copy()
    part[:, :, : part.shape[2] // 2] = False
    found = Subregions(prepared, SETTINGS, NAMES).calculate(part)
    alone = calculate(replace(prepared, mask=part), SETTINGS, names=NAMES)
    for name in NAMES:
        assert found[name] == pytest.approx(alone[name], rel=1e-12, nan_ok=True)
    whole = calculate(prepared, SETTINGS, names=NAMES)
    assert found["original_firstorder_Mean"] != whole["original_firstorder_Mean"]
    assert found["original_firstorder_Mean"] == pytest.approx(prepared.image[part].mean())
