"""A case on oblique anisotropic grids and a prediction for it, and a fresh scene for every test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from RadFusionLib.bundle.card import DEMONSTRATION, RESEARCH_USE
from RadFusionLib.case import Case, Geometry, MaskKey, Volume
from RadFusionLib.imaging import peritumoral_shell

pytest.importorskip("slicer", reason="slicer-core is not installed")


def _oblique(size: tuple[int, int, int] = (26, 22, 14), shift: float = 0.0) -> Geometry:
    """An anisotropic grid turned about all three axes."""
    a, b, c = 0.31, -0.22, 0.17
    turn = (
        np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
        @ np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
        @ np.array([[1, 0, 0], [0, np.cos(c), -np.sin(c)], [0, np.sin(c), np.cos(c)]])
    )
    rows = tuple(tuple(float(v) for v in row) for row in turn)
    return Geometry(size, (1.7123456789, 1.9, 3.3), (-83.123456789012 + shift, 41.7, -512.35), rows)  # type: ignore[arg-type]


def _ball(geometry: Geometry, radius: float, shift: tuple[float, float, float] = (0, 0, 0)) -> Volume:
    """A ball of ``radius`` mm about the middle of the grid, moved by ``shift`` voxels (I, J, K)."""
    k, j, i = np.indices(geometry.shape)
    middle = (np.array(geometry.size) - 1) / 2 + np.array(shift)
    steps = np.stack([i, j, k], axis=-1) - middle
    return Volume(np.linalg.norm(steps * np.array(geometry.spacing), axis=-1) <= radius, geometry)


@pytest.fixture
def oblique() -> Callable[..., Geometry]:
    return _oblique


@pytest.fixture
def ball() -> Callable[..., Volume]:
    return _ball


@pytest.fixture
def geometry() -> Geometry:
    return _oblique()


@pytest.fixture
def case(geometry: Geometry) -> Case:
    noise = np.random.default_rng(5)
    phases = {
        role: Volume(noise.normal(100.0, 30.0, geometry.shape).astype(np.float32), geometry) for role in ("AP", "PP")
    }
    other = _oblique(size=(20, 24, 12), shift=1.5)
    phases["HBP"] = Volume(noise.normal(300.0, 50.0, other.shape).astype(np.float32), other)
    masks = {
        MaskKey("tumor"): _ball(geometry, 7.0),
        MaskKey("liver"): _ball(geometry, 18.0, (2, 0, 0)),
        MaskKey("tumor", "HBP", "reader; B:2", "1"): _ball(other, 6.0),
    }
    clinical = {"age": 61.0, "AFP": 1.0 / 3.0, "sex": 1.0}
    return Case("case A;b: é & 'x'", phases, masks, clinical, scanner="M 3T", center="one", simulated=True)


@pytest.fixture
def prediction(case: Case) -> SimpleNamespace:
    """Has the attributes of a Prediction, with values that a test can know."""
    tumor, liver = case.mask("tumor"), case.mask("liver")
    assert tumor is not None
    assert liver is not None
    shell = peritumoral_shell(tumor, 10.0, liver).mask
    inside = tumor.array | shell.array
    values = np.random.default_rng(6).normal(0.0, 0.02, inside.shape).astype(np.float32)
    heatmap = tumor.with_array(np.where(inside, values, np.float32(-1000.0)))
    return SimpleNamespace(
        case=case.id,
        risk=0.123456789012,
        risk_low=0.05,
        risk_high=0.31,
        model_spread=0.2,
        group="low",
        threshold=0.4,
        warnings=("The scanner is\tnot among those\nof training.", 'He said "no".'),
        explanation={
            "outcome": "microvascular invasion",
            "heatmap": {"kind": "contribution"},
            "prevalence": 0.37,
            "level": 0.9,
            "bundle": "hcc-mvi-1-small",
            "notices": ["PP was resampled to the grid of AP."],
            "notice": f"{DEMONSTRATION} {RESEARCH_USE}",
        },
        heatmap=heatmap,
        shell=shell,
        prepared=SimpleNamespace(reference="PP"),
    )


@pytest.fixture
def scene() -> Iterator[Any]:
    from RadFusionLib.scene import close, current_scene

    yield current_scene()
    close()
