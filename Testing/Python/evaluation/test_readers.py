"""Agreement of readers on simulated patients, whose true disagreement is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from RadFusionLib.cli.command import main
from RadFusionLib.cohort import FeatureFile, read_features
from RadFusionLib.evaluation.dice import dice
from RadFusionLib.evaluation.intraclass import intraclass_correlation, intraclass_correlations
from RadFusionLib.evaluation.kappa import cohen_kappa
from RadFusionLib.imaging import read_image
from RadFusionLib.simulation import draw_latents
from RadFusionLib.simulation.anatomy import LesionShape, build_anatomy
from RadFusionLib.simulation.clinical import DISAGREEMENT, FINDINGS, POSTOPERATIVE, clinical_values
from RadFusionLib.simulation.profiles import named_profile
from RadFusionLib.simulation.readers import redrawn

PEOPLE, SEED = 3000, 41
DRAWN = 16
READINGS = {"2": ("2", ""), "1.2": ("1", "2")}
"""Another reader, and the same reader on another day: the manifest's names and the simulator's."""
READ = tuple(name for name in FINDINGS if name not in POSTOPERATIVE)


@pytest.fixture(scope="module")
def people() -> list[dict[str, float]]:
    return [clinical_values(draw_latents(SEED, index)) for index in range(PEOPLE)]


def column(people: list[dict[str, float]], name: str) -> np.ndarray:
    return np.array([values[name] for values in people])


def true_kappa(prevalence: float) -> tuple[float, float]:
    """Of a second reader who turns the first one's finding with the chance of a disagreement, and its spread.

    The spread is that of 2,000 cohorts drawn from the four chances alone, without the simulator.
    """
    same = 1 - DISAGREEMENT
    chances = np.array([prevalence * same, prevalence * (1 - same), (1 - prevalence) * (1 - same)])
    chances = np.append(chances, 1 - chances.sum())
    tables = np.random.default_rng(0).multinomial(PEOPLE, chances, size=2000) / PEOPLE
    return float(kappa_of(chances)), float(kappa_of(tables).std())


def kappa_of(shares: np.ndarray) -> np.ndarray:
    """Cohen's kappa from the shares (both, first alone, second alone, neither), on the last axis."""
    both, first, second, neither = np.moveaxis(shares, -1, 0)
    chance = (both + first) * (both + second) + (second + neither) * (first + neither)
    return (both + neither - chance) / (1 - chance)


def test_kappa_of_the_findings_is_what_the_disagreement_makes_it(people: list[dict[str, float]]) -> None:
    assert len(READ) == 11
    distance = []
    for name in READ:
        found = cohen_kappa(column(people, name), column(people, f"{name}@2"))
        expected, spread = true_kappa(FINDINGS[name])
        distance.append((found.estimate.value - expected) / spread)
        assert found.agreement == pytest.approx(1 - DISAGREEMENT, abs=3.5 * (0.08 * 0.92 / PEOPLE) ** 0.5)
    # Eleven independent deviations in standard errors: their squares sum to 26.8 or more once in 200 cohorts.
    assert np.sum(np.square(distance)) < 26.8
    assert true_kappa(0.5)[0] == pytest.approx(0.84)
    assert true_kappa(0.12)[0] < 0.7, "the rarer a finding, the lower its kappa at the same disagreement"


def test_a_reader_of_other_patients_has_no_kappa(people: list[dict[str, float]]) -> None:
    for name in READ:
        found = cohen_kappa(column(people, name), np.roll(column(people, f"{name}@2"), 1))
        # Without agreement a kappa of 3,000 has a standard error of 0.018.
        assert abs(found.estimate.value) < 0.07


