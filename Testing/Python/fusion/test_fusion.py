"""Members, ensemble, calibration and threshold on tables whose truth is known."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import mannwhitneyu
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from RadFusionLib.errors import InputError
from RadFusionLib.evaluation import auc, within_fold_auc
from RadFusionLib.fusion import PlattCalibration, assign_folds, fit_member, youden_threshold
from RadFusionLib.fusion.training import fit_ensemble, fold_members, out_of_fold_scores

sys.path.insert(0, str(Path(__file__).parent))
from cohorts import informative_table, noise_table, small_recipe


@pytest.fixture(scope="module")
def trained():
    table, outcome, _ = informative_table(120, seed=5)
    return table, outcome, fit_ensemble(table, outcome, small_recipe(), seed=1)


def test_auc_equals_scikit_learn_and_mann_whitney_with_ties():
    generator = np.random.default_rng(0)
    y = generator.integers(0, 2, 200)
    score = np.round(generator.normal(size=200) + y, 1)
    assert auc(y, score) == pytest.approx(roc_auc_score(y, score), abs=1e-12)
    u = mannwhitneyu(score[y == 1], score[y == 0]).statistic
    assert auc(y, score) == pytest.approx(u / (y.sum() * (1 - y).sum()), abs=1e-12)


def test_within_fold_auc_is_the_pair_weighted_mean_of_the_folds():
    y = np.array([1, 0, 0, 1, 0, 1, 1])
    score = np.array([0.9, 0.1, 0.5, 0.2, 0.3, 0.6, 0.4])
    fold = np.array([0, 0, 0, 1, 1, 1, 1])
    first, second = roc_auc_score(y[:3], score[:3]), roc_auc_score(y[3:], score[3:])
    assert within_fold_auc(y, score, fold) == pytest.approx((2 * first + 3 * second) / 5)


def test_folds_are_of_equal_size_and_blind_to_order():
    cases = [f"c{i}" for i in range(23)]
    fold = assign_folds(cases, 5, seed=3)
    assert sorted(np.bincount(fold)) == [4, 4, 5, 5, 5]
    shuffled = [cases[i] for i in np.random.default_rng(1).permutation(23)]
    again = dict(zip(shuffled, assign_folds(shuffled, 5, seed=3), strict=True))
    assert [again[c] for c in cases] == fold.tolist()
    assert (assign_folds(cases, 5, seed=4) != fold).any()


def test_calibration_of_many_cases_is_a_logistic_regression():
    generator = np.random.default_rng(2)
    score = generator.normal(size=4000)
    y = (generator.random(4000) < 1 / (1 + np.exp(-(1.7 * score - 0.4)))).astype(int)
    found = PlattCalibration.fit(score, y)
    reference = LogisticRegression(C=np.inf).fit(score[:, None], y)
    assert found.slope == pytest.approx(reference.coef_[0, 0], rel=0.01)
    assert found.intercept == pytest.approx(reference.intercept_[0], abs=0.01)
    shifted = PlattCalibration.fit(7 * score + 30, y)
    assert shifted.probability(7 * score + 30) == pytest.approx(found.probability(score), abs=1e-9)


def test_calibration_of_few_cases_is_the_mean_of_the_posterior():
    """Against the whole posterior of slope and intercept on a grid, without Laplace's integral."""
    generator = np.random.default_rng(3)
    for cases in (12, 30):
        x = generator.normal(size=cases)
        x = (x - x.mean()) / x.std()
        y = (generator.random(cases) < 1 / (1 + np.exp(-0.5 * x))).astype(float)
        slope, intercept = np.linspace(0, 6, 241)[:, None], np.linspace(-5, 5, 401)
        logit = slope[..., None] * np.append(x, 0) + intercept[:, None]
        target = np.append(y, (y.sum() + 0.5) / (cases + 1))
        log_posterior = (target * logit - np.logaddexp(0, logit)).sum(axis=-1) - 0.5 * (slope / 0.7) ** 2
        posterior = np.exp(log_posterior - log_posterior.max())
        posterior /= posterior.sum()
        found = PlattCalibration.fit(x, y)
        assert found.slope == pytest.approx((posterior * slope).sum(), abs=0.04)
        assert found.intercept == pytest.approx((posterior * intercept).sum(), abs=0.04)


