"""A simulated cohort on disk: the manifest's contract, the bytes, the redraw, cancelling."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from RadFusionLib.errors import Cancelled, InputError, ManifestError
from RadFusionLib.simulation import draw_latents, draw_outcomes, redraw, simulate

PHASES = ("AP", "T2")


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate(PHASES, 3, 4, 1.0, tmp_path_factory.mktemp("whole") / "cohort")


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_two_jobs_give_the_same_bytes(cohort: Path, tmp_path: Path) -> None:
    again = simulate(PHASES, 3, 4, 1.0, tmp_path / "again", jobs=2)
    assert contents(again.parent) == contents(cohort.parent)


def test_strength_changes_no_image_and_no_clinical_value(cohort: Path, tmp_path: Path) -> None:
    coin = simulate(PHASES, 3, 4, 0.0, tmp_path / "coin")
    a, b = contents(cohort.parent), contents(coin.parent)
    assert a.keys() == b.keys()
    assert all(a[name] == b[name] for name in a if name.endswith(".nrrd"))
    rows = [list(csv.DictReader(path.open())) for path in (cohort, coin)]
    free = ("outcome", "time:", "event:")
    for one, other in zip(*rows, strict=True):
        for column in one:
            assert column.startswith(free) or one[column] == other[column], column


def test_a_cohort_can_be_continued(cohort: Path, tmp_path: Path) -> None:
    rest = simulate(PHASES, 1, 4, 1.0, tmp_path / "rest", first=2)
    whole, last = list(csv.DictReader(cohort.open()))[2], next(csv.DictReader(rest.open()))
    assert whole == last


def test_manifest_is_as_the_contract_says(cohort: Path) -> None:
    rows = list(csv.DictReader(cohort.open()))
    wanted = {
        "case", "simulated", "image:AP", "image:T2", "mask:tumor", "mask:liver", "mask:tumor@2", "mask:tumor@1.2",
        "outcome", "time:DFS", "event:DFS", "time:OS", "event:OS", "treatment", "center", "scanner", "truth:risk",
        "truth:decoy",
    }  # fmt: skip
    assert wanted <= set(rows[0])
    clinical = {"age", "sex", "AFP", "ALB", "ALT", "AST", "hepatitis", "diameter", "CA19-9", "CEA"}
    assert {f"clinical:{name}" for name in clinical} <= set(rows[0])
    assert all(c in wanted or c.startswith("clinical:") for c in rows[0])
    assert len({row["case"] for row in rows}) == 3
    for row in rows:
        assert row["simulated"] == "1"
        assert row["outcome"] in "01"
        for column, value in row.items():
            if column.startswith(("image:", "mask:", "truth:")):
                image = sitk.ReadImage(str(cohort.parent / value))
                wanted_type = sitk.sitkInt16 if column.startswith("image:") else sitk.sitkUInt8
                assert image.GetPixelID() == wanted_type


def test_truth_states_the_model_and_says_that_all_is_simulated(cohort: Path) -> None:
    truth = json.loads((cohort.parent / "truth.json").read_text())
    assert truth["simulated"] is True
    assert "imulated" in truth["notice"]
    assert "SIMULATED" in (cohort.parent / "README.txt").read_text()
    assert 0.85 <= truth["oracle_auc_expected"] <= 0.90
    latents = [record["latents"] for record in truth["cases"]]
    assert latents == [draw_latents(4, i).record() for i in range(3)]
    outcomes, probabilities = draw_outcomes(latents, 1.0, 4)
    assert [record["outcome"] for record in truth["cases"]] == outcomes.tolist()
    np.testing.assert_allclose([record["probability"] for record in truth["cases"]], probabilities)


def test_redraw_gives_the_manifest_back_and_other_outcomes(cohort: Path, tmp_path: Path) -> None:
    rows = list(csv.DictReader(cohort.open()))
    same = redraw(cohort, 1.0, 4)
    for column in ("outcome", "time:DFS", "event:DFS", "time:OS", "event:OS"):
        assert [float(row[column]) for row in rows] == same[column].tolist()
    draws = np.array([redraw(cohort, 0.5, seed)["outcome"] for seed in range(8)])
    assert len(np.unique(draws, axis=0)) > 1
    alone = tmp_path / "manifest.csv"
    alone.write_bytes(cohort.read_bytes())
    with pytest.raises(ManifestError, match=r"truth\.json"):
        redraw(alone, 1.0, 0)


def test_cancelling_leaves_nothing_behind(tmp_path: Path) -> None:
    seen: list[float] = []

    def stop(fraction: float, message: str) -> bool:
        seen.append(fraction)
        return len(seen) < 2

    with pytest.raises(Cancelled):
        simulate(("AP",), 3, 1, 1.0, tmp_path / "cut", progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_use_is_refused(cohort: Path) -> None:
    with pytest.raises(InputError, match="not an empty folder"):
        simulate(("AP",), 1, 1, 1.0, cohort.parent)


@pytest.mark.parametrize(("cases", "seed", "jobs"), [(0, 1, 1), (1, -1, 1), (1, 1, 0)])
def test_unusable_numbers_are_refused(tmp_path: Path, cases: int, seed: int, jobs: int) -> None:
    with pytest.raises(InputError):
        simulate(("AP",), cases, seed, 1.0, tmp_path / "none", jobs=jobs)
