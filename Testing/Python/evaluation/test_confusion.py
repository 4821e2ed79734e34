"""Rates against scikit-learn, intervals against statsmodels and exact coverage."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multinomial
from sklearn import metrics
from statsmodels.stats.proportion import proportion_confint

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.confusion import RATES, ConfusionMatrix, rates_at_prevalence
from RadFusionLib.evaluation.estimate import exact_proportion


@pytest.fixture
def scored():
    generator = np.random.default_rng(0)
    outcome = generator.integers(0, 2, 80)
    return outcome, np.round(generator.random(80) + 0.4 * outcome, 1)


def test_rates_are_scikit_learns(scored):
    outcome, score = scored
    called = score >= 0.7
    matrix = ConfusionMatrix.of_scores(outcome, score, 0.7)
    expected = {
        "accuracy": metrics.accuracy_score(outcome, called),
        "sensitivity": metrics.recall_score(outcome, called),
        "specificity": metrics.recall_score(outcome, called, pos_label=0),
        "ppv": metrics.precision_score(outcome, called),
        "npv": metrics.precision_score(outcome, called, pos_label=0),
        "f1": metrics.f1_score(outcome, called),
    }
    expected |= {"fnr": 1 - expected["sensitivity"], "fpr": 1 - expected["specificity"]}
    assert set(expected) == set(RATES)
    for name, value in expected.items():
        assert matrix.rate(name) == pytest.approx(value, abs=1e-15)
    prevalence = rates_at_prevalence(matrix.rate("sensitivity"), matrix.rate("specificity"), outcome.mean())
    assert prevalence == pytest.approx(expected)


@pytest.mark.parametrize(("successes", "trials"), [(0, 5), (5, 5), (1, 14), (9, 14), (70, 90), (121, 147)])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_exact_intervals_are_statsmodels(successes, trials, level):
    found = exact_proportion(successes, trials, level)
    expected = proportion_confint(successes, trials, alpha=1 - level, method="beta")
    assert [found.low, found.high] == pytest.approx(np.nan_to_num(expected), abs=1e-10)


def test_interval_of_f1_covers_by_enumeration_of_all_tables():
    shares = np.array([0.25, 0.15, 0.2, 0.4])
    truth = 2 * shares[0] / (2 * shares[0] + shares[1] + shares[2])
    cases, covered, total = 16, 0.0, 0.0
    for tp in range(cases + 1):
        for fn in range(cases + 1 - tp):
            for fp in range(cases + 1 - tp - fn):
                tn = cases - tp - fn - fp
                chance = multinomial.pmf([tp, fn, fp, tn], cases, shares)
                found = ConfusionMatrix(tp, fn, tn, fp).estimate("f1")
                total += chance
                covered += chance * (found.low <= truth <= found.high)
    assert total == pytest.approx(1)
    assert 0.95 <= covered < 0.995


def test_every_rate_lies_in_its_interval_and_an_empty_denominator_is_unknown():
    for name, found in ConfusionMatrix(27, 31, 78, 11).estimates().items():
        assert found.low < found.value < found.high, name
    nobody = ConfusionMatrix(0, 5, 7, 0)
    assert np.isnan(nobody.rate("ppv"))
    assert (nobody.estimate("ppv").low, nobody.estimate("ppv").high) == (0, 1)


@pytest.mark.parametrize(
    ("positives", "negatives", "sensitivity", "specificity", "expected"),
    [
        (58, 89, 0.466, 0.876, (27, 31, 78, 11)),
        (14, 31, 0.643, 0.710, (9, 5, 22, 9)),
        (90, 126, 0.756, 0.849, (68, 22, 107, 19)),
        (55, 32, 0.855, 0.844, (47, 8, 27, 5)),
    ],
)
def test_counts_behind_printed_rates(positives, negatives, sensitivity, specificity, expected):
    assert ConfusionMatrix.of_rates(positives, negatives, sensitivity, specificity) == ConfusionMatrix(*expected)


@pytest.mark.parametrize("counts", [(-1, 2, 3, 4), (0, 0, 0, 0), (1.5, 2, 3, 4)])
def test_no_matrix_of_impossible_counts(counts):
    with pytest.raises(InputError, match="not a confusion matrix"):
        ConfusionMatrix(*counts)


def test_unknown_rates_and_impossible_ones_are_refused():
    with pytest.raises(InputError, match="no rate called 'kappa'"):
        ConfusionMatrix(1, 2, 3, 4).rate("kappa")
    with pytest.raises(InputError, match=r"sensitivity of 1\.2"):
        ConfusionMatrix.of_rates(3, 4, 1.2, 0.5)
    with pytest.raises(InputError, match="not a proportion"):
        exact_proportion(5, 4)
    with pytest.raises(InputError, match="confidence level of 95"):
        exact_proportion(3, 4, 95)