def test_icc_of_the_diameter_is_what_the_measuring_errors_make_it(people: list[dict[str, float]]) -> None:
    true = np.array([draw_latents(SEED, index).diameter for index in range(PEOPLE)])
    # Errors of 3 % and 4 % of the diameter, and rounding to a millimetre (variance 1/12).
    within = np.mean(true**2) * (0.03**2 + 0.04**2) / 2 + 1 / 12
    expected = true.var() / (true.var() + within)
    found = intraclass_correlation(np.stack([column(people, "diameter"), column(people, "diameter@2")], axis=1))
    error = (found.estimate.high - found.estimate.low) / (2 * 1.959964)
    assert abs(found.estimate.value - expected) < 3.5 * error
    assert error < 0.01


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen simulated patients with the repeated contours that the command writes; the manifest."""
    folder = tmp_path_factory.mktemp("readers")
    (folder / "quick.yaml").write_text(yaml.safe_dump(RECIPE), encoding="utf-8")
    words = ["simulate", "--recipe", str(folder / "quick.yaml"), "--cases", str(DRAWN), "--seed", str(SEED)]
    assert main([*words, "--out", str(folder / "cohort"), "--quiet"]) == 0
    return folder / "cohort" / "manifest.csv"


RECIPE = {
    "schema": 1,
    "name": "readers",
    "imaging": {"phases": ["ADC"], "reference_phase": "ADC", "normalisation": {"method": "zscore", "scale": 100}},
    "regions": {"tumor": {}},
    "cr": {"spacing": [2, 2, 2], "interpolator": "sitkLinear", "bin_width": 16, "image_types": ["original"]},
    "models": [{"name": "signature", "families": ["cr"], "steps": [{"reproducibility": {"threshold": 0.75}}]}],
}


@pytest.fixture(scope="module")
def features(cohort: Path) -> FeatureFile:
    file = cohort.parent / "features.parquet"
    given = ["--recipe", str(cohort.parent.parent / "quick.yaml"), "--manifest", str(cohort)]
    assert main(["extract", *given, "--out", str(file), "--quiet"]) == 0
    return read_features(file)


@pytest.fixture(scope="module")
def lesions() -> dict[str, list[LesionShape]]:
    """The shapes that the readings are drawn from, by reading; the first reader draws the true one."""
    latents = [draw_latents(SEED, index) for index in range(DRAWN)]
    true = [build_anatomy(one, named_profile("small")).lesion for one in latents]
    drawn = {
        name: [redrawn(lesion, one, *key) for lesion, one in zip(true, latents, strict=True)]
        for name, key in READINGS.items()
    }
    return {"": true, **drawn}


def volume(lesion: LesionShape) -> float:
    """Of the shape itself, mm^3: the cube of its radius over all directions, a third of it, without any voxel."""
    rng = np.linspace(-1, 1, 201)
    cosine, angle = np.meshgrid((rng[1:] + rng[:-1]) / 2, np.linspace(0, 2 * np.pi, 200, endpoint=False))
    sine = np.sqrt(1 - cosine**2)
    directions = np.stack([sine * np.cos(angle), sine * np.sin(angle), cosine])
    # The depth of a point a hair off the centre is the radius in its direction.
    radius = lesion.depth(lesion.center.reshape(3, 1, 1) + 1e-4 * directions) + 1e-4
    return float((radius**3).mean() * 4 * np.pi / 3)


def pairs(features: FeatureFile, reading: str) -> np.ndarray:
    """Features by the first and by another reading, shape (16, 2, p)."""
    again = features.table.readings[reading]
    assert again.cases == features.table.cases
    return np.stack([features.table.values, again.columns(features.table.names)], axis=1)


def reliable(features: FeatureFile, reading: str) -> np.ndarray:
    return intraclass_correlations(pairs(features, reading))


@pytest.mark.parametrize("reading", READINGS)
def test_icc_of_the_volume_is_that_of_the_shapes_drawn(
    features: FeatureFile, lesions: dict[str, list[LesionShape]], reading: str
) -> None:
    true = np.array([[volume(lesion) for lesion in lesions[name]] for name in ("", reading)]).T
    place = features.table.names.index("ADC_tumor_original_shape_MeshVolume")
    measured = pairs(features, reading)[:, :, place]
    # Voxels, and the cut at the liver's edge, take some of each; a reader's error is larger than that.
    assert np.corrcoef(true.ravel(), measured.ravel())[0, 1] > 0.995
    assert intraclass_correlation(measured).estimate.value == pytest.approx(
        intraclass_correlation(true).estimate.value, abs=0.02
    )


def test_another_reader_draws_wider_and_less_alike_than_the_same_one_again(
    cohort: Path, features: FeatureFile, lesions: dict[str, list[LesionShape]]
) -> None:
    radius = {name: np.cbrt([volume(one) * 0.75 / np.pi for one in shapes]) for name, shapes in lesions.items()}
    for reading, outward in (("2", 0.4), ("1.2", 0.0)):
        more = radius[reading] - radius[""]
        error = more.std(ddof=1) / np.sqrt(DRAWN)
        # Bulges add a little to a radius whatever their sign, so that the mean may lie above the bias, never below it.
        assert outward - 3 * error < more.mean() < outward + 0.35 + 3 * error
    frame = pd.read_csv(cohort, dtype=str)
    overlap = {
        reading: np.array([
            dice(*(read_image(cohort.parent / row[c]).array > 0 for c in ("mask:tumor", f"mask:tumor@{reading}")))
            for _, row in frame.iterrows()
        ])
        for reading in READINGS
    }  # fmt: skip
    assert overlap["1.2"].mean() > overlap["2"].mean() + 0.01
    assert 0.8 < overlap["2"].mean() < 0.97
    iccs = {reading: reliable(features, reading) for reading in READINGS}
    known = np.isfinite(iccs["2"]) & np.isfinite(iccs["1.2"])
    assert known.sum() > 90
    assert np.median(iccs["1.2"][known]) > np.median(iccs["2"][known])
    assert (iccs["1.2"] >= iccs["2"])[known].mean() > 0.6
    assert (iccs["2"][known] >= 0.75).mean() > 0.3


def test_a_reading_of_other_patients_has_no_icc(features: FeatureFile) -> None:
    both = pairs(features, "1.2").copy()
    both[:, 1] = np.roll(both[:, 1], 5, axis=0)
    found = intraclass_correlations(both)
    assert np.nanmedian(found) < 0.3
    assert (found[np.isfinite(found)] >= 0.75).mean() < 0.02