def test_calibration_of_a_score_that_points_the_wrong_way_stays_near_the_prevalence():
    y = np.array([0, 1] * 50 + [0] * 50)
    found = PlattCalibration.fit(-y.astype(float), y)
    assert found.slope > 0
    assert found.probability(np.array([-1.0, 0.0])) == pytest.approx([1 / 3, 1 / 3], abs=0.03)
    assert PlattCalibration.fit(np.ones(9), y[:9]).slope == 0.0


def test_calibration_never_gives_everybody_one_risk_for_want_of_cases():
    """The likeliest slope of twelve cases is often zero; the posterior's mean is not, and errs less on average."""
    generator = np.random.default_rng(4)
    zero, errors = 0, {"posterior": [], "likeliest": []}
    fresh = generator.normal(size=2000)
    truth = 1 / (1 + np.exp(-fresh))
    for _ in range(60):
        x = generator.normal(size=12)
        y = (generator.random(12) < 1 / (1 + np.exp(-x))).astype(int)
        if min(y.sum(), (1 - y).sum()) < 2:
            continue
        likeliest = LogisticRegression(C=1e4).fit(x[:, None], y)
        slope = max(likeliest.coef_[0, 0], 0.0)
        zero += slope == 0.0
        risk = likeliest.predict_proba(fresh[:, None])[:, 1] if slope else np.full(2000, y.mean())
        found = PlattCalibration.fit(x, y)
        assert found.slope > 0
        errors["likeliest"].append(np.mean((risk - truth) ** 2))
        errors["posterior"].append(np.mean((found.probability(fresh) - truth) ** 2))
    assert zero > 3
    assert np.mean(errors["posterior"]) < 0.8 * np.mean(errors["likeliest"])


def test_youden_threshold_equals_a_search_over_the_roc_curve():
    from sklearn.metrics import roc_curve

    generator = np.random.default_rng(4)
    y = generator.integers(0, 2, 300)
    p = 1 / (1 + np.exp(-(generator.normal(size=300) + y)))
    rates = roc_curve(y, p, drop_intermediate=False)
    best = (rates[1] - rates[0]).max()
    cut = youden_threshold(y, p)
    found = (p[y == 1] >= cut).mean() - (p[y == 0] >= cut).mean()
    assert found == pytest.approx(best)


def test_ensemble_finds_a_signal_that_is_there(trained):
    _, _, result = trained
    fresh, outcome, probability = informative_table(400, seed=6, first=1000)
    risk = np.array([r.risk for r in result.ensemble.predict(fresh)])
    assert auc(outcome, risk) > 0.5 + 0.7 * (auc(outcome, probability) - 0.5)
    assert abs(risk.mean() - outcome.mean()) < 0.08
    assert result.auc["ensemble"] > 0.65


def test_risk_lies_in_its_interval_and_group_follows_the_threshold(trained):
    _, _, result = trained
    fresh, _, _ = informative_table(50, seed=8, first=2000)
    for risk in result.ensemble.predict(fresh):
        assert 0 < risk.low < risk.risk < risk.high < 1
        assert risk.group == ("high" if risk.risk >= result.ensemble.threshold else "low")
        assert risk.spread == pytest.approx(max(risk.members) - min(risk.members))


def test_number_of_processes_does_not_change_the_ensemble(trained):
    table, outcome, result = trained
    other = fit_ensemble(table, outcome, small_recipe(), seed=1, jobs=2)
    assert np.array_equal(other.out_of_fold, result.out_of_fold)
    assert other.ensemble.threshold == result.ensemble.threshold


def test_a_changed_fold_leaves_the_member_fitted_without_it_the_same():
    table, outcome, _ = informative_table(90, seed=12)
    recipe = small_recipe()
    models = [m.name for m in recipe.models]
    fold, members = fold_members(table, outcome, recipe, models, seed=1)
    altered = outcome.copy()
    altered[fold == 1] = 1 - altered[fold == 1]
    values = table.values.copy()
    values[fold == 1] += 5.0
    from RadFusionLib.fusion import FeatureTable

    again_fold, again = fold_members(FeatureTable(table.cases, table.names, values), altered, recipe, models, seed=1)
    assert np.array_equal(fold, again_fold)
    same = [_arrays(a) == _arrays(b) for a, b in zip(members, again, strict=True)]
    assert same == [False, True, False]


