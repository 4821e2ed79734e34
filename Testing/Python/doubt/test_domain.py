"""The domain report: what is like the training cases is rarely flagged, what is spoiled nearly always."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load, save
from scipy.spatial.distance import mahalanobis
from sklearn.covariance import LedoitWolf
from sklearn.metrics import roc_auc_score
from spoiled_cases import BUILT_FOR, NEVER_USED

from RadFusionLib.doubt import NOT_SAFE, REDRAWN, DomainReport, TrainingDomain
from RadFusionLib.doubt.checks import Joint, Likeness
from RadFusionLib.doubt.contour_fit import contour_fit
from RadFusionLib.fusion import FeatureTable
from RadFusionLib.workflow.extraction import sights
from RadFusionLib.workflow.preprocess import prepare_case

SURE = (
    "swapped phases (AP and HBP)",
    "halved spacing",
    "inverted images",
    "mask shifted by 10 mm",
    "scanner never seen",
)
NAMED = {
    "swapped phases (AP and HBP)": "were phases swapped",
    "halved spacing": "check the image's spacing",
    "mask shifted by 10 mm": "does not follow the image's edges",
    "scanner never seen": "SIM-Delta",
    "tumour of 8 mm": "smaller, thinner or larger",
    "image cut at the tumour": "edge of the image",
}


@pytest.fixture(scope="module")
def reports(domain, described, fresh) -> dict[str, list[DomainReport]]:
    """By condition; the fresh cases as they are under an empty name."""
    made = {}
    for name, spoil in {"": lambda case, generator: case, **BUILT_FOR, **NEVER_USED}.items():
        spoiled = [
            spoil(case, np.random.default_rng(number)) for number, case in enumerate(fresh[:6] if name else fresh)
        ]
        table = described(spoiled)
        made[name] = [domain.report(table.rows([i]), case.scanner) for i, case in enumerate(spoiled)]
    return made


def test_fresh_cases_are_rarely_flagged(reports):
    assert sum(bool(report.flags) for report in reports[""]) <= 2
    assert all(report.expected == pytest.approx(1 / 41) for report in reports[""])


@pytest.mark.parametrize("condition", SURE)
def test_what_the_report_must_see_it_sees(reports, condition):
    assert all(report.flags for report in reports[condition])


@pytest.mark.parametrize("condition", [*BUILT_FOR, *NEVER_USED])
def test_spoiled_cases_are_stranger_than_they_were(reports, condition):
    pairs = zip(reports[""], reports[condition], strict=False)
    assert np.mean([spoiled.score > whole.score for whole, spoiled in pairs]) >= 0.8


@pytest.mark.parametrize(("condition", "words"), NAMED.items())
def test_a_flag_names_what_is_wrong(reports, condition, words):
    told = [" ".join(flag.sentence for flag in report.flags) for report in reports[condition]]
    assert np.mean([words in text for text in told]) >= 0.8


def test_no_flag_and_no_silence_is_worded_as_safe(reports):
    every = [report for told in reports.values() for report in told]
    for report in every:
        described = json.loads(json.dumps(report.to_json()))
        assert described["sentence"] == NOT_SAFE
        text = " ".join(flag.sentence for flag in report.flags)
        assert not re.search(r"\b(safe|fine|fit|normal|trust\w*|reliabl\w*|ok)\b", text, re.IGNORECASE)
        assert all(flag.score > report.threshold for flag in report.flags)


def test_flags_of_all_checks_together_keep_to_the_share_that_is_stated(training):
    """Numbers drawn from one law, correlated and skewed: many trainings, many new cases."""
    names = [name for name in training.names if not name.endswith(REDRAWN)]
    generator = np.random.default_rng(5)
    mixing = generator.normal(size=(len(names), len(names))) / np.sqrt(len(names))

    def draw(cases: int) -> FeatureTable:
        values = np.exp(0.5 * generator.normal(size=(cases, len(names))) @ mixing)
        return FeatureTable(tuple(map(str, range(cases))), tuple(names), values)

    shares = []
    for _ in range(8):
        domain = TrainingDomain.of(draw(100), [], ())
        new = domain.familiarity.strangeness(draw(1000)) / np.array(
            [domain.threshold.units[c] for c in domain.familiarity.checks]
        )
        shares.append((new.max(axis=1) > domain.threshold.threshold).mean())
    assert domain.threshold.expected == pytest.approx(2 / 101)
    # The share of one training varies as a beta law with 2 and 99; the mean of eight has a standard error of 0.005.
    assert np.mean(shares) <= domain.threshold.expected + 3 * 0.005


def test_a_scanner_is_no_news_where_every_training_case_has_its_own(training, fresh, described):
    own = TrainingDomain.of(training, [], [f"scanner {i}" for i in range(len(training.cases))])
    table = described(fresh[:4])
    told = [own.report(table.rows([i]), "another") for i in range(4)]
    assert not any(flag.kind == "scanner" for report in told for flag in report.flags)


def test_features_outside_the_range_are_counted():
    generator = np.random.default_rng(6)
    names = tuple(f"HBP_tumor_original_test_F{i}" for i in range(40))
    table = FeatureTable(tuple(map(str, range(80))), names, generator.uniform(size=(80, 40)))
    domain = TrainingDomain.of(table, names, ())
    strange = FeatureTable(("new",), names, np.where(np.arange(40) < 30, 2.0, 0.5)[None])
    assert "30 of 40 features lie outside" in domain.warnings(strange, "")[0]
    assert "were not compared" in domain.report(strange, "").unchecked[0]


def test_features_without_a_description_of_the_images_are_said_not_to_be_compared(domain):
    bare = FeatureTable(("new",), (), np.zeros((1, 0)))
    report = domain.report(bare, "SIM-Alpha")
    assert not report.flags
    assert "were not compared" in report.unchecked[0]
    assert [flag.kind for flag in domain.report(bare, "SIM-Delta").flags] == ["scanner"]


def test_a_number_that_cannot_be_had_is_strange(domain, described, fresh):
    table = described(fresh[:1])
    column = table.position["appearance_HBP_contour-step"]
    values = table.values.copy()
    values[0, column] = np.nan
    assert domain.report(replace(table, values=values), fresh[0].scanner).score > domain.threshold.threshold


def test_a_domain_survives_its_file(domain, described, fresh):
    structure, arrays = domain.to_parts()
    again = TrainingDomain.from_parts(json.loads(json.dumps(structure)), load(save(arrays)))
    assert again == domain
    table = described(fresh[:1])
    assert again.report(table, "") == domain.report(table, "")


@pytest.mark.parametrize("part", ["center", "units", "precision", "phases"])
def test_parts_that_do_not_fit_are_refused(domain, part):
    structure, arrays = domain.to_parts()
    structure = json.loads(json.dumps(structure))
    if part == "center":
        structure["familiarity"]["deviations"]["center"].pop()
    elif part == "units":
        structure["threshold"]["units"].popitem()
    elif part == "phases":
        structure["familiarity"]["likeness"]["phases"].pop()
    else:
        arrays = {"precision": arrays["precision"][1:]}
    with pytest.raises((KeyError, TypeError, ValueError)):
        TrainingDomain.from_parts(structure, arrays)


def test_the_joint_distance_is_scipys_with_scikit_learns_covariance():
    values = np.random.default_rng(7).normal(size=(50, 6)) @ np.random.default_rng(8).normal(size=(6, 6))
    fitted = LedoitWolf().fit(values)
    inverse = np.linalg.inv(fitted.covariance_ + 1e-6 * np.eye(6))
    expected = [mahalanobis(row, values.mean(axis=0), inverse) / np.sqrt(6) for row in values]
    assert np.allclose(Joint.fit(values).strangeness(values), expected)


def test_a_phase_is_likened_to_the_one_it_came_from(training):
    names = training.names
    found = Likeness.fit(("AP", "HBP"), names, training.values)
    columns = {name: i for i, name in enumerate(names)}
    other = {"AP": "HBP", "HBP": "AP"}
    swapped = training.values.copy()
    for name, column in columns.items():
        _, phase, statistic = name.split("_", 2)
        if f"appearance_{other[phase]}_{statistic}" in columns:
            swapped[:, column] = training.values[:, columns[f"appearance_{other[phase]}_{statistic}"]]
    assert (found.strangeness(names, training.values) == 0).mean() > 0.95
    assert (found.strangeness(names, swapped) > 1).all()


def test_the_contours_parting_is_scikit_learns_auc(fresh, recipe):
    box = sights(prepare_case(fresh[0], recipe))["HBP"].box
    inside, outside = box.tumor & (box.depth <= 3), ~box.tumor & box.free & (box.depth >= -3)
    values = np.concatenate([box.values[inside], box.values[outside]])
    auc = roc_auc_score(np.r_[np.ones(inside.sum()), np.zeros(outside.sum())], values)
    found = contour_fit(box)
    assert found["contour-parting"] == pytest.approx(max(auc, 1 - auc))
    assert found["contour-step"] == pytest.approx(box.values[inside].mean() - box.values[outside].mean())
