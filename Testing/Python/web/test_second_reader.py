"""Two readings of one case, and of several."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from drawing_by_hand import segment_mask

import RadFusionLib
from RadFusionLib.bundle import Bundle
from RadFusionLib.cohort import load_case, read_manifest

PHASES = ("AP_", "HBP_")
"""What the name of an image feature of the cohort begins with."""


def test_a_second_reading_is_compared(make_reader: Any, bundle_path: Path, cohort: Path) -> None:
    bundle = Bundle.load(bundle_path)
    row = read_manifest(cohort).row("c0")
    second = load_case(row, bundle.recipe.phases, "2")
    first = load_case(row, bundle.recipe.phases)
    one, other = (next(m.array for k, m in case.masks.items() if k.region == "tumor") for case in (first, second))
    overlap = 2 * (one & other).sum() / (one.sum() + other.sum())
    risks = [100 * RadFusionLib.predict(bundle, case, heatmap=False).risk for case in (first, second)]

    async def story() -> None:
        logic = make_reader()
        await logic.start()
        assert logic.state.comparison.readers == ["2"]
        await logic.compare("2")
        assert logic.state.problem == ""
        said = " ".join(logic.state.comparison.lines)
        assert f"Dice {overlap:.3f}" in said
        assert f"Risk {risks[0]:.1f} % here, {risks[1]:.1f} % by reading 2" in said
        assert "two cases at least" in " ".join(logic.state.comparison.agreement)
        assert f"({risks[1] - risks[0]:+.1f} points)" in said
        assert segment_mask(logic.reading, "tumor, reading 2").sum() == other.sum()
        await logic.predict()
        assert logic.state.result.risk == pytest.approx(risks[0], abs=1e-9), "the other contour is no part of the case"

    asyncio.run(story())


def test_the_agreement_of_two_readers_over_cases(
    make_reader: Any, bench: Any, bundle_path: Path, cohort: Path, tmp_path: Path
) -> None:
    """The ICC of every feature against statsmodels' analysis of variance of what the library predicts."""
    table = pd.read_csv(cohort).head(5)
    for column in table.columns[table.columns.str.contains("image|mask")]:
        table[column] = [str(cohort.parent / name) for name in table[column]]
    table.to_csv(tmp_path / "manifest.csv", index=False)
    bundle = Bundle.load(bundle_path)
    names = [name for name in bundle.ensemble.features if name.startswith(PHASES)]
    values = np.empty((5, 2, len(names)))
    risks = np.empty((5, 2))
    for number, row in enumerate(read_manifest(cohort).rows[:5]):
        for other, reading in enumerate(("", "2")):
            found = RadFusionLib.predict(bundle, load_case(row, bundle.recipe.phases, reading), heatmap=False)
            values[number, other] = found.features.columns(names)[0]
            risks[number, other] = found.risk
    varying = [n for n in range(len(names)) if np.ptp(values[:, :, n]) > 0]
    expected = {names[n]: _icc_by_analysis_of_variance(values[:, :, n]) for n in varying}
    assert any(value < 0.75 for value in expected.values()), "features that all agree would prove little"

    async def story() -> None:
        logic = make_reader(tmp_path / "manifest.csv")
        await logic.start()
        await logic.compare_all("2")
        assert logic.state.problem == ""
        said = "\n".join(logic.state.comparison.agreement)
        assert "Over 5 cases by reading 2" in said
        below = sum(value < 0.75 for value in expected.values())
        assert f"{below} of {len(expected)} image features of the model have an ICC below 0.75" in said
        assert f"ICC of the risk {_icc_by_analysis_of_variance(risks):.2f}" in said
        least = min(expected, key=lambda name: expected[name])
        assert f": {expected[least]:.2f}" in said.split("Least: ")[1].split(";")[0]
        bench.on_report = lambda fraction, message: logic.cancel() if fraction > 0.5 else None
        await logic.compare_all("2")
        assert "Cancelled" in logic.state.remark
        assert not logic.state.comparison.running

    asyncio.run(story())


def _icc_by_analysis_of_variance(ratings: np.ndarray) -> float:
    """ICC(2,1) from the mean squares of statsmodels' two-way analysis of variance; shape (cases, readers)."""
    from statsmodels.formula.api import ols
    from statsmodels.stats.anova import anova_lm

    cases, readers = ratings.shape
    case, reader = np.indices(ratings.shape)
    scaled = (ratings - ratings.mean()) / ratings.std()
    frame = pd.DataFrame({"value": scaled.ravel(), "of_case": case.ravel(), "of_reader": reader.ravel()})
    squares = anova_lm(ols("value ~ C(of_case) + C(of_reader)", frame).fit())
    of_case, of_reader, rest = squares["sum_sq"] / squares["df"]
    return float((of_case - rest) / (of_case + (readers - 1) * rest + readers * (of_reader - rest) / cases))