def test_a_changed_fold_leaves_its_own_held_out_probabilities_the_same():
    """Neither the ensemble that scores a fold nor its calibration knows the fold's outcomes."""
    table, outcome, _ = informative_table(60, seed=13)
    recipe = small_recipe(interval={"level": 0.9, "refits": 2})
    first = fit_ensemble(table, outcome, recipe)
    held = first.folds == 1
    again = fit_ensemble(table, np.where(held, 1 - outcome, outcome), recipe)
    assert np.array_equal(again.folds, first.folds)
    assert again.out_of_fold[held].tobytes() == first.out_of_fold[held].tobytes()
    assert (again.out_of_fold[~held] != first.out_of_fold[~held]).all()


def _arrays(member) -> list:
    return [
        (name, s.features, s.mean.tobytes(), s.scale.tobytes(), s.weight.tobytes(), s.intercept)
        for name, s in sorted(member.scores.items())
    ] + [member.final]


def test_permuted_outcomes_give_chance_and_selection_before_folds_does_not():
    """A small version of the study of permutations: the strict way must sit at 0.5, the leaky one well above it."""
    recipe = small_recipe(final={"candidates": ["CR"], "chosen": "inner-folds"})
    strict, leaky = [], []
    for number in range(12):
        table = noise_table(48, 1000, seed=100 + number)
        outcome = np.random.default_rng(number).permutation(np.arange(48) % 2)
        fold, members = fold_members(table, outcome, recipe, ["CR"], seed=number)
        strict.append(within_fold_auc(outcome, out_of_fold_scores(table, members, fold), fold))
        # The leak: the features are chosen on all cases before the folds are made.
        chosen = fit_member(table, outcome, recipe, ["CR"], seed=number).scores["CR"].features
        columns = [table.position[n] for n in chosen]
        from RadFusionLib.fusion import FeatureTable

        few = FeatureTable(table.cases, chosen, table.values[:, columns])
        fold, members = fold_members(few, outcome, recipe, ["CR"], seed=number)
        leaky.append(within_fold_auc(outcome, out_of_fold_scores(few, members, fold), fold))
    error = np.std(strict, ddof=1) / np.sqrt(len(strict))
    assert abs(np.mean(strict) - 0.5) < 3 * error
    assert np.mean(leaky) - np.mean(strict) > 3 * np.hypot(error, np.std(leaky, ddof=1) / np.sqrt(len(leaky)))


def test_too_few_cases_of_one_outcome_is_said_in_a_sentence():
    table = noise_table(20, 20, seed=1)
    outcome = np.array([1, 1] + [0] * 18)
    with pytest.raises(InputError, match="2 training cases with the outcome and 18 without"):
        fit_ensemble(table, outcome, small_recipe(), seed=1)


def test_a_feature_that_could_not_be_computed_gives_no_risk(trained):
    _, _, result = trained
    fresh, _, _ = informative_table(1, seed=9)
    values = fresh.values.copy()
    name = result.ensemble.features[0]
    values[0, fresh.position[name]] = np.nan
    from RadFusionLib.fusion import FeatureTable

    with pytest.raises(InputError, match="could not be computed; no risk is given"):
        result.ensemble.predict(FeatureTable(fresh.cases, fresh.names, values))


def test_progress_reaches_one_and_can_cancel():
    from RadFusionLib.errors import Cancelled
    from RadFusionLib.progress import Stage

    table, outcome, _ = informative_table(60, seed=20)
    seen: list[float] = []
    fit_ensemble(table, outcome, small_recipe(), seed=1, progress=Stage(lambda f, m: seen.append(f)))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    with pytest.raises(Cancelled):
        fit_ensemble(table, outcome, small_recipe(), seed=1, progress=Stage(lambda f, m: f < 0.3))
