"""The engine gives PyRadiomics 3.0.1's values, all 1,781 of each phantom."""

from __future__ import annotations

from typing import Any

import numpy as np

from RadFusionLib.radiomics import RadiomicsSettings, extract

TOLERANCE = 1e-6


def test_every_value_equals_the_reference(
    phantom_name: str, phantom: Any, phantom_settings: RadiomicsSettings, reference: dict[str, dict[str, float]]
) -> None:
    expected = reference[phantom_name]
    values = extract(phantom.image, phantom.mask, phantom.spacing, phantom_settings)
    assert set(values) == set(expected)
    assert len(values) == 1781
    differing = {}
    for name, value in values.items():
        # Near zero a difference is taken relative to how much the feature varies between the phantoms.
        spread = float(np.nanstd([by_feature[name] for by_feature in reference.values()]))
        limit = TOLERANCE * max(abs(expected[name]), 1e-3 * spread, 1e-12)
        if not (abs(value - expected[name]) <= limit or (np.isnan(value) and np.isnan(expected[name]))):
            differing[name] = (value, expected[name])
    assert not differing


def test_no_reference_value_is_missing(reference: dict[str, dict[str, float]]) -> None:
    for by_feature in reference.values():
        assert len(by_feature) == 1781
        assert np.isfinite(list(by_feature.values())).all()
