"""A case on oblique anisotropic grids and a prediction for it, and a fresh scene for every test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from scene_cases import StandIn, ball, oblique

from RadFusionLib.case import Case, Geometry, MaskKey, Volume
from RadFusionLib.imaging import peritumoral_shell

pytest.importorskip("slicer", reason="slicer-core is not installed")


@pytest.fixture
def geometry() -> Geometry:
    return oblique()


@pytest.fixture
def case(geometry: Geometry) -> Case:
    noise = np.random.default_rng(5)
    phases = {
        role: Volume(noise.normal(100.0, 30.0, geometry.shape).astype(np.float32), geometry)
        for role in ("AP", "PP")
    }
    other = oblique(size=(20, 24, 12), shift=1.5)
    phases["HBP"] = Volume(noise.normal(300.0, 50.0, other.shape).astype(np.float32), other)
    masks = {
        MaskKey("tumor"): ball(geometry, 7.0),
        MaskKey("liver"): ball(geometry, 18.0, (2, 0, 0)),
        MaskKey("tumor", "HBP", "reader; B:2", "1"): ball(other, 6.0),
    }
    clinical = {"age": 61.0, "AFP": 1.0 / 3.0, "sex": 1.0}
    return Case("case A;b: é & 'x'", phases, masks, clinical, scanner="M 3T", center="one", simulated=True)


@pytest.fixture
def prediction(case: Case) -> StandIn:
    tumor, liver = case.mask("tumor"), case.mask("liver")
    assert tumor is not None and liver is not None
    shell = peritumoral_shell(tumor, 10.0, liver).mask
    inside = tumor.array | shell.array
    values = np.random.default_rng(6).normal(0.0, 0.02, inside.shape).astype(np.float32)
    heatmap = tumor.with_array(np.where(inside, values, np.float32(-1000.0)))
    return StandIn(
        case=case.id,
        risk=0.123456789012,
        risk_low=0.05,
        risk_high=0.31,
        model_spread=0.2,
        group="low",
        threshold=0.4,
        warnings=("The scanner is\tnot among those\nof training.", 'He said "no".'),
        explanation={
            "heatmap": {"kind": "contribution"},
            "prevalence": 0.37,
            "card": "DEMONSTRATION hcc-mvi small",
        },
        heatmap=heatmap,
        shell=shell,
    )


@pytest.fixture
def scene() -> Iterator[Any]:
    from RadFusionLib.scene import close, current_scene

    yield current_scene()
    close()
