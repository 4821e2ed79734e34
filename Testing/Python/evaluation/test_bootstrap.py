"""The patient bootstrap against scipy's where rows are patients, and against truth where they are not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation.bootstrap import bootstrap_auc, patient_bootstrap, patient_samples
from RadFusionLib.evaluation.delong import auc_interval
from RadFusionLib.evaluation.discrimination import within_fold_auc


def test_of_independent_rows_it_is_near_delongs():
    generator = np.random.default_rng(0)
    outcome = np.repeat([1, 0], [80, 120])
    score = generator.normal(size=200) + outcome
    found = bootstrap_auc(outcome, score, np.arange(200), resamples=2000)
    expected = auc_interval(outcome, score)
    assert found.value == pytest.approx(expected.value, abs=1e-14)
    assert [found.low, found.high] == pytest.approx([expected.low, expected.high], abs=0.012)


def test_a_mean_has_scipys_percentile_interval():
    generator = np.random.default_rng(1)
    values = generator.exponential(size=100)
    outcome = np.arange(100) % 2
    found = patient_bootstrap(lambda rows: values[rows].mean(), np.arange(100), outcome, resamples=4000)
    expected = stats.bootstrap(
        (values,), np.mean, method="percentile", n_resamples=4000, rng=np.random.default_rng(2)
    ).confidence_interval
    assert [found.low, found.high] == pytest.approx(list(expected), abs=0.03)


def test_rows_of_a_patient_stay_together_and_both_kinds_are_drawn():
    patients = np.repeat(np.arange(10), np.arange(1, 11))
    outcome = np.isin(patients, [2, 5, 9]).astype(int)
    for rows in patient_samples(patients, outcome, 50):
        drawn = np.bincount(patients[rows], minlength=10)
        assert (drawn % np.arange(1, 11) == 0).all()
        times = drawn // np.arange(1, 11)
        assert times[[2, 5, 9]].sum() == 3
        assert times.sum() == 10
        # Every row of a drawn patient as often as the patient.
        assert (np.bincount(rows, minlength=patients.size) == times[patients]).all()


def test_patches_taken_for_patients_are_far_too_sure():
    # 40 patients of 50 patches that say nothing: scores are of the patient, not of the outcome.
    generator = np.random.default_rng(3)
    patients = np.repeat(np.arange(40), 50)
    outside_naive = outside = 0
    for _ in range(40):
        outcome = np.repeat(generator.permutation(np.arange(40) % 2), 50)
        score = np.repeat(generator.normal(size=40), 50) + 0.3 * generator.normal(size=2000)
        naive = auc_interval(outcome, score)
        honest = bootstrap_auc(outcome, score, patients, resamples=200)
        outside_naive += not naive.low <= 0.5 <= naive.high
        outside += not honest.low <= 0.5 <= honest.high
    assert outside_naive > 25
    assert outside <= 7


def test_the_same_seed_gives_the_same_samples():
    outcome = np.arange(20) % 2
    one, again, other = (patient_samples(np.arange(20), outcome, 5, seed) for seed in (1, 1, 2))
    assert all((a == b).all() for a, b in zip(one, again, strict=True))
    assert any((a != b).any() for a, b in zip(one, other, strict=True))


def test_folds_are_compared_within():
    outcome = np.array([1, 0, 1, 0] * 10)
    fold = np.repeat([0, 1], 20)
    score = outcome + 10.0 * fold
    assert bootstrap_auc(outcome, score, np.arange(40), fold, resamples=50).value == 1.0
    assert bootstrap_auc(outcome, score, np.arange(40), resamples=50).value == 0.75


def test_each_sample_has_the_area_of_its_rows():
    """Ordered once for all samples, with ties and folds, the interval is that of counting pairs sample by sample."""
    generator = np.random.default_rng(9)
    outcome, fold = np.arange(45) % 3 == 0, generator.integers(0, 3, 45)
    score = generator.normal(size=45).round(1) + outcome
    fast = bootstrap_auc(outcome, score, np.arange(45) // 2, fold, resamples=60)
    slow = patient_bootstrap(
        lambda rows: within_fold_auc(outcome[rows], score[rows], fold[rows]), np.arange(45) // 2, outcome, 60
    )
    assert [fast.value, fast.low, fast.high] == pytest.approx([slow.value, slow.low, slow.high], abs=1e-12)


@pytest.mark.parametrize(
    ("patients", "outcome", "said"),
    [
        ([1, 2, 3], [0, 1, 0, 1], "3 patient names for 4 outcomes"),
        ([1, 1, 2, 2], [0, 0, 1, 1], "needs at least three"),
        ([1, 2, 3, 4], [0, 0, 0, 0], "both classes"),
    ],
)
def test_bad_input_is_one_sentence(patients, outcome, said):
    with pytest.raises(InputError, match=said):
        patient_samples(patients, outcome)


def test_a_statistic_that_is_rarely_defined_is_refused():
    with pytest.raises(InputError, match="too few patients"):
        patient_bootstrap(lambda rows: float("nan"), np.arange(10), np.arange(10) % 2, 50)


def test_unstratified_samples_let_the_prevalence_vary():
    outcome = np.arange(60) % 3 == 0
    shares = [outcome[rows].mean() for rows in patient_samples(np.arange(60), outcome, 500, stratified=False)]
    assert np.std(shares) == pytest.approx(np.sqrt(1 / 3 * 2 / 3 / 60), rel=0.1)
    fixed = [outcome[rows].mean() for rows in patient_samples(np.arange(60), outcome, 20)]
    assert np.ptp(fixed) == 0
