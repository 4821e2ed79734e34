"""DeLong against pROC's published values, the definition, and simulation."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.delong import auc_interval, compare_aucs, compare_aucs_unpaired, delong_covariance
from RadFusionLib.evaluation.hanley_mcneil import hanley_mcneil_standard_error

MARKERS = ("wfns", "ndka", "s100b")


@pytest.fixture(scope="module")
def haemorrhage(reference_data):
    folder = reference_data / "stats" / "delong"
    frame = pd.read_csv(folder / "aSAH.csv")
    scores = {name: frame[name].to_numpy(float) for name in MARKERS}
    return (frame["outcome"] == "Poor").to_numpy(), scores, json.loads((folder / "expected.json").read_text())


def test_areas_variances_and_covariances_are_procs(haemorrhage):
    outcome, scores, expected = haemorrhage
    areas, covariance = delong_covariance(outcome, [scores[name] for name in MARKERS])
    for index, name in enumerate(MARKERS):
        assert areas[index] == pytest.approx(expected["auc"][name], abs=1e-13 if name != "s100b" else 5e-5)
        assert covariance[index, index] == pytest.approx(expected["delong_variance"][name], rel=1e-12)
    assert areas[2] == pytest.approx(0.7313685636856369, abs=1e-14)
    place = {name: index for index, name in enumerate(MARKERS)}
    # The file's first two covariances are of curves that pROC turned round; ours are of rising scores.
    for pair, value in expected["delong_covariance"].items():
        first, second = pair.split(",")
        assert abs(covariance[place[first], place[second]]) == pytest.approx(abs(value), rel=1e-12)


def test_interval_is_procs(haemorrhage):
    outcome, scores, expected = haemorrhage
    found = auc_interval(outcome, scores["ndka"])
    assert [found.low, found.high] == pytest.approx(expected["ci95_delong"]["ndka"], abs=1e-12)


@pytest.mark.parametrize("pair", ["wfns vs s100b", "wfns vs ndka", "ndka vs s100b"])
def test_paired_and_unpaired_tests_are_procs(haemorrhage, pair):
    outcome, scores, expected = haemorrhage
    first, second = (scores[name] for name in pair.split(" vs "))
    paired = compare_aucs(outcome, first, second)
    known = expected["roc_test_delong_paired"][pair]
    assert paired.statistic == pytest.approx(known["Z"], rel=1e-12)
    assert paired.p == pytest.approx(known["p"], rel=1e-11)
    assert [paired.difference.low, paired.difference.high] == pytest.approx(known["ci95_diff"], abs=1e-12)
    unpaired = compare_aucs_unpaired(outcome, first, outcome, second)
    known = expected["roc_test_delong_unpaired"][pair]
    assert unpaired.statistic == pytest.approx(known["D"], rel=1e-12)
    assert unpaired.p == pytest.approx(known["p"], rel=1e-11)


def test_one_sided_and_identical_curves(haemorrhage):
    outcome, scores, expected = haemorrhage
    for alternative, p in expected["one_sided_wfns_vs_s100b"].items():
        found = compare_aucs(outcome, scores["wfns"], scores["s100b"], alternative=alternative)
        assert found.p == pytest.approx(p, rel=1e-11)
    same = compare_aucs(outcome, scores["wfns"], scores["wfns"])
    assert (same.statistic, same.p) == (expected["identical_curves"]["Z"], expected["identical_curves"]["p"])


def test_covariance_is_the_definitions_with_ties():
    generator = np.random.default_rng(1)
    outcome = generator.integers(0, 2, 60).astype(bool)
    scores = [np.round(generator.normal(size=60) + outcome, 0) for _ in range(2)]
    placements = []
    for score in scores:
        wins = (score[outcome][:, None] > score[~outcome]) + 0.5 * (score[outcome][:, None] == score[~outcome])
        placements.append((wins.mean(axis=1), wins.mean(axis=0)))
    expected = sum(np.cov(placements[0][part], placements[1][part]) / placements[0][part].size for part in (0, 1))
    assert np.allclose(delong_covariance(outcome, scores)[1], expected, atol=1e-15)


def test_hanley_and_mcneils_error_is_the_definitions_with_ties():
    generator = np.random.default_rng(2)
    outcome = generator.integers(0, 2, 40).astype(bool)
    score = np.round(generator.normal(size=40) + outcome, 0)
    pos, neg = score[outcome], score[~outcome]
    above = (pos[:, None] > neg).astype(float)
    equal = (pos[:, None] == neg).astype(float)

    def triples(wins: np.ndarray, ties: np.ndarray) -> float:
        return float(
            np.mean(
                wins[:, None] * wins[None] + (wins[:, None] * ties[None] + ties[:, None] * wins[None]) / 2
                + ties[:, None] * ties[None] / 3
            )
        )  # fmt: skip

    q1, q2 = triples(above, equal), triples(above.T, equal.T)
    area = (above + equal / 2).mean()
    p, n = pos.size, neg.size
    variance = (area * (1 - area) + (p - 1) * (q1 - area**2) + (n - 1) * (q2 - area**2)) / (p * n)
    assert hanley_mcneil_standard_error(outcome, score) == pytest.approx(np.sqrt(variance), rel=1e-12)


def test_interval_covers_the_true_area_and_the_test_keeps_its_level():
    generator = np.random.default_rng(3)
    outcome = np.repeat([True, False], [60, 90])
    truth = norm.cdf(1 / np.sqrt(2))
    covered = rejected = 0
    for _ in range(600):
        latent = generator.normal(size=150) + outcome
        # Two readings of one truth: equally good, correlated.
        first, second = (latent + generator.normal(size=150) for _ in range(2))
        found = auc_interval(outcome, latent)
        covered += found.low <= truth <= found.high
        rejected += compare_aucs(outcome, first, second).p < 0.05
    assert covered / 600 == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / 600))
    assert rejected / 600 == pytest.approx(0.05, abs=3 * np.sqrt(0.95 * 0.05 / 600))


def test_complete_separation_is_told():
    found = auc_interval([0, 0, 1, 1], [1, 2, 3, 4])
    assert (found.low, found.high) == (1, 1)
    assert "says nothing" in found.method


@pytest.mark.parametrize(
    ("outcome", "score", "said"),
    [
        ([1, 1, 1], [1, 2, 3], "both classes are needed"),
        ([0, 1, 1], [1, np.nan, 3], "missing or infinite for 1 of 3"),
        ([0, 1, 1], [1, 2], "2 values of score for 3 outcomes"),
        ([0, 1, 1, 0], [2, 2, 2, 2], "constant"),
        ([0, 1, 2, 0], [1, 2, 3, 4], "other than 0 and 1"),
        ([0, 0, 0, 1], [1, 2, 3, 4], "two cases of each class"),
        ([], [], "one number per case"),
        ([0, 1], ["a", "b"], "not a number"),
    ],
)
def test_bad_input_is_one_sentence(outcome, score, said):
    with pytest.raises(InputError, match=said) as caught:
        auc_interval(outcome, score)
    assert str(caught.value).count("\n") == 0
