"""ICC, kappa and Dice against published values, definitions and simulated truths."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import cohen_kappa_score, f1_score

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.dice import dice
from RadFusionLib.evaluation.finding_agreement import finding_agreement
from RadFusionLib.evaluation.intraclass import FORMS, intraclass_correlation, intraclass_correlations
from RadFusionLib.evaluation.kappa import cohen_kappa

# Shrout and Fleiss 1979, table 2: six targets, four judges.
TARGETS = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]])
ORDER = {"ICC1": "1,1", "ICC2": "2,1", "ICC3": "3,1", "ICC1k": "1,k", "ICC2k": "2,k", "ICC3k": "3,k"}


def test_shrout_and_fleisss_own_example():
    rounded = [round(intraclass_correlation(TARGETS, form).estimate.value, 2) for form in ORDER.values()]
    assert rounded == [0.17, 0.29, 0.71, 0.44, 0.62, 0.91]


@pytest.mark.parametrize("name", ["shrout_fleiss_1979", "wine_judges"])
def test_reference_values(reference_data, name):
    folder = reference_data / "stats" / "icc"
    expected = json.loads((folder / "expected.json").read_text())[name]
    frame = pd.read_csv(folder / f"{name}.csv")
    if name == "wine_judges":
        frame = frame.pivot(index="Wine", columns="Judge", values="Scores").reset_index()
    ratings = frame.iloc[:, 1:].to_numpy(float)
    for index, (label, form) in enumerate(ORDER.items()):
        found = intraclass_correlation(ratings, form)
        assert found.estimate.value == pytest.approx(expected["recomputed_full_precision"][label], abs=1e-13)
        assert round(found.estimate.low, 2) == expected["ci95_low"][index]
        assert round(found.estimate.high, 2) == expected["ci95_high"][index]
        if "F" in expected:
            assert round(found.f, 1) == expected["F"][index]
            assert found.degrees_of_freedom == (expected["df1"], expected["df2"][index])
            squares = expected["recomputed_full_precision"]
            below = squares["MSW"] if form[0] == "1" else squares["MSE"]
            assert found.p == pytest.approx(stats.f.sf(squares["MSB"] / below, *found.degrees_of_freedom), rel=1e-9)
            # The printed one-way p, 0.16472, is not that of the printed mean squares, which is 0.16477.
            assert round(found.p, 5) == (0.16477 if form[0] == "1" else expected["p"][index])


def test_absolute_agreement_of_fixed_and_of_random_readers_is_one_estimator():
    for mixed, random in (("A,1", "2,1"), ("A,k", "2,k")):
        one, other = intraclass_correlation(TARGETS, mixed), intraclass_correlation(TARGETS, random)
        assert (one.estimate.value, one.estimate.low, one.estimate.high) == (
            other.estimate.value, other.estimate.low, other.estimate.high)  # fmt: skip


def test_many_features_at_once_equal_each_alone_and_a_gap_stays_a_gap():
    generator = np.random.default_rng(0)
    ratings = 1e6 + generator.normal(size=(20, 1, 7)) + 0.3 * generator.normal(size=(20, 3, 7))
    for form in FORMS:
        alone = [intraclass_correlation(ratings[..., feature], form).estimate.value for feature in range(7)]
        assert intraclass_correlations(ratings, form) == pytest.approx(alone, abs=1e-12)
    ratings[0, 0, 2] = np.nan
    ratings[..., 4] = 3.0
    assert np.isnan(intraclass_correlations(ratings)).tolist() == [False, False, True, False, True, False, False]


@pytest.mark.parametrize(
    ("form", "truth"),
    # Variances of cases, readers and error: 2, 0.5 and 1.
    [("2,1", 2 / 3.5), ("3,1", 2 / 3), ("2,k", 2 / (2 + 1.5 / 8)), ("3,k", 2 / (2 + 1 / 8))],
)
def test_intervals_cover_the_truth(form, truth):
    generator = np.random.default_rng(1)
    covered = 0
    for _ in range(300):
        ratings = (
            np.sqrt(2) * generator.normal(size=(30, 1))
            + np.sqrt(0.5) * generator.normal(size=(1, 8))
            + generator.normal(size=(30, 8))
        )
        found = intraclass_correlation(ratings, form).estimate
        covered += found.low <= truth <= found.high
    assert covered / 300 == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / 300))


def test_one_way_form_is_that_of_an_analysis_of_variance():
    from statsmodels.formula.api import ols
    from statsmodels.stats.anova import anova_lm

    frame = pd.DataFrame({"score": TARGETS.ravel(), "target": np.repeat(list("abcdef"), 4)})
    table = anova_lm(ols("score ~ target", frame).fit())
    between, within = table["mean_sq"]
    found = intraclass_correlation(TARGETS, "1,1")
    assert found.estimate.value == pytest.approx((between - within) / (between + 3 * within))
    assert found.p == pytest.approx(table["PR(>F)"].iloc[0])


def test_perfect_readers_agree_perfectly():
    ratings = np.repeat(np.arange(6.0)[:, None], 3, axis=1)
    for form in FORMS:
        found = intraclass_correlation(ratings, form).estimate
        assert (found.value, found.low, found.high) == (1, 1, 1)


@pytest.mark.parametrize(
    ("ratings", "said"),
    [
        (np.ones((5, 2)), "All readings are equal"),
        (np.array([[1, 2], [np.nan, 3], [2, 2]]), "1 of 6 readings are missing"),
        (np.ones(5), "one row per case"),
        (np.ones((5, 1)), "two readers"),
    ],
)
def test_bad_ratings_are_one_sentence(ratings, said):
    with pytest.raises(InputError, match=said):
        intraclass_correlation(ratings)


@pytest.mark.parametrize("weights", ["none", "linear", "quadratic"])
def test_kappa_is_scikit_learns(weights):
    generator = np.random.default_rng(2)
    first = generator.integers(0, 4, 100)
    second = np.where(generator.random(100) < 0.6, first, generator.integers(0, 4, 100))
    found = cohen_kappa(first, second, weights)
    expected = cohen_kappa_score(first, second, weights=None if weights == "none" else weights)
    assert found.estimate.value == pytest.approx(expected, abs=1e-14)
    assert found.agreement == (first == second).mean()


@pytest.mark.parametrize("weights", ["none", "linear", "quadratic"])
def test_kappas_standard_error_is_that_of_the_delta_method(weights):
    table = np.array([[75, 1, 4], [5, 4, 1], [0, 0, 10]])
    first = np.repeat(np.repeat(np.arange(3), 3), table.ravel())
    second = np.repeat(np.tile(np.arange(3), 3), table.ravel())
    found = cohen_kappa(first, second, weights)
    assert (found.table == table).all()
    steps = np.abs(np.subtract.outer(np.arange(3), np.arange(3)))
    disagreement = {"none": (steps > 0) * 1.0, "linear": steps, "quadratic": steps**2}[weights]

    def kappa(shares: np.ndarray) -> float:
        chance = np.outer(shares.sum(axis=1), shares.sum(axis=0))
        return float(1 - (disagreement * shares).sum() / (disagreement * chance).sum())

    shares, slope = table / table.sum(), np.zeros(9)
    for cell in range(9):
        nudge = np.zeros(9)
        nudge[cell] = 1e-6
        slope[cell] = (kappa(shares + nudge.reshape(3, 3)) - kappa(shares - nudge.reshape(3, 3))) / 2e-6
    mean = (slope * shares.ravel()).sum()
    error = np.sqrt(((slope - mean) ** 2 * shares.ravel()).sum() / table.sum())
    assert found.estimate.value == pytest.approx(kappa(shares))
    assert (found.estimate.high - found.estimate.value) / 1.959964 == pytest.approx(error, rel=1e-6)


@pytest.mark.parametrize("weights", ["none", "quadratic"])
def test_kappas_interval_covers(weights):
    generator = np.random.default_rng(3)

    def pair(cases: int) -> tuple[np.ndarray, np.ndarray]:
        truth = generator.integers(0, 3, cases)
        return tuple(  # type: ignore[return-value]
            np.where(generator.random(cases) < 0.8, truth, generator.integers(0, 3, cases)) for _ in range(2)
        )

    exact = cohen_kappa(*pair(400_000), weights).estimate.value
    covered = 0
    for _ in range(300):
        found = cohen_kappa(*pair(120), weights).estimate
        covered += found.low <= exact <= found.high
    assert covered / 300 == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / 300))


def test_weights_need_the_order_that_was_meant():
    first, second = ["none", "partial", "full", "full"], ["partial", "partial", "full", "none"]
    ordered = cohen_kappa(first, second, "linear", ["none", "partial", "full"]).estimate.value
    assert ordered == pytest.approx(cohen_kappa_score([0, 1, 2, 2], [1, 1, 2, 0], weights="linear"))
    assert ordered != cohen_kappa(first, second, "linear").estimate.value


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ([0, 1], [0], "read 2 and 1 cases"),
        ([1, 1], [1, 1], "categories that vary"),
        ([0, None], [0, 1], "1 of 2 cases lack"),
        ([], [], "0 and 0 cases"),
    ],
)
def test_bad_readings_are_one_sentence(first, second, said):
    with pytest.raises(InputError, match=said):
        cohen_kappa(first, second)


def test_dice_is_f1_of_the_voxels():
    generator = np.random.default_rng(4)
    first, second = generator.random((2, 4, 5, 6)) > 0.5
    assert dice(first, second) == pytest.approx(f1_score(first.ravel(), second.ravel()))
    assert dice(first, first) == 1
    assert dice(first, ~first) == 0


def test_masks_that_cannot_be_compared_are_refused():
    with pytest.raises(InputError, match="Both masks are empty"):
        dice(np.zeros(3), np.zeros(3))
    with pytest.raises(InputError, match="resample them"):
        dice(np.ones(3), np.ones(4))


def test_a_finding_read_twice_has_a_kappa_and_a_measurement_an_icc():
    from sklearn.metrics import cohen_kappa_score

    rng = np.random.default_rng(8)
    rim = rng.integers(0, 2, 60).astype(float)
    again = np.where(rng.random(60) < 0.1, 1 - rim, rim)
    again[5] = np.nan
    found = finding_agreement("rim_aphe", "2", rim, again)
    known = np.isfinite(again)
    assert found.cases == 59
    assert found.icc is None
    assert found.kappa.estimate.value == pytest.approx(cohen_kappa_score(rim[known], again[known]))
    grade, other = rng.integers(0, 3, 60).astype(float), rng.integers(0, 3, 60).astype(float)
    weighted = finding_agreement("grade", "2", grade, other).kappa
    assert weighted.estimate.value == pytest.approx(cohen_kappa_score(grade, other, weights="linear"))
    size = rng.normal(40, 9, 60).round()
    measured = finding_agreement("diameter", "2", size, size + rng.normal(0, 1, 60).round())
    assert measured.kappa is None
    assert measured.icc.estimate.value > 0.9


def test_a_finding_that_nobody_has_gives_a_reason():
    found = finding_agreement("satellite", "2", np.zeros(9), np.zeros(9))
    assert (found.kappa, found.icc) == (None, None)
    assert "one category for every case" in found.note
